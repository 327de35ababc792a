// What a comparison with another region came to, as it is told to clients.
#pragma once

#include <fmt/format.h>

#include "server/node_report.h"
#include "server/resp/reply_pairs.h"

namespace server {

inline void WriteComparison(ReplyWriter& reply, const ComparisonReport& report, bool repairs) {
  const auto digest = [](std::uint64_t value) {
    return value == 0 ? std::string("absent") : fmt::format("{:016x}", value);
  };
  reply.Map(repairs ? 8 : 7);
  Pair(reply, "region", report.region);
  Pair(reply, "complete", report.incomplete.empty());
  Pair(reply, "detail", report.incomplete);
  Pair(reply, "partitions", report.partitions);
  Pair(reply, "in_flight", report.in_flight);
  Pair(reply, "differing", report.differing);
  if (repairs) Pair(reply, "repaired", report.repaired);
  reply.Bulk("keys");
  reply.Array(report.keys.size());
  for (const replication::ComparedKey& key : report.keys) {
    reply.Map(4);
    Pair(reply, "key", key.key);
    Pair(reply, "partition", key.partition);
    Pair(reply, "here", digest(key.here));
    Pair(reply, "there", digest(key.there));
  }
}

}  // namespace server
