// Sorted sets: members with scores, written and counted independently of each other.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "server/commands/command_families.h"
#include "server/commands/element_scan.h"
#include "server/commands/element_words.h"
#include "server/commands/letter_case.h"
#include "server/commands/random_elements.h"
#include "server/commands/reply_errors.h"
#include "server/commands/sorted_set_ranges.h"
#include "server/commands/sorted_set_writes.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::SortedSet;
using crdt::ValueType;

// 0 where there is no sorted set. (A removal may uncover another type.)
std::uint64_t MemberCount(const KeyView& view) {
  return view.type() == ValueType::kSortedSet ? view.sorted_set().size() : 0;
}

std::optional<double> ScoreOf(const KeyView& view, std::string_view member) {
  return view.exists() ? view.sorted_set().Score(member) : std::nullopt;
}

void ScoreOrNull(ReplyWriter& reply, const std::optional<double>& score) {
  score ? reply.Double(*score) : reply.Null();
}

// --- Writing -------------------------------------------------------------------------------------

bool TakeAddOption(std::string_view word, AddOptions& options) {
  struct Row {
    std::string_view name;
    bool AddOptions::* option;
  };
  static constexpr Row kOptions[] = {
      {"nx", &AddOptions::only_new},      {"xx", &AddOptions::only_there},
      {"gt", &AddOptions::only_greater},  {"lt", &AddOptions::only_less},
      {"ch", &AddOptions::count_changed}, {"incr", &AddOptions::increment},
  };
  for (const Row& row : kOptions) {
    if (EqualsIgnoreCase(word, row.name)) return options.*row.option = true;
  }
  return false;
}

std::string_view ClashOf(const AddOptions& options, std::size_t pairs) {
  if (options.only_new && options.only_there) {
    return "ERR XX and NX options at the same time are not compatible";
  }
  if ((options.only_greater && options.only_new) || (options.only_less && options.only_new) ||
      (options.only_greater && options.only_less)) {
    return "ERR GT, LT, and/or NX options at the same time are not compatible";
  }
  if (options.increment && pairs > 1) {
    return "ERR INCR option supports a single increment-element pair";
  }
  return {};
}

// ZADD, and ZINCRBY, which is ZADD INCR with fewer words.
void Add(CommandContext& context, Arguments arguments, AddOptions options) {
  std::size_t at = 2;
  while (at < arguments.size() && TakeAddOption(arguments[at], options)) ++at;
  const Arguments words = arguments.subspan(at);
  if (words.empty() || words.size() % 2 != 0) return context.reply.Error(kErrorSyntax);
  const std::string_view clash = ClashOf(options, words.size() / 2);
  if (!clash.empty()) return context.reply.Error(clash);
  absl::InlinedVector<crdt::MemberScore, 4> members;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto score = ParseScoreWord(words[i]);
    if (!score) return context.reply.Error(kErrorNotAFloat);
    members.emplace_back(words[i + 1], *score);
  }
  AddMembers(context, arguments[1], members, options);
}

void ZAdd(CommandContext& context, Arguments arguments) {
  Add(context, arguments, {});
}

void ZIncrBy(CommandContext& context, Arguments arguments) {
  Add(context, arguments, {.increment = true});
}

void ZRem(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kSortedSet);
  if (!view) return;
  if (!view->exists()) return context.reply.Integer(0);
  const std::uint64_t before = MemberCount(*view);
  const DistinctWords members(arguments.subspan(2));
  crdt::PrepareSortedSetRemove(*view, arguments[1], members.words(), crdt::RemoveReason::kCommand,
                               context.database.effects());
  context.database.Commit();
  const std::uint64_t after = MemberCount(context.database.Read(arguments[1]));
  context.reply.Integer(static_cast<std::int64_t>(before - after));
}

// --- Reading -------------------------------------------------------------------------------------

void ZCard(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kSortedSet);
  if (view) context.reply.Integer(static_cast<std::int64_t>(MemberCount(*view)));
}

void ZScore(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kSortedSet);
  if (view) ScoreOrNull(context.reply, ScoreOf(*view, arguments[2]));
}

