#include "storage/changed_keys.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "crdt/encoding.h"

namespace storage {

void ChangedKeys::Note(std::string_view key) {
  if (last_ != kNone && std::string_view(names_).substr(last_) == key) return;
  if (names_.size() >= most_bytes_) Deduplicate();
  crdt::ByteWriter(names_).Bytes(key);
  last_ = names_.size() - key.size();
}

std::string ChangedKeys::Take() {
  most_bytes_ = kLeastToDeduplicate;
  last_ = kNone;
  return std::exchange(names_, {});
}

void ChangedKeys::Deduplicate() {
  absl::flat_hash_set<std::string_view> seen;
  std::string names;
  for (crdt::ByteReader in(names_); !in.at_end();) {
    const std::string_view name = in.Bytes();
    if (seen.insert(name).second) crdt::ByteWriter(names).Bytes(name);
  }
  names_ = std::move(names);
  last_ = kNone;
  most_bytes_ = std::max(kLeastToDeduplicate, 2 * names_.size());
}

}  // namespace storage
