// Lists: elements at positions that never change; pushes unite, and a removal takes what it has
// seen.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "crdt/prepare_list.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/list_pops.h"
#include "server/commands/reply_errors.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::ListElementView;
using crdt::ListPosition;
using crdt::ListValue;
using crdt::ValueType;

// 0 where there is no list. (A removal may uncover another type.)
std::int64_t LengthOf(const KeyView& view) {
  return view.type() == ValueType::kList ? static_cast<std::int64_t>(view.list().size()) : 0;
}

// The elements from `first` on, `count` of them.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// Negative numbers count from the end.
Range RangeIn(std::int64_t size, std::int64_t start, std::int64_t stop) {
  start = std::max<std::int64_t>(start < 0 ? size + start : start, 0);
  stop = std::min(stop < 0 ? size + stop : stop, size - 1);
  if (start > stop) return {};
  return {static_cast<std::uint64_t>(start), static_cast<std::uint64_t>(stop - start + 1)};
}

// Empty where there is no such element.
std::optional<std::uint64_t> IndexIn(std::int64_t size, std::int64_t index) {
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::nullopt;
  return static_cast<std::uint64_t>(index);
}

std::optional<std::int64_t> ParseIndex(CommandContext& context, std::string_view word) {
  const std::optional<std::int64_t> index = crdt::ParseInteger(word);
  if (!index) context.reply.Error(kErrorNotAnInteger);
  return index;
}

// --- Ends ----------------------------------------------------------------------------------------

enum class IfAbsent { kCreate, kLeave };

template <ListSide kSide, IfAbsent kIfAbsent>
void Push(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kList);
  if (!view) return;
  if (kIfAbsent == IfAbsent::kLeave && !view->exists()) return context.reply.Integer(0);
  const Arguments values = arguments.subspan(2);
  const std::int64_t length = LengthOf(*view) + static_cast<std::int64_t>(values.size());
  crdt::PrepareListPush(*view, arguments[1], kSide, values, context.database.effects());
  context.database.Commit();
  context.reply.Integer(length);
}

template <ListSide kSide>
void Pop(CommandContext& context, Arguments arguments) {
  const bool counted = arguments.size() == 3;
  std::optional<std::int64_t> count = 1;
  if (counted) {
    count = crdt::ParseInteger(arguments[2]);
    if (!count || *count < 0) {
      return context.reply.Error("ERR value is out of range, must be positive");
    }
  }
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kList);
  if (!view) return;
  if (!view->exists()) return counted ? context.reply.NullArray() : context.reply.Null();
  const std::uint64_t taken = std::min(static_cast<std::uint64_t>(*count), view->list().size());
  if (counted) context.reply.Array(taken);
  if (taken > 0) PopElements(context, arguments[1], *view, kSide, taken);
}

void LMove(CommandContext& context, Arguments arguments) {
  const auto taken = ParseListSide(arguments[3]);
  const auto put = ParseListSide(arguments[4]);
  if (!taken || !put) return context.reply.Error(kErrorSyntax);
  if (!MoveElement(context, {arguments[1], arguments[2], *taken, *put})) context.reply.Null();
}

void RPopLPush(CommandContext& context, Arguments arguments) {
  const bool moved =
      MoveElement(context, {arguments[1], arguments[2], ListSide::kRight, ListSide::kLeft});
  if (!moved) context.reply.Null();
}

void LMPop(CommandContext& context, Arguments arguments) {
  const auto words = ParseListPopWords(context.reply, arguments.subspan(1));
  if (words && !PopFromFirstList(context, *words)) context.reply.NullArray();
}

// --- Reading -------------------------------------------------------------------------------------

void LLen(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kList);
  if (view) context.reply.Integer(LengthOf(*view));
}

void LIndex(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kList);
  if (!view) return;
  if (!view->exists()) return context.reply.Null();
  const auto wanted = ParseIndex(context, arguments[2]);
  if (!wanted) return;
  const auto index = IndexIn(LengthOf(*view), *wanted);
  if (!index) return context.reply.Null();
  std::string scratch;
  context.reply.Bulk(view->list().At(*index).Text(scratch));
}

