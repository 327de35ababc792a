// A checkpoint in RocksDB: the only file that knows it. Its write-ahead log is off; the database's
// own log is the one that counts.
#pragma once

#include <memory>
#include <string>

#include "storage/checkpoint/checkpoint_store.h"

namespace storage {

// Makes the directory where it is missing. ErrorCode::kCorrupt: what is there cannot be read.
crdt::Result<std::unique_ptr<CheckpointStore>> OpenRocksCheckpointStore(const std::string& path);

}  // namespace storage
