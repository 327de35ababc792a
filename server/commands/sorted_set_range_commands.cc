// Ranges of sorted sets: read, stored and removed.
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/sorted_set_ranges.h"
#include "server/commands/sorted_set_writes.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::RankedMember;
using crdt::SortedSet;
using crdt::ValueType;

enum class By { kIndex, kScore, kText };

using AnyRange = std::variant<IndexRange, ScoreRange, TextRange>;

// What a command asks for: a range, in which direction, and how much of it.
struct RangeWords {
  AnyRange range;
  Direction direction = Direction::kForward;
  WithScores with_scores = WithScores::kNo;
  std::int64_t offset = 0;
  std::int64_t count = -1;
};

// What the command's name leaves open; the older commands leave nothing.
struct RangeGrammar {
  bool any_range = false;      // BYSCORE and BYLEX
  bool any_direction = false;  // REV
  bool with_scores = true;     // WITHSCORES
};

// The range between two words. Empty, and the error answered, where they make no sense.
std::optional<AnyRange> ParseRange(ReplyWriter& reply, By by, std::string_view min,
                                   std::string_view max) {
  if (by == By::kScore) {
    if (const auto range = ParseScoreRange(min, max)) return *range;
    reply.Error(kErrorNoScoreRange);
    return std::nullopt;
  }
  if (by == By::kText) {
    if (const auto range = ParseTextRange(min, max)) return *range;
    reply.Error(kErrorNoTextRange);
    return std::nullopt;
  }
  const auto start = crdt::ParseInteger(min);
  const auto stop = crdt::ParseInteger(max);
  if (start && stop) return IndexRange{*start, *stop};
  reply.Error(kErrorNotAnInteger);
  return std::nullopt;
}

// Takes the options behind the range; the result is empty or the error.
std::string_view TakeOptions(Arguments words, const RangeGrammar& grammar, By& by,
                             RangeWords& parsed) {
  const bool any_range = grammar.any_range;
  bool ranged = false;
  bool reversed = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (grammar.with_scores && EqualsIgnoreCase(words[i], "withscores")) {
      parsed.with_scores = WithScores::kYes;
    } else if (EqualsIgnoreCase(words[i], "limit") && i + 2 < words.size()) {
      const auto offset = crdt::ParseInteger(words[i + 1]);
      const auto count = crdt::ParseInteger(words[i + 2]);
      if (!offset || !count) return kErrorNotAnInteger;
      parsed.offset = *offset;
      parsed.count = *count;
      i += 2;
    } else if (grammar.any_direction && !reversed && EqualsIgnoreCase(words[i], "rev")) {
      reversed = true;
      parsed.direction = Direction::kReverse;
    } else if (any_range && !ranged && EqualsIgnoreCase(words[i], "bylex")) {
      ranged = true;
      by = By::kText;
    } else if (any_range && !ranged && EqualsIgnoreCase(words[i], "byscore")) {
      ranged = true;
      by = By::kScore;
    } else {
      return kErrorSyntax;
    }
  }
  if (parsed.count != -1 && by == By::kIndex) {
    return "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
  }
  if (parsed.with_scores == WithScores::kYes && by == By::kText) {
    return "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
  }
  return {};
}

// `words`: min, max and the options. Empty, and the error answered, where they make no sense.
std::optional<RangeWords> ParseRangeWords(ReplyWriter& reply, Arguments words, By by,
                                          Direction direction, const RangeGrammar& grammar) {
  RangeWords parsed;
  parsed.direction = direction;
  const std::string_view error = TakeOptions(words.subspan(2), grammar, by, parsed);
  if (!error.empty()) {
    reply.Error(error);
    return std::nullopt;
  }
  // Going backwards, the greater bound stands first.
  const bool swapped = parsed.direction == Direction::kReverse && by != By::kIndex;
  const auto range = ParseRange(reply, by, words[swapped ? 1 : 0], words[swapped ? 0 : 1]);
  if (!range) return std::nullopt;
  parsed.range = *range;
  return parsed;
}

RankRange RanksIn(const SortedSet& set, const RangeWords& words) {
  if (const auto* indexes = std::get_if<IndexRange>(&words.range)) {
    return RanksIn(set, *indexes, words.direction);
  }
  const auto* scores = std::get_if<ScoreRange>(&words.range);
  const RankRange ranks =
      scores != nullptr ? RanksIn(set, *scores) : RanksIn(set, std::get<TextRange>(words.range));
  return Limit(ranks, words.offset, words.count, words.direction);
}

// --- Reading and storing -------------------------------------------------------------------------

void AnswerRange(CommandContext& context, std::string_view key, const RangeWords& words) {
  const auto view = ReadTyped(context, key, ValueType::kSortedSet);
  if (!view) return;
  if (!view->exists()) return context.reply.Array(0);
  const RankRange ranks = RanksIn(view->sorted_set(), words);
  BeginMembers(context.reply, ranks.size(), words.with_scores);
  VisitRange(view->sorted_set(), ranks, words.direction, [&](const RankedMember& member) {
    WriteMember(context.reply, member.name, member.score, words.with_scores);
  });
}

template <By kBy, Direction kDirection>
void ZRangeBy(CommandContext& context, Arguments arguments) {
  const auto words =
      ParseRangeWords(context.reply, arguments.subspan(2), kBy, kDirection, RangeGrammar());
  if (words) AnswerRange(context, arguments[1], *words);
}

