// BITFIELD: a string seen as integers of 1 to 64 bits at any place.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/bits.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::Int128;
using crdt::ValueType;

struct FieldType {
  bool is_signed = false;
  int bits = 0;

  Int128 least() const { return is_signed ? -(Int128{1} << (bits - 1)) : 0; }
  Int128 most() const { return (Int128{1} << (is_signed ? bits - 1 : bits)) - 1; }
};

enum class Overflow { kWrap, kSaturate, kFail };
enum class FieldAction { kGet, kSet, kIncrement };

struct FieldStep {
  FieldAction action = FieldAction::kGet;
  FieldType type;
  std::uint64_t offset = 0;
  std::int64_t argument = 0;
  Overflow overflow = Overflow::kWrap;
};

std::optional<FieldType> ParseType(CommandContext& context, std::string_view word) {
  if (word.starts_with('i') || word.starts_with('u')) {
    const FieldType type{.is_signed = word.front() == 'i', .bits = 0};
    const auto bits = crdt::ParseInteger(word.substr(1));
    if (bits && *bits >= 1 && *bits <= (type.is_signed ? 64 : 63)) {
      return FieldType{type.is_signed, static_cast<int>(*bits)};
    }
  }
  context.reply.Error(
      "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
      "i64 is.");
  return std::nullopt;
}

std::optional<Overflow> ParseOverflow(CommandContext& context, std::string_view word) {
  if (EqualsIgnoreCase(word, "WRAP")) return Overflow::kWrap;
  if (EqualsIgnoreCase(word, "SAT")) return Overflow::kSaturate;
  if (EqualsIgnoreCase(word, "FAIL")) return Overflow::kFail;
  context.reply.Error("ERR Invalid OVERFLOW type specified");
  return std::nullopt;
}

std::optional<FieldAction> ActionOf(std::string_view word, std::size_t words_behind) {
  if (EqualsIgnoreCase(word, "GET") && words_behind >= 2) return FieldAction::kGet;
  if (EqualsIgnoreCase(word, "SET") && words_behind >= 3) return FieldAction::kSet;
  if (EqualsIgnoreCase(word, "INCRBY") && words_behind >= 3) return FieldAction::kIncrement;
  return std::nullopt;
}

// Empty, and the error answered, where the words make no sense.
std::optional<std::vector<FieldStep>> ParseSteps(CommandContext& context, Arguments words) {
  std::vector<FieldStep> steps;
  Overflow overflow = Overflow::kWrap;
  for (std::size_t i = 0; i < words.size();) {
    const std::size_t behind = words.size() - i - 1;
    if (EqualsIgnoreCase(words[i], "OVERFLOW") && behind >= 1) {
      const auto chosen = ParseOverflow(context, words[i + 1]);
      if (!chosen) return std::nullopt;
      overflow = *chosen;
      i += 2;
      continue;
    }
    const auto action = ActionOf(words[i], behind);
    if (!action) {
      context.reply.Error(kErrorSyntax);
      return std::nullopt;
    }
    const auto type = ParseType(context, words[i + 1]);
    if (!type) return std::nullopt;
    const auto offset = ParseFieldOffset(context, words[i + 2], type->bits);
    if (!offset) return std::nullopt;
    FieldStep step{.action = *action, .type = *type, .offset = *offset, .overflow = overflow};
    if (*action != FieldAction::kGet) {
      const auto argument = crdt::ParseInteger(words[i + 3]);
      if (!argument) {
        context.reply.Error(kErrorNotAnInteger);
        return std::nullopt;
      }
      step.argument = *argument;
    }
    i += *action == FieldAction::kGet ? 3 : 4;
    steps.push_back(step);
  }
  return steps;
}

Int128 ReadField(std::string_view bytes, const FieldStep& step) {
  Int128 value = 0;
  for (int bit = 0; bit < step.type.bits; ++bit) {
    value = value << 1 | (BitAt(bytes, step.offset + static_cast<std::uint64_t>(bit)) ? 1 : 0);
  }
  const bool is_negative = step.type.is_signed && value > step.type.most();
  return is_negative ? value - (Int128{1} << step.type.bits) : value;
}

