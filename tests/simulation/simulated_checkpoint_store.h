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

 private:
  void Put(const storage::CheckpointBatch::Change& change) override {
    const auto row = storage::DecodeCheckpointRow(change.key, change.value);
    if (planted_ == Planted::kCheckpointForgetsDeletes && row->object.empty()) return;
    if (planted_ == Planted::kCheckpointWithoutPositions) {
      return PutRow(change.key, std::string(1, '\0').append(row->object));
    }
    FileCheckpointStore::Put(change);
  }
  void Remove(std::string_view key) override {
    if (planted_ != Planted::kCheckpointKeepsRows) FileCheckpointStore::Remove(key);
  }

  Dice dice_;
  Planted planted_;
};

}  // namespace simulation