void ZMScore(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kSortedSet);
  if (!view) return;
  context.reply.Array(arguments.size() - 2);
  for (const std::string_view member : arguments.subspan(2)) {
    ScoreOrNull(context.reply, ScoreOf(*view, member));
  }
}

template <Direction kDirection>
void ZRank(CommandContext& context, Arguments arguments) {
  const bool with_score = arguments.size() == 4;
  if (with_score && !EqualsIgnoreCase(arguments[3], "withscore")) {
    return context.reply.Error(kErrorSyntax);
  }
  const auto view = ReadTyped(context, arguments[1], ValueType::kSortedSet);
  if (!view) return;
  const auto rank = view->exists() ? view->sorted_set().Rank(arguments[2]) : std::nullopt;
  if (!rank) return with_score ? context.reply.NullArray() : context.reply.Null();
  if (with_score) context.reply.Array(2);
  const std::uint64_t last = view->sorted_set().size() - 1;
  context.reply.Integer(
      static_cast<std::int64_t>(kDirection == Direction::kForward ? *rank : last - *rank));
  if (with_score) context.reply.Double(*ScoreOf(*view, arguments[2]));
}

// Answers how many members are in the range.
template <class Range>
void Count(CommandContext& context, std::string_view key, const Range& range) {
  const auto view = ReadTyped(context, key, ValueType::kSortedSet);
  if (!view) return;
  const std::uint64_t count = view->exists() ? RanksIn(view->sorted_set(), range).size() : 0;
  context.reply.Integer(static_cast<std::int64_t>(count));
}

void ZCount(CommandContext& context, Arguments arguments) {
  const auto range = ParseScoreRange(arguments[2], arguments[3]);
  if (!range) return context.reply.Error(kErrorNoScoreRange);
  Count(context, arguments[1], *range);
}

void ZLexCount(CommandContext& context, Arguments arguments) {
  const auto range = ParseTextRange(arguments[2], arguments[3]);
  if (!range) return context.reply.Error(kErrorNoTextRange);
  Count(context, arguments[1], *range);
}

void ZScan(CommandContext& context, Arguments arguments) {
  ScanElements(context, arguments, ValueType::kSortedSet);
}

void ZRandMemberMany(CommandContext& context, std::string_view key, std::int64_t count,
                     WithScores with_scores) {
  const auto view = ReadTyped(context, key, ValueType::kSortedSet);
  if (!view) return;
  if (!view->exists() || count == 0) return context.reply.Array(0);
  const SortedSet& set = view->sorted_set();
  const auto write = [&](std::string_view member) {
    WriteMember(context.reply, member, set.Score(member).value_or(0), with_scores);
  };
  if (count < 0) {
    if (-count > kMostRepeatedDraws) return context.reply.Error(kErrorTooManyDraws);
    BeginMembers(context.reply, static_cast<std::size_t>(-count), with_scores);
    for (std::int64_t i = 0; i < -count; ++i) write(DrawOne(set.members(), context.database));
    return;
  }
  const auto drawn =
      DrawDifferent(set.members(), static_cast<std::uint64_t>(count), context.database);
  BeginMembers(context.reply, drawn.size(), with_scores);
  for (const std::string_view member : drawn) write(member);
}

void ZRandMember(CommandContext& context, Arguments arguments) {
  if (arguments.size() == 2) {
    const auto view = ReadTyped(context, arguments[1], ValueType::kSortedSet);
    if (!view) return;
    if (!view->exists()) return context.reply.Null();
    return context.reply.Bulk(DrawOne(view->sorted_set().members(), context.database));
  }
  const auto count = ParseDrawCount(context.reply, arguments[2]);
  if (!count) return;
  const bool scored = arguments.size() == 4;
  if (arguments.size() > 4 || (scored && !EqualsIgnoreCase(arguments[3], "withscores"))) {
    return context.reply.Error(kErrorSyntax);
  }
  constexpr std::int64_t kMostPairs = std::numeric_limits<std::int64_t>::max() / 2;
  if (scored && (*count < -kMostPairs || *count > kMostPairs)) {
    return context.reply.Error(kErrorTooManyDraws);
  }
  ZRandMemberMany(context, arguments[1], *count, scored ? WithScores::kYes : WithScores::kNo);
}

