// XGROUP: consumer groups. A group is one in all regions; its consumers belong to each region.
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "crdt/prepare_stream.h"
#include "crdt/stream_reading.h"
#include "crdt/string_value.h"
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/stream_words.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::GroupStart;
using crdt::KeyView;
using crdt::StreamGroup;
using crdt::StreamId;
using crdt::ValueType;

constexpr std::string_view kErrorNeedsKey =
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use "
    "the MKSTREAM option to create an empty stream automatically.";

struct GroupWords {
  bool make_stream = false;
  std::optional<std::uint64_t> entries_read;
};

enum class Subcommand { kCreate, kSetId };

// What stands behind the ID. Empty where an error was answered.
std::optional<GroupWords> ParseGroupWords(CommandContext& context, Arguments arguments,
                                          Subcommand subcommand) {
  GroupWords words;
  for (std::size_t i = 5; i < arguments.size(); ++i) {
    if (subcommand == Subcommand::kCreate && EqualsIgnoreCase(arguments[i], "mkstream")) {
      words.make_stream = true;
    } else if (EqualsIgnoreCase(arguments[i], "entriesread") && i + 1 < arguments.size()) {
      const auto number = crdt::ParseInteger(arguments[++i]);
      if (!number) {
        context.reply.Error(kErrorNotAnInteger);
        return std::nullopt;
      }
      if (*number < -1) {
        context.reply.Error("ERR value for ENTRIESREAD must be positive or -1");
        return std::nullopt;
      }
      words.entries_read = *number < 0 ? std::optional<std::uint64_t>()
                                       : std::optional(static_cast<std::uint64_t>(*number));
    } else {
      context.reply.Error(SubcommandSyntax("xgroup", arguments[1]));
      return std::nullopt;
    }
  }
  return words;
}

// "$", or an ID behind which everything is to be read, whoever wrote it.
std::optional<GroupStart> StartOf(CommandContext& context, const KeyView& view,
                                  std::string_view word, Subcommand subcommand) {
  if (word == "$") {
    return view.exists() ? crdt::StartAtEnd(view.stream(), context.database.writer().region())
                         : GroupStart();
  }
  std::optional<StreamId> id;
  if (subcommand == Subcommand::kSetId && word == "-") {
    id = StreamId::Least();
  } else if (subcommand == Subcommand::kSetId && word == "+") {
    id = StreamId::Greatest();
  } else {
    id = ParseStreamId(context, word);
  }
  if (!id) return std::nullopt;
  return GroupStart{.everywhere = *id, .regions = {}, .entries_read = {}};
}

// The key that a subcommand is about, where it shows a stream with the group. Empty where an error
// was answered.
std::optional<KeyView> ReadWithGroup(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[2], ValueType::kStream);
  if (!view) return std::nullopt;
  if (!view->exists()) {
    context.reply.Error(kErrorNeedsKey);
    return std::nullopt;
  }
  if (view->stream().Group(arguments[3]) == nullptr) {
    context.reply.Error(NoSuchGroupForKey(arguments[3], arguments[2]));
    return std::nullopt;
  }
  return view;
}

void Create(CommandContext& context, Arguments arguments) {
  const auto words = ParseGroupWords(context, arguments, Subcommand::kCreate);
  if (!words) return;
  const auto view = ReadTypedToWrite(context, arguments[2], ValueType::kStream);
  if (!view) return;
  if (!view->exists() && !words->make_stream) return context.reply.Error(kErrorNeedsKey);
  auto start = StartOf(context, *view, arguments[4], Subcommand::kCreate);
  if (!start) return;
  if (view->exists() && view->stream().Group(arguments[3]) != nullptr) {
    return context.reply.Error("BUSYGROUP Consumer Group name already exists");
  }
  start->entries_read = words->entries_read;
  crdt::PrepareGroupCreate(*view, arguments[2], arguments[3], *start, context.database.effects());
  context.database.Commit();
  context.reply.Ok();
}

void SetId(CommandContext& context, Arguments arguments) {
  const auto words = ParseGroupWords(context, arguments, Subcommand::kSetId);
  if (!words) return;
  const auto view = ReadWithGroup(context, arguments);
  if (!view) return;
  auto start = StartOf(context, *view, arguments[4], Subcommand::kSetId);
  if (!start) return;
  start->entries_read = words->entries_read;
  crdt::PrepareGroupSetPosition(arguments[2], arguments[3], *start, context.database.effects());
  context.database.Commit();
  context.reply.Ok();
}

void Destroy(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[2], ValueType::kStream);
  if (!view) return;
  if (!view->exists()) return context.reply.Error(kErrorNeedsKey);
  if (view->stream().Group(arguments[3]) == nullptr) return context.reply.Integer(0);
  crdt::PrepareGroupDestroy(*view, arguments[2], arguments[3], context.database.effects());
  context.database.Commit();
  context.reply.Integer(1);
}

