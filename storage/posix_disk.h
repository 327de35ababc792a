// Disk over the file system of the machine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/disk.h"

namespace storage {

class PosixDisk : public Disk {
 public:
  crdt::Result<std::shared_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  crdt::Result<std::vector<std::string>> List(const std::string& directory) override;
  bool Exists(const std::string& path) override;
  crdt::Status Remove(const std::string& path) override;
  crdt::Status Rename(const std::string& from, const std::string& to) override;
  crdt::Status Link(const std::string& from, const std::string& to) override;
  crdt::Status MakeDirectory(const std::string& path) override;
  crdt::Status RemoveDirectory(const std::string& path) override;
  crdt::Status SyncDirectory(const std::string& path) override;
  crdt::Result<DiskSpace> Space(const std::string& path) override;
  crdt::Status ReplaceFile(const std::string& path, std::string_view bytes) override;
};

}  // namespace storage
