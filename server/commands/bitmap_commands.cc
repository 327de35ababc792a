// Bitmaps: strings seen as bits. A change counts as a SET of the whole value.
#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "crdt/prepare.h"
#include "server/commands/bits.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::ValueType;

void SetBit(CommandContext& context, Arguments arguments) {
  const auto offset = ParseBitOffset(context, arguments[2]);
  if (!offset) return;
  const std::string_view word = arguments[3];
  if (word != "0" && word != "1") {
    return context.reply.Error("ERR bit is not an integer or out of range");
  }
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kString);
  if (!view) return;
  std::string text = TextOf(*view);
  const bool before = BitAt(text, *offset);
  if (text.size() <= *offset / 8) text.resize(*offset / 8 + 1);
  SetBitAt(text, *offset, word == "1");
  ReplaceText(context, *view, arguments[1], text);
  context.reply.Integer(before ? 1 : 0);
}

void GetBit(CommandContext& context, Arguments arguments) {
  const auto offset = ParseBitOffset(context, arguments[2]);
  if (!offset) return;
  const auto view = ReadTyped(context, arguments[1], ValueType::kString);
  if (!view) return;
  std::string scratch;
  const bool bit = view->exists() && BitAt(view->Text(scratch), *offset);
  context.reply.Integer(bit ? 1 : 0);
}

// --- Ranges --------------------------------------------------------------------------------------

// As the words of BITCOUNT and BITPOS give it: places from either end, in bytes or in bits.
struct RangeWords {
  std::int64_t start = 0;
  std::int64_t end = -1;
  bool in_bits = false;
};

// [first, last] in bits; empty where first > last.
struct BitRange {
  std::int64_t first = 0;
  std::int64_t last = -1;

  bool empty() const { return first > last; }
};

BitRange Resolve(const RangeWords& words, std::size_t bytes) {
  const auto size = static_cast<std::int64_t>(bytes) * (words.in_bits ? 8 : 1);
  const auto place = [size](std::int64_t at) {
    return std::max<std::int64_t>(0, at < 0 ? at + size : at);
  };
  const std::int64_t start = place(words.start);
  const std::int64_t end = std::min(place(words.end), size - 1);
  if (words.in_bits) return {start, end};
  // Compared first: the first bit of a byte far beyond is beyond 64 bits.
  return start > end ? BitRange() : BitRange{start * 8, end * 8 + 7};
}

std::optional<bool> ParseUnit(CommandContext& context, std::string_view word) {
  if (EqualsIgnoreCase(word, "BIT")) return true;
  if (EqualsIgnoreCase(word, "BYTE")) return false;
  context.reply.Error(kErrorSyntax);
  return std::nullopt;
}

std::optional<std::int64_t> ParsePlace(CommandContext& context, std::string_view word) {
  const auto place = crdt::ParseInteger(word);
  if (!place) context.reply.Error(kErrorNotAnInteger);
  return place;
}

std::int64_t CountBits(std::string_view bytes) {
  std::int64_t count = 0;
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= bytes.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    count += std::popcount(word);
  }
  for (; at < bytes.size(); ++at) count += std::popcount(static_cast<std::uint8_t>(bytes[at]));
  return count;
}

std::int64_t CountBits(std::string_view bytes, const BitRange& range) {
  if (range.empty()) return 0;
  const std::int64_t first_byte = range.first / 8;
  const std::int64_t last_byte = range.last / 8;
  std::int64_t count = CountBits(bytes.substr(
      static_cast<std::size_t>(first_byte), static_cast<std::size_t>(last_byte - first_byte + 1)));
  for (std::int64_t bit = first_byte * 8; bit < range.first; ++bit) {
    count -= BitAt(bytes, static_cast<std::uint64_t>(bit)) ? 1 : 0;
  }
  for (std::int64_t bit = range.last + 1; bit < last_byte * 8 + 8; ++bit) {
    count -= BitAt(bytes, static_cast<std::uint64_t>(bit)) ? 1 : 0;
  }
  return count;
}

