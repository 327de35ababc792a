// What DUMP answers: a value as Redis writes it to its snapshots, and a footer.
//
//   value · version of the format u16 · CRC-64 of all before it u64
//
// docs/formats.md, "DUMP".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace server {

// That of Redis 7.0, so that it can read what is written here.
inline constexpr std::uint16_t kWrittenRdbVersion = 10;
// That of Redis 7.2.
inline constexpr std::uint16_t kGreatestRdbVersion = 11;

// Appends the footer.
void SealPayload(std::string& payload);
// The value; empty where the version is unknown or the checksum wrong.
std::optional<std::string_view> OpenPayload(std::string_view payload);

}  // namespace server
