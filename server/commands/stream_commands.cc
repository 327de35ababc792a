// Streams: entries by ID. Those of all regions unite.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "crdt/prepare_stream.h"
#include "crdt/string_value.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/stream_replies.h"
#include "server/commands/stream_words.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::EntryKey;
using crdt::EntryView;
using crdt::KeyView;
using crdt::StreamId;
using crdt::ValueType;

// --- Adding and taking away ----------------------------------------------------------------------

constexpr std::string_view kErrorNotGreater =
    "ERR The ID specified in XADD is equal or smaller than the target stream top item";
constexpr std::string_view kErrorExhausted =
    "ERR The stream has exhausted the last possible ID, unable to add more items";

// The ID that is asked for as it is to be stored. Empty where an error was answered.
std::optional<StreamId> ChooseId(CommandContext& context, const AddedId& asked, StreamId last) {
  using Form = AddedId::Form;
  const crdt::RegionId region = context.database.writer().region();
  const geo_config::StreamIds mode = context.node.config().stream_ids;
  std::optional<StreamId> id;
  switch (asked.form) {
    case Form::kAutomatic:
      id = crdt::NextId(static_cast<std::uint64_t>(context.database.now_ms()), last, region);
      break;
    case Form::kTimeAndAutomaticSequence:
      id = crdt::NextIdWithin(asked.id.ms, last, region);
      break;
    case Form::kTime:
      id = {asked.id.ms, mode == geo_config::StreamIds::kLiberal ? std::uint64_t{0} : region};
      break;
    case Form::kFull:
      id = asked.id;
      break;
  }
  if (id && *id > last) return id;
  context.reply.Error(last == StreamId::Greatest() ? kErrorExhausted : kErrorNotGreater);
  return std::nullopt;
}

// False where an error was answered.
bool CheckForm(CommandContext& context, const AddedId& asked) {
  const geo_config::StreamIds mode = context.node.config().stream_ids;
  if (asked.form == AddedId::Form::kFull && mode == geo_config::StreamIds::kStrict) {
    context.reply.Error(
        "ERR stream-ids is strict: an ID has no sequence, which is the region's, or is *");
    return false;
  }
  const bool zero = asked.form == AddedId::Form::kFull ||
                    (asked.form == AddedId::Form::kTime && mode == geo_config::StreamIds::kLiberal);
  if (!zero || !asked.id.is_zero()) return true;
  context.reply.Error("ERR The ID specified in XADD must be greater than 0-0");
  return false;
}

// Returns how many entries went.
std::uint64_t Trim(CommandContext& context, std::string_view key, const TrimWords& trim) {
  const KeyView view = context.database.Read(key);
  if (view.type() != ValueType::kStream) return 0;
  const std::uint64_t count = trim.CountIn(view.stream().entries());
  crdt::PrepareStreamTrim(view, key, count, context.database.effects());
  context.database.Commit();
  return count;
}

// At most.
std::size_t EncodedBytes(Arguments fields) {
  constexpr std::size_t kMostLengthBytes = 10;
  std::size_t bytes = 0;
  for (const std::string_view word : fields) bytes += word.size() + kMostLengthBytes;
  return bytes;
}

void XAdd(CommandContext& context, Arguments arguments) {
  const auto words = ParseAddWords(context, arguments);
  if (!words || !CheckForm(context, words->id)) return;
  const std::string_view key = arguments[1];
  const auto view = ReadTypedToWrite(context, key, ValueType::kStream);
  if (!view) return;
  if (!view->exists() && !words->make_stream) return context.reply.Null();
  const auto id = ChooseId(context, words->id, crdt::LastStreamId(*view));
  if (!id) return;
  const Arguments fields = arguments.subspan(words->fields);
  if (EncodedBytes(fields) > crdt::kMostEntryBytes) {
    return context.reply.Error("ERR Elements are too large to be stored");
  }
  crdt::PrepareStreamAdd(*view, key, context.database.writer(), *id, fields,
                         context.database.effects());
  context.database.Commit();
  WriteStreamId(context.reply, *id);
  if (words->trim.by != TrimWords::By::kNothing) Trim(context, key, words->trim);
}

