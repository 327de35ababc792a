#include "server/command_documentation.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "server/accepted_settings.h"
#include "server/commands/command_table.h"
#include "server/commands/letter_case.h"
#include "server/version.h"

namespace server {
namespace {

struct GroupTitle {
  std::string_view group;
  std::string_view title;
};

// In the order of the document. A test compares this with the table's groups.
constexpr std::array kGroups = {
    GroupTitle{"generic", "Keys"},
    GroupTitle{"string", "Strings and counters"},
    GroupTitle{"bitmap", "Bitmaps"},
    GroupTitle{"hash", "Hashes"},
    GroupTitle{"set", "Sets"},
    GroupTitle{"list", "Lists"},
    GroupTitle{"sorted_set", "Sorted sets"},
    GroupTitle{"geo", "Places on the earth"},
    GroupTitle{"stream", "Streams"},
    GroupTitle{"hyperloglog", "HyperLogLogs"},
    GroupTitle{"transactions", "Transactions"},
    GroupTitle{"connection", "Connections"},
    GroupTitle{"server", "Server"},
    GroupTitle{"meridian", "Regions and conflicts"},
};

// "`CLIENT KILL`"
std::string ShownName(const CommandSpec& spec) {
  std::string name = UpperCase(spec.name);
  std::ranges::replace(name, '|', ' ');
  return "`" + name + "`";
}

std::string Words(const CommandSpec& spec) {
  const Arity words = spec.words;
  if (words.most == words.least) return fmt::format("{}", words.least);
  if (words.most > 0) return fmt::format("{} to {}", words.least, words.most);
  return fmt::format("{} or more", words.least);
}

void AddRow(const CommandSpec& spec, std::string& out) {
  out += fmt::format("| {} | {} | {} | {} | {} |\n", ShownName(spec), Words(spec), spec.summary,
                     spec.when_concurrent, spec.since.empty() ? "Meridian" : spec.since);
  for (const CommandSpec& subcommand : spec.subcommands) AddRow(subcommand, out);
}

void AddGroup(const GroupTitle& group, std::string& out) {
  std::string rows;
  for (const CommandSpec* spec : AllCommands()) {
    if (spec->group == group.group) AddRow(*spec, rows);
  }
  out += fmt::format(
      "\n## {}\n\n| Command | Words | What it does | When regions do it at once | Since |\n"
      "|---|---|---|---|---|\n{}",
      group.title, rows);
}

void AddAcceptedSettings(std::string& out) {
  out +=
      "\n## Settings that are accepted without effect\n\n"
      "Tools read and set these settings of Redis. CONFIG GET answers the value below; CONFIG SET "
      "accepts any value that Redis accepts and keeps none, or, where Redis can't change a setting "
      "either, only the "
      "value that it has. The settings that have an effect stand in "
      "`docs/configuration.md`; one that can't be changed at run time may be set to what it is.\n\n"
      "| Setting | Value | `CONFIG SET` |\n|---|---|---|\n";
  for (const AcceptedSetting& setting : AcceptedSettings()) {
    const std::string value =
        setting.value.empty() ? "(empty)" : fmt::format("`{}`", setting.value);
    const bool refused = setting.takes == Takes::kNothing;
    out += fmt::format("| `{}` | {} | {} |\n", setting.name, value, refused ? "no" : "ignored");
  }
}

}  // namespace

std::string DocumentCommands() {
  std::string out = fmt::format(
      "# Commands\n\n"
      "Generated from the command table: change the table, then run `./dev fix`.\n\n"
      "Replies, error texts and options are those of Redis {}. \"Words\" counts the command's "
      "name. "
      "\"When regions do it at once\" tells what holds when regions that have not seen each "
      "other's "
      "writes do it; commands that only read have nothing there. \"Since\" names the Redis version "
      "that brought the command, or Meridian.\n\n"
      "The commands queued between MULTI and EXEC may take 1 GiB, their overhead counted; a "
      "command "
      "beyond that is refused and EXEC answers EXECABORT. HRANDFIELD, SRANDMEMBER and ZRANDMEMBER "
      "with a "
      "negative "
      "count draw at most 10,000,000 times.\n",
      kRedisVersion);
  for (const GroupTitle& group : kGroups) AddGroup(group, out);
  AddAcceptedSettings(out);
  return out;
}

}  // namespace server
