// The number of a database, as SELECT, COPY and MOVE take it: there is one, 0.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "crdt/string_value.h"
#include "server/command.h"
#include "server/commands/reply_errors.h"

namespace server {

// False, and the error answered, where `word` is not 0.
inline bool IsTheDatabase(CommandContext& context, std::string_view word) {
  const auto index = crdt::ParseInteger(word);
  if (index == 0) return true;
  if (!index) {
    context.reply.Error(kErrorNotAnInteger);
  } else if (*index < std::numeric_limits<std::int32_t>::min() ||
             *index > std::numeric_limits<std::int32_t>::max()) {
    context.reply.Error("ERR value is out of range, value must between -2147483648 and 2147483647");
  } else {
    context.reply.Error("ERR DB index is out of range");
  }
  return false;
}

}  // namespace server
