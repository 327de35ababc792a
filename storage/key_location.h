// Where a key is: its partition and its hash, both worked out from its bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "storage/partition.h"

namespace storage {

inline constexpr int kSlots = 16384;
inline constexpr int kPartitions = 256;

// CRC16 of the key, or of what stands between the first '{' and the next '}' where that is not
// empty, modulo 16,384: as in Redis Cluster.
int SlotOf(std::string_view key);
inline PartitionId PartitionOf(std::string_view key) {
  return static_cast<PartitionId>(SlotOf(key) / (kSlots / kPartitions));
}

struct KeyLocation {
  PartitionId partition = 0;
  std::uint64_t hash = 0;  // KeyTable::Hash().

  bool operator==(const KeyLocation&) const = default;
};

KeyLocation LocationOf(std::string_view key);

// Remembers where the last key is: a command looks for its key several times.
class KeyLocator {
 public:
  KeyLocation Find(std::string_view key) {
    if (!IsLast(key)) Remember(key, LocationOf(key));
    return location_;
  }
  // REQUIRES: `location` is that of the key.
  void Remember(std::string_view key, const KeyLocation& location);

 private:
  // A longer key is located each time.
  static constexpr std::size_t kMostBytes = 64;

  bool IsLast(std::string_view key) const {
    return key == std::string_view(key_.data(), size_) && size_ > 0;
  }

  std::array<char, kMostBytes> key_{};  // A copy: the caller's bytes may be gone.
  std::size_t size_ = 0;                // 0: none is remembered.
  KeyLocation location_;
};

// What a command is about to look up.
struct Lookup {
  std::string_view key;
  std::string_view element;  // Of a hash, a set or a sorted set; empty where it names none.
  KeyLocation location = {};
};

}  // namespace storage
