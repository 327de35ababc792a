// Times to live as commands give them: EX, PX, EXAT, PXAT and their kin, with Redis' checks.
#pragma once

#include <optional>
#include <string_view>

#include "crdt/expiry.h"
#include "server/command.h"

namespace server {

enum class DeadlineUnit { kSeconds, kMilliseconds, kUnixSeconds, kUnixMilliseconds };

// EX, PX, EXAT or PXAT.
std::optional<DeadlineUnit> DeadlineUnitOf(std::string_view word);

// The deadline in Unix milliseconds that SET, GETEX and SETEX are given: positive, and
// representable. Empty where an error was answered.
std::optional<crdt::DeadlineMs> ParseDeadline(CommandContext& context, std::string_view word,
                                              DeadlineUnit unit, std::string_view command);
// As ParseDeadline, for EXPIRE and its kin: zero and negative times are in the past and allowed.
std::optional<crdt::DeadlineMs> ParseAnyDeadline(CommandContext& context, std::string_view word,
                                                 DeadlineUnit unit, std::string_view command);

}  // namespace server