// --- Declarations --------------------------------------------------------------------------------

using enum Access;
namespace flag = command_flag;

constexpr std::string_view kScoreAdded =
    "All increments add up; with a concurrent ZADD the assigned score plus the unseen increments "
    "is shown, after a concurrent ZREM or DEL the unseen increments alone.";

constexpr CommandSpec kCommands[] = {
    {.name = "zadd",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "sorted_set",
     .summary = "Adds members, or sets their scores.",
     .when_concurrent = "Members unite; of scores assigned to one member that with the greatest "
                        "stamp counts, and increments that it has not seen add on top. NX, XX, GT "
                        "and LT are decided locally.",
     .since = "1.2.0",
     .run = ZAdd},
    {.name = "zincrby",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "sorted_set",
     .summary = "Adds to the score of a member.",
     .when_concurrent = kScoreAdded,
     .since = "1.2.0",
     .run = ZIncrBy},
    {.name = "zrem",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = kWrite,
     .flags = flag::kFast,
     .group = "sorted_set",
     .summary = "Removes members.",
     .when_concurrent = "Takes only what it has seen: an unseen ZADD survives, an unseen ZINCRBY "
                        "survives with its increment only.",
     .since = "1.2.0",
     .run = ZRem},
    {.name = "zcard",
     .words = Exactly(2),
     .keys = kOneKey,
     .key_use = KeyUse::kLook,
     .access = kRead,
     .flags = flag::kFast,
     .group = "sorted_set",
     .summary = "How many members there are.",
     .since = "1.2.0",
     .run = ZCard},
    {.name = "zscore",
     .words = Exactly(3),
     .keys = kOneKey,
     .access = kRead,
     .flags = flag::kFast,
     .group = "sorted_set",
     .summary = "The score of a member.",
     .since = "1.2.0",
     .run = ZScore},
    {.name = "zmscore",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = kRead,
     .flags = flag::kFast,
     .group = "sorted_set",
     .summary = "The scores of several members.",
     .since = "6.2.0",
     .run = ZMScore},
    {.name = "zrank",
     .words = {.least = 3, .most = 4},
     .keys = kOneKey,
     .access = kRead,
     .flags = flag::kFast,
     .group = "sorted_set",
     .summary = "How many members stand before one.",
     .since = "2.0.0",
     .run = ZRank<Direction::kForward>},
    {.name = "zrevrank",
     .words = {.least = 3, .most = 4},
     .keys = kOneKey,
     .access = kRead,
     .flags = flag::kFast,
     .group = "sorted_set",
     .summary = "How many members stand behind one.",
     .since = "2.0.0",
     .run = ZRank<Direction::kReverse>},
    {.name = "zcount",
     .words = Exactly(4),
     .keys = kOneKey,
     .access = kRead,
     .flags = flag::kFast,
     .group = "sorted_set",
     .summary = "How many members have scores in a range.",
     .since = "2.0.0",
     .run = ZCount},
    {.name = "zlexcount",
     .words = Exactly(4),
     .keys = kOneKey,
     .access = kRead,
     .flags = flag::kFast,
     .group = "sorted_set",
     .summary = "How many members of one score are in a range of texts.",
     .since = "2.8.9",
     .run = ZLexCount},
    {.name = "zscan",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = kRead,
     .group = "sorted_set",
     .summary = "Goes through the members and scores in steps.",
     .since = "2.8.0",
     .run = ZScan},
    {.name = "zrandmember",
     .words = AtLeast(2),
     .keys = kOneKey,
     .access = kRead,
     .group = "sorted_set",
     .summary = "Members drawn at random.",
     .since = "6.2.0",
     .run = ZRandMember},
};

}  // namespace

std::span<const CommandSpec> SortedSetCommands() {
  return kCommands;
}

}  // namespace server
