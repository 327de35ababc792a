#include "server/commands/deadline_words.h"

#include <algorithm>

#include "crdt/string_value.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"

namespace server {

std::optional<DeadlineUnit> DeadlineUnitOf(std::string_view word) {
  if (EqualsIgnoreCase(word, "ex")) return DeadlineUnit::kSeconds;
  if (EqualsIgnoreCase(word, "px")) return DeadlineUnit::kMilliseconds;
  if (EqualsIgnoreCase(word, "exat")) return DeadlineUnit::kUnixSeconds;
  if (EqualsIgnoreCase(word, "pxat")) return DeadlineUnit::kUnixMilliseconds;
  return std::nullopt;
}

std::optional<crdt::DeadlineMs> ParseAnyDeadline(CommandContext& context, std::string_view word,
                                                 DeadlineUnit unit, std::string_view command) {
  const auto number = crdt::ParseInteger(word);
  if (!number) {
    context.reply.Error(kErrorNotAnInteger);
    return std::nullopt;
  }
  const bool seconds = unit == DeadlineUnit::kSeconds || unit == DeadlineUnit::kUnixSeconds;
  const bool relative = unit == DeadlineUnit::kSeconds || unit == DeadlineUnit::kMilliseconds;
  std::int64_t deadline = *number;
  const bool overflows =
      (seconds && __builtin_mul_overflow(deadline, 1000, &deadline)) ||
      (relative && __builtin_add_overflow(deadline, context.database.now_ms(), &deadline));
  if (overflows) {
    context.reply.Error(InvalidExpireTime(command));
    return std::nullopt;
  }
  // The very last millisecond stands for no deadline at all; the one before is as good.
  return std::min(deadline, crdt::kInfinite - 1);
}

std::optional<crdt::DeadlineMs> ParseDeadline(CommandContext& context, std::string_view word,
                                              DeadlineUnit unit, std::string_view command) {
  const auto number = crdt::ParseInteger(word);
  if (number && *number <= 0) {
    context.reply.Error(InvalidExpireTime(command));
    return std::nullopt;
  }
  return ParseAnyDeadline(context, word, unit, command);
}

}  // namespace server
