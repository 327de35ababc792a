// Snapshots without a running node: verified, and made data directories again. For main.cc; what is
// found is printed.
#pragma once

#include <optional>
#include <string>

#include "storage/snapshot/snapshot_restore.h"

namespace server {

// Exit codes: 0 done, 1 the snapshot is damaged or the directory is in use, 2 it cannot be read.
int VerifySnapshot(const std::string& snapshot);
int RestoreSnapshot(const std::string& snapshot, const std::string& directory,
                    const std::optional<storage::NewDeployment>& deployment);

}  // namespace server
