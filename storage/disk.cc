#include "storage/disk.h"

namespace storage {

crdt::Result<std::string> Disk::ReadFile(const std::string& path) {
  const auto file = Open(path, OpenMode::kRead);
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->Size();
  if (!size) return std::unexpected(size.error());
  return (*file)->ReadAt(0, *size);
}

}  // namespace storage
