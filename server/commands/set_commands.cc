// Sets: members that are added and removed; where regions disagree, the add wins.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "crdt/prepare.h"
#include "server/commands/command_families.h"
#include "server/commands/element_scan.h"
#include "server/commands/element_words.h"
#include "server/commands/letter_case.h"
#include "server/commands/random_elements.h"
#include "server/commands/reply_errors.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::RemoveReason;
using crdt::ValueType;

using Members = std::vector<std::string_view>;

// 0 where there is no set. (A removal may uncover another type.)
std::uint64_t MemberCount(const KeyView& view) {
  return view.type() == ValueType::kSet ? view.elements().size() : 0;
}

bool HasMember(const KeyView& view, std::string_view member) {
  return view.exists() && view.elements().Contains(member);
}

void WriteMembers(ReplyWriter& reply, const Members& members) {
  reply.Set(members.size());
  for (const std::string_view member : members) reply.Bulk(member);
}

// --- One set
// ---------------------------------------------------------------------------------------

void SAdd(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kSet);
  if (!view) return;
  const std::uint64_t before = MemberCount(*view);
  const DistinctWords members(arguments.subspan(2));
  crdt::PrepareSetAdd(*view, arguments[1], members.words(), context.database.effects());
  context.database.Commit();
  const std::uint64_t after = MemberCount(context.database.Read(arguments[1]));
  context.reply.Integer(static_cast<std::int64_t>(after - before));
}

void SRem(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kSet);
  if (!view) return;
  if (!view->exists()) return context.reply.Integer(0);
  const std::uint64_t before = MemberCount(*view);
  const DistinctWords members(arguments.subspan(2));
  crdt::PrepareSetRemove(*view, arguments[1], members.words(), RemoveReason::kCommand,
                         context.database.effects());
  context.database.Commit();
  const std::uint64_t after = MemberCount(context.database.Read(arguments[1]));
  context.reply.Integer(static_cast<std::int64_t>(before - after));
}

void SMembers(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kSet);
  if (!view) return;
  context.reply.Set(MemberCount(*view));
  if (!view->exists()) return;
  view->elements().ForEach(
      [&](std::string_view member, std::string_view) { context.reply.Bulk(member); });
}

void SIsMember(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kSet);
  if (view) context.reply.Integer(HasMember(*view, arguments[2]) ? 1 : 0);
}

void SMIsMember(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kSet);
  if (!view) return;
  context.reply.Array(arguments.size() - 2);
  for (const std::string_view member : arguments.subspan(2)) {
    context.reply.Integer(HasMember(*view, member) ? 1 : 0);
  }
}

void SCard(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kSet);
  if (view) context.reply.Integer(static_cast<std::int64_t>(MemberCount(*view)));
}

void SScan(CommandContext& context, Arguments arguments) {
  ScanElements(context, arguments, ValueType::kSet);
}

void SMove(CommandContext& context, Arguments arguments) {
  const std::string_view from = arguments[1];
  const std::string_view to = arguments[2];
  const std::string_view member = arguments[3];
  Database& database = context.database;
  // Both first: whatever has expired is deleted before either key is looked at.
  database.ReadToWrite(from);
  database.ReadToWrite(to);
  const KeyView source = database.Read(from);
  const KeyView target = database.Read(to);
  if (!source.exists()) return context.reply.Integer(0);
  if (source.type() != ValueType::kSet || (target.exists() && target.type() != ValueType::kSet)) {
    return context.reply.Error(kErrorWrongType);
  }
  const bool is_member = HasMember(source, member);
  if (is_member && from != to) {
    crdt::PrepareSetRemove(source, from, {&member, 1}, RemoveReason::kCommand, database.effects());
    crdt::PrepareSetAdd(target, to, {&member, 1}, database.effects());
    database.Commit();
  }
  context.reply.Integer(is_member ? 1 : 0);
}

// --- Drawing
// ---------------------------------------------------------------------------------------