void LRange(CommandContext& context, Arguments arguments) {
  const auto start = ParseIndex(context, arguments[2]);
  if (!start) return;
  const auto stop = ParseIndex(context, arguments[3]);
  if (!stop) return;
  const auto view = ReadTyped(context, arguments[1], ValueType::kList);
  if (!view) return;
  const Range range = RangeIn(LengthOf(*view), *start, *stop);
  context.reply.Array(range.count);
  if (range.count == 0) return;
  std::string scratch;
  view->list().ForEach(range.first, range.count, [&](const ListElementView& element) {
    context.reply.Bulk(element.Text(scratch));
    return true;
  });
}

struct PositionWords {
  std::int64_t rank = 1;
  std::optional<std::int64_t> count;
  std::int64_t most_looked_at = 0;  // 0: all.
};

std::optional<PositionWords> ParsePositionWords(ReplyWriter& reply, Arguments words) {
  const auto refuse = [&reply](std::string_view error) {
    reply.Error(error);
    return std::nullopt;
  };
  PositionWords parsed;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return refuse(kErrorSyntax);
    const auto number = crdt::ParseInteger(words[i + 1]);
    if (EqualsIgnoreCase(words[i], "rank")) {
      if (!number) return refuse(kErrorNotAnInteger);
      if (*number == std::numeric_limits<std::int64_t>::min()) {
        return refuse(
            "ERR value is out of range, value must between -9223372036854775807 and "
            "9223372036854775807");
      }
      if (*number == 0) {
        return refuse(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
            "or use negative to start from the end of the list");
      }
      parsed.rank = *number;
    } else if (EqualsIgnoreCase(words[i], "count")) {
      if (!number || *number < 0) return refuse("ERR COUNT can't be negative");
      parsed.count = *number;
    } else if (EqualsIgnoreCase(words[i], "maxlen")) {
      if (!number || *number < 0) return refuse("ERR MAXLEN can't be negative");
      parsed.most_looked_at = *number;
    } else {
      return refuse(kErrorSyntax);
    }
  }
  return parsed;
}

// From the first element on, or where the rank is negative from the last one on.
std::vector<std::int64_t> FindPositions(const ListValue& list, std::string_view wanted,
                                        const PositionWords& words) {
  std::vector<std::int64_t> found;
  const bool forward = words.rank > 0;
  const auto most = static_cast<std::uint64_t>(words.count.value_or(1));
  std::int64_t to_skip = (forward ? words.rank : -words.rank) - 1;
  std::int64_t looked_at = 0;
  std::string scratch;
  const auto visit = [&](const ListElementView& element) {
    if (words.most_looked_at != 0 && looked_at == words.most_looked_at) return false;
    const std::int64_t index =
        forward ? looked_at : static_cast<std::int64_t>(list.size()) - 1 - looked_at;
    ++looked_at;
    if (element.Text(scratch) != wanted || to_skip-- > 0) return true;
    found.push_back(index);
    return most == 0 || found.size() < most;
  };
  if (forward) {
    list.ForEach(0, list.size(), visit);
  } else {
    list.ForEachBackward(visit);
  }
  return found;
}

void LPos(CommandContext& context, Arguments arguments) {
  const auto words = ParsePositionWords(context.reply, arguments.subspan(3));
  if (!words) return;
  const auto view = ReadTyped(context, arguments[1], ValueType::kList);
  if (!view) return;
  std::vector<std::int64_t> found;
  if (view->exists()) found = FindPositions(view->list(), arguments[2], *words);
  if (!words->count) {
    return found.empty() ? context.reply.Null() : context.reply.Integer(found.front());
  }
  context.reply.Array(found.size());
  for (const std::int64_t index : found) context.reply.Integer(index);
}

// --- Changing what is inside ---------------------------------------------------------------------

void LSet(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kList);
  if (!view) return;
  if (!view->exists()) return context.reply.Error(kErrorNoSuchKey);
  const auto wanted = ParseIndex(context, arguments[2]);
  if (!wanted) return;
  const auto index = IndexIn(LengthOf(*view), *wanted);
  if (!index) return context.reply.Error(kErrorOutOfRange);
  crdt::PrepareListSet(*view, arguments[1], *index, arguments[3], context.database.effects());
  context.database.Commit();
  context.reply.Ok();
}

