// The keys that changed since somebody last asked, in the order of their changes.
//
// A name may stand there more than once. Noting costs a copy of its bytes to the end of one string;
// only where nobody asks for a long time are the repetitions taken out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace storage {

class ChangedKeys {
 public:
  void Note(std::string_view key);
  bool empty() const { return names_.empty(); }
  // Names, each behind its length as a varint (crdt/encoding.h). Nothing is noted afterwards.
  std::string Take();

 private:
  static constexpr std::size_t kNone = std::string::npos;
  static constexpr std::size_t kLeastToDeduplicate = 64 << 20;

  void Deduplicate();

  std::string names_;
  std::size_t last_ = kNone;  // Where the name begins that was noted last.
  std::size_t most_bytes_ = kLeastToDeduplicate;
};

}  // namespace storage
