// Words that commands about regions have in common.
#pragma once

#include <optional>
#include <string_view>

#include "crdt/stamp.h"
#include "crdt/string_value.h"
#include "server/command.h"

namespace server {

// A region's id; empty, and the error answered, where the word is none.
inline std::optional<crdt::RegionId> ParseRegion(CommandContext& context, std::string_view word) {
  const auto number = crdt::ParseInteger(word);
  if (number && *number >= 1 && *number <= crdt::kMaxRegion) {
    return static_cast<crdt::RegionId>(*number);
  }
  context.reply.Error("ERR a region's id is a number from 1 to 31");
  return std::nullopt;
}

}  // namespace server
