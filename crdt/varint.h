// Variable-length integers in memory that has space for them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace crdt {

inline constexpr std::size_t kMostVarintBytes = 10;

// Returns the place behind the last byte.
inline char* PutVarint(char* at, std::uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

}  // namespace crdt
