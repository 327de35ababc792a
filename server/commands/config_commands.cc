// CONFIG: the settings of this node, read and, some of them, changed.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "geo-config/config.h"
#include "server/accepted_settings.h"
#include "server/commands/command_families.h"
#include "server/commands/glob.h"
#include "server/commands/help_reply.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"
#include "server/resp/reply_pairs.h"

namespace server {
namespace {

using geo_config::Setting;

// What nodes tell each other is nobody else's business.
bool IsHidden(const Setting& setting) {
  return setting.name == "secret";
}

// --- GET
// -------------------------------------------------------------------------------------------

// The settings by the names they are answered with: a name asked for as such is told as it was
// typed.
void Get(CommandContext& context, Arguments arguments) {
  std::map<std::string, std::string> found;
  std::set<std::string_view> told;
  const auto collect = [&](std::string_view word) {
    const std::string pattern = LowerCase(word);
    const bool is_name = pattern.find_first_of("[*?") == std::string::npos;
    const auto take = [&](std::string_view name, const auto& value) {
      const bool wanted = is_name ? pattern == name : GlobMatches(pattern, name);
      if (!wanted || !told.insert(name).second) return;
      found.emplace(is_name ? word : name, value());
    };
    for (const Setting& setting : geo_config::Settings()) {
      if (IsHidden(setting)) continue;
      take(setting.name, [&] { return setting.get(context.node.config()); });
    }
    for (const AcceptedSetting& setting : AcceptedSettings()) {
      take(setting.name, [&] { return std::string(setting.value); });
    }
  };
  for (const std::string_view word : arguments.subspan(2)) collect(word);
  context.reply.Map(found.size());
  for (const auto& [name, value] : found) Pair(context.reply, name, value);
}

// --- SET
// -------------------------------------------------------------------------------------------

constexpr std::string_view kErrorImmutable = "can't set immutable config";

struct Change {
  std::string name;
  std::string value;
  std::string before;
};

std::string Failure(std::string_view name, std::string_view why) {
  return std::string("ERR CONFIG SET failed (possibly related to argument '")
      .append(name)
      .append("') - ")
      .append(why);
}

// Adds what one pair changes, tried on `trial`. Empty, or the whole error.
std::string Plan(std::string_view word, std::string_view value, geo_config::Config& trial,
                 std::vector<Change>& changes) {
  const std::string name = LowerCase(word);
  if (const AcceptedSetting* accepted = FindAcceptedSetting(name)) {
    const std::string why = WhyNot(*accepted, value);
    return why.empty() ? std::string() : Failure(word, why);
  }
  const Setting* setting = geo_config::FindSetting(name);
  if (setting == nullptr || IsHidden(*setting)) {
    return std::string("ERR Unknown option or number of arguments for CONFIG SET - '")
        .append(word)
        .append("'");
  }
  std::string before = setting->get(trial);
  if (const crdt::Status status = setting->set(trial, std::string(value)); !status) {
    return Failure(word, status.error().detail);
  }
  // What is so already needs no change: tools set appendonly to what it is.
  if (setting->get(trial) == before) return {};
  if (!setting->at_run_time) return Failure(word, kErrorImmutable);
  changes.push_back({name, std::string(value), std::move(before)});
  return {};
}

// All or nothing: checked on a copy of the configuration first; what still fails is taken back.
void Set(CommandContext& context, Arguments arguments) {
  if (arguments.size() % 2 != 0) return context.reply.Error(kErrorSyntax);
  geo_config::Config trial = context.node.config();
  std::vector<Change> changes;
  std::set<std::string> names;
  for (std::size_t i = 2; i < arguments.size(); i += 2) {
    if (!names.insert(LowerCase(arguments[i])).second) {
      return context.reply.Error(Failure(arguments[i], "duplicate parameter"));
    }
    const std::string error = Plan(arguments[i], arguments[i + 1], trial, changes);
    if (!error.empty()) return context.reply.Error(error);
  }
  for (auto change = changes.begin(); change != changes.end(); ++change) {
    const crdt::Status status = context.node.Reconfigure(change->name, change->value);
    if (status) continue;
    for (auto done = changes.begin(); done != change; ++done) {
      // It was so a moment ago: taking it back does not fail.
      (void)context.node.Reconfigure(done->name, done->before);
    }
    return context.reply.Error(Failure(change->name, status.error().detail));
  }
  context.reply.Ok();
}

// --- The rest
// --------------------------------------------------------------------------------------

void ResetStat(CommandContext& context, Arguments) {
  context.node.stats().Reset();
  context.reply.Ok();
}

void Rewrite(CommandContext& context, Arguments) {
  context.reply.Error(
      "ERR the configuration file is never written by the server: what CONFIG SET changed holds "
      "until a restart, change the file as well");
}

constexpr std::string_view kHelp[] = {
    "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "GET <pattern> [<pattern> ...]",
    "    The settings that match, with their values.",
    "SET <setting> <value> [<setting> <value> ...]",
    "    Change settings until the next restart: all of them or none.",
    "RESETSTAT",
    "    Begin the counters of INFO anew.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& context, Arguments) {
  WriteHelp(context.reply, kHelp);
}

namespace flag = command_flag;
constexpr std::uint32_t kFlags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale;

constexpr CommandSpec kSubcommands[] = {
    {.name = "config|get",
     .words = AtLeast(3),
     .flags = kFlags,
     .group = "server",
     .summary = "The settings whose names match patterns.",
     .since = "2.0.0",
     .run = Get},
    {.name = "config|help",
     .words = Exactly(2),
     .flags = flag::kLoading | flag::kStale,
     .group = "server",
     .summary = "Tells the subcommands.",
     .since = "5.0.0",
     .run = Help},
    {.name = "config|resetstat",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "server",
     .summary = "Begins the counters of INFO anew.",
     .since = "2.0.0",
     .run = ResetStat},
    {.name = "config|rewrite",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "server",
     .summary = "Answers an error: the server does not write its configuration file.",
     .since = "2.8.0",
     .run = Rewrite},
    {.name = "config|set",
     .words = AtLeast(4),
     .flags = kFlags,
     .group = "server",
     .summary = "Changes settings until the next restart, all of them or none.",
     .since = "2.0.0",
     .run = Set},
};

constexpr CommandSpec kCommands[] = {
    {.name = "config",
     .words = AtLeast(2),
     .group = "server",
     .summary = "The settings of this node.",
     .since = "2.0.0",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> ConfigCommands() {
  return kCommands;
}

}  // namespace server
