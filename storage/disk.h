// The disk, as the log and the data directory see it. Performed by PosixDisk; MemoryDisk is its
// deterministic twin with faults, for tests and the simulator.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/result.h"

namespace storage {

class File {
 public:
  virtual ~File() = default;
  // Hands the bytes to the kernel. ErrorCode::kDiskFull where there is no space.
  virtual crdt::Status WriteAt(std::uint64_t offset, std::string_view bytes) = 0;
  // Fewer bytes than asked for at the end of the file.
  virtual crdt::Result<std::string> ReadAt(std::uint64_t offset, std::size_t size) const = 0;
  // Durable when it returns. After an error nothing is known about what was written.
  virtual crdt::Status Sync() = 0;
  virtual crdt::Result<std::uint64_t> Size() const = 0;
  // Makes the file `size` bytes long, with the space taken and zeros where nothing was written.
  virtual crdt::Status Preallocate(std::uint64_t size) = 0;
  virtual crdt::Status Truncate(std::uint64_t size) = 0;
};

struct DiskSpace {
  std::uint64_t free = 0;
  std::uint64_t total = 0;
};

enum class OpenMode { kRead, kExisting, kCreate };

class Disk {
 public:
  virtual ~Disk() = default;
  virtual crdt::Result<std::shared_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  // Names of the files and directories in a directory, sorted.
  virtual crdt::Result<std::vector<std::string>> List(const std::string& directory) = 0;
  virtual bool Exists(const std::string& path) = 0;
  virtual crdt::Status Remove(const std::string& path) = 0;
  // Within one directory; replaces what is there.
  virtual crdt::Status Rename(const std::string& from, const std::string& to) = 0;
  // Another name for the file, on the same file system.
  virtual crdt::Status Link(const std::string& from, const std::string& to) = 0;
  // With mode 0700; no error where it exists.
  virtual crdt::Status MakeDirectory(const std::string& path) = 0;
  // With all that is in it; no error where there is none.
  virtual crdt::Status RemoveDirectory(const std::string& path) = 0;
  // Makes created and removed names durable.
  virtual crdt::Status SyncDirectory(const std::string& path) = 0;
  virtual crdt::Result<DiskSpace> Space(const std::string& path) = 0;

  crdt::Result<std::string> ReadFile(const std::string& path);
  // Replaces the file in one step, durably.
  virtual crdt::Status ReplaceFile(const std::string& path, std::string_view bytes) = 0;
};

}  // namespace storage
