// What the pops and moves of lists share, those that wait and those that do not.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/commands/typed_key.h"

namespace server {

using crdt::ListSide;

// LEFT or RIGHT; empty where it is neither.
std::optional<ListSide> ParseListSide(std::string_view word);

// Takes `count` elements from that end and writes them, without a header.
// REQUIRES: `view` shows a list of at least so many elements.
void PopElements(CommandContext& context, std::string_view key, const crdt::KeyView& view,
                 ListSide side, std::uint64_t count);

struct ListMove {
  std::string_view from;
  std::string_view to;
  ListSide taken;
  ListSide put;
};
// Answers the element, or WRONGTYPE. False, and nothing is answered, where there is no source.
bool MoveElement(CommandContext& context, const ListMove& move);

struct ListPopWords {
  Arguments keys;
  ListSide side = ListSide::kLeft;
  std::uint64_t count = 1;
};
// numkeys key … LEFT|RIGHT [COUNT count]. Empty, and the error answered, where it makes no sense.
std::optional<ListPopWords> ParseListPopWords(ReplyWriter& reply, Arguments words);
// Pops from the first of the keys that is there. False where none is, and nothing was answered.
bool PopFromFirstList(CommandContext& context, const ListPopWords& words);

}  // namespace server