void CreateConsumer(CommandContext& context, Arguments arguments) {
  const auto view = ReadWithGroup(context, arguments);
  if (!view) return;
  const StreamGroup& group = *view->stream().Group(arguments[3]);
  const crdt::RegionId region = context.database.writer().region();
  if (group.members(region).Find(arguments[4]) != nullptr) return context.reply.Integer(0);
  crdt::PrepareConsumerName(arguments[2],
                            {.group = arguments[3],
                             .consumer = arguments[4],
                             .now_ms = context.database.now_ms(),
                             .touch = crdt::StreamConsumers::Touch::kSeen},
                            context.database.effects());
  context.database.Commit();
  context.reply.Integer(1);
}

void DeleteConsumer(CommandContext& context, Arguments arguments) {
  const auto view = ReadWithGroup(context, arguments);
  if (!view) return;
  const StreamGroup& group = *view->stream().Group(arguments[3]);
  const auto* const consumer = group.members(context.database.writer().region()).Find(arguments[4]);
  if (consumer == nullptr) return context.reply.Integer(0);
  context.reply.Integer(static_cast<std::int64_t>(consumer->pending));
  crdt::PrepareConsumerDelete(arguments[2], arguments[3], arguments[4], context.database.effects());
  context.database.Commit();
}

void Help(CommandContext& context, Arguments) {
  static constexpr std::array<std::string_view, 17> kLines = {
      "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "CREATE <key> <groupname> <id|$> [option]",
      "    Create a new consumer group. Options are:",
      "    * MKSTREAM",
      "      Create the empty stream if it does not exist.",
      "    * ENTRIESREAD entries_read",
      "      Set the group's entries_read counter (internal use).",
      "CREATECONSUMER <key> <groupname> <consumer>",
      "    Create a new consumer in the specified group, in this region.",
      "DELCONSUMER <key> <groupname> <consumer>",
      "    Remove the specified consumer of this region.",
      "DESTROY <key> <groupname>",
      "    Remove the specified group, in all regions.",
      "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
      "    Set the current group ID and entries_read counter, in all regions.",
      "HELP",
      "    Print this help."};
  WriteHelp(context.reply, kLines);
}

constexpr KeyPositions kSecondWord{2, 2, 1};
constexpr std::string_view kOfThisRegion =
    "Consumers belong to this region; the others do not show them.";

constexpr CommandSpec kGroup[] = {
    {.name = "xgroup|create",
     .words = AtLeast(5),
     .keys = kSecondWord,
     .key_use = KeyUse::kInsert,
     .access = Access::kWrite,
     .flags = command_flag::kDenyOom,
     .group = "stream",
     .summary = "Creates a consumer group, in all regions.",
     .when_concurrent = "Groups unite; a destroy or a delete of the key that has not seen the "
                        "create wins.",
     .since = "5.0.0",
     .run = Create},
    {.name = "xgroup|createconsumer",
     .words = Exactly(5),
     .keys = kSecondWord,
     .key_use = KeyUse::kInsert,
     .access = Access::kWrite,
     .flags = command_flag::kDenyOom,
     .group = "stream",
     .summary = "Creates a consumer in a group.",
     .when_concurrent = kOfThisRegion,
     .since = "6.2.0",
     .run = CreateConsumer},
    {.name = "xgroup|delconsumer",
     .words = Exactly(5),
     .keys = kSecondWord,
     .key_use = KeyUse::kDelete,
     .access = Access::kWrite,
     .group = "stream",
     .summary = "Removes a consumer with what is pending to it; answers how much that was.",
     .when_concurrent = kOfThisRegion,
     .since = "5.0.0",
     .run = DeleteConsumer},
    {.name = "xgroup|destroy",
     .words = Exactly(4),
     .keys = kSecondWord,
     .key_use = KeyUse::kDelete,
     .access = Access::kWrite,
     .group = "stream",
     .summary = "Removes a consumer group, in all regions.",
     .when_concurrent = "It wins over a create, and over whatever is done with the group, that has "
                        "not seen it.",
     .since = "5.0.0",
     .run = Destroy},
    {.name = "xgroup|help",
     .words = Exactly(2),
     .flags = command_flag::kLoading | command_flag::kStale,
     .group = "stream",
     .summary = "The subcommands of XGROUP.",
     .since = "5.0.0",
     .run = Help},
    {.name = "xgroup|setid",
     .words = AtLeast(5),
     .keys = kSecondWord,
     .key_use = KeyUse::kUpdate,
     .access = Access::kWrite,
     .group = "stream",
     .summary = "Sets where a group reads on, in all regions.",
     .when_concurrent = "Of two at once the least ID counts: entries may be delivered twice, none "
                        "is left out.",
     .since = "5.0.0",
     .run = SetId},
};

constexpr CommandSpec kCommands[] = {
    {.name = "xgroup",
     .words = AtLeast(2),
     .group = "stream",
     .summary = "Consumer groups of streams.",
     .since = "5.0.0",
     .subcommands = kGroup},
};

}  // namespace

std::span<const CommandSpec> StreamGroupCommands() {
  return kCommands;
}

}  // namespace server
