// Pops from sorted sets: the members with the least or the greatest scores. Those that wait do so
// in server/blocked_clients.h.
#include <algorithm>
#include <cstdint>
#include <optional>

#include "server/blocked_clients.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/sorted_set_ranges.h"
#include "server/commands/sorted_set_writes.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::RankedMember;
using crdt::SortedSet;
using crdt::ValueType;

constexpr std::string_view kErrorNegative = "ERR value is out of range, must be positive";

RankRange FirstRanks(const SortedSet& set, Direction end, std::uint64_t count) {
  const std::uint64_t taken = std::min(count, set.size());
  return end == Direction::kForward ? RankRange{0, taken}
                                    : RankRange{set.size() - taken, set.size()};
}

// How the members of a pop are told: one behind the other, or each with its score in an array.
enum class Pairs { kFlat, kNested };

// Removes and answers the first `count` members. The header of the reply is written.
void PopMembers(CommandContext& context, std::string_view key, const KeyView& view, Direction end,
                std::uint64_t count, Pairs pairs) {
  const SortedSet& set = view.sorted_set();
  std::vector<std::string_view> members;
  VisitRange(set, FirstRanks(set, end, count), end, [&](const RankedMember& member) {
    if (pairs == Pairs::kNested) context.reply.Array(2);
    context.reply.Bulk(member.name);
    context.reply.Double(member.score);
    members.push_back(member.name);
  });
  crdt::PrepareSortedSetRemove(view, key, members, crdt::RemoveReason::kPopped,
                               context.database.effects());
  context.database.Commit();
}

template <Direction kEnd>
void ZPop(CommandContext& context, Arguments arguments) {
  if (arguments.size() > 3) return context.reply.Error(kErrorSyntax);
  const bool counted = arguments.size() == 3;
  const auto count = counted ? crdt::ParseInteger(arguments[2]) : std::optional<std::int64_t>(1);
  if (!count || *count < 0) return context.reply.Error(kErrorNegative);
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kSortedSet);
  if (!view) return;
  if (!view->exists() || *count == 0) return context.reply.Array(0);
  const auto taken = std::min(static_cast<std::uint64_t>(*count), view->sorted_set().size());
  const bool nested = counted && context.reply.protocol() == Protocol::kResp3;
  context.reply.Array(nested ? taken : taken * 2);
  PopMembers(context, arguments[1], *view, kEnd, taken, nested ? Pairs::kNested : Pairs::kFlat);
}

struct PopWords {
  Arguments keys;
  Direction end = Direction::kForward;
  std::uint64_t count = 1;
};

// numkeys key … MIN|MAX [COUNT count]. Empty, and the error answered, where it makes no sense.
std::optional<PopWords> ParsePopWords(ReplyWriter& reply, Arguments words) {
  const auto refuse = [&reply](std::string_view error) {
    reply.Error(error);
    return std::nullopt;
  };
  const auto key_count = crdt::ParseInteger(words[0]);
  if (!key_count || *key_count < 1) return refuse("ERR numkeys should be greater than 0");
  if (*key_count >= static_cast<std::int64_t>(words.size()) - 1) return refuse(kErrorSyntax);
  PopWords parsed;
  parsed.keys = words.subspan(1, static_cast<std::size_t>(*key_count));
  const Arguments rest = words.subspan(1 + parsed.keys.size());
  if (EqualsIgnoreCase(rest[0], "max")) {
    parsed.end = Direction::kReverse;
  } else if (!EqualsIgnoreCase(rest[0], "min")) {
    return refuse(kErrorSyntax);
  }
  if (rest.size() == 1) return parsed;
  if (rest.size() == 2 || !EqualsIgnoreCase(rest[1], "count")) return refuse(kErrorSyntax);
  const auto count = crdt::ParseInteger(rest[2]);
  if (!count || *count < 1) return refuse("ERR count should be greater than 0");
  if (rest.size() > 3) return refuse(kErrorSyntax);
  parsed.count = static_cast<std::uint64_t>(*count);
  return parsed;
}

// Pops from the first of the keys that is there. False where none is, and nothing was answered.
bool PopFromFirst(CommandContext& context, const PopWords& words) {
  for (const std::string_view key : words.keys) {
    const auto view = ReadTypedToWrite(context, key, ValueType::kSortedSet);
    if (!view) return true;  // Of another type: answered.
    if (!view->exists()) continue;
    context.reply.Array(2);
    context.reply.Bulk(key);
    context.reply.Array(std::min(words.count, view->sorted_set().size()));
    PopMembers(context, key, *view, words.end, words.count, Pairs::kNested);
    return true;
  }
  return false;
}

