// Strings: values that are assigned as a whole; the greatest stamp wins.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "crdt/prepare.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/string_words.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::ValueType;

// Shown text that is computed (counters) is put here; one thread runs the commands.
std::string& Scratch() {
  thread_local std::string scratch;
  return scratch;
}

void Assign(CommandContext& context, const KeyView& view, std::string_view key,
            std::string_view value, const crdt::SetOptions& options) {
  crdt::PrepareSet(view, key, value, options, context.database.effects());
  context.database.Commit();
}

void BulkOfString(CommandContext& context, const KeyView& view) {
  if (view.exists()) {
    context.reply.Bulk(view.Text(Scratch()));
  } else {
    context.reply.Null();
  }
}

// --- GET and SET
// -----------------------------------------------------------------------------------

void Get(CommandContext& context, Arguments arguments) {
  if (const auto view = ReadTyped(context, arguments[1], ValueType::kString)) {
    BulkOfString(context, *view);
  }
}

// What SET's words ask for. Empty, and the error answered, where the time makes no sense.
std::optional<crdt::SetOptions> SetOptionsOf(CommandContext& context, const StringWords& words) {
  crdt::SetOptions options;
  if (words.not_exists || words.exists) options.condition = crdt::Condition::kDecidedLocally;
  if (words.keep_ttl) options.ttl = crdt::Ttl::kKeep;
  if (words.unit) {
    const auto deadline = ParseDeadline(context, words.time, *words.unit, "set");
    if (!deadline) return std::nullopt;
    options.ttl = crdt::Ttl::kDeadline;
    options.deadline = *deadline;
  }
  return options;
}

// With GET it answers data of the key.
KeyUse KeyUseOfSet(Arguments arguments) {
  const bool reads = std::ranges::any_of(
      arguments.subspan(3), [](std::string_view word) { return EqualsIgnoreCase(word, "get"); });
  return reads ? KeyUse::kReadAndUpdate : KeyUse::kOverwrite;
}

void SetWithOptions(CommandContext& context, Arguments arguments) {
  const auto words = ParseSetWords(context, arguments.subspan(3));
  if (!words) return;
  const auto options = SetOptionsOf(context, *words);
  if (!options) return;
  const std::string_view key = arguments[1];
  const KeyView view = context.database.ReadToWrite(key);
  if (words->get) {
    if (view.exists() && !view.has_text()) {
      return context.reply.Error(kErrorWrongType);
    }
    BulkOfString(context, view);
  }
  if ((words->not_exists && view.exists()) || (words->exists && !view.exists())) {
    if (!words->get) context.reply.Null();
    return;
  }
  if (options->ttl == crdt::Ttl::kDeadline && options->deadline <= context.database.now_ms()) {
    // Already over: the key is set and gone.
    crdt::PrepareDelete(view, key, crdt::DeleteReason::kCommand, context.database.effects());
    context.database.Commit();
  } else {
    Assign(context, view, key, arguments[2], *options);
  }
  if (!words->get) context.reply.Ok();
}

void Set(CommandContext& context, Arguments arguments) {
  if (arguments.size() > 3) return SetWithOptions(context, arguments);
  Assign(context, context.database.ReadToWrite(arguments[1]), arguments[1], arguments[2], {});
  context.reply.Ok();
}

void SetNx(CommandContext& context, Arguments arguments) {
  const KeyView view = context.database.ReadToWrite(arguments[1]);
  if (view.exists()) return context.reply.Integer(0);
  Assign(context, view, arguments[1], arguments[2],
         {.condition = crdt::Condition::kDecidedLocally});
  context.reply.Integer(1);
}

void SetExpiring(CommandContext& context, Arguments arguments, DeadlineUnit unit,
                 std::string_view name) {
  const auto deadline = ParseDeadline(context, arguments[2], unit, name);
  if (!deadline) return;
  Assign(context, context.database.ReadToWrite(arguments[1]), arguments[1], arguments[3],
         {.ttl = crdt::Ttl::kDeadline, .deadline = *deadline});
  context.reply.Ok();
}

void SetEx(CommandContext& context, Arguments arguments) {
  SetExpiring(context, arguments, DeadlineUnit::kSeconds, "setex");
}

void PSetEx(CommandContext& context, Arguments arguments) {
  SetExpiring(context, arguments, DeadlineUnit::kMilliseconds, "psetex");
}

void GetSet(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kString);
  if (!view) return;
  BulkOfString(context, *view);
  Assign(context, *view, arguments[1], arguments[2], {});
}

void GetDel(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kString);
  if (!view) return;
  BulkOfString(context, *view);
  crdt::PrepareDelete(*view, arguments[1], crdt::DeleteReason::kCommand,
                      context.database.effects());
  context.database.Commit();
}

