// What nodes say to each other, as plain values: peer.proto after validation.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "crdt/result.h"
#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "geo-config/membership.h"
#include "storage/bucket_sums.h"
#include "storage/key_location.h"
#include "storage/log/log_position.h"
#include "storage/log/log_vectors.h"

namespace replication {

inline constexpr std::uint32_t kProtocolVersion = 1;
inline constexpr std::uint32_t kLeastProtocolVersion = 1;

using Partitions = std::bitset<storage::kPartitions>;

// Each is described at its message in proto/peer.proto.
struct Hello {
  std::uint32_t protocol_version = kProtocolVersion;
  std::uint32_t least_protocol_version = kLeastProtocolVersion;
  std::string deployment;
  crdt::RegionId region = 0;
  std::string region_name;
  std::uint32_t ordinal = 0;
  crdt::RegionId expected_region = 0;
  std::uint32_t expected_ordinal = 0;
  std::string server_version;
  std::string log_id;
  std::string nonce;
};

struct Refusal {
  std::string reason;
};

struct NodeState {
  bool primary = false;
  crdt::Epoch epoch = 0;
  crdt::VersionVector floor;
  storage::LogPosition position = 0;
  std::uint16_t client_port = 0;
  bool joining = false;
  bool complete = false;
  std::uint64_t closed_slots = 0;
  crdt::VersionVector held;
  storage::PartitionVectors unfinished;
  bool catching_up = false;
  geo_config::Membership membership;
  geo_config::RegionSet removed;
};

struct Proof {
  std::string mac;
};

struct Subscribe {
  crdt::VersionVector have;
  bool follow = false;
  std::vector<crdt::RegionId> regions;
  std::uint64_t window = 0;
  std::uint64_t stream = 0;
  bool whole = false;
  Partitions joined;
  crdt::VersionVector reached;
};

struct StreamStart {
  std::uint64_t stream = 0;
  crdt::VersionVector reference;
  storage::PartitionVectors beyond;
};

struct Records {
  std::uint64_t stream = 0;
  std::string entries;
  storage::LogPosition position = 0;
};

struct RecordPart {
  std::uint64_t stream = 0;
  std::uint64_t total = 0;
  std::string piece;
  storage::LogPosition position = 0;
};

struct Acknowledgement {
  std::uint64_t stream = 0;
  std::uint64_t consumed = 0;
  storage::LogPosition applied_position = 0;
  storage::LogPosition durable_position = 0;
  crdt::VersionVector applied;
  crdt::VersionVector durable;
};

struct Heartbeat {
  std::int64_t wall_ms = 0;
  crdt::Stamp safe_stamp;
  NodeState state;
  crdt::VersionVector durable;
};

struct LinkState {
  bool paused = false;
};

struct JoinStart {
  std::uint64_t stream = 0;
  crdt::VersionVector floor;
  bool goes_on = false;
};

struct PartitionSums {
  std::uint64_t stream = 0;
  storage::PartitionId partition = 0;
  std::vector<std::uint64_t> sums;  // storage::BucketSums.
};

struct JoinEntries {
  std::uint64_t stream = 0;
  storage::PartitionId partition = 0;
  std::string entries;
  bool continues = false;
};

struct JoinPartitionEnd {
  std::uint64_t stream = 0;
  storage::PartitionId partition = 0;
  crdt::VersionVector observed;
  storage::Buckets left_out;
};

struct JoinEnd {
  std::uint64_t stream = 0;
};

// Keys of a partition fall into so many buckets, by their hash: where the sums of a bucket are
// equal at both sides, its keys are not looked at.
inline constexpr std::size_t kDigestBuckets = 256;
using DigestSums = std::array<std::uint64_t, kDigestBuckets>;
using DigestBuckets = std::bitset<kDigestBuckets>;

// Of one request.
inline constexpr std::size_t kMostNamesAsked = 256;

struct DigestRequest {
  std::uint64_t comparison = 0;
  storage::PartitionId partition = 0;
  std::uint64_t round = 0;
  crdt::VersionVector covering;
  std::int64_t unix_ms = 0;
  DigestBuckets buckets;
  std::vector<std::string> names;
  bool objects = false;
};

struct DigestReply {
  std::uint64_t comparison = 0;
  storage::PartitionId partition = 0;
  std::uint64_t round = 0;
  std::string entries;
  bool is_last = false;
  crdt::VersionVector observed;
  DigestSums sums{};
};

// An entry of an answer.
struct DigestedKey {
  std::string_view key;
  std::uint64_t digest = 0;  // 0: absent.
  std::string_view object;   // Where objects were asked for.
};
void AppendDigestedKey(const DigestedKey& key, std::string& entries);
// Views into `entries`.
crdt::Result<std::vector<DigestedKey>> DecodeDigestedKeys(std::string_view entries);

using Message =
    std::variant<Hello, Refusal, Proof, Subscribe, StreamStart, Records, RecordPart,
                 Acknowledgement, Heartbeat, LinkState, JoinStart, JoinEntries, JoinPartitionEnd,
                 JoinEnd, NodeState, DigestRequest, DigestReply, PartitionSums>;

}  // namespace replication