void XTrim(CommandContext& context, Arguments arguments) {
  const auto trim = ParseTrimWords(context, arguments);
  if (!trim) return;
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kStream);
  if (!view) return;
  context.reply.Integer(static_cast<std::int64_t>(Trim(context, arguments[1], *trim)));
}

void XDel(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kStream);
  if (!view) return;
  if (!view->exists()) return context.reply.Integer(0);
  std::vector<StreamId> ids;
  for (const std::string_view word : arguments.subspan(2)) {
    const auto id = ParseStreamId(context, word);
    if (!id) return;
    ids.push_back(*id);
  }
  const std::uint64_t before = view->stream().entries().size();
  crdt::PrepareStreamRemove(*view, arguments[1], context.database.writer(), ids,
                            context.database.effects());
  context.database.Commit();
  const KeyView after = context.database.Read(arguments[1]);
  const std::uint64_t left =
      after.type() == ValueType::kStream ? after.stream().entries().size() : 0;
  context.reply.Integer(static_cast<std::int64_t>(before - left));
}

// --- XSETID --------------------------------------------------------------------------------------

struct SetIdWords {
  StreamId last;
  std::optional<std::int64_t> added;
  std::optional<StreamId> deleted;
};

std::optional<SetIdWords> ParseSetIdWords(CommandContext& context, Arguments arguments) {
  SetIdWords words;
  const auto last = ParseStreamId(context, arguments[2]);
  if (!last) return std::nullopt;
  words.last = *last;
  const auto refuse = [&context](std::string_view error) {
    context.reply.Error(error);
    return std::nullopt;
  };
  for (std::size_t i = 3; i < arguments.size(); i += 2) {
    const bool more = i + 1 < arguments.size();
    if (EqualsIgnoreCase(arguments[i], "entriesadded") && more) {
      words.added = crdt::ParseInteger(arguments[i + 1]);
      if (!words.added) return refuse(kErrorNotAnInteger);
      if (*words.added < 0) return refuse("ERR entries_added must be positive");
    } else if (EqualsIgnoreCase(arguments[i], "maxdeletedid") && more) {
      words.deleted = ParseStreamId(context, arguments[i + 1]);
      if (!words.deleted) return std::nullopt;
      if (words.last < *words.deleted) {
        return refuse(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
      }
    } else {
      return refuse(kErrorSyntax);
    }
  }
  return words;
}

void XSetId(CommandContext& context, Arguments arguments) {
  const auto words = ParseSetIdWords(context, arguments);
  if (!words) return;
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kStream);
  if (!view) return;
  if (!view->exists()) return context.reply.Error(kErrorNoSuchKey);
  const crdt::StreamEntries& entries = view->stream().entries();
  const crdt::StreamAccounts& accounts = view->stream().accounts();
  if (!entries.empty() && words->last < entries.last().id) {
    return context.reply.Error(
        "ERR The ID specified in XSETID is smaller than the target stream top item");
  }
  if (words->last < accounts.deleted()) {
    return context.reply.Error(
        "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
  }
  if (words->added && entries.size() > static_cast<std::uint64_t>(*words->added)) {
    return context.reply.Error(
        "ERR The entries_added specified in XSETID is smaller than the target stream length");
  }
  crdt::StreamAccount said{
      .stamp = {}, .added = accounts.added(), .last = words->last, .deleted = accounts.deleted()};
  if (words->added) said.added = static_cast<std::uint64_t>(*words->added);
  if (words->deleted && !words->deleted->is_zero()) said.deleted = *words->deleted;
  crdt::PrepareStreamSetId(*view, arguments[1], said, context.database.effects());
  context.database.Commit();
  context.reply.Ok();
}

// --- Reading -------------------------------------------------------------------------------------

void XLen(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kStream);
  if (!view) return;
  context.reply.Integer(view->exists() ? static_cast<std::int64_t>(view->stream().entries().size())
                                       : 0);
}

enum class Direction { kUp, kDown };

