#include "storage/snapshot/file_copy.h"

#include <xxhash.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::Status;

namespace {

constexpr std::size_t kChunk = 1 << 20;

class Hash {
 public:
  Hash() : state_(XXH3_createState(), XXH3_freeState) { XXH3_64bits_reset(state_.get()); }
  void Add(std::string_view bytes) { XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
  std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

using VisitChunk = std::function<Status(std::uint64_t offset, std::string_view bytes)>;

Status VisitChunks(Disk& disk, const std::string& path, std::uint64_t bytes,
                   const VisitChunk& visit) {
  const auto file = disk.Open(path, OpenMode::kRead);
  if (!file) return std::unexpected(file.error());
  for (std::uint64_t offset = 0; offset < bytes;) {
    const auto chunk = (*file)->ReadAt(
        offset, static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, bytes - offset)));
    if (!chunk) return std::unexpected(chunk.error());
    if (chunk->empty()) return Fail(ErrorCode::kCorrupt, path + " is shorter than it should be");
    if (Status visited = visit(offset, *chunk); !visited) return visited;
    offset += chunk->size();
  }
  return {};
}

}  // namespace

Result<std::uint64_t> SizeOf(Disk& disk, const std::string& path) {
  const auto file = disk.Open(path, OpenMode::kRead);
  if (!file) return std::unexpected(file.error());
  return (*file)->Size();
}

Result<std::uint64_t> ChecksumOf(Disk& disk, const std::string& path) {
  const auto size = SizeOf(disk, path);
  if (!size) return std::unexpected(size.error());
  Hash hash;
  const Status read =
      VisitChunks(disk, path, *size, [&](std::uint64_t, std::string_view bytes) -> Status {
        hash.Add(bytes);
        return {};
      });
  if (!read) return std::unexpected(read.error());
  return hash.value();
}

Result<std::uint64_t> CopyFile(Disk& disk, const std::string& from, const std::string& to,
                               std::uint64_t bytes) {
  const auto copy = disk.Open(to, OpenMode::kCreate);
  if (!copy) return std::unexpected(copy.error());
  Hash hash;
  Status copied =
      VisitChunks(disk, from, bytes, [&](std::uint64_t offset, std::string_view chunk) -> Status {
        hash.Add(chunk);
        return (*copy)->WriteAt(offset, chunk);
      });
  if (copied) copied = (*copy)->Sync();
  if (!copied) return std::unexpected(copied.error());
  return hash.value();
}

Status SyncFile(Disk& disk, const std::string& path) {
  const auto file = disk.Open(path, OpenMode::kExisting);
  if (!file) return std::unexpected(file.error());
  return (*file)->Sync();
}

}  // namespace storage
