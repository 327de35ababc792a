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

constexpr std::size_t kFetchedAtOnce = 32;
// What one job writes. The log is synced for each.
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kMostLately = 1 << 12;
constexpr std::int64_t kTryAgainMs = 1000;

}  // namespace

Status CheckpointJob::Run() const {
  if (remove_strays) {
    if (Status removed = store->RemoveStrayPieces(); !removed) return removed;
  }
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
          if (row->pieces > 0) removed.RemovePieces(key, row->cycle + 1);
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

class Checkpointer::Budget {
 public:
  Budget(const Checkpointer& of, std::size_t bytes)
      : of_(of), ends_us_(of.now_us_() + of.slice_.us), most_bytes_(bytes) {}

  // A key, or a piece of one, was done.
  void TakeKey() { ++keys_; }
  bool spent() const {
    return keys_ >= of_.slice_.keys || of_.batch_.bytes() >= most_bytes_ ||
           of_.now_us_() >= ends_us_;
  }

 private:
  const Checkpointer& of_;
  std::int64_t ends_us_;
  std::size_t most_bytes_;
  std::size_t keys_ = 0;
};

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
  // What a cycle that did not come to its end has left must not be taken for this one's.
  ++mark_.cycle;
  if (!mark_.log_id.empty()) batch_.SetMark(mark_);
  Keyspace::Changes changes = keyspace_.TakeChanges();
  names_ = std::move(changes.names);
  std::ranges::reverse(names_);
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
  Budget budget(*this, std::min(kBatchBytes, batch_.bytes() + slice_.bytes));
  while (!wrote_all_rows()) {
    if (budget.spent()) return;
    if (large_) {
      WriteNextPiece(position);
      budget.TakeKey();
    } else {
      WriteSomeRows(budget, position);
    }
  }
  // An assignment would keep the memory.
  std::string().swap(object_);
  std::vector<std::string>().swap(lately_);
  batch_.SetMark(mark_);
  phase_ = Phase::kMarking;
}

void Checkpointer::WriteSomeRows(Budget& budget, LogPosition position) {
  const std::string& names = names_.back();
  std::array<Lookup, kFetchedAtOnce> fetched;
  std::size_t count = 0;
  crdt::ByteReader in(std::string_view(names).substr(names_at_));
  for (; count < fetched.size() && !in.at_end(); ++count) fetched[count].key = in.Bytes();
  const std::span<Lookup> lookups = std::span(fetched).first(count);
  keyspace_.Prefetch(lookups);
  for (const Lookup& lookup : lookups) {
    names_at_ = static_cast<std::size_t>(lookup.key.data() + lookup.key.size() - names.data());
    budget.TakeKey();
    std::string& lately = lately_[lookup.location.hash % kMostLately];
    // An empty name stands for none.
    if (lately == lookup.key && !lookup.key.empty()) continue;
    lately = lookup.key;
    WriteRow(lookup, position);
    if (large_ || budget.spent()) break;
  }
  if (names_at_ < names.size()) return;
  names_.pop_back();
  names_at_ = 0;
}

void Checkpointer::WriteRow(const Lookup& lookup, LogPosition position) {
  const auto& [key, element, location] = lookup;
  // Its pieces must not be replaced one by one, and it changed before the cycle began: once is
  // enough.
  const auto in_pieces = in_pieces_.find(key);
  if (in_pieces != in_pieces_.end() && in_pieces->second == mark_.cycle) return;
  object_.clear();
  batch_needs_ = std::max(batch_needs_, position);
  const crdt::KeyCell* cell =
      keyspace_.partition(location.partition).table().Find(key, location.hash);
  if (cell != nullptr) {
    crdt::ByteWriter out(object_);
    crdt::PieceCursor cursor;
    if (!crdt::EncodeCellPiece(*cell, cursor, slice_.piece, out)) {
      batch_.PutPiece(key, mark_.cycle, 0, object_);
      large_ = LargeKey{.key = std::string(key),
                        .location = location,
                        .position = position,
                        .pieces = 1,
                        .cursor = std::move(cursor)};
      return;
    }
  }
  RemovePieces(key);
  PutRow({.key = key, .position = position, .object = object_});
}

void Checkpointer::WriteNextPiece(LogPosition position) {
  const auto& [partition, hash] = large_->location;
  const crdt::KeyCell* cell = keyspace_.partition(partition).table().Find(large_->key, hash);
  // Of what is gone, or has become a plain string, no elements are left.
  bool ended = cell == nullptr || cell->is_packed();
  if (!ended) {
    object_.clear();
    crdt::ByteWriter out(object_);
    ended = crdt::EncodeCellPiece(*cell, large_->cursor, slice_.piece, out);
    batch_.PutPiece(large_->key, mark_.cycle, large_->pieces++, object_);
  }
  batch_needs_ = std::max(batch_needs_, position);
  if (!ended) return;
  const LargeKey written = *std::exchange(large_, std::nullopt);
  const auto [before, is_new] = in_pieces_.try_emplace(written.key, mark_.cycle);
  if (!is_new) batch_.RemovePieces(written.key, mark_.cycle);
  before->second = mark_.cycle;
  PutRow({.key = written.key,
          .position = written.position,
          .pieces = written.pieces,
          .cycle = mark_.cycle});
}

void Checkpointer::PutRow(const CheckpointRow& row) {
  batch_.Put(row);
  if (row.object.empty() && row.pieces == 0) {
    to_remove_next_.Insert(row.key);
  } else {
    to_remove_next_.Erase(row.key);
  }
  to_remove_.Erase(row.key);
  ++report_.rows;
}

void Checkpointer::RemovePieces(std::string_view key) {
  const auto found = in_pieces_.find(key);
  if (found == in_pieces_.end()) return;
  batch_.RemovePieces(key, mark_.cycle + 1);
  in_pieces_.erase(found);
}

void Checkpointer::RemoveRows() {
  Budget budget(*this, std::min(kBatchBytes, batch_.bytes() + slice_.bytes));
  for (; !to_remove_.empty(); budget.TakeKey()) {
    if (budget.spent()) return;
    const std::string key = to_remove_.Take();
    RemovePieces(key);
    batch_.Remove(key);
  }
  std::swap(to_remove_, to_remove_next_);
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
        .remove_strays = !std::exchange(removed_strays_, true),
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
  // All that is left is written anew after a clear.
  if (cleared_) {
    absl::erase_if(in_pieces_, [this](const auto& key) { return key.second < mark_.cycle; });
  }
  changes_at_mark_ = changes_at_begin_;
  report_.running = false;
  report_.begin = mark_.begin;
  ++report_.finished;
  report_.last_finished_unix_ms = now.unix_ms;
  report_.last_took_ms = now.unix_ms - report_.began_unix_ms;
}

}  // namespace storage
