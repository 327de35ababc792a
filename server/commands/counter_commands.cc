// Counters: increments of all regions add up.
#include <cmath>
#include <limits>
#include <string>

#include "crdt/prepare.h"
#include "server/commands/command_families.h"
#include "server/commands/integer_bounds.h"
#include "server/commands/reply_errors.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::ValueType;

void AddInteger(CommandContext& context, std::string_view key, std::int64_t delta) {
  const auto view = ReadTypedToWrite(context, key, ValueType::kString);
  if (!view) return;
  std::int64_t before = 0;
  if (view->exists()) {
    const auto number = view->Integer();
    if (!number) return context.reply.Error(kErrorNotAnInteger);
    before = *number;
  }
  std::int64_t after = 0;
  if (__builtin_add_overflow(before, delta, &after)) return context.reply.Error(kErrorOverflow);
  crdt::PrepareIncrement(*view, key, context.database.writer(), delta, context.database.effects());
  context.database.Commit();
  if (IsIntegerBound(before)) {
    after = context.database.Read(key).Integer().value_or(after);
  }
  context.reply.Integer(after);
}

void Incr(CommandContext& context, Arguments arguments) {
  AddInteger(context, arguments[1], 1);
}
void Decr(CommandContext& context, Arguments arguments) {
  AddInteger(context, arguments[1], -1);
}

void IncrBy(CommandContext& context, Arguments arguments) {
  const auto delta = crdt::ParseInteger(arguments[2]);
  if (!delta) return context.reply.Error(kErrorNotAnInteger);
  AddInteger(context, arguments[1], *delta);
}

void DecrBy(CommandContext& context, Arguments arguments) {
  const auto delta = crdt::ParseInteger(arguments[2]);
  if (!delta) return context.reply.Error(kErrorNotAnInteger);
  if (*delta == std::numeric_limits<std::int64_t>::min()) {
    return context.reply.Error("ERR decrement would overflow");
  }
  AddInteger(context, arguments[1], -*delta);
}

void IncrByFloat(CommandContext& context, Arguments arguments) {
  const std::string_view key = arguments[1];
  const auto view = ReadTypedToWrite(context, key, ValueType::kString);
  if (!view) return;
  std::string scratch;
  crdt::Float128 before = 0;
  if (view->exists()) {
    const auto number = crdt::ParseFloat(view->Text(scratch));
    if (!number) return context.reply.Error(kErrorNotAFloat);
    before = *number;
  }
  const auto delta = crdt::ParseFloat(arguments[2]);
  if (!delta) return context.reply.Error(kErrorNotAFloat);
  const auto after = static_cast<long double>(before + *delta);
  if (std::isnan(after) || std::isinf(after)) return context.reply.Error(kErrorNotFinite);
  if (std::isinf(static_cast<long double>(before))) {
    // No finite step leads from an infinite base to a finite value.
    return context.reply.Error(kErrorNotFinite);
  }
  crdt::PrepareIncrementFloat(*view, key, context.database.writer(), *delta,
                              context.database.effects());
  context.database.Commit();
  context.reply.Bulk(context.database.Read(key).Text(scratch));
}

namespace flag = command_flag;
constexpr std::uint32_t kFlags = flag::kDenyOom | flag::kFast;
constexpr std::string_view kAddsUp =
    "Increments of all regions add up. A concurrent delete or SET takes only those it had seen.";

constexpr CommandSpec kCommands[] = {
    {.name = "incr",
     .words = Exactly(2),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = kFlags,
     .group = "string",
     .summary = "Adds one.",
     .when_concurrent = kAddsUp,
     .since = "1.0.0",
     .run = Incr},
    {.name = "decr",
     .words = Exactly(2),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = kFlags,
     .group = "string",
     .summary = "Takes one away.",
     .when_concurrent = kAddsUp,
     .since = "1.0.0",
     .run = Decr},
    {.name = "incrby",
     .words = Exactly(3),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = kFlags,
     .group = "string",
     .summary = "Adds an integer.",
     .when_concurrent = kAddsUp,
     .since = "1.0.0",
     .run = IncrBy},
    {.name = "decrby",
     .words = Exactly(3),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = kFlags,
     .group = "string",
     .summary = "Takes an integer away.",
     .when_concurrent = kAddsUp,
     .since = "1.0.0",
     .run = DecrBy},
    {.name = "incrbyfloat",
     .words = Exactly(3),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = kFlags,
     .group = "string",
     .summary = "Adds a floating-point number.",
     .when_concurrent = kAddsUp,
     .since = "2.6.0",
     .run = IncrByFloat},
};

}  // namespace

std::span<const CommandSpec> CounterCommands() {
  return kCommands;
}

}  // namespace server