void ZMPop(CommandContext& context, Arguments arguments) {
  const auto words = ParsePopWords(context.reply, arguments.subspan(1));
  if (words && !PopFromFirst(context, *words)) context.reply.NullArray();
}

// --- Waiting -------------------------------------------------------------------------------------

KeyWait WaitForSets(Arguments keys, Arguments words) {
  return {.keys = {keys.begin(), keys.end()},
          .type = ValueType::kSortedSet,
          .words = {words.begin(), words.end()}};
}

template <Direction kEnd>
void BZPop(CommandContext& context, Arguments arguments) {
  const auto timeout = ParseTimeoutSeconds(context, arguments.back());
  if (!timeout) return;
  const Arguments keys = arguments.subspan(1, arguments.size() - 2);
  for (const std::string_view key : keys) {
    const auto view = ReadTypedToWrite(context, key, ValueType::kSortedSet);
    if (!view) return;
    if (!view->exists()) continue;
    context.reply.Array(3);
    context.reply.Bulk(key);
    return PopMembers(context, key, *view, kEnd, 1, Pairs::kFlat);
  }
  WaitForKeys(context, WaitForSets(keys, arguments), *timeout);
}

void BZMPop(CommandContext& context, Arguments arguments) {
  const auto words = ParsePopWords(context.reply, arguments.subspan(2));
  if (!words) return;
  const auto timeout = ParseTimeoutSeconds(context, arguments[1]);
  if (!timeout || PopFromFirst(context, *words)) return;
  WaitForKeys(context, WaitForSets(words->keys, arguments), *timeout);
}

// --- Declarations --------------------------------------------------------------------------------

using enum Access;
namespace flag = command_flag;

constexpr std::string_view kPopped =
    "Two regions may return the same member; it is removed once, and the double pop is "
    "journalled. An unseen ZADD of the member survives, an unseen ZINCRBY with its increment only.";

constexpr std::string_view kWaitingPopped =
    "Woken by members that other regions add too. Two regions may return the same member; it is "
    "removed once, and the double pop is journalled.";

constexpr CommandSpec kCommands[] = {
    {.name = "zpopmin",
     .words = AtLeast(2),
     .keys = kOneKey,
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kFast,
     .group = "sorted_set",
     .summary = "Removes the members with the least scores and answers them.",
     .when_concurrent = kPopped,
     .since = "5.0.0",
     .run = ZPop<Direction::kForward>},
    {.name = "zpopmax",
     .words = AtLeast(2),
     .keys = kOneKey,
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kFast,
     .group = "sorted_set",
     .summary = "Removes the members with the greatest scores and answers them.",
     .when_concurrent = kPopped,
     .since = "5.0.0",
     .run = ZPop<Direction::kReverse>},
    {.name = "zmpop",
     .words = AtLeast(4),
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kMovableKeys,
     .group = "sorted_set",
     .summary = "Removes members from the first of several sorted sets that is there.",
     .when_concurrent = kPopped,
     .since = "7.0.0",
     .run = ZMPop,
     .key_count_position = 1},
    {.name = "bzpopmin",
     .words = AtLeast(3),
     .keys = {1, -2, 1},
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kFast | flag::kBlocking,
     .group = "sorted_set",
     .summary =
         "Takes the member with the least score of the first sorted set that is there; waits "
         "where none is.",
     .when_concurrent = kWaitingPopped,
     .since = "5.0.0",
     .run = BZPop<Direction::kForward>},
    {.name = "bzpopmax",
     .words = AtLeast(3),
     .keys = {1, -2, 1},
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kFast | flag::kBlocking,
     .group = "sorted_set",
     .summary = "Takes the member with the greatest score of the first sorted set that is there; "
                "waits where none is.",
     .when_concurrent = kWaitingPopped,
     .since = "5.0.0",
     .run = BZPop<Direction::kReverse>},
    {.name = "bzmpop",
     .words = AtLeast(5),
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kBlocking | flag::kMovableKeys,
     .group = "sorted_set",
     .summary = "Takes members of the first of several sorted sets that is there; waits where none "
                "is.",
     .when_concurrent = kWaitingPopped,
     .since = "7.0.0",
     .run = BZMPop,
     .key_count_position = 2},
};

}  // namespace

std::span<const CommandSpec> SortedSetPopCommands() {
  return kCommands;
}

}  // namespace server
