// CONFLICT: what this node saw being decided between regions.
#include <spdlog/fmt/fmt.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "crdt/conflict.h"
#include "crdt/string_value.h"
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/conflict_ring.h"
#include "server/node.h"
#include "server/resp/reply_pairs.h"

namespace server {
namespace {

using crdt::ConflictRule;

struct RuleRow {
  ConflictRule rule;
  std::string_view why;
};

constexpr std::array kRules = {
    RuleRow{
        ConflictRule::kLastWriterWins,
        "Both assigned a value without having seen the other's: the greatest stamp is shown, the "
        "other value stays hidden until a later write covers it."},
    RuleRow{ConflictRule::kWriteSurvivesDelete,
            "A delete takes only what it has seen: it had not seen this write, which survives."},
    RuleRow{ConflictRule::kIncrementsAddToWrite,
            "The assignment had not seen the increments: they are added to the assigned value."},
    RuleRow{ConflictRule::kIncrementsMasked,
            "The assigned value is no number: it is shown as it is, and the increments are kept "
            "behind it."},
    RuleRow{ConflictRule::kSaturated,
            "The sum of all regions is beyond 64 bits: it is shown at the bound."},
    RuleRow{
        ConflictRule::kLongestExpiry,
        "Both set how long the key lives: the longest life wins, and no deadline is the longest."},
    RuleRow{ConflictRule::kTypeClash,
            "The regions gave the key different types: the one with the greatest stamp inside is "
            "shown, the other is kept until a write or delete has seen both."},
    RuleRow{ConflictRule::kDoublePop,
            "Both regions handed this element to a client: it is removed once."},
    RuleRow{
        ConflictRule::kConditionBothHeld,
        "A condition such as NX held in both regions, each deciding on what it saw: the greatest "
        "stamp is shown."},
    RuleRow{ConflictRule::kSameEntryId,
            "Both regions wrote this ID: both entries are kept, ordered by region."},
    RuleRow{ConflictRule::kDeleteWins,
            "Of groups a delete wins: the write, which had not seen it, is void."},
};

std::string_view WhyOf(ConflictRule rule) {
  for (const RuleRow& row : kRules) {
    if (row.rule == rule) return row.why;
  }
  return {};
}

void WriteSide(ReplyWriter& reply, crdt::Stamp stamp, std::string_view value) {
  reply.Map(kStampPairs + 1);
  StampPairs(reply, stamp);
  Pair(reply, "value", value);
}

void WriteConflict(ReplyWriter& reply, const ConflictRecord& record) {
  reply.Map(9);
  Pair(reply, "id", record.id);
  Pair(reply, "time_ms", record.unix_ms);
  Pair(reply, "key", record.key);
  Pair(reply, "element", record.element);
  Pair(reply, "type", NameOf(record.type));
  Pair(reply, "rule", NameOf(record.rule));
  Pair(reply, "why", WhyOf(record.rule));
  reply.Bulk("winner");
  WriteSide(reply, record.winner, record.winner_value);
  reply.Bulk("loser");
  WriteSide(reply, record.loser, record.loser_value);
}

void Count(CommandContext& context, Arguments) {
  const ConflictRing& ring = context.node.conflicts();
  context.reply.Map(4);
  Pair(context.reply, "recorded", ring.recorded());
  Pair(context.reply, "dropped", ring.dropped());
  Pair(context.reply, "kept", ring.recorded() - ring.dropped());
  context.reply.Bulk("by_rule");
  context.reply.Map(ring.by_rule().size());
  for (const auto& [rule, count] : ring.by_rule()) Pair(context.reply, NameOf(rule), count);
}

std::optional<crdt::ValueType> ParseType(std::string_view word) {
  for (const crdt::TypeRow& row : crdt::kTypeTable) {
    if (row.type != crdt::ValueType::kNone && EqualsIgnoreCase(row.name, word)) return row.type;
  }
  return std::nullopt;
}

// "string, hash, set or zset"
std::string TypeNames() {
  std::vector<std::string_view> names;
  for (const crdt::TypeRow& row : crdt::kTypeTable) {
    if (row.type != crdt::ValueType::kNone) names.push_back(row.name);
  }
  const std::string_view last = names.back();
  names.pop_back();
  return fmt::format("{} or {}", fmt::join(names, ", "), last);
}

std::optional<ConflictRule> ParseRule(std::string_view word) {
  for (const RuleRow& row : kRules) {
    if (EqualsIgnoreCase(NameOf(row.rule), word)) return row.rule;
  }
  return std::nullopt;
}

std::optional<std::int64_t> ParseBetween(std::string_view word, std::int64_t least,
                                         std::int64_t most) {
  const auto number = crdt::ParseInteger(word);
  return number && *number >= least && *number <= most ? number : std::nullopt;
}

// Takes one option into the filter; the result is empty or the error.
std::string TakeOption(std::string_view name, std::string_view value, ConflictFilter& filter) {
  if (EqualsIgnoreCase(name, "key")) {
    filter.key_pattern = std::string(value);
  } else if (EqualsIgnoreCase(name, "type")) {
    filter.type = ParseType(value);
    if (!filter.type) return "ERR TYPE is " + TypeNames();
  } else if (EqualsIgnoreCase(name, "rule")) {
    filter.rule = ParseRule(value);
    if (filter.rule) return {};
    std::string names;
    for (const RuleRow& row : kRules) names.append(" ").append(NameOf(row.rule));
    return "ERR RULE is one of" + names;
  } else if (EqualsIgnoreCase(name, "region")) {
    const auto region = ParseBetween(value, 1, crdt::kMaxRegion);
    if (!region) return "ERR REGION is a number from 1 to 31";
    filter.region = static_cast<crdt::RegionId>(*region);
  } else if (EqualsIgnoreCase(name, "since")) {
    filter.since_unix_ms = ParseBetween(value, 0, std::numeric_limits<std::int64_t>::max());
    if (!filter.since_unix_ms) return "ERR SINCE is a Unix time in milliseconds";
  } else if (EqualsIgnoreCase(name, "count")) {
    const auto count = ParseBetween(value, 1, std::numeric_limits<std::int64_t>::max());
    if (!count) return "ERR COUNT is a number greater than 0";
    filter.count = static_cast<std::size_t>(*count);
  } else {
    return std::string(kErrorSyntax);
  }
  return {};
}

void List(CommandContext& context, Arguments arguments) {
  if (arguments.size() % 2 != 0) return context.reply.Error(kErrorSyntax);
  ConflictFilter filter;
  for (std::size_t i = 2; i < arguments.size(); i += 2) {
    const std::string error = TakeOption(arguments[i], arguments[i + 1], filter);
    if (!error.empty()) return context.reply.Error(error);
  }
  const auto found = context.node.conflicts().List(filter);
  context.reply.Array(found.size());
  for (const ConflictRecord* record : found) WriteConflict(context.reply, *record);
}

void Get(CommandContext& context, Arguments arguments) {
  const auto id = ParseBetween(arguments[2], 1, std::numeric_limits<std::int64_t>::max());
  if (!id) return context.reply.Error(kErrorNotAnInteger);
  const ConflictRecord* record = context.node.conflicts().Get(static_cast<std::uint64_t>(*id));
  if (record == nullptr) return context.reply.Null();
  WriteConflict(context.reply, *record);
}

constexpr std::string_view kHelp[] = {
    "CONFLICT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "COUNT",
    "    How many conflicts this node has recorded, dropped and kept, and by which rule.",
    "LIST [KEY <pattern>] [TYPE <type>] [RULE <rule>] [REGION <id>] [SINCE <unix-ms>] [COUNT <n>]",
    "    The kept conflicts, newest first (default: 50 of them).",
    "GET <id>",
    "    One conflict; null where it is not kept any more.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& context, Arguments) {
  WriteHelp(context.reply, kHelp);
}

constexpr std::uint32_t kFlags =
    command_flag::kAdmin | command_flag::kLoading | command_flag::kStale;

constexpr CommandSpec kSubcommands[] = {
    {.name = "conflict|count",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "meridian",
     .summary = "How many conflicts were recorded, dropped and kept, and by which rule.",
     .since = "",
     .run = Count},
    {.name = "conflict|list",
     .words = AtLeast(2),
     .flags = kFlags,
     .group = "meridian",
     .summary = "The last conflicts, newest first, filtered.",
     .since = "",
     .run = List},
    {.name = "conflict|get",
     .words = Exactly(3),
     .flags = kFlags,
     .group = "meridian",
     .summary = "One conflict by its number.",
     .since = "",
     .run = Get},
    {.name = "conflict|help",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "meridian",
     .summary = "Tells the subcommands.",
     .since = "",
     .run = Help},
};

constexpr CommandSpec kCommands[] = {
    {.name = "conflict",
     .words = AtLeast(2),
     .group = "meridian",
     .summary = "What was decided between regions that wrote without having seen each other.",
     .since = "",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> ConflictCommands() {
  return kCommands;
}

}  // namespace server
