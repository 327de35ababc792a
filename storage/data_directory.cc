#include "storage/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "storage/posix_disk.h"

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;

namespace {

crdt::Status CheckFormat(PosixDisk& disk, const std::string& path, const std::string& format) {
  const auto text = disk.ReadFile(format);
  if (!text) return std::unexpected(text.error());
  int version = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), version);
  const bool newer =
      version > DataDirectory::kFormatVersion || parsed.ec == std::errc::result_out_of_range;
  if (newer) {
    return Fail(ErrorCode::kUnsupported,
                path + " has format version " + text->substr(0, text->find('\n')) +
                    ", written by a newer Meridian; this one knows version " +
                    std::to_string(DataDirectory::kFormatVersion) + " and leaves it untouched");
  }
  if (version < 1) return Fail(ErrorCode::kCorrupt, format + " holds no version");
  return {};
}

crdt::Result<int> TakeLock(const std::string& path, const std::string& holder) {
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return Fail(ErrorCode::kInputOutput, "cannot open " + path + ": " + std::strerror(errno));
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    char held[256] = {};
    const ssize_t size = ::pread(lock, held, sizeof held - 1, 0);
    ::close(lock);
    return Fail(ErrorCode::kRefused,
                path + " is held by " + (size > 0 ? std::string(held) : "another process"));
  }
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  const std::string text =
      "process " + std::to_string(::getpid()) + " on " + host + " (" + holder + ")";
  // For people only: a full disk is no reason not to start.
  if (::ftruncate(lock, 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(lock, text.data(), text.size(), 0);
  }
  return lock;
}

}  // namespace

crdt::Result<DataDirectory> DataDirectory::Open(const std::string& path,
                                                const std::string& holder) {
  PosixDisk disk;
  const std::string format = path + "/FORMAT";
  if (disk.Exists(format)) {
    if (auto known = CheckFormat(disk, path, format); !known) return std::unexpected(known.error());
  }
  if (auto made = disk.MakeDirectory(path); !made) return std::unexpected(made.error());
  const auto lock = TakeLock(path + "/LOCK", holder);
  if (!lock) {
    return Fail(lock.error().code, path + " cannot be used: " + lock.error().detail);
  }
  DataDirectory directory(path, *lock, 0);
  if (!disk.Exists(format)) {
    if (auto written = disk.ReplaceFile(format, std::to_string(kFormatVersion) + "\n"); !written) {
      return std::unexpected(written.error());
    }
  }
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return Fail(ErrorCode::kInputOutput, "cannot look at " + path + ": " + std::strerror(errno));
  }
  directory.identity_ = info.st_ino * 0x9e3779b97f4a7c15U ^ info.st_dev;
  return directory;
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      identity_(other.identity_) {}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace storage
