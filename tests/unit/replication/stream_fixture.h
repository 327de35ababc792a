// Stamps, contexts and streams for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "fake_shard.h"
#include "replication/causal_gate.h"
#include "replication/outgoing_stream.h"

namespace replication {

inline constexpr std::uint64_t kUnixMs = 1'800'000'000'000;

// The `tick`th write of a region.
inline crdt::Stamp WriteOf(crdt::RegionId region, std::uint64_t tick) {
  return crdt::Stamp::At(kUnixMs, crdt::Writer(region, 1)).Plus(tick);
}

inline crdt::VersionVector Having(std::initializer_list<crdt::Stamp> stamps) {
  crdt::VersionVector vector;
  for (const crdt::Stamp stamp : stamps) vector.Advance(stamp);
  return vector;
}

inline storage::RecordView RecordOf(crdt::Stamp stamp, std::string_view text,
                                    crdt::VersionVector context = {}) {
  return {.first_stamp = stamp, .effect_count = 1, .context = std::move(context), .effects = text};
}

// Hands a gate what came.
inline crdt::Status Give(CausalGate& gate, const Message& message) {
  if (const auto* start = std::get_if<StreamStart>(&message)) return gate.OnStart(*start);
  if (const auto* records = std::get_if<Records>(&message)) return gate.OnRecords(*records);
  if (const auto* part = std::get_if<RecordPart>(&message)) return gate.OnPart(*part);
  return {};
}

// What a stream sends now.
inline std::vector<Message> PumpOnce(OutgoingStream& stream, storage::Log& log) {
  std::vector<Message> messages;
  const crdt::Status pumped = stream.Pump(log, log.written(), messages);
  EXPECT_TRUE(pumped.has_value()) << pumped.error().detail;
  return messages;
}

}  // namespace replication