void GetEx(CommandContext& context, Arguments arguments) {
  const auto words = ParseGetExWords(context, arguments.subspan(2));
  if (!words) return;
  const std::string_view key = arguments[1];
  const auto view = words->unit || words->persist
                        ? ReadTypedToWrite(context, key, ValueType::kString)
                        : ReadTyped(context, key, ValueType::kString);
  if (!view) return;
  std::optional<crdt::DeadlineMs> deadline;
  if (words->persist) deadline = crdt::kInfinite;
  if (words->unit && view->exists()) {
    deadline = ParseDeadline(context, words->time, *words->unit, "getex");
    if (!deadline) return;
  }
  BulkOfString(context, *view);
  if (!view->exists() || !deadline) return;
  if (*deadline <= context.database.now_ms()) {
    crdt::PrepareDelete(*view, key, crdt::DeleteReason::kCommand, context.database.effects());
  } else {
    crdt::PrepareExpire(*view, key, *deadline, context.database.effects());
  }
  context.database.Commit();
}

// --- Several keys
// ----------------------------------------------------------------------------------

void MGet(CommandContext& context, Arguments arguments) {
  context.reply.Array(arguments.size() - 1);
  for (const std::string_view key : arguments.subspan(1)) {
    const KeyView view = context.database.Read(key);
    ++(view.exists() ? context.node.stats().keyspace_hits : context.node.stats().keyspace_misses);
    if (view.has_text()) {
      context.reply.Bulk(view.Text(Scratch()));
    } else {
      context.reply.Null();
    }
  }
}

void SetAll(CommandContext& context, Arguments pairs, crdt::Condition condition) {
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    Assign(context, context.database.ReadToWrite(pairs[i]), pairs[i], pairs[i + 1],
           {.condition = condition});
  }
}

void MSet(CommandContext& context, Arguments arguments) {
  if (arguments.size() % 2 == 0) return context.reply.Error(WrongNumberOfArguments("mset"));
  SetAll(context, arguments.subspan(1), crdt::Condition::kNone);
  context.reply.Ok();
}

void MSetNx(CommandContext& context, Arguments arguments) {
  if (arguments.size() % 2 == 0) return context.reply.Error(WrongNumberOfArguments("msetnx"));
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    if (context.database.Read(arguments[i]).exists()) return context.reply.Integer(0);
  }
  SetAll(context, arguments.subspan(1), crdt::Condition::kDecidedLocally);
  context.reply.Integer(1);
}

// --- Parts of a value
// ------------------------------------------------------------------------------

void StrLen(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kString);
  if (!view) return;
  context.reply.Integer(view->exists() ? static_cast<std::int64_t>(view->Text(Scratch()).size())
                                       : 0);
}

void Append(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kString);
  if (!view) return;
  std::string value;
  if (view->exists()) value = view->Text(Scratch());
  if (value.size() + arguments[2].size() > context.node.config().proto_max_bulk_len) {
    return context.reply.Error(kErrorTooLong);
  }
  value += arguments[2];
  Assign(context, *view, arguments[1], value, {.ttl = crdt::Ttl::kKeep});
  context.reply.Integer(static_cast<std::int64_t>(value.size()));
}

void SetRange(CommandContext& context, Arguments arguments) {
  const auto offset = crdt::ParseInteger(arguments[2]);
  if (!offset) return context.reply.Error(kErrorNotAnInteger);
  if (*offset < 0) return context.reply.Error("ERR offset is out of range");
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kString);
  if (!view) return;
  std::string value;
  if (view->exists()) value = view->Text(Scratch());
  const std::string_view part = arguments[3];
  if (part.empty()) return context.reply.Integer(static_cast<std::int64_t>(value.size()));
  const std::uint64_t end = static_cast<std::uint64_t>(*offset) + part.size();
  if (end > context.node.config().proto_max_bulk_len) return context.reply.Error(kErrorTooLong);
  if (value.size() < end) value.resize(end);
  value.replace(static_cast<std::size_t>(*offset), part.size(), part);
  Assign(context, *view, arguments[1], value, {.ttl = crdt::Ttl::kKeep});
  context.reply.Integer(static_cast<std::int64_t>(value.size()));
}

void GetRange(CommandContext& context, Arguments arguments) {
  const auto start = crdt::ParseInteger(arguments[2]);
  const auto end = crdt::ParseInteger(arguments[3]);
  if (!start || !end) return context.reply.Error(kErrorNotAnInteger);
  const auto view = ReadTyped(context, arguments[1], ValueType::kString);
  if (!view) return;
  const std::string_view text = view->exists() ? view->Text(Scratch()) : std::string_view();
  const auto size = static_cast<std::int64_t>(text.size());
  if (*start < 0 && *end < 0 && *start > *end) return context.reply.Bulk({});
  const std::int64_t first = std::max<std::int64_t>(0, *start < 0 ? *start + size : *start);
  const std::int64_t last =
      std::min(size - 1, std::max<std::int64_t>(0, *end < 0 ? *end + size : *end));
  if (first > last || size == 0) return context.reply.Bulk({});
  context.reply.Bulk(
      text.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first + 1)));
}