void ZRange(CommandContext& context, Arguments arguments) {
  const auto words =
      ParseRangeWords(context.reply, arguments.subspan(2), By::kIndex, Direction::kForward,
                      {.any_range = true, .any_direction = true});
  if (words) AnswerRange(context, arguments[1], *words);
}

void ZRangeStore(CommandContext& context, Arguments arguments) {
  const auto words =
      ParseRangeWords(context.reply, arguments.subspan(3), By::kIndex, Direction::kForward,
                      {.any_range = true, .any_direction = true, .with_scores = false});
  if (!words) return;
  context.database.ReadToWrite(arguments[1]);
  const auto view = ReadTyped(context, arguments[2], ValueType::kSortedSet);
  if (!view) return;
  ScoredMembers members;
  if (view->exists()) {
    const RankRange ranks = RanksIn(view->sorted_set(), *words);
    members.reserve(ranks.size());
    VisitRange(view->sorted_set(), ranks, words->direction, [&](const RankedMember& member) {
      members.emplace_back(member.name, member.score);
    });
  }
  StoreMembers(context, arguments[1], members);
}

// --- Removing ------------------------------------------------------------------------------------

template <By kBy>
void ZRemRange(CommandContext& context, Arguments arguments) {
  const auto range = ParseRange(context.reply, kBy, arguments[2], arguments[3]);
  if (!range) return;
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kSortedSet);
  if (!view) return;
  if (!view->exists()) return context.reply.Integer(0);
  const SortedSet& set = view->sorted_set();
  const RankRange ranks = RanksIn(set, RangeWords{.range = *range});
  std::vector<std::string_view> members;
  members.reserve(ranks.size());
  VisitRange(set, ranks, Direction::kForward,
             [&](const RankedMember& member) { members.push_back(member.name); });
  crdt::PrepareSortedSetRemove(*view, arguments[1], members, crdt::RemoveReason::kCommand,
                               context.database.effects());
  context.database.Commit();
  context.reply.Integer(static_cast<std::int64_t>(members.size()));
}

// --- Declarations --------------------------------------------------------------------------------

using enum Access;

constexpr std::string_view kRemoves =
    "Takes the members that it finds here, and of them only what it has seen: unseen writes to "
    "them, and members that come into the range elsewhere, survive.";

constexpr CommandSpec kCommands[] = {
    {.name = "zrange",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = kRead,
     .group = "sorted_set",
     .summary = "The members in a range of places, scores or texts.",
     .since = "1.2.0",
     .run = ZRange},
    {.name = "zrangestore",
     .words = AtLeast(5),
     .keys = kTwoKeys,
     .key_use = KeyUse::kRead,
     .first_key_use = KeyUse::kOverwrite,
     .access = kWrite,
     .flags = command_flag::kDenyOom,
     .group = "sorted_set",
     .summary = "Stores what ZRANGE answers.",
     .when_concurrent =
         "Ships the result, computed from what is visible here, as new members, after an observed "
         "delete of what the destination held: members that other regions add meanwhile survive.",
     .since = "6.2.0",
     .run = ZRangeStore},
    {.name = "zrangebyscore",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = kRead,
     .group = "sorted_set",
     .summary = "The members in a range of scores.",
     .since = "1.0.5",
     .run = ZRangeBy<By::kScore, Direction::kForward>},
    {.name = "zrevrange",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = kRead,
     .group = "sorted_set",
     .summary = "The members in a range of places, from the end.",
     .since = "1.2.0",
     .run = ZRangeBy<By::kIndex, Direction::kReverse>},
    {.name = "zrevrangebyscore",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = kRead,
     .group = "sorted_set",
     .summary = "The members in a range of scores, from the greatest down.",
     .since = "2.2.0",
     .run = ZRangeBy<By::kScore, Direction::kReverse>},
    {.name = "zrangebylex",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = kRead,
     .group = "sorted_set",
     .summary = "The members of one score in a range of texts.",
     .since = "2.8.9",
     .run = ZRangeBy<By::kText, Direction::kForward>},
    {.name = "zrevrangebylex",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = kRead,
     .group = "sorted_set",
     .summary = "The members of one score in a range of texts, from the last one on.",
     .since = "2.8.9",
     .run = ZRangeBy<By::kText, Direction::kReverse>},
    {.name = "zremrangebyrank",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = kWrite,
     .group = "sorted_set",
     .summary = "Removes the members in a range of places.",
     .when_concurrent = kRemoves,
     .since = "2.0.0",
     .run = ZRemRange<By::kIndex>},
    {.name = "zremrangebyscore",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = kWrite,
     .group = "sorted_set",
     .summary = "Removes the members in a range of scores.",
     .when_concurrent = kRemoves,
     .since = "1.2.0",
     .run = ZRemRange<By::kScore>},
    {.name = "zremrangebylex",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = kWrite,
     .group = "sorted_set",
     .summary = "Removes the members of one score in a range of texts.",
     .when_concurrent = kRemoves,
     .since = "2.8.9",
     .run = ZRemRange<By::kText>},
};

}  // namespace

std::span<const CommandSpec> SortedSetRangeCommands() {
  return kCommands;
}

}  // namespace server
