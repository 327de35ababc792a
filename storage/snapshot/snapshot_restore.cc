#include "storage/snapshot/snapshot_restore.h"

#include "storage/checkpoint/checkpoint_store.h"
#include "storage/node_state.h"
#include "storage/snapshot/file_copy.h"

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;

namespace {

Status TakeFile(Disk& disk, const SnapshotFile& file, const std::string& from,
                const std::string& to) {
  // On another file system it has to be copied.
  if (file.checksum == 0 && disk.Link(from, to)) return {};
  const auto copied = CopyFile(disk, from, to, file.bytes);
  if (!copied) return std::unexpected(copied.error());
  if (file.checksum != 0 && *copied != file.checksum) {
    return Fail(ErrorCode::kCorrupt, from + " has another checksum");
  }
  return {};
}

Status TakeFiles(Disk& disk, const std::string& snapshot, const SnapshotManifest& manifest,
                 const std::string& directory) {
  const std::string checkpoint = directory + "/" + kCheckpointName;
  if (Status made = disk.MakeDirectory(directory); !made) return made;
  if (Status made = disk.MakeDirectory(checkpoint); !made) return made;
  for (const SnapshotFile& file : manifest.files) {
    if (file.name == kNodeStateName) continue;
    const std::string to = directory + "/" + file.name;
    if (Status taken = TakeFile(disk, file, snapshot + "/" + file.name, to); !taken) return taken;
  }
  if (Status synced = disk.SyncDirectory(checkpoint); !synced) return synced;
  return disk.SyncDirectory(directory);
}

Status WriteState(Disk& disk, const std::string& snapshot, const std::string& directory,
                  const std::optional<NewDeployment>& deployment) {
  const auto bytes = disk.ReadFile(snapshot + "/" + kNodeStateName);
  if (!bytes) return std::unexpected(bytes.error());
  auto state = NodeState::Decode(*bytes);
  if (!state) return std::unexpected(state.error());
  if (deployment) {
    state->deployment = deployment->name;
    state->ordinal = deployment->ordinal;
    state->primary = deployment->ordinal == 0;
    state->membership.clear();  // Of the other deployment: its regions are elsewhere.
  }
  return disk.ReplaceFile(directory + "/" + kNodeStateName, state->Encode());
}

}  // namespace

Status RestoreSnapshot(Disk& disk, const std::string& snapshot, const SnapshotManifest& manifest,
                       const std::string& directory,
                       const std::optional<NewDeployment>& deployment) {
  if (disk.Exists(directory)) {
    const auto names = disk.List(directory);
    if (!names) return std::unexpected(names.error());
    if (!names->empty()) {
      return Fail(ErrorCode::kRefused, directory + " is not empty; a restore makes a new one");
    }
  }
  Status taken = TakeFiles(disk, snapshot, manifest, directory);
  // The last: without it no node starts on what is there.
  if (taken) taken = WriteState(disk, snapshot, directory, deployment);
  if (!taken) (void)disk.RemoveDirectory(directory);
  return taken;
}

}  // namespace storage
