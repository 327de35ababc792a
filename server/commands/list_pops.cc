#include "server/commands/list_pops.h"

#include <algorithm>
#include <string>
#include <vector>

#include "crdt/prepare_list.h"
#include "server/commands/letter_case.h"

namespace server {

using crdt::KeyView;
using crdt::ListElementView;
using crdt::ListValue;
using crdt::ValueType;

std::optional<ListSide> ParseListSide(std::string_view word) {
  if (EqualsIgnoreCase(word, "left")) return ListSide::kLeft;
  if (EqualsIgnoreCase(word, "right")) return ListSide::kRight;
  return std::nullopt;
}

void PopElements(CommandContext& context, std::string_view key, const KeyView& view, ListSide side,
                 std::uint64_t count) {
  const ListValue& list = view.list();
  const std::uint64_t index = side == ListSide::kLeft ? 0 : list.size() - count;
  std::string scratch;
  if (count == 1) {
    context.reply.Bulk(list.At(index).Text(scratch));
  } else if (side == ListSide::kLeft) {
    list.ForEach(0, count, [&](const ListElementView& element) {
      context.reply.Bulk(element.Text(scratch));
      return true;
    });
  } else {
    std::uint64_t left = count;
    list.ForEachBackward([&](const ListElementView& element) {
      if (left-- == 0) return false;
      context.reply.Bulk(element.Text(scratch));
      return true;
    });
  }
  crdt::PrepareListPop(view, key, index, count, context.database.effects());
  context.database.Commit();
}

bool MoveElement(CommandContext& context, const ListMove& move) {
  Database& database = context.database;
  // Both first: whatever has expired is deleted before either key is looked at.
  database.ReadToWrite(move.from);
  database.ReadToWrite(move.to);
  const KeyView source = database.Read(move.from);
  const KeyView target = database.Read(move.to);
  if (!source.exists()) return false;
  if (source.type() != ValueType::kList || (target.exists() && target.type() != ValueType::kList)) {
    context.reply.Error(kErrorWrongType);
    return true;
  }
  const ListValue& list = source.list();
  const std::uint64_t index = move.taken == ListSide::kLeft ? 0 : list.size() - 1;
  std::string scratch;
  const std::string element(list.At(index).Text(scratch));
  context.reply.Bulk(element);
  const std::string_view value = element;
  const auto pop = [&](std::uint64_t at) {
    crdt::PrepareListPop(database.Read(move.from), move.from, at, 1, database.effects());
    database.Commit();
  };
  const auto push = [&] {
    crdt::PrepareListPush(database.Read(move.to), move.to, move.put, {&value, 1},
                          database.effects());
    database.Commit();
  };
  if (move.from == move.to) {
    // It is empty at no time, or it would be another list, without its time to live.
    push();
    pop(move.put == ListSide::kLeft ? index + 1 : index);
  } else {
    pop(index);
    push();
  }
  return true;
}

std::optional<ListPopWords> ParseListPopWords(ReplyWriter& reply, Arguments words) {
  const auto refuse = [&reply](std::string_view error) {
    reply.Error(error);
    return std::nullopt;
  };
  const auto key_count = crdt::ParseInteger(words[0]);
  if (!key_count || *key_count < 1) return refuse("ERR numkeys should be greater than 0");
  if (*key_count >= static_cast<std::int64_t>(words.size()) - 1) return refuse(kErrorSyntax);
  ListPopWords parsed;
  parsed.keys = words.subspan(1, static_cast<std::size_t>(*key_count));
  const Arguments rest = words.subspan(1 + parsed.keys.size());
  const std::optional<ListSide> side = ParseListSide(rest[0]);
  if (!side) return refuse(kErrorSyntax);
  parsed.side = *side;
  if (rest.size() == 1) return parsed;
  if (rest.size() == 2 || !EqualsIgnoreCase(rest[1], "count")) return refuse(kErrorSyntax);
  const auto count = crdt::ParseInteger(rest[2]);
  if (!count || *count < 1) return refuse("ERR count should be greater than 0");
  if (rest.size() > 3) return refuse(kErrorSyntax);
  parsed.count = static_cast<std::uint64_t>(*count);
  return parsed;
}

bool PopFromFirstList(CommandContext& context, const ListPopWords& words) {
  for (const std::string_view key : words.keys) {
    const auto view = ReadTypedToWrite(context, key, ValueType::kList);
    if (!view) return true;  // Of another type: answered.
    if (!view->exists()) continue;
    const std::uint64_t taken = std::min(words.count, view->list().size());
    context.reply.Array(2);
    context.reply.Bulk(key);
    context.reply.Array(taken);
    PopElements(context, key, *view, words.side, taken);
    return true;
  }
  return false;
}

}  // namespace server
