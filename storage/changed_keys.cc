#include "storage/changed_keys.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "crdt/encoding.h"

namespace storage {

void ChangedKeys::Note(std::string_view key) {
  if (last_ != kNone && std::string_view(chunks_.back()).substr(last_) == key) return;
  if (bytes_ >= most_bytes_) Deduplicate();
  Append(key);
}

void ChangedKeys::Append(std::string_view key) {
  const std::size_t most = crdt::kMostVarintBytes + key.size();
  if (chunks_.empty() || chunks_.back().size() + most > kChunkBytes) {
    chunks_.emplace_back().reserve(std::max(kChunkBytes, most));
  }
  std::string& chunk = chunks_.back();
  const std::size_t before = chunk.size();
  crdt::ByteWriter(chunk).Bytes(key);
  bytes_ += chunk.size() - before;
  last_ = chunk.size() - key.size();
}

ChangedKeys::Chunks ChangedKeys::Take() {
  most_bytes_ = kLeastToDeduplicate;
  last_ = kNone;
  bytes_ = 0;
  return std::exchange(chunks_, {});
}

void ChangedKeys::Deduplicate() {
  const Chunks chunks = std::exchange(chunks_, {});
  bytes_ = 0;
  absl::flat_hash_set<std::string_view> seen;
  for (const std::string& chunk : chunks) {
    for (crdt::ByteReader in(chunk); !in.at_end();) {
      const std::string_view name = in.Bytes();
      if (seen.insert(name).second) Append(name);
    }
  }
  last_ = kNone;
  most_bytes_ = std::max(kLeastToDeduplicate, 2 * bytes_);
}

}  // namespace storage
