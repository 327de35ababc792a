// The keys that changed since somebody last asked, in the order of their changes.
//
// A name may stand there more than once. Noting costs a copy of its bytes to the end of a chunk;
// only where nobody asks for a long time are the repetitions taken out. In chunks, so that neither
// growing nor giving them back takes long at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace storage {

class ChangedKeys {
 public:
  // Names, each behind its length as a varint (crdt/encoding.h).
  using Chunks = std::vector<std::string>;

  void Note(std::string_view key);
  bool empty() const { return chunks_.empty(); }
  // Nothing is noted afterwards.
  Chunks Take();

 private:
  static constexpr std::size_t kNone = std::string::npos;
  static constexpr std::size_t kChunkBytes = 64 << 10;
  static constexpr std::size_t kLeastToDeduplicate = 64 << 20;

  void Append(std::string_view key);
  void Deduplicate();

  Chunks chunks_;  // None is empty.
  std::size_t bytes_ = 0;
  std::size_t last_ = kNone;  // Where in the last chunk the name begins that was noted last.
  std::size_t most_bytes_ = kLeastToDeduplicate;
};

}  // namespace storage
