#include "storage/snapshot/snapshot_job.h"

#include "storage/snapshot/file_copy.h"
#include "storage/snapshot/snapshot_directory.h"

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;

namespace {

// Left to the log beside what is copied: RocksDB writes what it holds in memory, too.
constexpr std::uint64_t kSpareBytes = 64 << 20;

// Tables of RocksDB never change and have checksums of their own; its other files are small.
bool IsShared(const std::string& name) {
  return name.ends_with(".sst");
}

}  // namespace

std::string SnapshotJob::name() const {
  return SnapshotName(manifest.unix_ms, manifest.region, manifest.ordinal);
}

Status SnapshotJob::Run() {
  const std::string all = SnapshotsIn(data_directory);
  const std::string directory = all + "/" + name();
  std::uint64_t needed = kSpareBytes;
  for (const LogFile& file : log) needed += file.bytes;
  if (const auto space = disk->Space(data_directory); space && space->free < needed) {
    return Fail(ErrorCode::kDiskFull, "the disk is full: a snapshot needs " +
                                          std::to_string(needed) + " bytes, and " +
                                          std::to_string(space->free) + " are free");
  }
  if (disk->Exists(directory)) return Fail(ErrorCode::kRefused, directory + " is there already");
  if (Status made = Make(directory); !made) {
    (void)disk->RemoveDirectory(directory);
    return made;
  }
  if (Status removed = RemoveOldSnapshots(*disk, data_directory, name(), keep); !removed) {
    not_removed = removed.error().detail;
  }
  return {};
}

Status SnapshotJob::Make(const std::string& directory) {
  const std::string all = SnapshotsIn(data_directory);
  if (Status made = disk->MakeDirectory(all); !made) return made;
  if (Status made = disk->MakeDirectory(directory); !made) return made;
  if (Status added = AddCheckpoint(directory); !added) return added;
  if (Status added = AddLog(directory); !added) return added;
  if (Status added = AddState(directory); !added) return added;
  for (const std::string& changed : {directory, all, data_directory}) {
    if (Status synced = disk->SyncDirectory(changed); !synced) return synced;
  }
  return disk->ReplaceFile(directory + "/" + kSnapshotManifestName, manifest.Encode());
}

Status SnapshotJob::AddCheckpoint(const std::string& directory) {
  const auto names = checkpoint->CopyTo(directory, kCheckpointName);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const std::string path = directory + "/" + name;
    const auto size = SizeOf(*disk, path);
    if (!size) return std::unexpected(size.error());
    SnapshotFile file{.name = name, .bytes = *size};
    if (!IsShared(name)) {
      const auto checksum = ChecksumOf(*disk, path);
      if (!checksum) return std::unexpected(checksum.error());
      file.checksum = *checksum;
      if (Status synced = SyncFile(*disk, path); !synced) return synced;
    }
    manifest.files.push_back(std::move(file));
  }
  return {};
}

Status SnapshotJob::AddLog(const std::string& directory) {
  for (const LogFile& segment : log) {
    const std::string from = data_directory + "/" + segment.name;
    const std::string to = directory + "/" + segment.name;
    SnapshotFile file{.name = segment.name, .bytes = segment.bytes};
    if (segment.finished) {
      if (Status linked = disk->Link(from, to); !linked) return linked;
      const auto size = SizeOf(*disk, to);
      if (!size) return std::unexpected(size.error());
      file.bytes = *size;
    } else {
      const auto copied = CopyFile(*disk, from, to, segment.bytes);
      if (!copied) return std::unexpected(copied.error());
      file.checksum = *copied;
    }
    manifest.files.push_back(std::move(file));
  }
  return {};
}

Status SnapshotJob::AddState(const std::string& directory) {
  const std::string path = directory + "/" + kNodeStateName;
  const std::string bytes = state.Encode();
  if (Status written = disk->ReplaceFile(path, bytes); !written) return written;
  const auto checksum = ChecksumOf(*disk, path);
  if (!checksum) return std::unexpected(checksum.error());
  manifest.files.push_back({.name = kNodeStateName, .bytes = bytes.size(), .checksum = *checksum});
  return {};
}

}  // namespace storage
