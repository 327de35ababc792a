// COMMAND: what the commands are, for client libraries and people.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/command_keys.h"
#include "server/commands/command_families.h"
#include "server/commands/command_table.h"
#include "server/commands/glob.h"
#include "server/commands/help_reply.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/dispatcher.h"
#include "server/node.h"
#include "server/resp/reply_pairs.h"

namespace server {
namespace {

// --- INFO
// ------------------------------------------------------------------------------------------

void WriteNames(ReplyWriter& reply, const std::vector<std::string_view>& names,
                std::string_view prefix = "") {
  reply.Set(names.size());
  for (const std::string_view name : names) reply.Simple(std::string(prefix).append(name));
}

// Keys at fixed places. `limit` 2: the first half of what follows.
void WriteRangeSpec(ReplyWriter& reply, const KeyPositions& keys, int limit = 0) {
  reply.Bulk("type");
  reply.Bulk("range");
  reply.Bulk("spec");
  reply.Map(3);
  reply.Bulk("lastkey");
  reply.Integer(keys.last < 0 ? keys.last : keys.last - keys.first);
  reply.Bulk("keystep");
  reply.Integer(keys.step);
  reply.Bulk("limit");
  reply.Integer(limit);
}

// Keys after their number.
void WriteCountSpec(ReplyWriter& reply) {
  reply.Bulk("type");
  reply.Bulk("keynum");
  reply.Bulk("spec");
  reply.Map(3);
  reply.Bulk("keynumidx");
  reply.Integer(0);
  reply.Bulk("firstkey");
  reply.Integer(1);
  reply.Bulk("keystep");
  reply.Integer(1);
}

// What is said of some keys of a command but where they are.
void BeginKeySpec(ReplyWriter& reply, const std::vector<std::string_view>& uses,
                  std::string_view search) {
  reply.Map(3);
  reply.Bulk("flags");
  WriteNames(reply, uses);
  reply.Bulk("begin_search");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk(search);
  reply.Bulk("spec");
}

// But how they are found.
void WriteKeySpec(ReplyWriter& reply, const std::vector<std::string_view>& uses, int first) {
  BeginKeySpec(reply, uses, "index");
  reply.Map(1);
  reply.Bulk("index");
  reply.Integer(first);
  reply.Bulk("find_keys");
  reply.Map(2);
}

void WriteKeywordSpec(ReplyWriter& reply, const std::vector<std::string_view>& uses,
                      const KeywordKey& key) {
  BeginKeySpec(reply, uses, "keyword");
  reply.Map(2);
  reply.Bulk("keyword");
  reply.Bulk(key.keyword);
  reply.Bulk("startfrom");
  reply.Integer(key.from);
  reply.Bulk("find_keys");
  reply.Map(2);
  if (key.keys == KeywordKeys::kFirstHalf) {
    WriteRangeSpec(reply, kAllKeys, 2);
  } else {
    WriteRangeSpec(reply, kOneKey);
  }
}

void WriteUnknownSpec(ReplyWriter& reply, const std::vector<std::string_view>& uses) {
  BeginKeySpec(reply, uses, "unknown");
  reply.Map(0);
  reply.Bulk("find_keys");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("unknown");
  reply.Bulk("spec");
  reply.Map(0);
}

void WriteKeySpecs(ReplyWriter& reply, const CommandSpec& spec) {
  const bool counted = spec.key_count_position != 0;
  const bool split = spec.first_key_use != KeyUse::kByAccess;
  // Where the first is told apart, there may be no others of fixed places.
  const bool fixed = spec.keys.first != 0 && !(split && spec.keys.last == spec.keys.first);
  const bool in_content = (spec.flags & command_flag::kKeysInContent) != 0;
  reply.Array((fixed ? 1 : 0) + (split ? 1 : 0) + (counted ? 1 : 0) + (in_content ? 1 : 0) +
              spec.keyword_keys.size());
  KeyPositions rest = spec.keys;
  if (split) {
    WriteKeySpec(reply, FirstKeyUseNames(spec), rest.first);
    WriteRangeSpec(reply, {rest.first, rest.first, rest.step});
    rest.first += rest.step;
  }
  if (fixed) {
    WriteKeySpec(reply, KeyUseNames(spec), rest.first);
    WriteRangeSpec(reply, rest);
  }
  if (counted) {
    WriteKeySpec(reply, KeyUseNames(spec), spec.key_count_position);
    WriteCountSpec(reply);
  }
  if (in_content) WriteUnknownSpec(reply, FirstKeyUseNames(spec));
  for (const KeywordKey& key : spec.keyword_keys) {
    if (in_content) {
      WriteUnknownSpec(reply, KeyUseNames(spec));
    } else {
      WriteKeywordSpec(reply, KeyUseNames(spec), key);
    }
  }
}

void WriteCommand(ReplyWriter& reply, const CommandSpec& spec) {
  reply.Array(10);
  reply.Bulk(spec.name);
  reply.Integer(spec.words.AsRedis());
  WriteNames(reply, FlagNames(spec));
  reply.Integer(spec.keys.first);
  reply.Integer(spec.keys.last);
  reply.Integer(spec.keys.first == 0 ? 0 : spec.keys.step);
  WriteNames(reply, CategoryNames(spec), "@");
  reply.Array(0);  // Tips: there are none.
  WriteKeySpecs(reply, spec);
  reply.Array(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) WriteCommand(reply, subcommand);
}

void Command(CommandContext& context, Arguments) {
  context.reply.Array(AllCommands().size());
  for (const CommandSpec* spec : AllCommands()) WriteCommand(context.reply, *spec);
}

void Info(CommandContext& context, Arguments arguments) {
  if (arguments.size() == 2) return Command(context, arguments);
  context.reply.Array(arguments.size() - 2);
  for (const std::string_view name : arguments.subspan(2)) {
    const CommandSpec* spec = FindCommandByFullName(name);
    spec == nullptr ? context.reply.Null() : WriteCommand(context.reply, *spec);
  }
}

// --- DOCS
// ------------------------------------------------------------------------------------------

void WriteDocs(ReplyWriter& reply, const CommandSpec& spec) {
  const auto pair = [&](std::string_view name, std::string_view value) {
    reply.Bulk(name);
    reply.Bulk(value);
  };
  const bool merges = !spec.when_concurrent.empty();
  reply.Bulk(spec.name);
  reply.Map(3 + (merges ? 1 : 0) + (spec.subcommands.empty() ? 0 : 1));
  pair("summary", spec.summary);
  pair("since", spec.since);
  pair("group", spec.group);
  if (merges) pair("when_concurrent", spec.when_concurrent);
  if (spec.subcommands.empty()) return;
  reply.Bulk("subcommands");
  reply.Map(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) WriteDocs(reply, subcommand);
}

void Docs(CommandContext& context, Arguments arguments) {
  std::vector<const CommandSpec*> specs;
  if (arguments.size() == 2) specs.assign(AllCommands().begin(), AllCommands().end());
  for (const std::string_view name : arguments.subspan(2)) {
    if (const CommandSpec* spec = FindCommandByFullName(name)) specs.push_back(spec);
  }
  context.reply.Map(specs.size());
  for (const CommandSpec* spec : specs) WriteDocs(context.reply, *spec);
}

// --- LIST, COUNT
// -----------------------------------------------------------------------------------

void Count(CommandContext& context, Arguments) {
  context.reply.Integer(static_cast<std::int64_t>(AllCommands().size()));
}

void CollectNames(std::span<const CommandSpec> specs, const auto& wanted,
                  std::vector<std::string_view>& names) {
  for (const CommandSpec& spec : specs) {
    if (wanted(spec)) names.push_back(spec.name);
    CollectNames(spec.subcommands, wanted, names);
  }
}

void List(CommandContext& context, Arguments arguments) {
  const bool filtered = arguments.size() == 5 && EqualsIgnoreCase(arguments[2], "filterby");
  if (arguments.size() != 2 && !filtered) return context.reply.Error(kErrorSyntax);
  std::vector<std::string_view> names;
  const auto collect = [&](const auto& wanted) {
    for (const CommandSpec* spec : AllCommands()) {
      CollectNames(std::span(spec, 1), wanted, names);
    }
  };
  if (!filtered) {
    collect([](const CommandSpec&) { return true; });
  } else if (EqualsIgnoreCase(arguments[3], "aclcat")) {
    collect([category = LowerCase(arguments[4])](const CommandSpec& spec) {
      const std::vector<std::string_view> categories = CategoryNames(spec);
      return std::ranges::find(categories, category) != categories.end();
    });
  } else if (EqualsIgnoreCase(arguments[3], "pattern")) {
    collect([pattern = LowerCase(arguments[4])](const CommandSpec& spec) {
      return GlobMatches(pattern, spec.name);
    });
  } else if (!EqualsIgnoreCase(arguments[3], "module")) {  // There are no modules.
    return context.reply.Error(kErrorSyntax);
  }
  context.reply.Array(names.size());
  for (const std::string_view name : names) context.reply.Bulk(name);
}

// --- GETKEYS
// ---------------------------------------------------------------------------------------

template <bool kWithFlags>
void GetKeys(CommandContext& context, Arguments arguments) {
  const Arguments words = arguments.subspan(2);
  const CommandSpec* spec = Resolve(words);
  if (spec == nullptr) return context.reply.Error("ERR Invalid command specified");
  if (!HasKeys(*spec)) return context.reply.Error("ERR The command has no key arguments");
  const auto count = static_cast<int>(words.size());
  if (count < spec->words.least || (spec->words.most >= 0 && count > spec->words.most)) {
    return context.reply.Error("ERR Invalid number of arguments specified for command");
  }
  const auto places = KeyPlaces(*spec, words);
  if (!places) return context.reply.Error("ERR Invalid arguments specified for command");
  context.reply.Array(places->size());
  for (const std::size_t place : *places) {
    if (kWithFlags) context.reply.Array(2);
    context.reply.Bulk(words[place]);
    if (!kWithFlags) continue;
    if (spec->key_use_of != nullptr) {
      WriteNames(context.reply, NamesOf(spec->key_use_of(words)));
    } else {
      const bool first = place == places->front();
      WriteNames(context.reply, first ? FirstKeyUseNames(*spec) : KeyUseNames(*spec));
    }
  }
}

// --- Declarations
// ----------------------------------------------------------------------------------

constexpr std::string_view kHelp[] = {
    "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "(no subcommand)",
    "    What is known of all commands.",
    "COUNT",
    "    How many commands there are.",
    "DOCS [<command-name> ...]",
    "    What commands are for.",
    "GETKEYS <full-command>",
    "    The keys of a whole command.",
    "GETKEYSANDFLAGS <full-command>",
    "    The keys of a whole command, and whether they are written.",
    "INFO [<command-name> ...]",
    "    What is known of several commands.",
    "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
    "    The names of the commands.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& context, Arguments) {
  WriteHelp(context.reply, kHelp);
}

constexpr std::uint32_t kFlags = command_flag::kLoading | command_flag::kStale;

constexpr CommandSpec kSubcommands[] = {
    {.name = "command|count",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "server",
     .category = "connection",
     .summary = "How many commands there are.",
     .since = "2.8.13",
     .run = Count},
    {.name = "command|docs",
     .words = AtLeast(2),
     .flags = kFlags,
     .group = "server",
     .category = "connection",
     .summary = "What commands are for.",
     .since = "7.0.0",
     .run = Docs},
    {.name = "command|getkeys",
     .words = AtLeast(3),
     .flags = kFlags,
     .group = "server",
     .category = "connection",
     .summary = "The keys of a whole command.",
     .since = "2.8.13",
     .run = GetKeys<false>},
    {.name = "command|getkeysandflags",
     .words = AtLeast(3),
     .flags = kFlags,
     .group = "server",
     .category = "connection",
     .summary = "The keys of a whole command, and whether they are written.",
     .since = "7.0.0",
     .run = GetKeys<true>},
    {.name = "command|help",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "server",
     .category = "connection",
     .summary = "Tells the subcommands.",
     .since = "5.0.0",
     .run = Help},
    {.name = "command|info",
     .words = AtLeast(2),
     .flags = kFlags,
     .group = "server",
     .category = "connection",
     .summary = "What is known of several commands.",
     .since = "2.8.13",
     .run = Info},
    {.name = "command|list",
     .words = AtLeast(2),
     .flags = kFlags,
     .group = "server",
     .category = "connection",
     .summary = "The names of the commands.",
     .since = "7.0.0",
     .run = List},
};

constexpr CommandSpec kCommands[] = {
    {.name = "command",
     .words = AtLeast(1),
     .flags = kFlags,
     .group = "server",
     .category = "connection",
     .summary = "What is known of all commands.",
     .since = "2.8.13",
     .run = Command,
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> CommandCommands() {
  return kCommands;
}

}  // namespace server