void LInsert(CommandContext& context, Arguments arguments) {
  const bool before = EqualsIgnoreCase(arguments[2], "before");
  if (!before && !EqualsIgnoreCase(arguments[2], "after")) {
    return context.reply.Error(kErrorSyntax);
  }
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kList);
  if (!view) return;
  if (!view->exists()) return context.reply.Integer(0);
  const std::vector<std::int64_t> pivot = FindPositions(view->list(), arguments[3], {});
  if (pivot.empty()) return context.reply.Integer(-1);
  const std::int64_t length = LengthOf(*view) + 1;
  const auto index = static_cast<std::uint64_t>(pivot.front() + (before ? 0 : 1));
  if (!crdt::PrepareListInsert(*view, arguments[1], index, arguments[4],
                               context.database.effects())) {
    return context.reply.Error(
        "ERR too many elements were inserted into each other at this place of the list; push the "
        "elements anew");
  }
  context.database.Commit();
  context.reply.Integer(length);
}

void LRem(CommandContext& context, Arguments arguments) {
  const auto count = ParseIndex(context, arguments[2]);
  if (!count) return;
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kList);
  if (!view) return;
  if (!view->exists()) return context.reply.Integer(0);
  const bool forward = *count >= 0;
  const std::uint64_t most = forward ? static_cast<std::uint64_t>(*count)
                                     : std::uint64_t{0} - static_cast<std::uint64_t>(*count);
  std::vector<ListPosition> found;
  std::string scratch;
  const auto visit = [&](const ListElementView& element) {
    if (element.Text(scratch) == arguments[3]) found.push_back(element.place().Copy());
    return most == 0 || found.size() < most;
  };
  if (forward) {
    view->list().ForEach(0, view->list().size(), visit);
  } else {
    view->list().ForEachBackward(visit);
    std::ranges::reverse(found);
  }
  if (!found.empty()) {
    crdt::PrepareListRemove(*view, arguments[1], found, context.database.effects());
    context.database.Commit();
  }
  context.reply.Integer(static_cast<std::int64_t>(found.size()));
}

void LTrim(CommandContext& context, Arguments arguments) {
  const auto start = ParseIndex(context, arguments[2]);
  if (!start) return;
  const auto stop = ParseIndex(context, arguments[3]);
  if (!stop) return;
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kList);
  if (!view) return;
  if (view->exists()) {
    const Range range = RangeIn(LengthOf(*view), *start, *stop);
    crdt::PrepareListTrim(*view, arguments[1], range.first, range.count,
                          context.database.effects());
    context.database.Commit();
  }
  context.reply.Ok();
}

// --- Declarations --------------------------------------------------------------------------------

using enum Access;
namespace flag = command_flag;

constexpr std::string_view kPushes =
    "All elements are kept; those of one command stay together, and the later push stands further "
    "out.";
constexpr std::string_view kPops =
    "Two regions may return the same element; it is removed once, and the double pop is "
    "journalled.";
constexpr std::string_view kMoves =
    "A pop there and a push here, in one unit: when two regions move one element, both lists that "
    "they put it to have it.";

