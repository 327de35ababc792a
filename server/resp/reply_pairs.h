// One name with its value, of a map whose header is written.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "crdt/stamp.h"
#include "server/resp/reply_writer.h"

namespace server {

inline void Pair(ReplyWriter& reply, std::string_view name, std::string_view value) {
  reply.Bulk(name);
  reply.Bulk(value);
}

// Booleans are told as 1 and 0.
void Pair(ReplyWriter& reply, std::string_view name, std::integral auto value) {
  reply.Bulk(name);
  reply.Integer(static_cast<std::int64_t>(value));
}

// What a stamp tells: four pairs. The stamp itself is text: RESP's integers are signed.
inline constexpr std::size_t kStampPairs = 4;
inline void StampPairs(ReplyWriter& reply, crdt::Stamp stamp) {
  Pair(reply, "stamp", std::to_string(stamp.value()));
  Pair(reply, "region", stamp.region());
  Pair(reply, "epoch_slot", stamp.writer().epoch_slot());
  Pair(reply, "time_ms", stamp.unix_ms());
}

}  // namespace server
