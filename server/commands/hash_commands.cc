// Hashes: fields that are written and counted independently of each other.
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "crdt/prepare.h"
#include "server/commands/command_families.h"
#include "server/commands/element_scan.h"
#include "server/commands/element_words.h"
#include "server/commands/integer_bounds.h"
#include "server/commands/letter_case.h"
#include "server/commands/random_elements.h"
#include "server/commands/reply_errors.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::ValueType;

// Fields that the hash shows; 0 where there is none. (A removal may uncover another type.)
std::uint64_t FieldCount(const KeyView& view) {
  return view.type() == ValueType::kHash ? view.elements().size() : 0;
}

std::optional<std::string_view> FieldText(const KeyView& view, std::string_view field,
                                          std::string& scratch) {
  return view.exists() ? view.elements().Text(field, scratch) : std::nullopt;
}

void BulkOrNull(ReplyWriter& reply, const std::optional<std::string_view>& text) {
  text ? reply.Bulk(*text) : reply.Null();
}

// --- Writing
// ---------------------------------------------------------------------------------------

// Writes the pairs after the key. Returns how many fields are new; empty where an error was
// answered.
std::optional<std::uint64_t> SetFields(CommandContext& context, Arguments arguments,
                                       std::string_view name) {
  if (arguments.size() % 2 != 0) {
    context.reply.Error(WrongNumberOfArguments(name));
    return std::nullopt;
  }
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kHash);
  if (!view) return std::nullopt;
  const std::uint64_t before = FieldCount(*view);
  const auto fields = DistinctFields(arguments.subspan(2));
  crdt::PrepareHashSet(*view, arguments[1], fields, crdt::Condition::kNone,
                       context.database.effects());
  context.database.Commit();
  return FieldCount(context.database.Read(arguments[1])) - before;
}

void HSet(CommandContext& context, Arguments arguments) {
  if (const auto created = SetFields(context, arguments, "hset")) {
    context.reply.Integer(static_cast<std::int64_t>(*created));
  }
}

void HMSet(CommandContext& context, Arguments arguments) {
  if (SetFields(context, arguments, "hmset")) context.reply.Ok();
}

void HSetNx(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kHash);
  if (!view) return;
  if (view->exists() && view->elements().Contains(arguments[2])) return context.reply.Integer(0);
  const crdt::FieldValue field{arguments[2], arguments[3]};
  crdt::PrepareHashSet(*view, arguments[1], {&field, 1}, crdt::Condition::kDecidedLocally,
                       context.database.effects());
  context.database.Commit();
  context.reply.Integer(1);
}

void HDel(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kHash);
  if (!view) return;
  if (!view->exists()) return context.reply.Integer(0);
  const std::uint64_t before = FieldCount(*view);
  const DistinctWords fields(arguments.subspan(2));
  crdt::PrepareHashDelete(*view, arguments[1], fields.words(), context.database.effects());
  context.database.Commit();
  const std::uint64_t after = FieldCount(context.database.Read(arguments[1]));
  context.reply.Integer(static_cast<std::int64_t>(before - after));
}

void HIncrBy(CommandContext& context, Arguments arguments) {
  const std::optional<std::int64_t> delta = crdt::ParseInteger(arguments[3]);
  if (!delta) return context.reply.Error(kErrorNotAnInteger);
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kHash);
  if (!view) return;
  std::string scratch;
  std::int64_t value = 0;
  if (const auto text = FieldText(*view, arguments[2], scratch)) {
    const auto number = crdt::ParseInteger(*text);
    if (!number) return context.reply.Error("ERR hash value is not an integer");
    value = *number;
  }
  std::int64_t sum = 0;
  if (__builtin_add_overflow(value, *delta, &sum)) return context.reply.Error(kErrorOverflow);
  crdt::PrepareHashIncrement(*view, arguments[1], arguments[2], context.database.writer(), *delta,
                             context.database.effects());
  context.database.Commit();
  if (IsIntegerBound(value)) {
    const auto shown = FieldText(context.database.Read(arguments[1]), arguments[2], scratch);
    sum = crdt::ParseInteger(shown.value_or("")).value_or(sum);
  }
  context.reply.Integer(sum);
}

bool IsFinite(crdt::Float128 value) {
  return value - value == 0;
}

