#include "server/snapshot_keeper.h"

#include <algorithm>
#include <utility>

#include "storage/snapshot/snapshot_directory.h"

namespace server {

using crdt::Status;

namespace {

// After a scheduled one that has failed.
constexpr std::int64_t kTryAgainMs = 60'000;

}  // namespace

crdt::Result<std::vector<std::string>> SnapshotKeeper::Open(storage::Disk& disk,
                                                            const std::string& data_directory) {
  auto removed = storage::RemoveUnfinishedSnapshots(disk, data_directory);
  if (!removed) return removed;
  auto found = storage::ListSnapshots(disk, data_directory);
  if (!found) return std::unexpected(found.error());
  for (storage::FoundSnapshot& snapshot : *found) {
    if (!snapshot.manifest) continue;
    report_.newest = snapshot.name;
    report_.manifest = *std::move(snapshot.manifest);
  }
  return removed;
}

std::uint64_t SnapshotKeeper::Request() {
  again_ = again_ || begun();
  wanted_ = true;
  return report_.finished + (begun() ? 2 : 1);
}

void SnapshotKeeper::OnTick(const geo_config::SnapshotSchedule& schedule,
                            const replication::Now& now) {
  if (schedule != schedule_) {
    schedule_ = schedule;
    schedule_since_unix_ms_ = now.unix_ms;
  }
  if (!wanted_ && IsDue(schedule, now)) wanted_ = true;
}

bool SnapshotKeeper::IsDue(const geo_config::SnapshotSchedule& schedule,
                           const replication::Now& now) const {
  if (schedule.is_off() || now.steady_ms < try_again_ms_) return false;
  // One of a time to come is of a clock that was wrong.
  const bool has_newest = !report_.newest.empty() && report_.manifest.unix_ms <= now.unix_ms;
  const std::int64_t since = has_newest ? report_.manifest.unix_ms : schedule_since_unix_ms_;
  return schedule.LastMoment(now.unix_ms) > since;
}

void SnapshotKeeper::Begin(storage::SnapshotJob job) {
  job_ = std::move(job);
  report_.running = true;
}

storage::SnapshotJob SnapshotKeeper::TakeJob() {
  running_ = true;
  return *std::exchange(job_, std::nullopt);
}

void SnapshotKeeper::OnDone(const storage::SnapshotJob* job, const Status& status,
                            const replication::Now& now) {
  job_.reset();
  running_ = report_.running = false;
  wanted_ = std::exchange(again_, false);
  ++report_.finished;
  report_.last_error = status ? std::string() : status.error().detail;
  if (!status) {
    try_again_ms_ = now.steady_ms + kTryAgainMs;
    return;
  }
  report_.newest = job->name();
  report_.manifest = job->manifest;
}

}  // namespace server
