// The directory of a node: mode 0700, a format version, and a lock that names its holder.
#pragma once

#include <cstdint>
#include <string>

#include "crdt/result.h"

namespace storage {

class DataDirectory {
 public:
  static constexpr int kFormatVersion = 1;

  // Makes it where it is missing, checks the version (a newer one is refused by name and nothing is
  // touched) and takes the lock. `holder` is what others are told, for example "port 7001".
  static crdt::Result<DataDirectory> Open(const std::string& path, const std::string& holder);
  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  const std::string& path() const { return path_; }
  // Of the directory on this file system: another one tells that the files are a copy.
  std::uint64_t identity() const { return identity_; }

 private:
  DataDirectory(std::string path, int lock, std::uint64_t identity)
      : path_(std::move(path)), lock_(lock), identity_(identity) {}

  std::string path_;
  int lock_;
  std::uint64_t identity_;
};

}  // namespace storage