void HIncrByFloat(CommandContext& context, Arguments arguments) {
  const std::optional<crdt::Float128> delta = crdt::ParseFloat(arguments[3]);
  if (!delta) return context.reply.Error(kErrorNotAFloat);
  if (!IsFinite(*delta)) return context.reply.Error("ERR value is NaN or Infinity");
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kHash);
  if (!view) return;
  std::string scratch;
  crdt::Float128 value = 0;
  if (const auto text = FieldText(*view, arguments[2], scratch)) {
    const auto number = crdt::ParseFloat(*text);
    if (!number) return context.reply.Error("ERR hash value is not a float");
    value = *number;
  }
  if (!IsFinite(value + *delta)) return context.reply.Error(kErrorNotFinite);
  crdt::PrepareHashIncrementFloat(*view, arguments[1], arguments[2], context.database.writer(),
                                  *delta, context.database.effects());
  context.database.Commit();
  BulkOrNull(context.reply, FieldText(context.database.Read(arguments[1]), arguments[2], scratch));
}

// --- Reading
// ---------------------------------------------------------------------------------------

void HGet(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kHash);
  if (!view) return;
  std::string scratch;
  BulkOrNull(context.reply, FieldText(*view, arguments[2], scratch));
}

void HMGet(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kHash);
  if (!view) return;
  context.reply.Array(arguments.size() - 2);
  std::string scratch;
  for (const std::string_view field : arguments.subspan(2)) {
    BulkOrNull(context.reply, FieldText(*view, field, scratch));
  }
}

enum class Part { kNames, kValues, kBoth };

void WriteParts(ReplyWriter& reply, const KeyView& view, Part part) {
  const std::uint64_t size = FieldCount(view);
  part == Part::kBoth ? reply.Map(size) : reply.Array(size);
  if (size == 0) return;
  view.elements().ForEach([&](std::string_view name, std::string_view value) {
    if (part != Part::kValues) reply.Bulk(name);
    if (part != Part::kNames) reply.Bulk(value);
  });
}

template <Part kPart>
void HGetParts(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kHash);
  if (view) WriteParts(context.reply, *view, kPart);
}

void HLen(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kHash);
  if (view) context.reply.Integer(static_cast<std::int64_t>(FieldCount(*view)));
}

void HStrLen(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kHash);
  if (!view) return;
  std::string scratch;
  const auto text = FieldText(*view, arguments[2], scratch);
  context.reply.Integer(text ? static_cast<std::int64_t>(text->size()) : 0);
}

void HExists(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kHash);
  if (!view) return;
  context.reply.Integer(view->exists() && view->elements().Contains(arguments[2]) ? 1 : 0);
}

void HScan(CommandContext& context, Arguments arguments) {
  ScanElements(context, arguments, ValueType::kHash);
}

// One drawn field; in RESP3 a field and its value stand in an array of their own.
void WriteDrawn(ReplyWriter& reply, const crdt::ElementTable& elements, std::string_view field,
                bool with_values) {
  if (with_values && reply.protocol() == Protocol::kResp3) reply.Array(2);
  reply.Bulk(field);
  if (!with_values) return;
  std::string scratch;
  BulkOrNull(reply, elements.Text(field, scratch));
}

void HRandFieldMany(CommandContext& context, std::string_view key, std::int64_t count,
                    bool with_values) {
  const auto view = ReadTyped(context, key, ValueType::kHash);
  if (!view) return;
  if (!view->exists() || count == 0) return context.reply.Array(0);
  const crdt::ElementTable& elements = view->elements();
  const auto begin = [&](std::uint64_t fields) {
    const bool flat = with_values && context.reply.protocol() == Protocol::kResp2;
    context.reply.Array(flat ? fields * 2 : fields);
  };
  if (count < 0) {
    if (-count > kMostRepeatedDraws) return context.reply.Error(kErrorTooManyDraws);
    begin(static_cast<std::uint64_t>(-count));
    for (std::int64_t i = 0; i < -count; ++i) {
      WriteDrawn(context.reply, elements, DrawOne(elements, context.database), with_values);
    }
    return;
  }
  const auto drawn = DrawDifferent(elements, static_cast<std::uint64_t>(count), context.database);
  begin(drawn.size());
  for (const std::string_view field : drawn) {
    WriteDrawn(context.reply, elements, field, with_values);
  }
}

void HRandField(CommandContext& context, Arguments arguments) {
  if (arguments.size() == 2) {
    const auto view = ReadTyped(context, arguments[1], ValueType::kHash);
    if (!view) return;
    if (!view->exists()) return context.reply.Null();
    return context.reply.Bulk(DrawOne(view->elements(), context.database));
  }
  const auto count = ParseDrawCount(context.reply, arguments[2]);
  if (!count) return;
  const bool with_values = arguments.size() == 4;
  if (arguments.size() > 4 || (with_values && !EqualsIgnoreCase(arguments[3], "withvalues"))) {
    return context.reply.Error(kErrorSyntax);
  }
  constexpr std::int64_t kMostPairs = std::numeric_limits<std::int64_t>::max() / 2;
  if (with_values && (*count < -kMostPairs || *count > kMostPairs)) {
    return context.reply.Error(kErrorTooManyDraws);
  }
  HRandFieldMany(context, arguments[1], *count, with_values);
}

