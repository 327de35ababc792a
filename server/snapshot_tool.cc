#include "server/snapshot_tool.h"

#include <iostream>

#include "storage/posix_disk.h"
#include "storage/snapshot/snapshot_check.h"

namespace server {
namespace {

constexpr int kBadSnapshot = 1;
constexpr int kNoSnapshot = 2;

int Tell(const crdt::Error& error) {
  std::cerr << "meridian-server: " << error.detail << '\n';
  return error.code == crdt::ErrorCode::kInputOutput ? kNoSnapshot : kBadSnapshot;
}

}  // namespace

int VerifySnapshot(const std::string& snapshot) {
  storage::PosixDisk disk;
  const auto manifest = storage::CheckSnapshot(disk, snapshot);
  if (!manifest) return Tell(manifest.error());
  std::cout << storage::ToString(*manifest) << "the snapshot is whole\n";
  return 0;
}

int RestoreSnapshot(const std::string& snapshot, const std::string& directory,
                    const std::optional<storage::NewDeployment>& deployment) {
  storage::PosixDisk disk;
  const auto manifest = storage::CheckSnapshot(disk, snapshot);
  if (!manifest) return Tell(manifest.error());
  const crdt::Status restored =
      storage::RestoreSnapshot(disk, snapshot, *manifest, directory, deployment);
  if (!restored) return Tell(restored.error());
  std::cout << storage::ToString(*manifest) << "restored to " << directory << '\n';
  return 0;
}

}  // namespace server
