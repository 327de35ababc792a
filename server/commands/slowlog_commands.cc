// SLOWLOG: the commands that took long, where slowlog-log-slower-than asks for it.
#include <algorithm>

#include "crdt/string_value.h"
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"
#include "server/node.h"

namespace server {
namespace {

constexpr std::int64_t kUsualCount = 10;

void WriteEntry(ReplyWriter& reply, const SlowLog::Entry& entry) {
  reply.Array(6);
  reply.Integer(entry.id);
  reply.Integer(entry.unix_s);
  reply.Integer(entry.usec);
  reply.Array(entry.words.size());
  for (const std::string& word : entry.words) reply.Bulk(word);
  reply.Bulk(entry.client_address);
  reply.Bulk(entry.client_name);
}

void Get(CommandContext& context, Arguments arguments) {
  if (arguments.size() > 3) {
    return context.reply.Error(
        "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.");
  }
  std::int64_t count = kUsualCount;
  if (arguments.size() == 3) {
    const auto given = crdt::ParseInteger(arguments[2]);
    if (!given || *given < -1) {
      return context.reply.Error("ERR count should be greater than or equal to -1");
    }
    count = *given;
  }
  const auto& entries = context.node.slow_calls().log.entries();
  const std::size_t told =
      count < 0 ? entries.size() : std::min(entries.size(), static_cast<std::size_t>(count));
  context.reply.Array(told);
  for (std::size_t i = 0; i < told; ++i) WriteEntry(context.reply, entries[i]);
}

void Len(CommandContext& context, Arguments) {
  context.reply.Integer(static_cast<std::int64_t>(context.node.slow_calls().log.entries().size()));
}

void Reset(CommandContext& context, Arguments) {
  context.node.slow_calls().log.Clear();
  context.reply.Ok();
}

constexpr std::string_view kHelp[] = {
    "SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "GET [<count>]",
    "    The last commands that took slowlog-log-slower-than microseconds or more, newest first",
    "    (default: 10, -1: all): number, time, microseconds, words, the client's address and name.",
    "LEN",
    "    How many are kept.",
    "RESET",
    "    Forget them.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& context, Arguments) {
  WriteHelp(context.reply, kHelp);
}

namespace flag = command_flag;
constexpr std::uint32_t kFlags = flag::kAdmin | flag::kLoading | flag::kStale;

constexpr CommandSpec kSubcommands[] = {
    {.name = "slowlog|get",
     .words = AtLeast(2),
     .flags = kFlags,
     .group = "server",
     .summary = "The last commands that took long, newest first.",
     .since = "2.2.12",
     .run = Get},
    {.name = "slowlog|help",
     .words = Exactly(2),
     .flags = flag::kLoading | flag::kStale,
     .group = "server",
     .summary = "Tells the subcommands.",
     .since = "6.2.0",
     .run = Help},
    {.name = "slowlog|len",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "server",
     .summary = "How many commands that took long are kept.",
     .since = "2.2.12",
     .run = Len},
    {.name = "slowlog|reset",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "server",
     .summary = "Forgets the commands that took long.",
     .since = "2.2.12",
     .run = Reset},
};

constexpr CommandSpec kCommands[] = {
    {.name = "slowlog",
     .words = AtLeast(2),
     .group = "server",
     .summary = "Commands that took long.",
     .since = "2.2.12",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> SlowlogCommands() {
  return kCommands;
}

}  // namespace server