// --- Declarations
// ----------------------------------------------------------------------------------

using enum Access;
namespace flag = command_flag;

constexpr std::string_view kFieldAssigned =
    "Different fields unite; of writes to one field the one with the greatest stamp is shown and "
    "the "
    "others stay hidden until a later write covers them.";
constexpr std::string_view kFieldAdded =
    "All increments add up; with a concurrent HSET the assigned value plus the unseen increments "
    "is "
    "shown, after a concurrent HDEL or DEL the unseen increments alone.";

constexpr CommandSpec kCommands[] = {
    {.name = "hset",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "hash",
     .summary = "Sets fields; answers how many are new.",
     .when_concurrent = kFieldAssigned,
     .since = "2.0.0",
     .run = HSet},
    {.name = "hmset",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "hash",
     .summary = "Sets fields; answers OK.",
     .when_concurrent = kFieldAssigned,
     .since = "2.0.0",
     .run = HMSet},
    {.name = "hsetnx",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kInsert,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "hash",
     .summary = "Sets a field that is not there.",
     .when_concurrent =
         "Decided locally on what is visible here: two regions may both succeed; the one with the "
         "greatest stamp is shown, and the conflict is journalled.",
     .since = "2.0.0",
     .run = HSetNx},
    {.name = "hdel",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = kWrite,
     .flags = flag::kFast,
     .group = "hash",
     .summary = "Removes fields.",
     .when_concurrent = "Takes only what it has seen: an unseen HSET survives, an unseen HINCRBY "
                        "survives with its "
                        "increment only.",
     .since = "2.0.0",
     .run = HDel},
    {.name = "hincrby",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "hash",
     .summary = "Adds an integer to a field.",
     .when_concurrent = kFieldAdded,
     .since = "2.0.0",
     .run = HIncrBy},
    {.name = "hincrbyfloat",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = kWrite,
     .flags = flag::kFast | flag::kDenyOom,
     .group = "hash",
     .summary = "Adds a floating-point number to a field.",
     .when_concurrent = kFieldAdded,
     .since = "2.6.0",
     .run = HIncrByFloat},
    {.name = "hget",
     .words = Exactly(3),
     .keys = kOneKey,
     .access = kRead,
     .flags = flag::kFast,
     .group = "hash",
     .summary = "The value of a field.",
     .since = "2.0.0",
     .run = HGet},
    {.name = "hmget",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = kRead,
     .flags = flag::kFast,
     .group = "hash",
     .summary = "The values of fields.",
     .since = "2.0.0",
     .run = HMGet},
    {.name = "hgetall",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = kRead,
     .group = "hash",
     .summary = "All fields with their values.",
     .since = "2.0.0",
     .run = HGetParts<Part::kBoth>},
    {.name = "hkeys",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = kRead,
     .group = "hash",
     .summary = "The names of all fields.",
     .since = "2.0.0",
     .run = HGetParts<Part::kNames>},
    {.name = "hvals",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = kRead,
     .group = "hash",
     .summary = "The values of all fields.",
     .since = "2.0.0",
     .run = HGetParts<Part::kValues>},
    {.name = "hlen",
     .words = Exactly(2),
     .keys = kOneKey,
     .key_use = KeyUse::kLook,
     .access = kRead,
     .flags = flag::kFast,
     .group = "hash",
     .summary = "How many fields there are.",
     .since = "2.0.0",
     .run = HLen},
    {.name = "hstrlen",
     .words = Exactly(3),
     .keys = kOneKey,
     .key_use = KeyUse::kLook,
     .access = kRead,
     .flags = flag::kFast,
     .group = "hash",
     .summary = "The length of a field's value.",
     .since = "3.2.0",
     .run = HStrLen},
    {.name = "hexists",
     .words = Exactly(3),
     .keys = kOneKey,
     .key_use = KeyUse::kLook,
     .access = kRead,
     .flags = flag::kFast,
     .group = "hash",
     .summary = "Whether a field is there.",
     .since = "2.0.0",
     .run = HExists},
    {.name = "hscan",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = kRead,
     .group = "hash",
     .summary = "Goes through the fields and values in steps.",
     .since = "2.8.0",
     .run = HScan},
    {.name = "hrandfield",
     .words = AtLeast(2),
     .keys = kOneKey,
     .access = kRead,
     .group = "hash",
     .summary = "Fields drawn at random.",
     .since = "6.2.0",
     .run = HRandField},
};

}  // namespace

std::span<const CommandSpec> HashCommands() {
  return kCommands;
}

}  // namespace server
