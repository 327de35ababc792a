// Keeps a checkpoint of the keyspace up to date, a little at a time, so that a start need not
// replay the whole log.
//
// In cycles: all keys that have changed since the last cycle began are written as they are when
// their turn comes, each with the position of the log at that moment; then the mark moves to where
// the log ended when the cycle began. So the rows are of different moments; a replay from the mark
// leaves out for each key what its row holds already (storage/replay.h). Deleted keys get a row
// that says so, until the mark has passed it: else the replay would bring them back.
//
// A large collection is written in pieces (crdt/piece.h), over many turns, under the position of
// the first one; the row follows the last piece.
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

#include "crdt/piece.h"
#include "crdt/result.h"
#include "storage/changed_keys.h"
#include "storage/checkpoint/checkpoint_report.h"
#include "storage/checkpoint/checkpoint_store.h"
#include "storage/key_location.h"
#include "storage/keyspace.h"
#include "storage/log/log.h"
#include "storage/name_set.h"
#include "storage/partitioned_names.h"
#include "storage/replay.h"

namespace storage {

// What to do with the store, on another thread if one likes; one at a time.
struct CheckpointJob {
  CheckpointStore* store = nullptr;
  bool remove_strays = false;  // At first.
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

// How much is done in one turn, which bounds the pause of the thread: a turn ends with the key, or
// the piece of one, that reaches one of these.
struct CheckpointSlice {
  std::size_t keys = 500;
  std::size_t bytes = 128 << 10;
  std::int64_t us = 300;
  crdt::PieceLimit piece = {.elements = 128, .bytes = 16 << 10};
};

class Checkpointer {
 public:
  struct Times {
    std::int64_t steady_ms = 0;
    std::int64_t unix_ms = 0;
  };

  // `now_us`: a steady clock, which is looked at while a slice is made.
  // `run` performs a job and calls OnJobDone() with it afterwards.
  Checkpointer(CheckpointStore& store, Keyspace& keyspace, std::string log_id,
               CheckpointSlice slice, std::function<std::int64_t()> now_us,
               std::function<void(CheckpointJob)> run)
      : store_(store),
        keyspace_(keyspace),
        log_id_(std::move(log_id)),
        slice_(slice),
        now_us_(std::move(now_us)),
        run_(std::move(run)) {}

  // --- At the start ------------------------------------------------------------------------------
  // The mark of the checkpoint, whose rows CheckpointLoader brings; changes of the keyspace are
  // tracked from here on. Empty: there is no checkpoint of this log, and what there was in the
  // store is gone.
  crdt::Result<std::optional<CheckpointMark>> Open();
  // The row of this key holds nothing: it is to go.
  void NoteGone(std::string_view key) { to_remove_.Insert(key); }
  // The key's row is in pieces, of that cycle.
  void NoteInPieces(std::string_view key, std::uint64_t cycle) { in_pieces_[key] = cycle; }

  // --- Afterwards --------------------------------------------------------------------------------
  // A slice of work. REQUIRES: between two commands, and the keyspace is whole.
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
  // What is left of a slice.
  class Budget;
  // A key whose pieces are being written.
  struct LargeKey {
    std::string key;
    KeyLocation location;
    LogPosition position = 0;  // Of the first piece.
    std::uint64_t pieces = 0;
    crdt::PieceCursor cursor;
  };

  void Begin(const Log& log, Times now);
  void WriteRows(const Log& log);
  // Of names behind each other in a chunk, as many as the budget has it.
  void WriteSomeRows(Budget& budget, LogPosition position);
  void WriteRow(const Lookup& lookup, LogPosition position);
  // Of the key whose pieces are being written.
  void WriteNextPiece(LogPosition position);
  void PutRow(const CheckpointRow& row);
  bool wrote_all_rows() const { return names_.empty() && !large_; }
  void RemoveRows();
  // Those of a row that is replaced or goes, in the batch that does it.
  void RemovePieces(std::string_view key);
  // The batch is as long as it gets.
  bool IsComplete() const;
  void Submit(const Log& log, Times now);
  void NoteMarked(Times now);
  bool IsDue(const Log& log, const CheckpointPolicy& policy, Times now) const;

  CheckpointStore& store_;
  Keyspace& keyspace_;
  std::string log_id_;
  CheckpointSlice slice_;
  std::function<std::int64_t()> now_us_;
  std::function<void(CheckpointJob)> run_;

  Phase phase_ = Phase::kIdle;
  bool requested_ = false;
  std::optional<std::int64_t> last_began_ms_;  // Of the last cycle, or the first turn.
  CheckpointMark mark_;                        // Of the running cycle, or of the last one.
  bool cleared_ = false;
  std::uint64_t changes_at_begin_ = 0;  // Keyspace::changes(), of the running cycle,
  std::uint64_t changes_at_mark_ = 0;   // and of the last one.
  // Of keys that the running cycle has to write, the next ones behind; and where in the last chunk.
  ChangedKeys::Chunks names_;
  std::size_t names_at_ = 0;
  std::optional<LargeKey> large_;
  // Names that were written lately, each where its hash says: spares most repetitions.
  std::vector<std::string> lately_;
  std::string object_;  // Scratch.
  // Keys whose rows in the store are in pieces, and of which cycle these are.
  NameMap<std::uint64_t> in_pieces_;
  bool removed_strays_ = false;  // Since the start.

  CheckpointBatch batch_;
  LogPosition batch_needs_ = 0;  // Durable before the batch may be written.
  bool job_runs_ = false;
  std::optional<CheckpointJob> again_;  // Failed; the store wants its order kept.
  std::int64_t try_again_ms_ = 0;

  // Rows that say "deleted" or are void: they go once the mark of the running cycle is durable,
  // unless their keys are written anew; those that it writes itself go in the next one.
  PartitionedNames to_remove_;
  PartitionedNames to_remove_next_;

  CheckpointReport report_;
};

}  // namespace storage
