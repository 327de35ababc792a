// LATENCY: spikes that latency-monitor-threshold asks to remember, and how long commands take.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "server/commands/command_families.h"
#include "server/commands/command_table.h"
#include "server/commands/help_reply.h"
#include "server/node.h"
#include "server/resp/reply_pairs.h"

namespace server {
namespace {

const LatencyMonitor::Events& EventsOf(const CommandContext& context) {
  return context.node.slow_calls().latency.events();
}

void Latest(CommandContext& context, Arguments) {
  const LatencyMonitor::Events& events = EventsOf(context);
  context.reply.Array(events.size());
  for (const auto& [name, series] : events) {
    context.reply.Array(4);
    context.reply.Bulk(name);
    context.reply.Integer(series.samples.back().unix_s);
    context.reply.Integer(series.samples.back().ms);
    context.reply.Integer(series.worst_ms);
  }
}

void History(CommandContext& context, Arguments arguments) {
  const LatencyMonitor::Events& events = EventsOf(context);
  const auto found = events.find(arguments[2]);
  if (found == events.end()) return context.reply.Array(0);
  context.reply.Array(found->second.samples.size());
  for (const LatencyMonitor::Sample& sample : found->second.samples) {
    context.reply.Array(2);
    context.reply.Integer(sample.unix_s);
    context.reply.Integer(sample.ms);
  }
}

void Reset(CommandContext& context, Arguments arguments) {
  LatencyMonitor& monitor = context.node.slow_calls().latency;
  if (arguments.size() == 2) {
    const auto forgotten = static_cast<std::int64_t>(monitor.events().size());
    monitor.Clear();
    return context.reply.Integer(forgotten);
  }
  std::int64_t forgotten = 0;
  for (const std::string_view event : arguments.subspan(2)) {
    forgotten += monitor.Forget(event) ? 1 : 0;
  }
  context.reply.Integer(forgotten);
}

// --- GRAPH
// -----------------------------------------------------------------------------------------

// "5s", "12m", "3h", "9d".
std::string ShortAge(std::int64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return std::to_string(seconds / 60) + "m";
  if (seconds < 86400) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / 86400) + "d";
}

// A column for each sample, as high as it is among them, above its age written downwards.
std::string Graph(std::string_view event, const LatencyMonitor::Series& series,
                  std::int64_t now_s) {
  constexpr std::int64_t kRows = 4;
  const auto [low, high] =
      std::ranges::minmax_element(series.samples, {}, &LatencyMonitor::Sample::ms);
  std::string text = std::string(event) + " - high " + std::to_string(high->ms) + " ms, low " +
                     std::to_string(low->ms) + " ms (all time high " +
                     std::to_string(series.worst_ms) + " ms)\n" + std::string(80, '-') + "\n";
  const std::int64_t span = std::max<std::int64_t>(high->ms - low->ms, 1);
  for (std::int64_t row = kRows - 1; row >= 0; --row) {
    for (const LatencyMonitor::Sample& sample : series.samples) {
      const std::int64_t height = (sample.ms - low->ms) * (kRows - 1) / span;
      text += height == row ? (row == 0 ? '_' : '#') : height > row ? '|' : ' ';
    }
    text += '\n';
  }
  std::vector<std::string> ages;
  for (const LatencyMonitor::Sample& sample : series.samples) {
    ages.push_back(ShortAge(std::max<std::int64_t>(now_s - sample.unix_s, 0)));
  }
  const std::size_t longest = std::ranges::max(ages, {}, &std::string::size).size();
  for (std::size_t line = 0; line < longest; ++line) {
    text += '\n';
    for (const std::string& age : ages) text += line < age.size() ? age[line] : ' ';
  }
  return text + '\n';
}

void WriteGraph(CommandContext& context, Arguments arguments) {
  const LatencyMonitor::Events& events = EventsOf(context);
  const auto found = events.find(arguments[2]);
  if (found == events.end()) {
    return context.reply.Error(
        std::string("ERR No samples available for event '").append(arguments[2]).append("'"));
  }
  context.reply.Verbatim("txt",
                         Graph(found->first, found->second, context.database.now_ms() / 1000));
}

// --- DOCTOR
// ----------------------------------------------------------------------------------------

std::string Diagnosis(std::string_view event, const LatencyMonitor::Series& series) {
  std::int64_t sum = 0;
  for (const LatencyMonitor::Sample& sample : series.samples) sum += sample.ms;
  const auto count = static_cast<std::int64_t>(series.samples.size());
  const std::int64_t mean = sum / count;
  std::int64_t deviations = 0;
  for (const LatencyMonitor::Sample& sample : series.samples) {
    deviations += std::abs(sample.ms - mean);
  }
  const std::int64_t seconds = series.samples.back().unix_s - series.samples.front().unix_s;
  return std::string(event) + ": " + std::to_string(count) + " spikes, on average " +
         std::to_string(mean) + " ms, mean deviation " + std::to_string(deviations / count) +
         " ms, one every " + std::to_string(seconds / count) + " s. The worst took " +
         std::to_string(series.worst_ms) + " ms.\n";
}

void Doctor(CommandContext& context, Arguments) {
  const geo_config::Config& config = context.node.config();
  const LatencyMonitor::Events& events = EventsOf(context);
  std::string text;
  for (const auto& [name, series] : events) text += Diagnosis(name, series);
  if (config.latency_monitor_threshold == 0) {
    text +=
        "Spikes are not monitored. CONFIG SET latency-monitor-threshold <milliseconds> turns it "
        "on.\n";
  } else if (events.empty()) {
    text += "No command took as long as latency-monitor-threshold since the last reset.\n";
  }
  if (!events.empty()) {
    text +=
        "What to look at: SLOWLOG GET, with slowlog-log-slower-than set, names the commands. "
        "Commands whose cost grows with what a key holds (KEYS, SMEMBERS, HGETALL, LRANGE of a "
        "whole list, SORT, DEL of big collections) stop everybody else for that time: go through "
        "with SCAN and its like, and in parts. Where no command is to blame, look for a machine "
        "that swaps or lacks processor time.\n";
  }
  context.reply.Verbatim("txt", text);
}

// --- HISTOGRAM
// -------------------------------------------------------------------------------------

struct CommandLatencies {
  std::string_view name;
  const LatencyHistogram* latencies;
};

// The command's and its subcommands', as far as they were called.
void Collect(const ServerStats& stats, const CommandSpec& spec,
             std::vector<CommandLatencies>& found) {
  const CommandCalls* calls = stats.commands.Find(spec);
  if (calls != nullptr && calls->latencies().total() > 0) {
    found.push_back({spec.name, &calls->latencies()});
  }
  for (const CommandSpec& subcommand : spec.subcommands) Collect(stats, subcommand, found);
}

void WriteHistogram(ReplyWriter& reply, const LatencyHistogram& latencies) {
  const std::uint64_t total = latencies.total();
  std::vector<std::pair<std::int64_t, std::uint64_t>> bounds;
  std::uint64_t before = 0;
  for (int exponent = 0; before < total; ++exponent) {
    const std::uint64_t at_most = latencies.AtMost(exponent);
    if (at_most > before) bounds.emplace_back(std::int64_t{1} << exponent, at_most);
    before = at_most;
  }
  reply.Map(2);
  Pair(reply, "calls", total);
  reply.Bulk("histogram_usec");
  reply.Map(bounds.size());
  for (const auto& [bound, at_most] : bounds) {
    reply.Integer(bound);
    reply.Integer(static_cast<std::int64_t>(at_most));
  }
}

void Histogram(CommandContext& context, Arguments arguments) {
  const ServerStats& stats = context.node.stats();
  std::vector<CommandLatencies> found;
  if (arguments.size() == 2) {
    for (const CommandSpec* spec : AllCommands()) Collect(stats, *spec, found);
  }
  for (const std::string_view name : arguments.subspan(2)) {
    if (const CommandSpec* spec = FindCommandByFullName(name)) Collect(stats, *spec, found);
  }
  context.reply.Map(found.size());
  for (const CommandLatencies& command : found) {
    context.reply.Bulk(command.name);
    WriteHistogram(context.reply, *command.latencies);
  }
}

constexpr std::string_view kHelp[] = {
    "LATENCY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "DOCTOR",
    "    What the spikes say, for people.",
    "GRAPH <event>",
    "    A drawing of the event's last spikes.",
    "HISTOGRAM [<command> ...]",
    "    How many calls of commands took up to 1, 2, 4, 8 ... microseconds.",
    "HISTORY <event>",
    "    The event's last spikes: time and milliseconds.",
    "LATEST",
    "    The last spike of each event, and its worst one.",
    "RESET [<event> ...]",
    "    Forget the spikes of these events (default: all).",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& context, Arguments) {
  WriteHelp(context.reply, kHelp);
}

namespace flag = command_flag;
constexpr std::uint32_t kFlags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale;

constexpr CommandSpec kSubcommands[] = {
    {.name = "latency|doctor",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "server",
     .summary = "What the spikes of latency say, for people.",
     .since = "2.8.13",
     .run = Doctor},
    {.name = "latency|graph",
     .words = Exactly(3),
     .flags = kFlags,
     .group = "server",
     .summary = "A drawing of the last spikes of an event.",
     .since = "2.8.13",
     .run = WriteGraph},
    {.name = "latency|help",
     .words = Exactly(2),
     .flags = flag::kLoading | flag::kStale,
     .group = "server",
     .summary = "Tells the subcommands.",
     .since = "2.8.13",
     .run = Help},
    {.name = "latency|histogram",
     .words = AtLeast(2),
     .flags = kFlags,
     .group = "server",
     .summary = "How many calls of commands took how long.",
     .since = "7.0.0",
     .run = Histogram},
    {.name = "latency|history",
     .words = Exactly(3),
     .flags = kFlags,
     .group = "server",
     .summary = "The last spikes of an event, `command` or `fast-command`.",
     .since = "2.8.13",
     .run = History},
    {.name = "latency|latest",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "server",
     .summary = "The last spike of each event.",
     .since = "2.8.13",
     .run = Latest},
    {.name = "latency|reset",
     .words = AtLeast(2),
     .flags = kFlags,
     .group = "server",
     .summary = "Forgets the spikes of events.",
     .since = "2.8.13",
     .run = Reset},
};

constexpr CommandSpec kCommands[] = {
    {.name = "latency",
     .words = AtLeast(2),
     .group = "server",
     .summary = "Commands that took latency-monitor-threshold milliseconds or more.",
     .since = "2.8.13",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> LatencyCommands() {
  return kCommands;
}

}  // namespace server