void BitCount(CommandContext& context, Arguments arguments) {
  RangeWords words;
  if (arguments.size() == 3 || arguments.size() > 5) return context.reply.Error(kErrorSyntax);
  if (arguments.size() >= 4) {
    const auto start = ParsePlace(context, arguments[2]);
    if (!start) return;
    const auto end = ParsePlace(context, arguments[3]);
    if (!end) return;
    words = {.start = *start, .end = *end};
  }
  if (arguments.size() == 5) {
    const auto in_bits = ParseUnit(context, arguments[4]);
    if (!in_bits) return;
    words.in_bits = *in_bits;
  }
  const auto view = ReadTyped(context, arguments[1], ValueType::kString);
  if (!view) return;
  // Two places before the beginning would else both be moved to it.
  const bool backwards = words.start < 0 && words.end < 0 && words.start > words.end;
  if (!view->exists() || backwards) return context.reply.Integer(0);
  std::string scratch;
  const std::string_view bytes = view->Text(scratch);
  context.reply.Integer(CountBits(bytes, Resolve(words, bytes.size())));
}

// The first such bit in the range; empty where there is none.
std::optional<std::int64_t> FindBit(std::string_view bytes, bool bit, const BitRange& range) {
  const char boring = bit ? '\0' : '\xff';
  for (std::int64_t at = range.first; at <= range.last;) {
    const bool whole_byte = at % 8 == 0 && at + 7 <= range.last;
    if (whole_byte && bytes[static_cast<std::size_t>(at / 8)] == boring) {
      at += 8;
      continue;
    }
    if (BitAt(bytes, static_cast<std::uint64_t>(at)) == bit) return at;
    ++at;
  }
  return std::nullopt;
}

void BitPos(CommandContext& context, Arguments arguments) {
  const auto wanted = ParsePlace(context, arguments[2]);
  if (!wanted) return;
  if (*wanted != 0 && *wanted != 1) {
    return context.reply.Error("ERR The bit argument must be 1 or 0.");
  }
  const bool bit = *wanted == 1;
  if (arguments.size() > 6) return context.reply.Error(kErrorSyntax);
  RangeWords words;
  const bool end_given = arguments.size() >= 5;
  if (arguments.size() >= 4) {
    const auto start = ParsePlace(context, arguments[3]);
    if (!start) return;
    words.start = *start;
  }
  if (arguments.size() == 6) {
    const auto in_bits = ParseUnit(context, arguments[5]);
    if (!in_bits) return;
    words.in_bits = *in_bits;
  }
  if (end_given) {
    const auto end = ParsePlace(context, arguments[4]);
    if (!end) return;
    words.end = *end;
  }
  const auto view = ReadTyped(context, arguments[1], ValueType::kString);
  if (!view) return;
  // A key that is not there is zeros without an end.
  if (!view->exists()) return context.reply.Integer(bit ? -1 : 0);
  std::string scratch;
  const std::string_view bytes = view->Text(scratch);
  const BitRange range = Resolve(words, bytes.size());
  if (range.empty()) return context.reply.Integer(-1);
  if (const auto found = FindBit(bytes, bit, range)) return context.reply.Integer(*found);
  // Without an end the value goes on in zeros.
  context.reply.Integer(bit || end_given ? -1 : static_cast<std::int64_t>(bytes.size()) * 8);
}

// --- BITOP ---------------------------------------------------------------------------------------

enum class BitOperation { kAnd, kOr, kXor, kNot };

std::optional<BitOperation> ParseOperation(std::string_view word) {
  if (EqualsIgnoreCase(word, "AND")) return BitOperation::kAnd;
  if (EqualsIgnoreCase(word, "OR")) return BitOperation::kOr;
  if (EqualsIgnoreCase(word, "XOR")) return BitOperation::kXor;
  if (EqualsIgnoreCase(word, "NOT")) return BitOperation::kNot;
  return std::nullopt;
}

