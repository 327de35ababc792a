#include "server/commands/element_scan.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "crdt/string_value.h"
#include "server/commands/glob.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

// A collection of this size is answered at once whatever COUNT says, as Redis does with small ones.
constexpr std::uint64_t kAnsweredAtOnce = 128;
constexpr std::int64_t kDefaultCount = 10;

struct ScanOptions {
  std::optional<std::string_view> pattern;
  std::int64_t count = kDefaultCount;
};

std::optional<std::uint64_t> ParseCursor(std::string_view word) {
  std::uint64_t cursor = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), cursor);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return cursor;
}

// Empty, and the error answered, where the words make no sense.
std::optional<ScanOptions> ParseOptions(CommandContext& context, Arguments words) {
  ScanOptions options;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const bool has_value = i + 1 < words.size();
    if (has_value && EqualsIgnoreCase(words[i], "count")) {
      const std::optional<std::int64_t> count = crdt::ParseInteger(words[i + 1]);
      if (!count || *count < 1) {
        context.reply.Error(count ? kErrorSyntax : kErrorNotAnInteger);
        return std::nullopt;
      }
      options.count = *count;
    } else if (has_value && EqualsIgnoreCase(words[i], "match")) {
      options.pattern = words[i + 1];
    } else {
      context.reply.Error(kErrorSyntax);
      return std::nullopt;
    }
  }
  return options;
}

}  // namespace

void ScanElements(CommandContext& context, Arguments arguments, crdt::ValueType type) {
  const std::optional<std::uint64_t> cursor = ParseCursor(arguments[2]);
  if (!cursor) return context.reply.Error("ERR invalid cursor");
  const auto view = ReadTyped(context, arguments[1], type);
  if (!view) return;
  if (!view->exists()) {
    context.reply.Array(2);
    context.reply.Bulk("0");
    return context.reply.Array(0);
  }
  const auto options = ParseOptions(context, arguments.subspan(3));
  if (!options) return;

  const crdt::ElementTable& elements = view->elements();
  auto count = static_cast<std::uint64_t>(options->count);
  // Counted with the elements that are stored and show nothing: they take part in a step's count.
  const std::uint64_t stored = elements.table().size();
  if (stored <= kAnsweredAtOnce) count = std::max(count, stored + 1);
  const bool with_values = type == crdt::ValueType::kHash;
  std::string found;
  ReplyWriter found_reply(found, context.reply.protocol());
  std::size_t found_size = 0;
  const std::uint64_t next =
      elements.Scan(*cursor, count, [&](std::string_view name, std::string_view value) {
        if (options->pattern && !GlobMatches(*options->pattern, name)) return;
        found_reply.Bulk(name);
        if (with_values) found_reply.Bulk(value);
        found_size += with_values ? 2 : 1;
      });
  context.reply.Array(2);
  context.reply.Bulk(std::to_string(next));
  context.reply.Array(found_size);
  context.reply.buffer().append(found);
}

}  // namespace server
