#include "storage/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "storage/posix_disk.h"

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;

crdt::Result<DataDirectory> DataDirectory::Open(const std::string& path,
                                                const std::string& holder) {
  PosixDisk disk;
  const std::string format = path + "/FORMAT";
  if (disk.Exists(format)) {
    const auto text = disk.ReadFile(format);
    if (!text) return std::unexpected(text.error());
    const int version = std::atoi(text->c_str());
    if (version < 1) return Fail(ErrorCode::kCorrupt, format + " holds no version");
    if (version > kFormatVersion) {
      return Fail(ErrorCode::kUnsupported,
                  path + " has format version " + std::to_string(version) +
                      ", written by a newer Meridian; this one knows version " +
                      std::to_string(kFormatVersion) + " and leaves it untouched");
    }
  }
  if (auto made = disk.MakeDirectory(path); !made) return std::unexpected(made.error());
  const std::string lock_path = path + "/LOCK";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return Fail(ErrorCode::kInputOutput, "cannot open " + lock_path + ": " + std::strerror(errno));
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    char held[256] = {};
    const ssize_t size = ::pread(lock, held, sizeof held - 1, 0);
    ::close(lock);
    return Fail(ErrorCode::kRefused,
                path + " is in use by " +
                    (size > 0 ? std::string(held, static_cast<std::size_t>(size))
                              : std::string("another process")));
  }
  const std::string text = "process " + std::to_string(::getpid()) + " (" + holder + ")";
  if (::ftruncate(lock, 0) != 0 ||
      ::pwrite(lock, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    ::close(lock);
    return Fail(ErrorCode::kInputOutput, "cannot write " + lock_path + ": " + std::strerror(errno));
  }
  if (!disk.Exists(format)) {
    if (auto written = disk.ReplaceFile(format, std::to_string(kFormatVersion) + "\n"); !written) {
      ::close(lock);
      return std::unexpected(written.error());
    }
  }
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    ::close(lock);
    return Fail(ErrorCode::kInputOutput, "cannot look at " + path);
  }
  return DataDirectory(path, lock, info.st_ino * 0x9e3779b97f4a7c15U ^ info.st_dev);
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      identity_(other.identity_) {}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace storage
