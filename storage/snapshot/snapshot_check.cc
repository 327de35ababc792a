#include "storage/snapshot/snapshot_check.h"

#include <algorithm>

#include "storage/checkpoint/rocks_checkpoint_store.h"
#include "storage/log/check.h"
#include "storage/node_state.h"
#include "storage/snapshot/file_copy.h"
#include "storage/snapshot/snapshot_directory.h"

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::Status;

namespace {

Status Damaged(const std::string& what) {
  return Fail(ErrorCode::kCorrupt, "the snapshot is damaged: " + what);
}

Status CheckFiles(Disk& disk, const std::string& snapshot, const SnapshotManifest& manifest) {
  for (const SnapshotFile& file : manifest.files) {
    const std::string path = snapshot + "/" + file.name;
    if (!disk.Exists(path)) return Damaged(file.name + " is missing");
    const auto size = SizeOf(disk, path);
    if (!size) return std::unexpected(size.error());
    if (*size != file.bytes) {
      return Damaged(file.name + " has " + std::to_string(*size) + " bytes instead of " +
                     std::to_string(file.bytes));
    }
    if (file.checksum == 0) continue;
    const auto checksum = ChecksumOf(disk, path);
    if (!checksum) return std::unexpected(checksum.error());
    if (*checksum != file.checksum) return Damaged(file.name + " has another checksum");
  }
  return {};
}

Status CheckState(Disk& disk, const std::string& snapshot, const SnapshotManifest& manifest) {
  const auto bytes = disk.ReadFile(snapshot + "/" + kNodeStateName);
  if (!bytes) return std::unexpected(bytes.error());
  const auto state = NodeState::Decode(*bytes);
  if (!state) return Damaged(state.error().detail);
  const bool same = state->deployment == manifest.deployment && state->region == manifest.region &&
                    state->ordinal == manifest.ordinal && state->log_id == manifest.log_id;
  return same ? Status() : Damaged("the node state is of another node");
}

// The frames of the log, and that it goes from where the checkpoint needs it to the position.
Status CheckLogAndCheckpoint(Disk& disk, const std::string& snapshot,
                             const SnapshotManifest& manifest) {
  const auto log = CheckLog(disk, snapshot, Repair::kNo);
  if (!log) return std::unexpected(log.error());
  if (log->recovery.verdict != RecoveryReport::Verdict::kWhole) {
    return Damaged("the log is not whole: " + log->recovery.detail);
  }
  if (log->recovery.position != manifest.position) {
    return Damaged("the log ends at position " + std::to_string(log->recovery.position) +
                   " instead of " + std::to_string(manifest.position));
  }
  const auto checkpoint = CheckRocksCheckpoint(snapshot + "/" + kCheckpointName);
  if (!checkpoint) return Damaged(checkpoint.error().detail);
  const LogPosition begin = checkpoint->mark ? checkpoint->mark->begin : 0;
  if (checkpoint->mark && checkpoint->mark->log_id != manifest.log_id) {
    return Damaged("the checkpoint is of another log");
  }
  if (log->recovery.begin > begin || std::max(begin, checkpoint->reach) > manifest.position) {
    return Damaged("the checkpoint and the log do not belong together");
  }
  return {};
}

}  // namespace

Result<SnapshotManifest> CheckSnapshot(Disk& disk, const std::string& snapshot) {
  auto manifest = ReadSnapshotManifest(disk, snapshot);
  if (!manifest) return manifest;
  for (const auto check : {CheckFiles, CheckState, CheckLogAndCheckpoint}) {
    if (Status whole = check(disk, snapshot, *manifest); !whole) {
      return std::unexpected(whole.error());
    }
  }
  return manifest;
}

std::string ToString(const SnapshotManifest& manifest) {
  return "deployment '" + manifest.deployment + "', region " + std::to_string(manifest.region) +
         (manifest.region_name.empty() ? "" : " (" + manifest.region_name + ")") + ", node " +
         std::to_string(manifest.ordinal) + "\n" + std::to_string(manifest.keys) + " keys, " +
         std::to_string(manifest.bytes()) + " bytes in " + std::to_string(manifest.files.size()) +
         " files, position " + std::to_string(manifest.position) + ", epoch " +
         std::to_string(manifest.epoch) + "\nvector " + manifest.floor.ToString() + "\n";
}

}  // namespace storage
