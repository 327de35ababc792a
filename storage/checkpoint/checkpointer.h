// Keeps a checkpoint of the keyspace up to date, a little at a time, so that a start need not
// replay the whole log.
//
// In cycles: all keys that have changed since the last cycle began are written as they are when
// their turn comes, each with the position of the log at that moment; then the mark moves to where
// the log ended when the cycle began. So the rows are of different moments; a replay from the mark
// leaves out for each key what its row holds already (storage/replay.h). Deleted keys get a row
// that says so, until the mark has passed it: else the replay would bring them back.
//
// A row is written only when the log is durable up to its position: a checkpoint is never ahead of
// the log that it belongs to.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/encoding.h"
#include "crdt/result.h"
#include "storage/checkpoint/checkpoint_report.h"
#include "storage/checkpoint/checkpoint_store.h"
#include "storage/keyspace.h"
#include "storage/log/log.h"
#include "storage/name_set.h"
#include "storage/replay.h"

namespace storage {

// What to do with the store, on another thread if one likes; one at a time.
struct CheckpointJob {
  CheckpointStore* store = nullptr;
  CheckpointBatch batch;
  bool flush = false;
  LogPosition remove_below = 0;  // Afterwards; 0: nothing.

  crdt::Status Run() const;
};

// When a cycle begins by itself, where something has changed.
struct CheckpointPolicy {
  std::int64_t interval_ms = 0;  // Since the last one began; 0: never for this reason.
  std::uint64_t log_bytes = 0;   // That a restart would replay; 0: never for this reason.
};

class Checkpointer {
 public:
  struct Times {
    std::int64_t steady_ms = 0;
    std::int64_t unix_ms = 0;
  };

  // `run` performs a job and calls OnJobDone() with it afterwards.
  Checkpointer(CheckpointStore& store, Keyspace& keyspace, std::string log_id,
               std::function<void(CheckpointJob)> run)
      : store_(store), keyspace_(keyspace), log_id_(std::move(log_id)), run_(std::move(run)) {}

  // --- At the start ------------------------------------------------------------------------------
  // The mark of the checkpoint, whose rows CheckpointLoader brings; changes of the keyspace are
  // tracked from here on. Empty: there is no checkpoint of this log, and what there was in the
  // store is gone.
  crdt::Result<std::optional<CheckpointMark>> Open();
  // The row of this key holds nothing: it is to go.
  void NoteGone(std::string_view key) { to_remove_.emplace(key); }

  // --- Afterwards --------------------------------------------------------------------------------
  // A slice of work, of some thousand keys at most. REQUIRES: between two commands, and the
  // keyspace is whole.
  void OnTurn(const Log& log, const CheckpointPolicy& policy, Times now);
  void OnJobDone(CheckpointJob job, const crdt::Status& status, Times now);
  // Begins a cycle at once, or after the one that runs.
  void Request() { requested_ = true; }
  // Something is being written to the store.
  bool job_runs() const { return job_runs_; }
  // The next OnTurn() has something to do.
  bool has_more(const Log& log) const;
  // Rows wait for the log to be durable up to here; 0: none.
  LogPosition waits_for() const { return IsComplete() && !job_runs_ ? batch_needs_ : 0; }
  // So many cycles have to be finished until all that is here now is in the checkpoint, if one is
  // requested.
  std::uint64_t cycles_until_now() const { return report_.finished + (report_.running ? 2 : 1); }
  CheckpointReport report() const;
  // Where a restart begins to replay.
  LogPosition begin() const { return report_.begin; }

 private:
  enum class Phase { kIdle, kWriting, kMarking, kRemoving };

  void Begin(const Log& log, Times now);
  void WriteRows(const Log& log);
  void WriteRow(const Lookup& lookup, LogPosition position);
  void RemoveRows();
  // The batch is as long as it gets.
  bool IsComplete() const;
  void Submit(const Log& log, Times now);
  void NoteMarked(Times now);
  bool IsDue(const Log& log, const CheckpointPolicy& policy, Times now) const;

  CheckpointStore& store_;
  Keyspace& keyspace_;
  std::string log_id_;
  std::function<void(CheckpointJob)> run_;

  Phase phase_ = Phase::kIdle;
  bool requested_ = false;
  std::optional<std::int64_t> last_began_ms_;  // Of the last cycle, or the first turn.
  CheckpointMark mark_;                        // Of the running cycle, or of the last one.
  bool cleared_ = false;
  std::uint64_t changes_at_begin_ = 0;  // Keyspace::changes(), of the running cycle,
  std::uint64_t changes_at_mark_ = 0;   // and of the last one.
  std::string names_;                   // Of keys that the running cycle has to write.
  std::size_t names_at_ = 0;
  // Names that were written lately, each where its hash says: spares most repetitions.
  std::vector<std::string> lately_;
  std::string object_;  // Scratch.

  CheckpointBatch batch_;
  LogPosition batch_needs_ = 0;  // Durable before the batch may be written.
  bool job_runs_ = false;
  std::optional<CheckpointJob> again_;  // Failed; the store wants its order kept.
  std::int64_t try_again_ms_ = 0;

  // Rows that say "deleted" or are void: they go once the mark of the running cycle is durable,
  // unless their keys are written anew; those that it writes itself go in the next one.
  NameSet to_remove_;
  NameSet to_remove_next_;

  CheckpointReport report_;
};

}  // namespace storage
