// Files of a snapshot: copies and checksums.
#pragma once

#include <cstdint>
#include <string>

#include "crdt/result.h"
#include "storage/disk.h"

namespace storage {

// XXH3-64 of a whole file.
crdt::Result<std::uint64_t> ChecksumOf(Disk& disk, const std::string& path);
crdt::Result<std::uint64_t> SizeOf(Disk& disk, const std::string& path);
// Of the first `bytes` of a file, durably but for its name; answers their checksum.
crdt::Result<std::uint64_t> CopyFile(Disk& disk, const std::string& from, const std::string& to,
                                     std::uint64_t bytes);
crdt::Status SyncFile(Disk& disk, const std::string& path);

}  // namespace storage