void SPopOne(CommandContext& context, std::string_view key) {
  const auto view = ReadTypedToWrite(context, key, ValueType::kSet);
  if (!view) return;
  if (!view->exists()) return context.reply.Null();
  const std::string_view member = DrawOne(view->elements(), context.database);
  context.reply.Bulk(member);
  crdt::PrepareSetRemove(*view, key, {&member, 1}, RemoveReason::kPopped,
                         context.database.effects());
  context.database.Commit();
}

void SPop(CommandContext& context, Arguments arguments) {
  if (arguments.size() == 2) return SPopOne(context, arguments[1]);
  if (arguments.size() > 3) return context.reply.Error(kErrorSyntax);
  const std::optional<std::int64_t> count = crdt::ParseInteger(arguments[2]);
  if (!count || *count < 0) {
    return context.reply.Error("ERR value is out of range, must be positive");
  }
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kSet);
  if (!view) return;
  if (!view->exists() || *count == 0) return context.reply.Set(0);
  const Members drawn =
      DrawDifferent(view->elements(), static_cast<std::uint64_t>(*count), context.database);
  WriteMembers(context.reply, drawn);
  crdt::PrepareSetRemove(*view, arguments[1], drawn, RemoveReason::kPopped,
                         context.database.effects());
  context.database.Commit();
}

void SRandMember(CommandContext& context, Arguments arguments) {
  if (arguments.size() > 3) return context.reply.Error(kErrorSyntax);
  std::optional<std::int64_t> count;
  if (arguments.size() == 3) {
    count = ParseDrawCount(context.reply, arguments[2]);
    if (!count) return;
  }
  const auto view = ReadTyped(context, arguments[1], ValueType::kSet);
  if (!view) return;
  if (!count) {
    if (!view->exists()) return context.reply.Null();
    return context.reply.Bulk(DrawOne(view->elements(), context.database));
  }
  if (!view->exists() || *count == 0) return context.reply.Array(0);
  if (*count < -kMostRepeatedDraws) return context.reply.Error(kErrorTooManyDraws);
  if (*count < 0) {
    context.reply.Array(static_cast<std::size_t>(-*count));
    for (std::int64_t i = 0; i < -*count; ++i) {
      context.reply.Bulk(DrawOne(view->elements(), context.database));
    }
    return;
  }
  const Members drawn =
      DrawDifferent(view->elements(), static_cast<std::uint64_t>(*count), context.database);
  context.reply.Array(drawn.size());
  for (const std::string_view member : drawn) context.reply.Bulk(member);
}

// --- Several sets
// ----------------------------------------------------------------------------------

// The sets at `keys`; empty, and WRONGTYPE answered, where one of them is something else.
std::optional<std::vector<KeyView>> ReadSets(CommandContext& context, Arguments keys) {
  std::vector<KeyView> sets;
  sets.reserve(keys.size());
  for (const std::string_view key : keys) {
    const auto view = ReadTyped(context, key, ValueType::kSet);
    if (!view) return std::nullopt;
    sets.push_back(*view);
  }
  return sets;
}

// Finds no more than `limit` members; 0: all.
Members Intersect(std::vector<KeyView> sets, std::uint64_t limit) {
  Members found;
  std::ranges::sort(sets, {}, MemberCount);
  if (!sets.front().exists()) return found;
  const std::span<const KeyView> others = std::span(sets).subspan(1);
  sets.front().elements().ForEach([&](std::string_view member, std::string_view) {
    if (limit != 0 && found.size() == limit) return;
    const bool in_all = std::ranges::all_of(
        others, [member](const KeyView& set) { return HasMember(set, member); });
    if (in_all) found.push_back(member);
  });
  return found;
}

Members Intersect(const std::vector<KeyView>& sets) {
  return Intersect(sets, 0);
}

Members Unite(const std::vector<KeyView>& sets) {
  Members found;
  const std::uint64_t largest = MemberCount(*std::ranges::max_element(sets, {}, MemberCount));
  found.reserve(largest);
  absl::flat_hash_set<std::string_view> seen;
  if (sets.size() > 1) seen.reserve(largest);
  for (const KeyView& set : sets) {
    if (!set.exists()) continue;
    set.elements().ForEach([&](std::string_view member, std::string_view) {
      if (sets.size() == 1 || seen.insert(member).second) found.push_back(member);
    });
  }
  return found;
}

