// Pops and moves of lists that wait until there is something (server/blocked_clients.h).
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/blocked_clients.h"
#include "server/commands/command_families.h"
#include "server/commands/list_pops.h"

namespace server {
namespace {

using crdt::ValueType;

KeyWait WaitForLists(Arguments keys, Arguments words) {
  return {.keys = {keys.begin(), keys.end()},
          .type = ValueType::kList,
          .words = {words.begin(), words.end()}};
}

template <ListSide kSide>
void BPop(CommandContext& context, Arguments arguments) {
  const auto timeout = ParseTimeoutSeconds(context, arguments.back());
  if (!timeout) return;
  const Arguments keys = arguments.subspan(1, arguments.size() - 2);
  for (const std::string_view key : keys) {
    const auto view = ReadTypedToWrite(context, key, ValueType::kList);
    if (!view) return;
    if (!view->exists()) continue;
    context.reply.Array(2);
    context.reply.Bulk(key);
    return PopElements(context, key, *view, kSide, 1);
  }
  WaitForKeys(context, WaitForLists(keys, arguments), *timeout);
}

void MoveOrWait(CommandContext& context, Arguments arguments, const ListMove& move) {
  const auto timeout = ParseTimeoutSeconds(context, arguments.back());
  if (!timeout || MoveElement(context, move)) return;
  if (context.in_exec) return context.reply.Null();
  WaitForKeys(context, WaitForLists({&move.from, 1}, arguments), *timeout);
}

void BLMove(CommandContext& context, Arguments arguments) {
  const auto taken = ParseListSide(arguments[3]);
  const auto put = ParseListSide(arguments[4]);
  if (!taken || !put) return context.reply.Error(kErrorSyntax);
  MoveOrWait(context, arguments, {arguments[1], arguments[2], *taken, *put});
}

void BRPopLPush(CommandContext& context, Arguments arguments) {
  MoveOrWait(context, arguments, {arguments[1], arguments[2], ListSide::kRight, ListSide::kLeft});
}

void BLMPop(CommandContext& context, Arguments arguments) {
  const auto words = ParseListPopWords(context.reply, arguments.subspan(2));
  if (!words) return;
  const auto timeout = ParseTimeoutSeconds(context, arguments[1]);
  if (!timeout || PopFromFirstList(context, *words)) return;
  WaitForKeys(context, WaitForLists(words->keys, arguments), *timeout);
}

using enum Access;
namespace flag = command_flag;

constexpr std::string_view kPops =
    "Woken by pushes of other regions too. Two regions may return the same element; it is removed "
    "once, and the double pop is journalled.";
constexpr std::string_view kMoves =
    "A pop there and a push here, in one unit: when two regions move one element, both lists that "
    "they put it to have it.";

constexpr CommandSpec kCommands[] = {
    {.name = "blpop",
     .words = AtLeast(3),
     .keys = {1, -2, 1},
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kBlocking,
     .group = "list",
     .summary = "Takes the first element of the first list that has one; waits where none has.",
     .when_concurrent = kPops,
     .since = "2.0.0",
     .run = BPop<ListSide::kLeft>},
    {.name = "brpop",
     .words = AtLeast(3),
     .keys = {1, -2, 1},
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kBlocking,
     .group = "list",
     .summary = "Takes the last element of the first list that has one; waits where none has.",
     .when_concurrent = kPops,
     .since = "2.0.0",
     .run = BPop<ListSide::kRight>},
    {.name = "blmove",
     .words = Exactly(6),
     .keys = kTwoKeys,
     .key_use = KeyUse::kInsert,
     .first_key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kBlocking | flag::kDenyOom,
     .group = "list",
     .summary = "Moves an element from one list to another; waits where there is none.",
     .when_concurrent = kMoves,
     .since = "6.2.0",
     .run = BLMove},
    {.name = "brpoplpush",
     .words = Exactly(4),
     .keys = kTwoKeys,
     .key_use = KeyUse::kInsert,
     .first_key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kBlocking | flag::kDenyOom,
     .group = "list",
     .summary = "Moves the last element of a list to the front of another; waits where there is "
                "none.",
     .when_concurrent = kMoves,
     .since = "2.2.0",
     .run = BRPopLPush},
    {.name = "blmpop",
     .words = AtLeast(5),
     .key_use = KeyUse::kTake,
     .access = kWrite,
     .flags = flag::kBlocking | flag::kMovableKeys,
     .group = "list",
     .summary = "Takes several elements of the first list that has one; waits where none has.",
     .when_concurrent = kPops,
     .since = "7.0.0",
     .run = BLMPop,
     .key_count_position = 2},
};

}  // namespace

std::span<const CommandSpec> ListBlockingCommands() {
  return kCommands;
}

}  // namespace server