constexpr CommandSpec kCommands[] = {
    {.name = "lpush",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kInsert,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "list",
     .summary = "Puts elements before the first one.",
     .when_concurrent = kPushes,
     .since = "1.0.0",
     .run = Push<ListSide::kLeft, IfAbsent::kCreate>},
    {.name = "rpush",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kInsert,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "list",
     .summary = "Puts elements behind the last one.",
     .when_concurrent = kPushes,
     .since = "1.0.0",
     .run = Push<ListSide::kRight, IfAbsent::kCreate>},
    {.name = "lpushx",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kInsert,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "list",
     .summary = "Puts elements before the first one, where there is a list.",
     .when_concurrent = kPushes,
     .since = "2.2.0",
     .run = Push<ListSide::kLeft, IfAbsent::kLeave>},
    {.name = "rpushx",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kInsert,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "list",
     .summary = "Puts elements behind the last one, where there is a list.",
     .when_concurrent = kPushes,
     .since = "2.2.0",
     .run = Push<ListSide::kRight, IfAbsent::kLeave>},
    {.name = "lpop",
     .words = {2, 3},
     .keys = kOneKey,
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kFast,
     .group = "list",
     .summary = "Takes the first element, or the first ones.",
     .when_concurrent = kPops,
     .since = "1.0.0",
     .run = Pop<ListSide::kLeft>},
    {.name = "rpop",
     .words = {2, 3},
     .keys = kOneKey,
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kFast,
     .group = "list",
     .summary = "Takes the last element, or the last ones.",
     .when_concurrent = kPops,
     .since = "1.0.0",
     .run = Pop<ListSide::kRight>},
    {.name = "lmpop",
     .words = AtLeast(4),
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kMovableKeys,
     .group = "list",
     .summary = "Takes several elements of the first list that has one.",
     .when_concurrent = kPops,
     .since = "7.0.0",
     .run = LMPop,
     .key_count_position = 1},
    {.name = "lmove",
     .words = Exactly(5),
     .keys = kTwoKeys,
     .key_use = KeyUse::kInsert,
     .first_key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kDenyOom,
     .group = "list",
     .summary = "Moves an element from one list to another.",
     .when_concurrent = kMoves,
     .since = "6.2.0",
     .run = LMove},
    {.name = "rpoplpush",
     .words = Exactly(3),
     .keys = kTwoKeys,
     .key_use = KeyUse::kInsert,
     .first_key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kDenyOom,
     .group = "list",
     .summary = "Moves the last element of a list to the front of another.",
     .when_concurrent = kMoves,
     .since = "1.2.0",
     .run = RPopLPush},
    {.name = "llen",
     .words = Exactly(2),
     .keys = kOneKey,
     .key_use = KeyUse::kLook,
     .access = kRead,
     .flags = flag::kFast,
     .group = "list",
     .summary = "How many elements there are.",
     .since = "1.0.0",
     .run = LLen},
    {.name = "lindex",
     .words = Exactly(3),
     .keys = kOneKey,
     .access = kRead,
     .group = "list",
     .summary = "The element at an index.",
     .since = "1.0.0",
     .run = LIndex},
    {.name = "lrange",
     .words = Exactly(4),
     .keys = kOneKey,
     .access = kRead,
     .group = "list",
     .summary = "The elements between two indexes.",
     .since = "1.0.0",
     .run = LRange},
    {.name = "lpos",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = kRead,
     .group = "list",
     .summary = "The indexes of elements with a value.",
     .since = "6.0.6",
     .run = LPos},
    {.name = "lset",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kUpdate,
     .access = kWrite,
     .flags = flag::kDenyOom,
     .group = "list",
     .summary = "Gives the element at an index another value.",
     .when_concurrent = "The greatest stamp wins; against a pop or a removal of the element the "
                        "pop or removal does.",
     .since = "1.0.0",
     .run = LSet},
    {.name = "linsert",
     .words = Exactly(5),
     .keys = kOneKey,
     .key_use = KeyUse::kInsert,
     .access = kWrite,
     .flags = flag::kDenyOom,
     .group = "list",
     .summary = "Puts an element before or behind another one.",
     .when_concurrent = "All elements are kept, each region's own in their order.",
     .since = "2.2.0",
     .run = LInsert},
    {.name = "lrem",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = kWrite,
     .group = "list",
     .summary = "Removes elements with a value.",
     .when_concurrent = "Takes only the elements that it has seen.",
     .since = "1.0.0",
     .run = LRem},
    {.name = "ltrim",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = kWrite,
     .group = "list",
     .summary = "Removes all elements but those between two indexes.",
     .when_concurrent = "Takes only the elements that it has seen.",
     .since = "1.0.0",
     .run = LTrim},
};

}  // namespace

std::span<const CommandSpec> ListCommands() {
  return kCommands;
}

}  // namespace server
