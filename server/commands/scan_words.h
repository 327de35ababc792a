// The words of SCAN, SSCAN and HSCAN: a cursor, then MATCH, COUNT and, of SCAN, TYPE.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/command.h"

namespace server {

struct ScanWords {
  std::optional<std::string_view> pattern;
  std::optional<std::string_view> type;
  std::int64_t count = 10;

  bool Wants(std::string_view name) const;
};

enum class ScanOf { kKeys, kElements };  // TYPE is only for keys.

// A cursor as Redis reads it: any text that strtoul understands as a whole. Empty, and the error
// answered, where it is none.
std::optional<std::uint64_t> ParseCursor(CommandContext& context, std::string_view word);
// The words behind the cursor. Empty, and the error answered, where they make no sense.
std::optional<ScanWords> ParseScanWords(CommandContext& context, Arguments words, ScanOf what);

}  // namespace server
