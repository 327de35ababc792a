#include "server/commands/element_scan.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "server/commands/scan_words.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

// A collection of this size is answered at once whatever COUNT says, as Redis does with small ones.
constexpr std::uint64_t kAnsweredAtOnce = 128;

std::string_view ScoreText(const crdt::SortedSet& set, std::string_view member,
                           crdt::ScoreBuffer& buffer) {
  return crdt::FormatScore(set.Score(member).value_or(0), buffer);
}

}  // namespace

void ScanElements(CommandContext& context, Arguments arguments, crdt::ValueType type) {
  const auto cursor = ParseCursor(context, arguments[2]);
  if (!cursor) return;
  const auto view = ReadTyped(context, arguments[1], type);
  if (!view) return;
  if (!view->exists()) {
    context.reply.Array(2);
    context.reply.Bulk("0");
    return context.reply.Array(0);
  }
  const auto words = ParseScanWords(context, arguments.subspan(3), ScanOf::kElements);
  if (!words) return;

  const bool scored = type == crdt::ValueType::kSortedSet;
  const crdt::ElementTable& elements = scored ? view->sorted_set().members() : view->elements();
  auto count = static_cast<std::uint64_t>(words->count);
  // Counted with the elements that are stored and show nothing: they take part in a step's count.
  const std::uint64_t stored = elements.stored();
  if (stored <= kAnsweredAtOnce) count = std::max(count, stored + 1);
  const bool with_values = type == crdt::ValueType::kHash;
  std::string found;
  ReplyWriter found_reply(found, context.reply.protocol());
  std::size_t found_size = 0;
  crdt::ScoreBuffer buffer;
  const std::uint64_t next =
      elements.Scan(*cursor, count, [&](std::string_view name, std::string_view value) {
        if (!words->Wants(name)) return;
        found_reply.Bulk(name);
        if (with_values) found_reply.Bulk(value);
        if (scored) found_reply.Bulk(ScoreText(view->sorted_set(), name, buffer));
        found_size += with_values || scored ? 2 : 1;
      });
  context.reply.Array(2);
  context.reply.Bulk(std::to_string(next));
  context.reply.Array(found_size);
  context.reply.buffer().append(found);
}

}  // namespace server
