// Makes one snapshot: what a node would start from if it stopped now, in a directory of its own.
// docs/decisions/0019-snapshots-are-data-directories.md.
//
// Finished files are shared with the data directory (hard links) and take no space until it lets go
// of them; only the segment that is still written to, and small files, are copied.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crdt/result.h"
#include "storage/checkpoint/checkpoint_store.h"
#include "storage/disk.h"
#include "storage/log/log.h"
#include "storage/node_state.h"
#include "storage/snapshot/snapshot_manifest.h"

namespace storage {

// On another thread if one likes. REQUIRES: nothing is written to the checkpoint meanwhile, and no
// segment is removed; the log is durable up to the manifest's position.
struct SnapshotJob {
  Disk* disk = nullptr;
  CheckpointStore* checkpoint = nullptr;
  std::string data_directory;
  std::vector<LogFile> log;
  NodeState state;
  SnapshotManifest manifest;  // Run() lists the files.
  std::uint32_t keep = 0;     // So many of the newest stay; 0: all.
  std::string not_removed;    // For people: what became of older ones, where that failed.

  std::string name() const;
  // A snapshot that fails leaves nothing.
  crdt::Status Run();

 private:
  crdt::Status Make(const std::string& directory);
  crdt::Status AddCheckpoint(const std::string& directory);
  crdt::Status AddLog(const std::string& directory);
  crdt::Status AddState(const std::string& directory);
};

}  // namespace storage
