#include "storage/snapshot/snapshot_directory.h"

#include <utility>

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::Status;

namespace {

// The manifest goes first: what a crash leaves is unfinished again, and not damaged.
Status Remove(Disk& disk, const std::string& snapshot) {
  const std::string manifest = snapshot + "/" + kSnapshotManifestName;
  if (disk.Exists(manifest)) {
    if (Status removed = disk.Remove(manifest); !removed) return removed;
    if (Status synced = disk.SyncDirectory(snapshot); !synced) return synced;
  }
  return disk.RemoveDirectory(snapshot);
}

Result<std::vector<std::string>> NamesOf(Disk& disk, const std::string& data_directory) {
  const std::string all = SnapshotsIn(data_directory);
  if (!disk.Exists(all)) return std::vector<std::string>();
  auto names = disk.List(all);
  if (names) std::erase_if(*names, [](const auto& name) { return !IsSnapshotName(name); });
  return names;
}

}  // namespace

std::string SnapshotsIn(const std::string& data_directory) {
  return data_directory + "/snapshots";
}

Result<SnapshotManifest> ReadSnapshotManifest(Disk& disk, const std::string& snapshot) {
  const std::string path = snapshot + "/" + kSnapshotManifestName;
  if (!disk.Exists(path)) {
    return Fail(ErrorCode::kInvalid, snapshot +
                                         " is no snapshot, or an unfinished one: it has no " +
                                         "file " + kSnapshotManifestName);
  }
  const auto bytes = disk.ReadFile(path);
  if (!bytes) return std::unexpected(bytes.error());
  auto manifest = SnapshotManifest::Decode(*bytes);
  if (!manifest) return Fail(manifest.error().code, path + ": " + manifest.error().detail);
  return manifest;
}

Result<std::vector<FoundSnapshot>> ListSnapshots(Disk& disk, const std::string& data_directory) {
  const auto names = NamesOf(disk, data_directory);
  if (!names) return std::unexpected(names.error());
  std::vector<FoundSnapshot> found;
  for (const std::string& name : *names) {
    found.push_back({name, ReadSnapshotManifest(disk, SnapshotsIn(data_directory) + "/" + name)});
  }
  return found;
}

Result<std::vector<std::string>> RemoveUnfinishedSnapshots(Disk& disk,
                                                           const std::string& data_directory) {
  auto names = NamesOf(disk, data_directory);
  if (!names) return names;
  std::vector<std::string> removed;
  for (const std::string& name : *names) {
    const std::string snapshot = SnapshotsIn(data_directory) + "/" + name;
    if (disk.Exists(snapshot + "/" + kSnapshotManifestName)) continue;
    if (Status gone = Remove(disk, snapshot); !gone) return std::unexpected(gone.error());
    removed.push_back(name);
  }
  return removed;
}

Status RemoveOldSnapshots(Disk& disk, const std::string& data_directory, const std::string& made,
                          std::uint32_t keep) {
  if (keep == 0) return {};
  const auto found = ListSnapshots(disk, data_directory);
  if (!found) return std::unexpected(found.error());
  std::size_t newer = 1;
  for (auto snapshot = found->rbegin(); snapshot != found->rend(); ++snapshot) {
    if (!snapshot->manifest || snapshot->name == made || newer++ < keep) continue;
    if (Status removed = Remove(disk, SnapshotsIn(data_directory) + "/" + snapshot->name);
        !removed) {
      return removed;
    }
  }
  return {};
}

}  // namespace storage