void WriteField(std::string& bytes, const FieldStep& step, Int128 value) {
  for (int bit = step.type.bits - 1; bit >= 0; --bit, value >>= 1) {
    SetBitAt(bytes, step.offset + static_cast<std::uint64_t>(bit), (value & 1) != 0);
  }
}

// Empty where the value does not fit and that makes the step fail.
std::optional<Int128> Fit(Int128 value, const FieldStep& step) {
  const FieldType& type = step.type;
  if (value >= type.least() && value <= type.most()) return value;
  switch (step.overflow) {
    case Overflow::kFail:
      return std::nullopt;
    case Overflow::kSaturate:
      return value > type.most() ? type.most() : type.least();
    case Overflow::kWrap:
      break;
  }
  const Int128 low = value & ((Int128{1} << type.bits) - 1);
  return type.is_signed && low > type.most() ? low - (Int128{1} << type.bits) : low;
}

// Answers one step, and carries it out in `bytes`.
void TakeStep(CommandContext& context, const FieldStep& step, std::string& bytes) {
  const Int128 before = ReadField(bytes, step);
  if (step.action == FieldAction::kGet) {
    return context.reply.Integer(static_cast<std::int64_t>(before));
  }
  const bool increments = step.action == FieldAction::kIncrement;
  // What is set in an unsigned field is taken as 64 bits without a sign.
  const Int128 assigned = step.type.is_signed ? Int128{step.argument}
                                              : Int128{static_cast<std::uint64_t>(step.argument)};
  const auto after = Fit(increments ? before + step.argument : assigned, step);
  if (!after) return context.reply.Null();
  WriteField(bytes, step, *after);
  context.reply.Integer(static_cast<std::int64_t>(increments ? *after : before));
}

void TakeSteps(CommandContext& context, Arguments arguments, bool may_write) {
  const auto steps = ParseSteps(context, arguments.subspan(2));
  if (!steps) return;
  std::uint64_t bytes_written = 0;
  for (const FieldStep& step : *steps) {
    if (step.action == FieldAction::kGet) continue;
    const std::uint64_t last = step.offset + static_cast<std::uint64_t>(step.type.bits) - 1;
    bytes_written = std::max(bytes_written, last / 8 + 1);
  }
  const bool writes = bytes_written > 0;
  if (writes && !may_write) {
    return context.reply.Error("ERR BITFIELD_RO only supports the GET subcommand");
  }
  const auto view = writes ? ReadTypedToWrite(context, arguments[1], ValueType::kString)
                           : ReadTyped(context, arguments[1], ValueType::kString);
  if (!view) return;
  std::string bytes = TextOf(*view);
  if (bytes.size() < bytes_written) bytes.resize(bytes_written);
  context.reply.Array(steps->size());
  for (const FieldStep& step : *steps) TakeStep(context, step, bytes);
  if (writes) ReplaceText(context, *view, arguments[1], bytes);
}

void BitField(CommandContext& context, Arguments arguments) {
  TakeSteps(context, arguments, /*may_write=*/true);
}

void BitFieldReadOnly(CommandContext& context, Arguments arguments) {
  TakeSteps(context, arguments, /*may_write=*/false);
}

// Where it only reads.
KeyUse KeyUseOfBitField(Arguments arguments) {
  const bool writes = std::ranges::any_of(arguments.subspan(2), [](std::string_view word) {
    return EqualsIgnoreCase(word, "set") || EqualsIgnoreCase(word, "incrby");
  });
  return writes ? KeyUse::kReadAndUpdate : KeyUse::kRead;
}

namespace flag = command_flag;

constexpr CommandSpec kCommands[] = {
    {.name = "bitfield",
     .words = AtLeast(2),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "bitmap",
     .summary = "Reads, sets and increments integers of any number of bits in a value.",
     .when_concurrent =
         "Counts as a SET of the whole value: the greatest stamp is shown. So do its "
         "increments: they do not add up as those of INCR do.",
     .since = "3.2.0",
     .run = BitField,
     .key_use_of = KeyUseOfBitField},
    {.name = "bitfield_ro",
     .words = AtLeast(2),
     .keys = kOneKey,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "bitmap",
     .summary = "Reads integers of any number of bits in a value.",
     .since = "6.0.0",
     .run = BitFieldReadOnly},
};

}  // namespace

std::span<const CommandSpec> BitfieldCommands() {
  return kCommands;
}

}  // namespace server
