// The options of SET and GETEX, which Redis reads with one grammar.
#pragma once

#include <optional>
#include <string_view>

#include "server/command.h"
#include "server/commands/deadline_words.h"

namespace server {

struct StringWords {
  std::optional<DeadlineUnit> unit;  // EX, PX, EXAT or PXAT; the last one counts.
  std::string_view time;             // The word behind it, not looked at yet.
  bool keep_ttl = false;
  bool persist = false;
  bool not_exists = false;
  bool exists = false;
  bool get = false;
};

// Empty, and the error answered, where the words make no sense.
std::optional<StringWords> ParseSetWords(CommandContext& context, Arguments words);
std::optional<StringWords> ParseGetExWords(CommandContext& context, Arguments words);

}  // namespace server
