// MULTI, EXEC, DISCARD, WATCH, UNWATCH.
#include "server/commands/command_families.h"
#include "server/node.h"
#include "server/transaction.h"

namespace server {
namespace {

using enum Access;
namespace flag = command_flag;

void Multi(CommandContext& context, Arguments) {
  if (context.session.transaction) return context.reply.Error("ERR MULTI calls can not be nested");
  context.session.transaction.emplace();
  context.reply.Ok();
}

void Exec(CommandContext& context, Arguments) {
  if (!context.session.transaction) return context.reply.Error("ERR EXEC without MULTI");
  ExecuteTransaction(context);
}

void Discard(CommandContext& context, Arguments) {
  if (!context.session.transaction) return context.reply.Error("ERR DISCARD without MULTI");
  DiscardTransaction(context.node, context.session);
  context.reply.Ok();
}

void Watch(CommandContext& context, Arguments arguments) {
  if (context.session.transaction) {
    return context.reply.Error("ERR WATCH inside MULTI is not allowed");
  }
  // A transaction that cannot succeed any more has no use for more keys.
  if (!context.session.watch_dirty) {
    for (const std::string_view key : arguments.subspan(1)) WatchKey(context, key);
  }
  context.reply.Ok();
}

void Unwatch(CommandContext& context, Arguments) {
  ForgetWatchedKeys(context.node, context.session);
  context.reply.Ok();
}

constexpr std::uint32_t kFlags = flag::kFast | flag::kLoading | flag::kStale | flag::kNoScript;

constexpr CommandSpec kCommands[] = {
    {.name = "multi",
     .words = Exactly(1),
     .flags = kFlags | flag::kImmediate,
     .group = "transactions",
     .summary = "Starts a transaction: the commands that follow are queued.",
     .since = "1.2.0",
     .run = Multi},
    {.name = "exec",
     .words = Exactly(1),
     .flags = flag::kLoading | flag::kStale | flag::kNoScript | flag::kImmediate,
     .group = "transactions",
     .summary = "Carries out the queued commands as one unit.",
     .when_concurrent =
         "The effects of the transaction arrive in other regions, in replicas and in recovery as "
         "one unit, all or nothing; each effect merges by the rule of its own command.",
     .since = "1.2.0",
     .run = Exec},
    {.name = "discard",
     .words = Exactly(1),
     .flags = kFlags | flag::kImmediate,
     .group = "transactions",
     .summary = "Throws the queued commands away.",
     .since = "2.0.0",
     .run = Discard},
    {.name = "watch",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .key_use = KeyUse::kLook,
     .flags = kFlags | flag::kImmediate,
     .group = "transactions",
     .summary = "Makes the next EXEC depend on the keys staying as they are.",
     .when_concurrent =
         "Decided locally on what is visible here: effects that arrive from other regions count as "
         "changes, and transactions of two regions may both succeed.",
     .since = "2.2.0",
     .run = Watch},
    {.name = "unwatch",
     .words = Exactly(1),
     .flags = kFlags,
     .group = "transactions",
     .summary = "Forgets the watched keys.",
     .since = "2.2.0",
     .run = Unwatch},
};

}  // namespace

std::span<const CommandSpec> TransactionCommands() {
  return kCommands;
}

}  // namespace server
