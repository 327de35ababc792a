// A checkpoint in RocksDB: the only file that knows it. Its write-ahead log is off; the database's
// own log is the one that counts.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "storage/checkpoint/checkpoint_store.h"

namespace storage {

struct CheckpointSummary {
  std::optional<CheckpointMark> mark;  // Empty: the log has everything.
  LogPosition reach = 0;
};

// Makes the directory where it is missing. ErrorCode::kCorrupt: what is there cannot be read.
crdt::Result<std::unique_ptr<CheckpointStore>> OpenRocksCheckpointStore(const std::string& path);

// Looks at a checkpoint of which no process is in charge: reads every block of it, changes nothing.
// ErrorCode::kCorrupt: it is damaged.
crdt::Result<CheckpointSummary> CheckRocksCheckpoint(const std::string& path);

}  // namespace storage
