// How a node makes snapshots of itself.
//
// Its moment is the log's end when it begins. Until it is made nothing is written to the
// checkpoint, so that no row there is of a later moment, and no segment of the log is let go of.
#include <utility>

#include "server/shard_node.h"

namespace server {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;

Status ShardNode::OpenSnapshots() {
  if (!config_.appendonly || environment_.checkpoints == nullptr) return {};
  snapshots_ = std::make_unique<SnapshotKeeper>();
  const auto removed = snapshots_->Open(environment_.disk, config_.dir);
  if (!removed) return std::unexpected(removed.error());
  for (const std::string& name : *removed) {
    environment_.log.Warn("the snapshot " + name + " was not finished and is removed");
  }
  return {};
}

Status ShardNode::MayMakeSnapshot() const {
  if (replicator_->joining()) {
    return Fail(ErrorCode::kRefused, "this node holds an unfinished full synchronisation");
  }
  if (log_->full()) return Fail(ErrorCode::kDiskFull, "the disk is full");
  if (log_->failed()) return Fail(ErrorCode::kInputOutput, "the log cannot be written");
  return {};
}

void ShardNode::WorkOnSnapshot(const replication::Now& now) {
  const bool runs = snapshots_->begun() && !snapshots_->waits();
  if (runs || loader_ != nullptr) return;
  if (Status may = MayMakeSnapshot(); !may) return EndSnapshot(nullptr, may);
  if (!snapshots_->begun()) {
    if (checkpointer_->job_runs()) return;
    snapshots_->Begin(PrepareSnapshot(now));
  }
  if (log_->durable() < snapshots_->waits_for()) return;
  storage::SnapshotJob job = snapshots_->TakeJob();
  // A region without the beginning of its log, or with it, stays what it is.
  const storage::LogPosition from = log_->begin().position() == 0 ? 0 : checkpointer_->begin();
  job.log = log_->Files(from, job.manifest.position);
  environment_.snapshot(std::move(job));
}

storage::SnapshotJob ShardNode::PrepareSnapshot(const replication::Now& now) const {
  storage::SnapshotJob job{.disk = &environment_.disk,
                           .checkpoint = environment_.checkpoints,
                           .data_directory = config_.dir,
                           .log = {},
                           .state = state_,
                           .manifest = {},
                           .keep = config_.snapshot_keep,
                           .not_removed = {}};
  // Who starts from it proves nothing of its own, and has led nowhere, whatever directory it gets.
  job.state.clean = false;
  job.state.clean_end = 0;
  job.state.boot_id.clear();
  job.state.identity = 0;
  job.manifest = {
      .deployment = config_.deployment,
      .region = config_.region,
      .region_name = config_.OwnRegion() == nullptr ? std::string() : config_.OwnRegion()->name,
      .ordinal = config_.ordinal,
      .unix_ms = now.unix_ms,
      .epoch = state_.epoch,
      .log_id = state_.log_id,
      .position = log_->end(),
      .floor = log_->floor(),
      .keys = keyspace_.visible_keys(),
      .files = {}};
  return job;
}

void ShardNode::OnSnapshotDone(const storage::SnapshotJob& job, const Status& status) {
  EndSnapshot(&job, status);
}

void ShardNode::EndSnapshot(const storage::SnapshotJob* job, const Status& status) {
  snapshots_->OnDone(job, status, Times());
  if (!status) {
    return environment_.log.Error("no snapshot is made: " + status.error().detail);
  }
  environment_.log.Info("the snapshot " + job->name() +
                        " is made: " + std::to_string(job->manifest.keys) + " keys, " +
                        std::to_string(job->manifest.bytes()) + " bytes");
  if (!job->not_removed.empty()) {
    environment_.log.Warn("older snapshots cannot be removed: " + job->not_removed);
  }
}

}  // namespace server