Members Subtract(const std::vector<KeyView>& sets) {
  Members found;
  if (!sets.front().exists()) return found;
  const std::span<const KeyView> others = std::span(sets).subspan(1);
  sets.front().elements().ForEach([&](std::string_view member, std::string_view) {
    const bool in_other = std::ranges::any_of(
        others, [member](const KeyView& set) { return HasMember(set, member); });
    if (!in_other) found.push_back(member);
  });
  return found;
}

using Combination = Members (*)(const std::vector<KeyView>&);

template <Combination kCombine>
void Combine(CommandContext& context, Arguments arguments) {
  const auto sets = ReadSets(context, arguments.subspan(1));
  if (sets) WriteMembers(context.reply, kCombine(*sets));
}

// Deletes what the destination holds, of whatever type, and adds the result: one record.
template <Combination kCombine>
void CombineAndStore(CommandContext& context, Arguments arguments) {
  const std::string_view key = arguments[1];
  Database& database = context.database;
  database.ReadToWrite(key);
  const auto sets = ReadSets(context, arguments.subspan(2));
  if (!sets) return;
  const Members members = kCombine(*sets);
  crdt::PrepareDelete(database.Read(key), key, crdt::DeleteReason::kCommand, database.effects());
  if (!members.empty()) {
    crdt::PrepareSetAdd(KeyView(), key, members, database.effects());
  }
  database.Commit();
  context.reply.Integer(static_cast<std::int64_t>(members.size()));
}

void SInterCard(CommandContext& context, Arguments arguments) {
  const std::optional<std::int64_t> key_count = crdt::ParseInteger(arguments[1]);
  if (!key_count || *key_count < 1) {
    return context.reply.Error("ERR numkeys should be greater than 0");
  }
  const auto words_after_count = static_cast<std::int64_t>(arguments.size()) - 2;
  if (*key_count > words_after_count) {
    return context.reply.Error("ERR Number of keys can't be greater than number of args");
  }
  const auto keys = static_cast<std::size_t>(*key_count);
  std::uint64_t limit = 0;
  for (std::size_t i = 2 + keys; i < arguments.size(); i += 2) {
    if (!EqualsIgnoreCase(arguments[i], "limit") || i + 1 == arguments.size()) {
      return context.reply.Error(kErrorSyntax);
    }
    const std::optional<std::int64_t> wanted = crdt::ParseInteger(arguments[i + 1]);
    if (!wanted || *wanted < 0) return context.reply.Error("ERR LIMIT can't be negative");
    limit = static_cast<std::uint64_t>(*wanted);
  }
  auto sets = ReadSets(context, arguments.subspan(2, keys));
  if (!sets) return;
  context.reply.Integer(static_cast<std::int64_t>(Intersect(std::move(*sets), limit).size()));
}

// --- Declarations
// ----------------------------------------------------------------------------------

using enum Access;
namespace flag = command_flag;

constexpr std::string_view kStored =
    "Ships the result, computed from what is visible here, as new members, after an observed "
    "delete "
    "of what the destination held: members that other regions add meanwhile survive.";

