#include "storage/posix_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace storage {
namespace {

using crdt::ErrorCode;
using crdt::Status;

std::unexpected<crdt::Error> FailErrno(const std::string& what, const std::string& path) {
  const int code = errno;
  const bool full = code == ENOSPC || code == EDQUOT;
  return crdt::Fail(full ? ErrorCode::kDiskFull : ErrorCode::kInputOutput,
                    "cannot " + what + " " + path + ": " + std::strerror(code));
}

class PosixFile : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Status WriteAt(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0) {
        if (errno == EINTR) continue;
        return FailErrno("write", path_);
      }
      offset += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  crdt::Result<std::string> ReadAt(std::uint64_t offset, std::size_t size) const override {
    std::string bytes(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
      const ssize_t got = ::pread(descriptor_, bytes.data() + filled, size - filled,
                                  static_cast<off_t>(offset + filled));
      if (got < 0) {
        if (errno == EINTR) continue;
        return FailErrno("read", path_);
      }
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
  }

  Status Sync() override {
    if (::fdatasync(descriptor_) != 0) return FailErrno("sync", path_);
    return {};
  }

  crdt::Result<std::uint64_t> Size() const override {
    struct stat info{};
    if (::fstat(descriptor_, &info) != 0) return FailErrno("look at", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Status Preallocate(std::uint64_t size) override {
    const int error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size));
    if (error != 0) {
      errno = error;
      return FailErrno("take space for", path_);
    }
    return {};
  }

  Status Truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) return FailErrno("cut", path_);
    return {};
  }

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace

crdt::Result<std::shared_ptr<File>> PosixDisk::Open(const std::string& path, OpenMode mode) {
  const int flags = O_CLOEXEC | (mode == OpenMode::kRead ? O_RDONLY : O_RDWR) |
                    (mode == OpenMode::kCreate ? O_CREAT : 0);
  const int descriptor = ::open(path.c_str(), flags, 0600);
  if (descriptor < 0) return FailErrno("open", path);
  return std::make_shared<PosixFile>(descriptor, path);
}

crdt::Result<std::vector<std::string>> PosixDisk::List(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    names.push_back(entry.path().filename().string());
  }
  if (error) {
    return crdt::Fail(ErrorCode::kInputOutput, "cannot list " + directory + ": " + error.message());
  }
  std::ranges::sort(names);
  return names;
}

bool PosixDisk::Exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Status PosixDisk::Remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return FailErrno("remove", path);
  return {};
}

Status PosixDisk::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return FailErrno("rename", from);
  return {};
}

Status PosixDisk::Link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0) return FailErrno("link to " + from + " from", to);
  return {};
}

Status PosixDisk::MakeDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return crdt::Fail(ErrorCode::kInputOutput, "cannot make " + path + ": " + error.message());
  }
  if (::chmod(path.c_str(), 0700) != 0) return FailErrno("protect", path);
  return {};
}

Status PosixDisk::RemoveDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) {
    return crdt::Fail(ErrorCode::kInputOutput, "cannot remove " + path + ": " + error.message());
  }
  return {};
}

Status PosixDisk::SyncDirectory(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FailErrno("open", path);
  const int result = ::fsync(descriptor);
  Status status;
  if (result != 0) status = FailErrno("sync", path);
  ::close(descriptor);
  return status;
}

crdt::Result<DiskSpace> PosixDisk::Space(const std::string& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) return FailErrno("measure", path);
  return DiskSpace{info.f_bavail * info.f_frsize, info.f_blocks * info.f_frsize};
}

Status PosixDisk::ReplaceFile(const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".new";
  {
    const int descriptor = ::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return FailErrno("open", fresh);
    PosixFile file(descriptor, fresh);
    if (Status written = file.WriteAt(0, bytes); !written) return written;
    if (Status synced = file.Sync(); !synced) return synced;
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return FailErrno("rename", fresh);
  return SyncDirectory(std::filesystem::path(path).parent_path().string());
}

}  // namespace storage
