// Makes a data directory out of a snapshot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "crdt/result.h"
#include "storage/disk.h"
#include "storage/snapshot/snapshot_manifest.h"

namespace storage {

// For a deployment of its own, which the one of the snapshot never meets.
struct NewDeployment {
  std::string name;
  std::uint32_t ordinal = 0;
};

// `directory` is new or empty. Files that never change again are shared with the snapshot where
// that is possible. The node that starts on it takes a new epoch, after it has heard of all others.
// A restore that fails removes what it made. REQUIRES: the snapshot is whole (snapshot_check.h).
crdt::Status RestoreSnapshot(Disk& disk, const std::string& snapshot,
                             const SnapshotManifest& manifest, const std::string& directory,
                             const std::optional<NewDeployment>& deployment);

}  // namespace storage
