// Times to live: concurrent changes are decided for the longest life.
#include <optional>

#include "crdt/prepare.h"
#include "server/commands/command_families.h"
#include "server/commands/deadline_words.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"

namespace server {
namespace {

using crdt::KeyView;

struct ExpireCondition {
  bool not_set = false;  // NX
  bool set = false;      // XX
  bool greater = false;  // GT
  bool less = false;     // LT
};

std::optional<ExpireCondition> ParseCondition(CommandContext& context, Arguments words) {
  ExpireCondition condition;
  for (const std::string_view word : words) {
    if (EqualsIgnoreCase(word, "nx")) {
      condition.not_set = true;
    } else if (EqualsIgnoreCase(word, "xx")) {
      condition.set = true;
    } else if (EqualsIgnoreCase(word, "gt")) {
      condition.greater = true;
    } else if (EqualsIgnoreCase(word, "lt")) {
      condition.less = true;
    } else {
      context.reply.Error(std::string("ERR Unsupported option ").append(Told(word)));
      return std::nullopt;
    }
  }
  if (condition.not_set && (condition.set || condition.greater || condition.less)) {
    context.reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return std::nullopt;
  }
  if (condition.greater && condition.less) {
    context.reply.Error("ERR GT and LT options at the same time are not compatible");
    return std::nullopt;
  }
  return condition;
}

// No time to live counts as an infinite one.
bool Holds(const ExpireCondition& condition, std::optional<crdt::DeadlineMs> present,
           crdt::DeadlineMs asked) {
  if (condition.not_set && present) return false;
  if (condition.set && !present) return false;
  if (condition.greater && (!present || asked <= *present)) return false;
  return !(condition.less && present && asked >= *present);
}

void ExpireAs(CommandContext& context, Arguments arguments, DeadlineUnit unit,
              std::string_view name) {
  const auto condition = ParseCondition(context, arguments.subspan(3));
  if (!condition) return;
  const auto deadline = ParseAnyDeadline(context, arguments[2], unit, name);
  if (!deadline) return;
  const std::string_view key = arguments[1];
  const KeyView view = context.database.ReadToWrite(key);
  if (!view.exists() || !Holds(*condition, view.deadline(), *deadline)) {
    return context.reply.Integer(0);
  }
  if (*deadline <= context.database.now_ms()) {
    crdt::PrepareDelete(view, key, crdt::DeleteReason::kCommand, context.database.effects());
  } else {
    crdt::PrepareExpire(view, key, *deadline, context.database.effects());
  }
  context.database.Commit();
  context.reply.Integer(1);
}

void Expire(CommandContext& context, Arguments arguments) {
  ExpireAs(context, arguments, DeadlineUnit::kSeconds, "expire");
}
void PExpire(CommandContext& context, Arguments arguments) {
  ExpireAs(context, arguments, DeadlineUnit::kMilliseconds, "pexpire");
}
void ExpireAt(CommandContext& context, Arguments arguments) {
  ExpireAs(context, arguments, DeadlineUnit::kUnixSeconds, "expireat");
}
void PExpireAt(CommandContext& context, Arguments arguments) {
  ExpireAs(context, arguments, DeadlineUnit::kUnixMilliseconds, "pexpireat");
}

void Persist(CommandContext& context, Arguments arguments) {
  const KeyView view = context.database.ReadToWrite(arguments[1]);
  if (!view.exists()) return context.reply.Integer(0);
  const bool had = view.deadline().has_value();
  // A write also where there is no time to live: a concurrent EXPIRE must not win over it.
  crdt::PrepareExpire(view, arguments[1], crdt::kInfinite, context.database.effects());
  context.database.Commit();
  context.reply.Integer(had ? 1 : 0);
}

// -2: no key; -1: no time to live; else what `convert` makes of the deadline.
template <class Convert>
void AnswerDeadline(CommandContext& context, std::string_view key, Convert convert) {
  const KeyView view = context.database.Look(key);
  ++(view.exists() ? context.node.stats().keyspace_hits : context.node.stats().keyspace_misses);
  if (!view.exists()) return context.reply.Integer(-2);
  const auto deadline = view.deadline();
  context.reply.Integer(deadline ? convert(*deadline) : -1);
}

void Ttl(CommandContext& context, Arguments arguments) {
  AnswerDeadline(context, arguments[1], [&](crdt::DeadlineMs deadline) {
    return (deadline - context.database.now_ms() + 500) / 1000;
  });
}
void PTtl(CommandContext& context, Arguments arguments) {
  AnswerDeadline(context, arguments[1],
                 [&](crdt::DeadlineMs deadline) { return deadline - context.database.now_ms(); });
}
void ExpireTime(CommandContext& context, Arguments arguments) {
  AnswerDeadline(context, arguments[1],
                 [](crdt::DeadlineMs deadline) { return (deadline + 500) / 1000; });
}
void PExpireTime(CommandContext& context, Arguments arguments) {
  AnswerDeadline(context, arguments[1], [](crdt::DeadlineMs deadline) { return deadline; });
}

namespace flag = command_flag;
constexpr std::string_view kLongest =
    "The longest life wins; PERSIST and a plain SET count as an infinite one.";

constexpr CommandSpec kCommands[] = {
    {.name = "expire",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = Access::kWrite,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "Sets the time to live in seconds.",
     .when_concurrent = kLongest,
     .since = "1.0.0",
     .run = Expire},
    {.name = "pexpire",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = Access::kWrite,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "Sets the time to live in milliseconds.",
     .when_concurrent = kLongest,
     .since = "2.6.0",
     .run = PExpire},
    {.name = "expireat",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = Access::kWrite,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "Sets the deadline in Unix seconds.",
     .when_concurrent = kLongest,
     .since = "1.2.0",
     .run = ExpireAt},
    {.name = "pexpireat",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = Access::kWrite,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "Sets the deadline in Unix milliseconds.",
     .when_concurrent = kLongest,
     .since = "2.6.0",
     .run = PExpireAt},
    {.name = "persist",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = Access::kWrite,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "Takes the time to live away.",
     .when_concurrent = kLongest,
     .since = "2.2.0",
     .run = Persist},
    {.name = "ttl",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "The time to live in seconds.",
     .since = "1.0.0",
     .run = Ttl},
    {.name = "pttl",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "The time to live in milliseconds.",
     .since = "2.6.0",
     .run = PTtl},
    {.name = "expiretime",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "The deadline in Unix seconds.",
     .since = "7.0.0",
     .run = ExpireTime},
    {.name = "pexpiretime",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "The deadline in Unix milliseconds.",
     .since = "7.0.0",
     .run = PExpireTime},
};

}  // namespace

std::span<const CommandSpec> ExpiryCommands() {
  return kCommands;
}

}  // namespace server
