// The snapshots of a data directory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crdt/result.h"
#include "storage/disk.h"
#include "storage/snapshot/snapshot_manifest.h"

namespace storage {

struct FoundSnapshot {
  std::string name;
  // An error: it is unfinished, damaged, or of a newer version.
  crdt::Result<SnapshotManifest> manifest;
};

// Where they stand.
std::string SnapshotsIn(const std::string& data_directory);
// The oldest first.
crdt::Result<std::vector<FoundSnapshot>> ListSnapshots(Disk& disk,
                                                       const std::string& data_directory);
crdt::Result<SnapshotManifest> ReadSnapshotManifest(Disk& disk, const std::string& snapshot);
// Those without a manifest: of a process that ended while it made them. Answers their names.
// REQUIRES: none is being made.
crdt::Result<std::vector<std::string>> RemoveUnfinishedSnapshots(Disk& disk,
                                                                 const std::string& data_directory);
// All complete ones but `made`, which is the newest whatever the clock said, and the newest of the
// others, `keep` of all; 0: none. What is damaged is left for people to look at.
crdt::Status RemoveOldSnapshots(Disk& disk, const std::string& data_directory,
                                const std::string& made, std::uint32_t keep);

}  // namespace storage
