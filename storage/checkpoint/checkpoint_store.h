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

#include "crdt/result.h"
#include "storage/log/log_cursor.h"

namespace storage {

// A key as it was when the log ended at `position`; an empty object: there was no such key.
struct CheckpointRow {
  std::string_view key;
  LogPosition position = 0;
  std::string_view object;  // As crdt::EncodeCell writes it.
};

// What the rows are good for. docs/formats.md, "Checkpoint".
struct CheckpointMark {
  std::string log_id;
  // Every key that differs from nothing has a row that holds all that the log did to it up to here.
  LogPosition begin = 0;
  LogVectors vectors;  // There.
  // Rows of positions below are void: the keyspace was cleared.
  LogPosition void_below = 0;

  std::string Encode() const;
  static crdt::Result<CheckpointMark> Decode(std::string_view bytes);

  bool operator==(const CheckpointMark&) const = default;
};

// Changes of a store that come in one step.
class CheckpointBatch {
 public:
  enum class Kind : std::uint8_t { kPut, kRemove, kMark };
  struct Change {
    Kind kind;
    std::string_view key;    // Of the row.
    std::string_view value;  // Of the row, or the mark.
  };

  void Put(const CheckpointRow& row);
  void Remove(std::string_view key);
  void SetMark(const CheckpointMark& mark);
  bool empty() const { return changes_.empty(); }
  std::size_t bytes() const { return changes_.size(); }
  void Visit(const std::function<void(const Change&)>& visit) const;

 private:
  std::string changes_;
};

class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;
  // From any one thread at a time.
  virtual crdt::Status Write(const CheckpointBatch& batch) = 0;
  // Durable when it returns. ErrorCode::kDiskFull where there is no space.
  virtual crdt::Status Flush() = 0;
  // Empty where none was ever set.
  virtual crdt::Result<std::optional<std::string>> Mark() = 0;
  // The values of rows as they were put, in any order.
  virtual crdt::Status VisitRows(
      const std::function<crdt::Status(std::string_view key, std::string_view value)>& visit) = 0;
  // Removes everything.
  virtual crdt::Status Clear() = 0;
  // May be asked for meanwhile.
  virtual std::uint64_t disk_bytes() = 0;
};

// A row from its key and its value in the store.
crdt::Result<CheckpointRow> DecodeCheckpointRow(std::string_view key, std::string_view value);

}  // namespace storage
