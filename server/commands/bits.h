// Bits of a string value: bit 0 is the highest of the first byte, and what lies behind the end is
// 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/object.h"
#include "server/command.h"

namespace server {

inline bool BitAt(std::string_view bytes, std::uint64_t offset) {
  const std::uint64_t byte = offset / 8;
  return byte < bytes.size() &&
         (static_cast<std::uint8_t>(bytes[byte]) >> (7 - offset % 8) & 1) != 0;
}

// REQUIRES: the byte is there.
inline void SetBitAt(std::string& bytes, std::uint64_t offset, bool bit) {
  const auto mask = static_cast<std::uint8_t>(0x80 >> offset % 8);
  const auto byte = static_cast<std::uint8_t>(bytes[offset / 8]);
  bytes[offset / 8] = static_cast<char>(bit ? byte | mask : byte & ~mask);
}

// A bit's offset within the longest value there may be. Empty, and the error answered, else.
std::optional<std::uint64_t> ParseBitOffset(CommandContext& context, std::string_view word);
// The same, where "#3" is the fourth field of so many bits.
std::optional<std::uint64_t> ParseFieldOffset(CommandContext& context, std::string_view word,
                                              int bits);

// What a string key shows; empty where there is none.
std::string TextOf(const crdt::KeyView& view);
// Replaces the whole value and keeps its time to live.
void ReplaceText(CommandContext& context, const crdt::KeyView& view, std::string_view key,
                 std::string_view text);

}  // namespace server
