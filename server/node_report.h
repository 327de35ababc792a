// What a node tells of itself: plain values for INFO, ROLE, REGION STATUS and the log.
#pragma once

#include <cstdint>
#include <string>

#include "replication/report.h"
#include "storage/checkpoint/checkpoint_report.h"
#include "storage/log/log_position.h"
#include "storage/snapshot/snapshot_manifest.h"

namespace server {

using replication::ComparisonReport;
using replication::ComparisonScope;
using replication::NodeReport;
using replication::RegionReport;
using replication::ReplicaReport;
using replication::ReplicationReport;
using storage::CheckpointReport;
using storage::LoadProgress;

struct LogReport {
  bool on_disk = false;
  std::string fsync_policy;
  storage::LogPosition end = 0;
  storage::LogPosition written = 0;
  storage::LogPosition durable = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t segments = 0;
  std::uint64_t filesystem_free = 0;
  std::uint64_t filesystem_total = 0;
  bool write_failing = false;  // The disk is full: client writes answer MISCONF.
  bool failed = false;         // An fsync failed.
};

struct SnapshotReport {
  bool running = false;
  std::uint64_t finished = 0;  // Since the start, those that failed included.
  std::string last_error;      // Of the last one; empty: it was made, or there was none.
  // The newest complete one, also of before the start; empty: none.
  std::string newest;
  storage::SnapshotManifest manifest;  // Of that.
};

}  // namespace server
