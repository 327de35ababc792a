// SLOWLOG and LATENCY, which monitoring tools ask for. Nothing is measured: slowlog-log-slower-than
// is -1 and latency-monitor-threshold 0, with which Redis answers the same.
#include "crdt/string_value.h"
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"

namespace server {
namespace {

void NoEntries(CommandContext& context, Arguments) {
  context.reply.Array(0);
}

void SlowlogGet(CommandContext& context, Arguments arguments) {
  if (arguments.size() > 3) {
    return context.reply.Error(
        "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.");
  }
  if (arguments.size() == 3) {
    const auto count = crdt::ParseInteger(arguments[2]);
    if (!count || *count < -1) {
      return context.reply.Error("ERR count should be greater than or equal to -1");
    }
  }
  context.reply.Array(0);
}

void SlowlogLen(CommandContext& context, Arguments) {
  context.reply.Integer(0);
}

void SlowlogReset(CommandContext& context, Arguments) {
  context.reply.Ok();
}

void LatencyReset(CommandContext& context, Arguments) {
  context.reply.Integer(0);
}

constexpr std::string_view kSlowlogHelp[] = {
    "SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "GET [<count>]",
    "    Always empty: commands are not timed.",
    "LEN",
    "    Always 0.",
    "RESET",
    "    Does nothing.",
    "HELP",
    "    Print this help.",
};

constexpr std::string_view kLatencyHelp[] = {
    "LATENCY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "HISTORY <event>",
    "    Always empty: latency is not monitored.",
    "LATEST",
    "    Always empty.",
    "RESET [<event> ...]",
    "    Does nothing.",
    "HELP",
    "    Print this help.",
};

template <const auto& kLines>
void Help(CommandContext& context, Arguments) {
  WriteHelp(context.reply, kLines);
}

namespace flag = command_flag;
constexpr std::uint32_t kHelpFlags = flag::kLoading | flag::kStale;
constexpr std::uint32_t kFlags = flag::kAdmin | flag::kLoading | flag::kStale;

constexpr CommandSpec kSlowlog[] = {
    {.name = "slowlog|get",
     .words = AtLeast(2),
     .flags = kFlags,
     .group = "server",
     .summary = "Always empty: commands are not timed.",
     .since = "2.2.12",
     .run = SlowlogGet},
    {.name = "slowlog|help",
     .words = Exactly(2),
     .flags = kHelpFlags,
     .group = "server",
     .summary = "Tells the subcommands.",
     .since = "6.2.0",
     .run = Help<kSlowlogHelp>},
    {.name = "slowlog|len",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "server",
     .summary = "Always 0: commands are not timed.",
     .since = "2.2.12",
     .run = SlowlogLen},
    {.name = "slowlog|reset",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "server",
     .summary = "Does nothing: commands are not timed.",
     .since = "2.2.12",
     .run = SlowlogReset},
};

constexpr CommandSpec kLatency[] = {
    {.name = "latency|help",
     .words = Exactly(2),
     .flags = kHelpFlags,
     .group = "server",
     .summary = "Tells the subcommands.",
     .since = "2.8.13",
     .run = Help<kLatencyHelp>},
    {.name = "latency|history",
     .words = Exactly(3),
     .flags = kFlags | flag::kNoScript,
     .group = "server",
     .summary = "Always empty: latency is not monitored.",
     .since = "2.8.13",
     .run = NoEntries},
    {.name = "latency|latest",
     .words = Exactly(2),
     .flags = kFlags | flag::kNoScript,
     .group = "server",
     .summary = "Always empty: latency is not monitored.",
     .since = "2.8.13",
     .run = NoEntries},
    {.name = "latency|reset",
     .words = AtLeast(2),
     .flags = kFlags | flag::kNoScript,
     .group = "server",
     .summary = "Does nothing: latency is not monitored.",
     .since = "2.8.13",
     .run = LatencyReset},
};

constexpr CommandSpec kCommands[] = {
    {.name = "slowlog",
     .words = AtLeast(2),
     .group = "server",
     .summary = "Commands that took long: not recorded.",
     .since = "2.2.12",
     .subcommands = kSlowlog},
    {.name = "latency",
     .words = AtLeast(2),
     .group = "server",
     .summary = "Latency spikes: not monitored.",
     .since = "2.8.13",
     .subcommands = kLatency},
};

}  // namespace

std::span<const CommandSpec> SlowlogCommands() {
  return kCommands;
}

}  // namespace server
