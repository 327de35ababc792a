// What replication tells of itself: plain values for INFO, ROLE and REGION STATUS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "storage/log/log_position.h"

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

// One other region as this region's primary sees it.
struct RegionReport {
  crdt::RegionId id = 0;
  std::string name;
  // "connected", "connecting", "catching-up", "paused", "refused"; `detail` says why.
  std::string state;
  std::string detail;
  std::string address;
  bool paused_here = false;
  bool paused_there = false;
  std::int64_t lag_ms = 0;  // For how long it has lacked something of ours; 0: it has it all.
  std::uint64_t records_behind = 0;  // Ours that it has not acknowledged as applied.
  std::uint64_t bytes_behind = 0;
  std::optional<std::int64_t> held_ahead_s;  // Its records are held: its clock is that far ahead.
  std::uint64_t bytes_sent = 0;              // All frames since the node started.
  std::uint64_t bytes_received = 0;
  std::uint32_t protocol_version = 0;
  std::string server_version;
  crdt::VersionVector applied;  // What it says it has.
  crdt::VersionVector durable;
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
