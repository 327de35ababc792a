#include "storage/checkpoint/checkpointer.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "crdt/object.h"

namespace storage {

using crdt::Result;
using crdt::Stamp;
using crdt::Status;

namespace {

// A slice: bounds the pause of the thread.
constexpr int kMostKeysAtOnce = 500;
constexpr std::size_t kMostBytesAtOnce = 128 << 10;
constexpr std::size_t kFetchedAtOnce = 32;
// What one job writes. The log is synced for each.
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kMostLately = 1 << 12;
constexpr std::int64_t kTryAgainMs = 1000;

}  // namespace

Status CheckpointJob::Run() const {
  if (!batch.empty()) {
    if (Status written = store->Write(batch); !written) return written;
  }
  if (flush) {
    if (Status flushed = store->Flush(); !flushed) return flushed;
  }
  if (remove_below == 0) return {};
  CheckpointBatch removed;
  for (int id = 0; id < kPartitions; ++id) {
    const Status visited = store->VisitRows(
        static_cast<PartitionId>(id), std::nullopt,
        [&](std::string_view key, std::string_view value) -> Result<bool> {
          const auto row = DecodeCheckpointRow(key, value);
          if (!row) return std::unexpected(row.error());
          if (row->position >= remove_below) return true;
          removed.Remove(key);
          if (removed.bytes() < kBatchBytes) return true;
          if (Status written = store->Write(std::exchange(removed, {})); !written) {
            return std::unexpected(written.error());
          }
          return true;
        });
    if (!visited) return visited;
  }
  return removed.empty() ? Status() : store->Write(removed);
}

// --- At the start --------------------------------------------------------------------------------

Result<std::optional<CheckpointMark>> Checkpointer::Open() {
  keyspace_.TrackChanges();
  const auto bytes = store_.Mark();
  if (!bytes) return std::unexpected(bytes.error());
  std::optional<CheckpointMark> mark;
  if (*bytes) {
    auto decoded = CheckpointMark::Decode(**bytes);
    if (!decoded) return std::unexpected(decoded.error());
    if (decoded->log_id == log_id_) mark = *std::move(decoded);
  }
  if (!mark) {
    if (Status cleared = store_.Clear(); !cleared) return std::unexpected(cleared.error());
    return std::nullopt;
  }
  mark_ = *std::move(mark);
  report_.begin = mark_.begin;
  return mark_;
}

// --- Cycles --------------------------------------------------------------------------------------

bool Checkpointer::IsDue(const Log& log, const CheckpointPolicy& policy, Times now) const {
  if (requested_) return true;
  if (!keyspace_.has_changes()) return false;
  const bool late = policy.interval_ms > 0 && now.steady_ms - *last_began_ms_ >= policy.interval_ms;
  const bool much = policy.log_bytes > 0 && log.end() - mark_.begin >= policy.log_bytes;
  return late || much;
}

bool Checkpointer::IsComplete() const {
  return phase_ == Phase::kMarking || batch_.bytes() >= kBatchBytes;
}

bool Checkpointer::has_more(const Log& log) const {
  if (phase_ == Phase::kIdle || again_ || log.full() || log.failed()) return false;
  if (!IsComplete()) return true;
  return !job_runs_ && !batch_.empty() && log.durable() >= batch_needs_;
}

CheckpointReport Checkpointer::report() const {
  CheckpointReport report = report_;
  report.changes = keyspace_.changes() - changes_at_mark_;
  report.disk_bytes = store_.disk_bytes();
  return report;
}

void Checkpointer::OnTurn(const Log& log, const CheckpointPolicy& policy, Times now) {
  // What space there is belongs to the log.
  if (log.full() || log.failed()) return;
  if (!last_began_ms_) last_began_ms_ = now.steady_ms;
  if (phase_ == Phase::kIdle && IsDue(log, policy, now)) Begin(log, now);
  if (phase_ == Phase::kWriting) WriteRows(log);
  if (phase_ == Phase::kRemoving) RemoveRows();
  Submit(log, now);
}

void Checkpointer::Begin(const Log& log, Times now) {
  requested_ = false;
  phase_ = Phase::kWriting;
  last_began_ms_ = now.steady_ms;
  report_.running = true;
  report_.began_unix_ms = now.unix_ms;
  Keyspace::Changes changes = keyspace_.TakeChanges();
  names_ = std::move(changes.names);
  names_at_ = 0;
  lately_.resize(kMostLately);
  mark_.log_id = log_id_;
  mark_.begin = log.end();
  mark_.vectors = log.vectors();
  for (const auto& [partition, vector] : keyspace_.beyond_floor()) {
    mark_.vectors.beyond_floor[partition].Merge(vector);
  }
  cleared_ = changes.cleared;
  changes_at_begin_ = keyspace_.changes();
  // Every key that is still there is among those that have changed.
  if (cleared_) mark_.void_below = mark_.begin;
  // Also where nothing has changed: the mark says that the log was durable up to there.
  batch_needs_ = mark_.begin;
}

void Checkpointer::WriteRows(const Log& log) {
  const LogPosition position = log.end();
  const std::size_t most = std::min(kBatchBytes, batch_.bytes() + kMostBytesAtOnce);
  std::array<Lookup, kFetchedAtOnce> fetched;
  for (int i = 0; i < kMostKeysAtOnce && batch_.bytes() < most && names_at_ < names_.size();) {
    std::size_t count = 0;
    crdt::ByteReader in(std::string_view(names_).substr(names_at_));
    for (; count < fetched.size() && !in.at_end(); ++count) fetched[count].key = in.Bytes();
    const std::span<Lookup> lookups = std::span(fetched).first(count);
    keyspace_.Prefetch(lookups);
    for (const Lookup& lookup : lookups) {
      names_at_ = static_cast<std::size_t>(lookup.key.data() + lookup.key.size() - names_.data());
      ++i;
      std::string& lately = lately_[lookup.location.hash % kMostLately];
      // An empty name stands for none.
      if (lately == lookup.key && !lookup.key.empty()) continue;
      lately = lookup.key;
      WriteRow(lookup, position);
      if (batch_.bytes() >= most) break;
    }
  }
  if (names_at_ < names_.size()) return;
  // An assignment would keep the memory.
  std::string().swap(names_);
  std::string().swap(object_);
  std::vector<std::string>().swap(lately_);
  batch_.SetMark(mark_);
  phase_ = Phase::kMarking;
}

void Checkpointer::WriteRow(const Lookup& lookup, LogPosition position) {
  object_.clear();
  const auto& [key, element, location] = lookup;
  const crdt::KeyCell* cell =
      keyspace_.partition(location.partition).table().Find(key, location.hash);
  if (cell != nullptr) {
    crdt::ByteWriter out(object_);
    crdt::EncodeCell(*cell, out);
    if (!to_remove_next_.empty()) to_remove_next_.erase(key);
  } else {
    to_remove_next_.emplace(key);
  }
  if (!to_remove_.empty()) to_remove_.erase(key);
  batch_.Put({.key = key, .position = position, .object = object_});
  batch_needs_ = std::max(batch_needs_, position);
  ++report_.rows;
}

void Checkpointer::RemoveRows() {
  const std::size_t most = std::min(kBatchBytes, batch_.bytes() + kMostBytesAtOnce);
  while (!to_remove_.empty() && batch_.bytes() < most) {
    const auto row = to_remove_.begin();
    batch_.Remove(*row);
    to_remove_.erase(row);
  }
  if (!to_remove_.empty()) return;
  to_remove_ = std::exchange(to_remove_next_, {});
  phase_ = Phase::kIdle;
}

void Checkpointer::Submit(const Log& log, Times now) {
  if (job_runs_ || now.steady_ms < try_again_ms_) return;
  if (again_) {
    job_runs_ = true;
    run_(*std::exchange(again_, std::nullopt));
    return;
  }
  // What is left of the removals goes by itself: nothing else comes.
  const bool goes = IsComplete() || phase_ == Phase::kIdle;
  if (!goes || batch_.empty() || log.durable() < batch_needs_) return;
  job_runs_ = true;
  batch_.SetReach(batch_needs_);
  const bool marks = phase_ == Phase::kMarking;
  run_({.store = &store_,
        .batch = std::exchange(batch_, {}),
        .flush = marks,
        .remove_below = marks && cleared_ ? mark_.void_below : 0});
}

void Checkpointer::OnJobDone(CheckpointJob job, const Status& status, Times now) {
  job_runs_ = false;
  report_.last_failed = !status;
  if (!status) {
    again_ = std::move(job);
    try_again_ms_ = now.steady_ms + kTryAgainMs;
  } else if (job.flush) {
    NoteMarked(now);
  }
}

void Checkpointer::NoteMarked(Times now) {
  phase_ = Phase::kRemoving;
  changes_at_mark_ = changes_at_begin_;
  report_.running = false;
  report_.begin = mark_.begin;
  ++report_.finished;
  report_.last_finished_unix_ms = now.unix_ms;
  report_.last_took_ms = now.unix_ms - report_.began_unix_ms;
}

}  // namespace storage
