#include "server/commands/bits.h"

#include "crdt/prepare.h"
#include "server/node.h"

namespace server {
namespace {

constexpr std::string_view kErrorBitOffset = "ERR bit offset is not an integer or out of range";

std::optional<std::uint64_t> Offset(CommandContext& context, std::string_view digits, int factor) {
  const std::optional<std::int64_t> number = crdt::ParseInteger(digits);
  std::int64_t offset = 0;
  const bool fits =
      number && *number >= 0 && !__builtin_mul_overflow(*number, factor, &offset) &&
      static_cast<std::uint64_t>(offset) / 8 < context.node.config().proto_max_bulk_len;
  if (fits) return static_cast<std::uint64_t>(offset);
  context.reply.Error(kErrorBitOffset);
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> ParseBitOffset(CommandContext& context, std::string_view word) {
  return Offset(context, word, 1);
}

std::optional<std::uint64_t> ParseFieldOffset(CommandContext& context, std::string_view word,
                                              int bits) {
  return word.starts_with('#') ? Offset(context, word.substr(1), bits) : Offset(context, word, 1);
}

std::string TextOf(const crdt::KeyView& view) {
  std::string scratch;
  return view.exists() ? std::string(view.Text(scratch)) : std::string();
}

void ReplaceText(CommandContext& context, const crdt::KeyView& view, std::string_view key,
                 std::string_view text) {
  crdt::PrepareSet(view, key, text, {.ttl = crdt::Ttl::kKeep}, context.database.effects());
  context.database.Commit();
}

}  // namespace server
