// One of each message, with no field left at its zero.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "replication/messages.h"
#include "storage/key_location.h"

namespace replication {

inline crdt::VersionVector SomeVector() {
  crdt::VersionVector vector;
  vector.Advance(crdt::Stamp::At(1'800'000'000'000, crdt::Writer(1, 2)));
  vector.Advance(crdt::Stamp::At(1'800'000'000'001, crdt::Writer(31, 63)));
  return vector;
}

inline geo_config::Membership SomeMembership() {
  geo_config::Membership membership;
  membership.Note(geo_config::Standing::kLeaving, {2, "us", {{0, "10.2.0.1", 6379, 16379}}});
  membership.Note(geo_config::Standing::kRemoved,
                  {31, "ap", {{0, "::1", 1, 2}, {1, "ap-1.example", 65535, 3}}});
  return membership;
}

inline NodeState SomeState() {
  return {.primary = true,
          .epoch = 77,
          .floor = SomeVector(),
          .position = 123456789,
          .client_port = 7001,
          .joining = true,
          .complete = true,
          .closed_slots = 0x8000000000000005,
          .held = SomeVector(),
          .unfinished = {{7, SomeVector()}, {255, SomeVector()}},
          .catching_up = true,
          .membership = SomeMembership(),
          .removed = 0x80000000};
}

inline DigestRequest SomeRequest() {
  DigestRequest request{.comparison = 5,
                        .partition = storage::PartitionOf("{key} one"),
                        .round = 7,
                        .covering = SomeVector(),
                        .unix_ms = 1'800'000'000'000,
                        .buckets = {},
                        .names = {"{key} one", "{key} two"},
                        .objects = true};
  request.buckets.set(0);
  request.buckets.set(255);
  return request;
}

inline DigestReply SomeReply() {
  DigestReply reply{.comparison = 5,
                    .partition = 255,
                    .round = 7,
                    .entries = "entries",
                    .is_last = true,
                    .observed = SomeVector()};
  reply.sums[0] = 0x0123456789abcdef;
  reply.sums[255] = 1;
  return reply;
}

// Name and message.
inline std::vector<std::pair<std::string, Message>> EveryMessage() {
  return {
      {"hello", Hello{.deployment = "shop",
                      .region = 2,
                      .region_name = "us",
                      .ordinal = 1,
                      .expected_region = 3,
                      .expected_ordinal = 2,
                      .server_version = "0.1.0",
                      .log_id = "0123456789abcdef0123456789abcdef01234567",
                      .nonce = "sixteen letters!"}},
      {"refusal", Refusal{"a reason"}},
      {"proof", Proof{.mac = "thirty-two letters of a checksum"}},
      {"subscribe", Subscribe{.have = SomeVector(),
                              .follow = true,
                              .regions = {1, 31},
                              .window = 8388608,
                              .stream = 5,
                              .whole = true,
                              .joined = Partitions(0x8001),
                              .reached = SomeVector()}},
      {"stream_start",
       StreamStart{.stream = 5, .reference = SomeVector(), .beyond = {{255, SomeVector()}}}},
      {"records", Records{.stream = 5,
                          .entries = "\x03"
                                     "one\x03two",
                          .position = 1234567}},
      {"record_part",
       RecordPart{.stream = 5, .total = 8388608, .piece = "a piece", .position = 1234567}},
      {"acknowledgement", Acknowledgement{.stream = 5,
                                          .consumed = 1000000,
                                          .applied_position = 2000,
                                          .durable_position = 1000,
                                          .applied = SomeVector(),
                                          .durable = SomeVector()}},
      {"heartbeat", Heartbeat{.wall_ms = 1'800'000'000'000,
                              .safe_stamp = crdt::Stamp::FromValue(0x0123456789abcdef),
                              .state = SomeState(),
                              .durable = SomeVector()}},
      {"link_state", LinkState{.paused = true}},
      {"join_start", JoinStart{.stream = 5, .floor = SomeVector(), .goes_on = true}},
      {"join_entries",
       JoinEntries{.stream = 5, .partition = 255, .entries = "entries", .continues = true}},
      {"join_partition_end",
       JoinPartitionEnd{.stream = 5,
                        .partition = 255,
                        .observed = SomeVector(),
                        .left_out = {true, false, false, false, false, false, false, true}}},
      {"join_end", JoinEnd{.stream = 5}},
      {"node_state", SomeState()},
      {"digest_request", SomeRequest()},
      {"digest_reply", SomeReply()},
      {"partition_sums",
       PartitionSums{.stream = 5, .partition = 255, .sums = {1, 2, 3, 4, 5, 6, 7, 1ULL << 63}}},
  };
}

}  // namespace replication