constexpr CommandSpec kCommands[] = {
    {.name = "sadd",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kInsert,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "set",
     .summary = "Adds members.",
     .when_concurrent = "Members unite; an add wins over a removal that has not seen it, also "
                        "where the member was "
                        "there before.",
     .since = "1.0.0",
     .run = SAdd},
    {.name = "srem",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = kWrite,
     .flags = flag::kFast,
     .group = "set",
     .summary = "Removes members.",
     .when_concurrent = "Takes only what it has seen: a concurrent SADD of the member wins.",
     .since = "1.0.0",
     .run = SRem},
    {.name = "smove",
     .words = Exactly(4),
     .keys = kTwoKeys,
     .key_use = KeyUse::kInsert,
     .first_key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kFast,
     .group = "set",
     .summary = "Moves a member from one set to another.",
     .when_concurrent =
         "A removal there and an add here, in one unit: when two regions move one member to "
         "different sets, both have it.",
     .since = "1.0.0",
     .run = SMove},
    {.name = "spop",
     .words = AtLeast(2),
     .keys = kOneKey,
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kFast,
     .group = "set",
     .summary = "Removes members drawn at random and answers them.",
     .when_concurrent =
         "Two regions may return the same member; it is removed once, and the double pop is "
         "journalled. A concurrent SADD of the member wins.",
     .since = "1.0.0",
     .run = SPop},
    {.name = "smembers",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = kRead,
     .group = "set",
     .summary = "All members.",
     .since = "1.0.0",
     .run = SMembers},
    {.name = "sismember",
     .words = Exactly(3),
     .keys = kOneKey,
     .key_use = KeyUse::kLook,
     .access = kRead,
     .flags = flag::kFast,
     .group = "set",
     .summary = "Whether a member is there.",
     .since = "1.0.0",
     .run = SIsMember},
    {.name = "smismember",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = kRead,
     .flags = flag::kFast,
     .group = "set",
     .summary = "Which of several members are there.",
     .since = "6.2.0",
     .run = SMIsMember},
    {.name = "scard",
     .words = Exactly(2),
     .keys = kOneKey,
     .key_use = KeyUse::kLook,
     .access = kRead,
     .flags = flag::kFast,
     .group = "set",
     .summary = "How many members there are.",
     .since = "1.0.0",
     .run = SCard},
    {.name = "sscan",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = kRead,
     .group = "set",
     .summary = "Goes through the members in steps.",
     .since = "2.8.0",
     .run = SScan},
    {.name = "srandmember",
     .words = AtLeast(2),
     .keys = kOneKey,
     .access = kRead,
     .group = "set",
     .summary = "Members drawn at random.",
     .since = "1.0.0",
     .run = SRandMember},
    {.name = "sinter",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .access = kRead,
     .group = "set",
     .summary = "The members that are in every one of several sets.",
     .since = "1.0.0",
     .run = Combine<Intersect>},
    {.name = "sintercard",
     .words = AtLeast(3),
     .access = kRead,
     .flags = flag::kMovableKeys,
     .group = "set",
     .summary = "How many members are in every one of several sets.",
     .since = "7.0.0",
     .run = SInterCard,
     .key_count_position = 1},
    {.name = "sunion",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .access = kRead,
     .group = "set",
     .summary = "The members that are in any of several sets.",
     .since = "1.0.0",
     .run = Combine<Unite>},
    {.name = "sdiff",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .access = kRead,
     .group = "set",
     .summary = "The members of the first set that are in none of the others.",
     .since = "1.0.0",
     .run = Combine<Subtract>},
    {.name = "sinterstore",
     .words = AtLeast(3),
     .keys = kAllKeys,
     .key_use = KeyUse::kRead,
     .first_key_use = KeyUse::kUpdate,
     .access = kWrite,
     .flags = flag::kDenyOom,
     .group = "set",
     .summary = "Stores what SINTER answers.",
     .when_concurrent = kStored,
     .since = "1.0.0",
     .run = CombineAndStore<Intersect>},
    {.name = "sunionstore",
     .words = AtLeast(3),
     .keys = kAllKeys,
     .key_use = KeyUse::kRead,
     .first_key_use = KeyUse::kOverwrite,
     .access = kWrite,
     .flags = flag::kDenyOom,
     .group = "set",
     .summary = "Stores what SUNION answers.",
     .when_concurrent = kStored,
     .since = "1.0.0",
     .run = CombineAndStore<Unite>},
    {.name = "sdiffstore",
     .words = AtLeast(3),
     .keys = kAllKeys,
     .key_use = KeyUse::kRead,
     .first_key_use = KeyUse::kOverwrite,
     .access = kWrite,
     .flags = flag::kDenyOom,
     .group = "set",
     .summary = "Stores what SDIFF answers.",
     .when_concurrent = kStored,
     .since = "1.0.0",
     .run = CombineAndStore<Subtract>},
};

}  // namespace

std::span<const CommandSpec> SetCommands() {
  return kCommands;
}

}  // namespace server
