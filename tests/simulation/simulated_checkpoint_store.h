// The checkpoint of a simulated node, with the faults in it that are planted there.
#pragma once

#include <string>

#include "tests/simulation/dice.h"
#include "tests/simulation/planted_faults.h"
#include "tests/support/file_checkpoint_store.h"

namespace simulation {

class SimulatedCheckpointStore : public storage::FileCheckpointStore {
 public:
  SimulatedCheckpointStore(storage::MemoryDisk& disk, std::string path, Dice dice, Planted planted)
      : FileCheckpointStore(disk, std::move(path), [this] { return dice_.Chance(20); }),
        dice_(dice),
        planted_(planted) {}

  crdt::Status Write(const storage::CheckpointBatch& batch) override {
    batch.Visit([this](const storage::CheckpointBatch::Change& change) {
      if (change.kind != storage::CheckpointBatch::Kind::kReach) return;
      reach_ = *storage::DecodeCheckpointReach(change.value);
    });
    return FileCheckpointStore::Write(batch);
  }

 private:
  void Put(const storage::CheckpointBatch::Change& change) override {
    const auto row = storage::DecodeCheckpointRow(change.key, change.value);
    const bool is_gone = row->object.empty() && row->pieces == 0;
    if (planted_ == Planted::kCheckpointForgetsDeletes && is_gone) return;
    if (planted_ == Planted::kCheckpointWithoutPositions) return PutAt(0, *row);
    if (planted_ == Planted::kCheckpointForgetsMeanwhile && row->pieces > 0) {
      return PutAt(reach_, *row);
    }
    FileCheckpointStore::Put(change);
  }
  // The row as if it were of another position.
  void PutAt(storage::LogPosition position, storage::CheckpointRow row) {
    row.position = position;
    storage::CheckpointBatch batch;
    batch.Put(row);
    batch.Visit([this](const auto& change) { FileCheckpointStore::Put(change); });
  }
  void Remove(std::string_view key) override {
    if (planted_ != Planted::kCheckpointKeepsRows) FileCheckpointStore::Remove(key);
  }

  Dice dice_;
  Planted planted_;
  storage::LogPosition reach_ = 0;  // Of the batch that is being written.
};

}  // namespace simulation
