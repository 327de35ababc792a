#include "storage/key_location.h"

#include <array>
#include <cstring>

#include "crdt/object.h"

namespace storage {
namespace {

// CRC-16/XMODEM, the polynomial of Redis Cluster's slots, eight bytes at a time (Kounavis, Berry,
// "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation", 2008): table n says
// what a byte does that n more bytes follow.
constexpr std::size_t kCrcStride = 8;
using CrcTables = std::array<std::array<std::uint16_t, 256>, kCrcStride>;

constexpr CrcTables MakeCrcTables() {
  CrcTables tables{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    auto crc = static_cast<std::uint16_t>(byte << 8);
    for (std::size_t following = 0; following < kCrcStride; ++following) {
      for (int bit = 0; bit < 8; ++bit) {
        crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
      }
      tables[following][byte] = crc;
    }
  }
  return tables;
}

constexpr CrcTables kCrcTables = MakeCrcTables();

std::uint16_t Crc(std::string_view bytes) {
  std::uint16_t crc = 0;
  const auto* at = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= kCrcStride; at += kCrcStride, left -= kCrcStride) {
    std::uint16_t next = static_cast<std::uint16_t>(kCrcTables[7][at[0] ^ (crc >> 8)] ^
                                                    kCrcTables[6][at[1] ^ (crc & 0xff)]);
    for (std::size_t i = 2; i < kCrcStride; ++i) next ^= kCrcTables[kCrcStride - 1 - i][at[i]];
    crc = next;
  }
  for (; left > 0; ++at, --left) {
    crc = static_cast<std::uint16_t>((crc << 8) ^ kCrcTables[0][(crc >> 8) ^ *at]);
  }
  return crc;
}

}  // namespace

int SlotOf(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  return Crc(key) % kSlots;
}

KeyLocation LocationOf(std::string_view key) {
  return {PartitionOf(key), crdt::KeyTable::Hash(key)};
}

void KeyLocator::Remember(std::string_view key, const KeyLocation& location) {
  location_ = location;
  size_ = key.size() <= kMostBytes ? key.size() : 0;
  std::memcpy(key_.data(), key.data(), size_);
}

}  // namespace storage