void Range(CommandContext& context, Arguments arguments, Direction direction) {
  const bool up = direction == Direction::kUp;
  const auto from = ParseIntervalStart(context, arguments[up ? 2 : 3]);
  if (!from) return;
  const auto to = ParseIntervalEnd(context, arguments[up ? 3 : 2]);
  if (!to) return;
  std::optional<std::int64_t> count;
  for (std::size_t i = 4; i < arguments.size(); i += 2) {
    if (!EqualsIgnoreCase(arguments[i], "count") || i + 1 == arguments.size()) {
      return context.reply.Error(kErrorSyntax);
    }
    count = crdt::ParseInteger(arguments[i + 1]);
    if (!count) return context.reply.Error(kErrorNotAnInteger);
  }
  const auto view = ReadTyped(context, arguments[1], ValueType::kStream);
  if (!view) return;
  if (!view->exists()) return context.reply.Array(0);
  if (count && *count <= 0) return context.reply.NullArray();
  const std::size_t most =
      count ? static_cast<std::size_t>(*count) : std::numeric_limits<std::size_t>::max();
  std::vector<EntryView> found;
  const auto take = [&](const EntryView& entry) {
    found.push_back(entry);
    return found.size() < most;
  };
  const crdt::StreamEntries& entries = view->stream().entries();
  if (up) {
    entries.Ascend(EntryKey::Before(*from), EntryKey::Behind(*to), take);
  } else {
    entries.Descend(EntryKey::Before(*from), EntryKey::Behind(*to), take);
  }
  context.reply.Array(found.size());
  for (const EntryView& entry : found) WriteEntry(context.reply, entry);
}

void XRange(CommandContext& context, Arguments arguments) {
  Range(context, arguments, Direction::kUp);
}

void XRevRange(CommandContext& context, Arguments arguments) {
  Range(context, arguments, Direction::kDown);
}

constexpr std::string_view kTakesWhatItHasSeen =
    "It takes only entries that it has seen: those that another region adds meanwhile stay.";

constexpr CommandSpec kCommands[] = {
    {.name = "xadd",
     .words = AtLeast(5),
     .keys = kOneKey,
     .key_use = KeyUse::kUpdate,
     .access = Access::kWrite,
     .flags = command_flag::kFast | command_flag::kDenyOom,
     .group = "stream",
     .summary =
         "Adds an entry and answers its ID; may trim the stream. An ID made by * ends in the "
         "region, modulo 32.",
     .when_concurrent = "The entries of all regions unite in the order of their IDs; of one ID "
                        "written twice both stay, ordered by region.",
     .since = "5.0.0",
     .run = XAdd},
    {.name = "xdel",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = Access::kWrite,
     .flags = command_flag::kFast,
     .group = "stream",
     .summary = "Removes entries by their IDs; answers how many.",
     .when_concurrent = kTakesWhatItHasSeen,
     .since = "5.0.0",
     .run = XDel},
    {.name = "xlen",
     .words = Exactly(2),
     .keys = kOneKey,
     .key_use = KeyUse::kLook,
     .access = Access::kRead,
     .flags = command_flag::kFast,
     .group = "stream",
     .summary = "The number of entries.",
     .since = "5.0.0",
     .run = XLen},
    {.name = "xrange",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = Access::kRead,
     .group = "stream",
     .summary = "The entries between two IDs.",
     .since = "5.0.0",
     .run = XRange},
    {.name = "xrevrange",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = Access::kRead,
     .group = "stream",
     .summary = "The entries between two IDs, backwards.",
     .since = "5.0.0",
     .run = XRevRange},
    {.name = "xsetid",
     .words = AtLeast(3),
     .keys = kOneKey,
     .key_use = KeyUse::kUpdate,
     .access = Access::kWrite,
     .flags = command_flag::kFast | command_flag::kDenyOom,
     .group = "stream",
     .summary = "Sets the last ID of a stream and what XINFO tells of its past.",
     .when_concurrent = "It replaces what it has seen; of what it has not seen the greatest ID "
                        "counts.",
     .since = "5.0.0",
     .run = XSetId},
    {.name = "xtrim",
     .words = AtLeast(4),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = Access::kWrite,
     .group = "stream",
     .summary = "Removes entries from the beginning, to a length or up to an ID; answers how many.",
     .when_concurrent = kTakesWhatItHasSeen,
     .since = "5.0.0",
     .run = XTrim},
};

}  // namespace

std::span<const CommandSpec> StreamCommands() {
  return kCommands;
}

}  // namespace server
