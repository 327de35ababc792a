// What replication tells of itself: plain values for INFO, ROLE and REGION STATUS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "storage/log/log_position.h"
#include "storage/partition.h"

namespace replication {

// One local replica as the primary sees it.
struct ReplicaReport {
  std::string host;
  std::uint16_t port = 0;  // For clients.
  int ordinal = 0;
  bool online = false;  // In sync or catching up by the log; false while it joins whole partitions.
  storage::LogPosition applied = 0;
  storage::LogPosition durable = 0;
  std::int64_t silent_ms = 0;  // Since its last acknowledgement.
};

// How far a full synchronisation is.
struct JoinProgress {
  int partitions = 0;                        // Of 256.
  std::uint64_t bytes = 0;                   // Of their keys and objects, before compression.
  std::optional<std::int64_t> seconds_left;  // Empty: too early to tell.
};

// One other region as this region's primary sees it.
struct RegionReport {
  crdt::RegionId id = 0;
  std::string name;
  // "connected", "connecting", "catching-up", "paused", "refused", "leaving", "cut-off"; `detail`
  // says why.
  std::string state;
  std::string detail;
  std::string address;
  bool paused_here = false;
  bool paused_there = false;
  std::int64_t lag_ms = 0;  // For how long it has lacked something of ours; 0: it has it all.
  std::uint64_t records_behind = 0;  // Ours that it has not acknowledged as applied.
  std::uint64_t bytes_behind = 0;
  std::optional<JoinProgress> join_comes;    // Whole partitions come from there,
  std::optional<JoinProgress> join_is_sent;  // or are sent to there.
  std::optional<std::int64_t> held_ahead_s;  // Its records are held: its clock is that far ahead.
  std::uint64_t bytes_sent = 0;              // All frames since the node started.
  std::uint64_t bytes_received = 0;
  std::uint32_t protocol_version = 0;
  std::string server_version;
  std::optional<std::int64_t> compared_ms_ago;  // When all was last compared with it.
  std::uint64_t differing_keys = 0;             // That nothing explained then.
  crdt::VersionVector applied;                  // What it says it has.
  crdt::VersionVector durable;
};

// A key that two regions have in different states.
struct ComparedKey {
  std::string key;
  storage::PartitionId partition = 0;
  std::uint64_t here = 0;  // Digests; 0: absent.
  std::uint64_t there = 0;

  bool operator==(const ComparedKey&) const = default;
};

// What to compare with another region: everything, one partition, or one key.
struct ComparisonScope {
  std::optional<storage::PartitionId> partition;
  std::optional<std::string> key;
  bool repairs = false;  // Takes from there what differs.
};

// What a comparison with another region came to.
struct ComparisonReport {
  crdt::RegionId region = 0;
  bool ended = false;
  std::string incomplete;         // Why it ended early; empty: it did not.
  int partitions = 0;             // Compared.
  std::uint64_t in_flight = 0;    // Keys that differed at first: something was under way.
  std::uint64_t differing = 0;    // Keys whose difference nothing explains,
  std::vector<ComparedKey> keys;  // the first of these,
  std::uint64_t repaired = 0;     // and how many of them are now as they are there.
};

// One node of this region.
struct NodeReport {
  int ordinal = 0;
  std::string host;
  std::uint16_t port = 0;
  std::string role;  // "primary" or "replica"
  crdt::Epoch epoch = 0;
  storage::LogPosition position = 0;  // Its position in the primary's log.
  bool reachable = false;
  bool self = false;
};

struct ReplicationReport {
  bool is_primary = false;
  bool leaving = false;  // This node's region is about to leave the deployment,
  bool removed = false;  // or has left it.
  crdt::Epoch epoch = 0;
  bool clock_too_fast = false;  // Ours runs ahead of most other nodes'.
  std::string log_id;           // 40 hex digits, as Redis' replication id.
  storage::LogPosition position =
      0;  // Of a primary: its log's end. Of a replica: what it has applied.
  std::vector<ReplicaReport> replicas;
  // Of a replica:
  std::string primary_host;
  std::uint16_t primary_port = 0;
  bool link_up = false;
  bool synchronising = false;  // Whole partitions are being joined.
  std::int64_t link_silent_ms = 0;
  std::int64_t link_down_ms = 0;
};

}  // namespace replication
