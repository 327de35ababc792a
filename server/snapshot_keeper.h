// When this node makes a snapshot, and what became of it. The work is a storage::SnapshotJob; what
// goes into it is the node's (shard_node_snapshots.cc).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crdt/result.h"
#include "geo-config/snapshot_schedule.h"
#include "replication/replicator.h"
#include "server/node_report.h"
#include "storage/disk.h"
#include "storage/log/log_position.h"
#include "storage/snapshot/snapshot_job.h"

namespace server {

class SnapshotKeeper {
 public:
  // Removes what an earlier process left unfinished; answers its names.
  crdt::Result<std::vector<std::string>> Open(storage::Disk& disk,
                                              const std::string& data_directory);

  // By hand: the number that report().finished reaches when it is done.
  std::uint64_t Request();
  // About once a second. A moment that was missed is made up for; where there is no snapshot yet,
  // from the moment on when the schedule was first seen.
  void OnTick(const geo_config::SnapshotSchedule& schedule, const replication::Now& now);

  // --- One after the other -----------------------------------------------------------------------
  bool wanted() const { return wanted_; }
  // Its moment stands: the log has to be durable up to waits_for().
  bool begun() const { return job_.has_value() || running_; }
  storage::LogPosition waits_for() const { return job_ ? job_->manifest.position : 0; }
  // REQUIRES: wanted(), not begun().
  void Begin(storage::SnapshotJob job);
  // Whether the job still waits for TakeJob().
  bool waits() const { return job_.has_value(); }
  storage::SnapshotJob TakeJob();
  // Also where it was never begun.
  void OnDone(const storage::SnapshotJob* job, const crdt::Status& status,
              const replication::Now& now);

  const SnapshotReport& report() const { return report_; }

 private:
  bool IsDue(const geo_config::SnapshotSchedule& schedule, const replication::Now& now) const;

  bool wanted_ = false;
  bool again_ = false;  // Asked for while one runs.
  bool running_ = false;
  std::optional<storage::SnapshotJob> job_;
  geo_config::SnapshotSchedule schedule_;  // As last seen, and since when.
  std::int64_t schedule_since_unix_ms_ = 0;
  std::int64_t try_again_ms_ = 0;
  SnapshotReport report_;
};

}  // namespace server