// Shorter sources count as filled up with zeros.
std::string Combine(BitOperation operation, const std::vector<std::string>& sources) {
  std::size_t longest = 0;
  for (const std::string& source : sources) longest = std::max(longest, source.size());
  std::string result = sources.front();
  result.resize(longest);
  if (operation == BitOperation::kNot) {
    for (char& byte : result) byte = static_cast<char>(~byte);
    return result;
  }
  for (std::size_t i = 1; i < sources.size(); ++i) {
    const std::string& source = sources[i];
    for (std::size_t at = 0; at < source.size(); ++at) {
      const char byte = source[at];
      result[at] = static_cast<char>(operation == BitOperation::kAnd  ? result[at] & byte
                                     : operation == BitOperation::kOr ? result[at] | byte
                                                                      : result[at] ^ byte);
    }
    if (operation == BitOperation::kAnd) {
      std::fill(result.begin() + static_cast<std::ptrdiff_t>(source.size()), result.end(), '\0');
    }
  }
  return result;
}

void BitOp(CommandContext& context, Arguments arguments) {
  const auto operation = ParseOperation(arguments[1]);
  if (!operation) return context.reply.Error(kErrorSyntax);
  if (*operation == BitOperation::kNot && arguments.size() != 4) {
    return context.reply.Error("ERR BITOP NOT must be called with a single source key.");
  }
  const std::string_view to = arguments[2];
  // First: whatever has expired there is deleted before the sources are looked at.
  context.database.ReadToWrite(to);
  std::vector<std::string> sources;
  for (const std::string_view key : arguments.subspan(3)) {
    const auto view = ReadTyped(context, key, ValueType::kString);
    if (!view) return;
    sources.push_back(TextOf(*view));
  }
  const std::string result = Combine(*operation, sources);
  const KeyView target = context.database.Read(to);
  if (result.empty()) {
    crdt::PrepareDelete(target, to, crdt::DeleteReason::kCommand, context.database.effects());
  } else {
    crdt::PrepareSet(target, to, result, {}, context.database.effects());
  }
  context.database.Commit();
  context.reply.Integer(static_cast<std::int64_t>(result.size()));
}

namespace flag = command_flag;
constexpr std::string_view kWholeValue =
    "Counts as a SET of the whole value: the greatest stamp is shown.";

constexpr CommandSpec kCommands[] = {
    {.name = "setbit",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "bitmap",
     .summary = "Sets or clears one bit, and answers what it was.",
     .when_concurrent = kWholeValue,
     .since = "2.2.0",
     .run = SetBit},
    {.name = "getbit",
     .words = Exactly(3),
     .keys = kOneKey,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "bitmap",
     .summary = "One bit.",
     .since = "2.2.0",
     .run = GetBit},
    {.name = "bitcount",
     .words = AtLeast(2),
     .keys = kOneKey,
     .access = Access::kRead,
     .group = "bitmap",
     .summary = "How many bits are set, in a range of bytes or bits.",
     .since = "2.6.0",
     .run = BitCount},
    {.name = "bitpos",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = Access::kRead,
     .group = "bitmap",
     .summary = "Where the first set or clear bit is.",
     .since = "2.8.7",
     .run = BitPos},
    {.name = "bitop",
     .words = AtLeast(4),
     .keys = {2, -1, 1},
     .key_use = KeyUse::kRead,
     .first_key_use = KeyUse::kOverwrite,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "bitmap",
     .summary = "Stores what AND, OR, XOR or NOT make of values.",
     .when_concurrent = kWholeValue,
     .since = "2.6.0",
     .run = BitOp},
};

}  // namespace

std::span<const CommandSpec> BitmapCommands() {
  return kCommands;
}

}  // namespace server