namespace flag = command_flag;
constexpr std::string_view kLastWriter =
    "The write with the greatest stamp is shown; the others stay hidden until a later write that "
    "has "
    "seen them covers them. Increments that it had not seen add up on top.";
constexpr std::string_view kWholeValue =
    "Counts as a SET of the whole value: the greatest stamp is shown.";
constexpr std::string_view kDecidedHere =
    "The condition is decided on what is visible here: two regions may both succeed, and the "
    "greatest "
    "stamp is shown.";

constexpr CommandSpec kCommands[] = {
    {.name = "get",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "string",
     .summary = "The value of a key.",
     .since = "1.0.0",
     .run = Get},
    {.name = "set",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "string",
     .summary = "Sets the value of a key.",
     .when_concurrent = kLastWriter,
     .since = "1.0.0",
     .run = Set,
     .key_use_of = KeyUseOfSet},
    {.name = "setnx",
     .words = Exactly(3),
     .keys = kOneKey,
     .key_use = KeyUse::kCreate,
     .access = Access::kWrite,
     .flags = flag::kDenyOom | flag::kFast,
     .group = "string",
     .summary = "Sets the value where there is none.",
     .when_concurrent = kDecidedHere,
     .since = "1.0.0",
     .run = SetNx},
    {.name = "setex",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kOverwrite,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "string",
     .summary = "Sets the value and its time to live in seconds.",
     .when_concurrent = kLastWriter,
     .since = "2.0.0",
     .run = SetEx},
    {.name = "psetex",
     .words = Exactly(4),
     .keys = kOneKey,
     .key_use = KeyUse::kOverwrite,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "string",
     .summary = "Sets the value and its time to live in milliseconds.",
     .when_concurrent = kLastWriter,
     .since = "2.6.0",
     .run = PSetEx},
    {.name = "getset",
     .words = Exactly(3),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = flag::kDenyOom | flag::kFast,
     .group = "string",
     .summary = "Sets the value and answers the former one.",
     .when_concurrent = kLastWriter,
     .since = "1.0.0",
     .run = GetSet},
    {.name = "getdel",
     .words = Exactly(2),
     .keys = kOneKey,
     .key_use = KeyUse::kTake,
     .access = Access::kWrite,
     .flags = flag::kFast,
     .group = "string",
     .summary = "Answers the value and deletes the key.",
     .when_concurrent = "Deletes only what this region has seen.",
     .since = "6.2.0",
     .run = GetDel},
    {.name = "getex",
     .words = AtLeast(2),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = flag::kFast,
     .group = "string",
     .summary = "Answers the value and changes its time to live.",
     .when_concurrent = "The longest life wins.",
     .since = "6.2.0",
     .run = GetEx},
    {.name = "mget",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "string",
     .summary = "The values of several keys.",
     .since = "1.0.0",
     .run = MGet},
    {.name = "mset",
     .words = AtLeast(3),
     .keys = kKeyValuePairs,
     .key_use = KeyUse::kOverwrite,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "string",
     .summary = "Sets several keys as one unit.",
     .when_concurrent = kLastWriter,
     .since = "1.0.1",
     .run = MSet},
    {.name = "msetnx",
     .words = AtLeast(3),
     .keys = kKeyValuePairs,
     .key_use = KeyUse::kCreate,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "string",
     .summary = "Sets several keys where none of them is there.",
     .when_concurrent = kDecidedHere,
     .since = "1.0.1",
     .run = MSetNx},
    {.name = "strlen",
     .words = Exactly(2),
     .keys = kOneKey,
     .key_use = KeyUse::kLook,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "string",
     .summary = "The length of a value.",
     .since = "2.2.0",
     .run = StrLen},
    {.name = "append",
     .words = Exactly(3),
     .keys = kOneKey,
     .key_use = KeyUse::kInsert,
     .access = Access::kWrite,
     .flags = flag::kDenyOom | flag::kFast,
     .group = "string",
     .summary = "Adds to the end of a value.",
     .when_concurrent = kWholeValue,
     .since = "2.0.0",
     .run = Append},
    {.name = "setrange",
     .words = Exactly(4),
     .keys = kOneKey,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "string",
     .summary = "Replaces a part of a value.",
     .when_concurrent = kWholeValue,
     .since = "2.2.0",
     .run = SetRange},
    {.name = "getrange",
     .words = Exactly(4),
     .keys = kOneKey,
     .access = Access::kRead,
     .group = "string",
     .summary = "A part of a value.",
     .since = "2.4.0",
     .run = GetRange},
    {.name = "substr",
     .words = Exactly(4),
     .keys = kOneKey,
     .access = Access::kRead,
     .group = "string",
     .summary = "A part of a value: the old name of GETRANGE.",
     .since = "1.0.0",
     .run = GetRange},
};

}  // namespace

std::span<const CommandSpec> StringCommands() {
  return kCommands;
}

}  // namespace server
