// Where a checkpoint stands on disk, as the checkpointer sees it: rows and one mark. Performed by
// RocksCheckpointStore; the simulator has one of its own.
//
// A store keeps the order of what was written: after a crash it holds the batches up to some point,
// each whole, and at least all those before the last Flush() that succeeded.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/result.h"
#include "storage/log/log_cursor.h"

namespace storage {

// A key as it was when the log ended at `position`; an empty object: there was no such key.
struct CheckpointRow {
  std::string_view key;
  LogPosition position = 0;
  std::string_view object;  // As crdt::EncodeCell writes it.
  // Where it is not 0, the object is in so many pieces (crdt/piece.h), which that cycle has
  // written: the first one of the key's state at `position`, the others of later ones.
  std::uint64_t pieces = 0;
  std::uint64_t cycle = 0;
};

// What the rows are good for. docs/formats.md, "Checkpoint".
struct CheckpointMark {
  std::string log_id;
  // Every key that differs from nothing has a row that holds all that the log did to it up to here.
  LogPosition begin = 0;
  LogVectors vectors;  // There.
  // Rows of positions below are void: the keyspace was cleared.
  LogPosition void_below = 0;
  // The number of the cycle that began last. It stands there before anything that the cycle writes,
  // so that no two cycles have one number, whatever became of them.
  std::uint64_t cycle = 0;

  std::string Encode() const;
  static crdt::Result<CheckpointMark> Decode(std::string_view bytes);

  bool operator==(const CheckpointMark&) const = default;
};

// Changes of a store that come in one step.
class CheckpointBatch {
 public:
  enum class Kind : std::uint8_t { kPut, kRemove, kPiece, kRemovePieces, kMark, kReach };
  struct Change {
    Kind kind;
    std::string_view key;      // Of the row, or of the row that the pieces are for.
    std::string_view value;    // Of the row, the piece, the mark, or the reach.
    std::uint64_t cycle = 0;   // Of the piece; or pieces of cycles before this one go.
    std::uint64_t number = 0;  // Of the piece, from 0 on.
  };

  void Put(const CheckpointRow& row);
  void Remove(std::string_view key);
  void PutPiece(std::string_view key, std::uint64_t cycle, std::uint64_t number,
                std::string_view piece);
  // All of cycles before this one.
  void RemovePieces(std::string_view key, std::uint64_t before_cycle);
  void SetMark(const CheckpointMark& mark);
  // No row is of a position behind this one: the log has to reach so far.
  void SetReach(LogPosition position);
  bool empty() const { return changes_.empty(); }
  std::size_t bytes() const { return changes_.size(); }
  void Visit(const std::function<void(const Change&)>& visit) const;

 private:
  std::string changes_;
};

// Of its file or directory, where the log stands.
inline constexpr const char* kCheckpointName = "checkpoint";

class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;
  // From any one thread at a time.
  virtual crdt::Status Write(const CheckpointBatch& batch) = 0;
  // Durable when it returns. ErrorCode::kDiskFull where there is no space.
  virtual crdt::Status Flush() = 0;
  // Empty where none was ever set.
  virtual crdt::Result<std::optional<std::string>> Mark() = 0;
  virtual crdt::Result<LogPosition> Reach() = 0;
  // The value of a row as it was put; empty where there is none.
  virtual crdt::Result<std::optional<std::string>> Row(std::string_view key) = 0;
  // Rows of a partition, by their keys' bytes, those behind `after` if that is given, until `visit`
  // answers false. It may write.
  virtual crdt::Status VisitRows(
      PartitionId partition, const std::optional<std::string>& after,
      const std::function<crdt::Result<bool>(std::string_view key, std::string_view value)>&
          visit) = 0;
  // The pieces of a key that a cycle has written, by their numbers.
  virtual crdt::Status VisitPieces(
      std::string_view key, std::uint64_t cycle,
      const std::function<crdt::Status(std::string_view piece)>& visit) = 0;
  // Removes pieces that no row refers to: a crash came before the row.
  virtual crdt::Status RemoveStrayPieces() = 0;
  // Removes everything.
  virtual crdt::Status Clear() = 0;
  // Puts what was written so far into `directory` under `name`, sharing files where it can; durable
  // but for names. Answers the files below `directory`. From another thread while nothing is
  // written.
  virtual crdt::Result<std::vector<std::string>> CopyTo(const std::string& directory,
                                                        const std::string& name) = 0;
  // May be asked for meanwhile.
  virtual std::uint64_t disk_bytes() = 0;
};

crdt::Result<LogPosition> DecodeCheckpointReach(std::string_view value);
// A row from its key and its value in the store.
crdt::Result<CheckpointRow> DecodeCheckpointRow(std::string_view key, std::string_view value);

}  // namespace storage
