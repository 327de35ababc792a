// Looks at the log of a stopped node without changing it, and repairs a torn tail when asked to.
#pragma once

#include <cstdint>
#include <string>

#include "crdt/result.h"
#include "crdt/version_vector.h"
#include "storage/disk.h"
#include "storage/log/recovery.h"

namespace storage {

struct CheckReport {
  RecoveryReport recovery;
  std::uint64_t records = 0;
  std::uint64_t effects = 0;
  crdt::VersionVector first;  // The first stamp of each writer.
  crdt::VersionVector last;
  bool repaired = false;  // The torn tail has been cut and is kept aside.

  std::string ToString() const;
};

enum class Repair { kNo, kTail };

// Damage in the middle is never cut: it is fetched from a replica or a region. REQUIRES: no process
// writes to the log.
crdt::Result<CheckReport> CheckLog(Disk& disk, const std::string& directory, Repair repair);

}  // namespace storage
