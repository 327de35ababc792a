// Looks at a snapshot without changing it: every byte that a restore would take.
#pragma once

#include <string>

#include "crdt/result.h"
#include "storage/disk.h"
#include "storage/snapshot/snapshot_manifest.h"

namespace storage {

// The manifest of a whole snapshot; else the error says what is wrong with it.
crdt::Result<SnapshotManifest> CheckSnapshot(Disk& disk, const std::string& snapshot);

// For people: what it is of.
std::string ToString(const SnapshotManifest& manifest);

}  // namespace storage
