// XINFO: what a stream, its groups and their consumers are, as this region sees them.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "crdt/stream_reading.h"
#include "crdt/string_value.h"
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/stream_replies.h"
#include "server/commands/stream_words.h"
#include "server/commands/typed_key.h"
#include "server/resp/reply_pairs.h"

namespace server {
namespace {

using crdt::AuthoredId;
using crdt::EntryKey;
using crdt::EntryView;
using crdt::RegionId;
using crdt::StreamConsumers;
using crdt::StreamGroup;
using crdt::StreamId;
using crdt::StreamValue;
using crdt::ValueType;

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kMostByDefault = 10;

// Null, and the error answered, where there is no such stream.
const StreamValue* ReadStream(CommandContext& context, std::string_view key) {
  const auto view = ReadTyped(context, key, ValueType::kStream);
  if (!view) return nullptr;
  if (view->exists()) return &view->stream();
  context.reply.Error(kErrorNoSuchKey);
  return nullptr;
}

void IdPair(ReplyWriter& reply, std::string_view name, StreamId id) {
  reply.Bulk(name);
  WriteStreamId(reply, id);
}

template <class Number>
void NumberOrNull(ReplyWriter& reply, std::string_view name, const std::optional<Number>& number) {
  reply.Bulk(name);
  if (number) {
    reply.Integer(static_cast<std::int64_t>(*number));
  } else {
    reply.Null();
  }
}

// --- XINFO STREAM --------------------------------------------------------------------------------

constexpr std::size_t kFactPairs = 7;
void WriteFacts(ReplyWriter& reply, const StreamValue& stream) {
  const crdt::StreamEntries& entries = stream.entries();
  Pair(reply, "length", entries.size());
  Pair(reply, "radix-tree-keys", entries.blocks());
  Pair(reply, "radix-tree-nodes", entries.blocks() + 1);
  IdPair(reply, "last-generated-id", stream.last_id());
  IdPair(reply, "max-deleted-entry-id", stream.accounts().deleted());
  Pair(reply, "entries-added", stream.accounts().added());
  IdPair(reply, "recorded-first-entry-id", entries.empty() ? StreamId() : entries.first().id);
}

void WriteEnd(ReplyWriter& reply, const StreamValue& stream, std::string_view name, bool first) {
  reply.Bulk(name);
  if (stream.entries().empty()) return reply.Null();
  const EntryKey key = first ? stream.entries().first() : stream.entries().last();
  stream.entries().Ascend(key, key, [&reply](const EntryView& entry) {
    WriteEntry(reply, entry);
    return false;
  });
}

// Up to `most` pending entries; of one consumer where it is given.
void WritePendingOf(ReplyWriter& reply, const StreamConsumers& members, std::size_t most,
                    const StreamConsumers::Consumers::value_type* consumer) {
  std::vector<std::pair<AuthoredId, const StreamConsumers::Pending*>> found;
  members.ForEachPending(StreamId::Least(), StreamId::Greatest(),
                         [&](const AuthoredId& entry, const StreamConsumers::Pending& pending) {
                           if (consumer == nullptr || pending.consumer == consumer)
                             found.emplace_back(entry, &pending);
                           return found.size() < most;
                         });
  reply.Array(found.size());
  for (const auto& [entry, pending] : found) {
    reply.Array(consumer == nullptr ? 4 : 3);
    WriteStreamId(reply, entry.id);
    if (consumer == nullptr) reply.Bulk(pending->consumer->first);
    reply.Integer(pending->time_ms);
    reply.Integer(static_cast<std::int64_t>(pending->deliveries));
  }
}

void WriteConsumerInFull(ReplyWriter& reply, const StreamConsumers& members,
                         const StreamConsumers::Consumers::value_type& consumer, std::size_t most) {
  reply.Map(5);
  Pair(reply, "name", consumer.first);
  Pair(reply, "seen-time", consumer.second.seen_ms);
  Pair(reply, "active-time", consumer.second.active_ms);
  Pair(reply, "pel-count", consumer.second.pending);
  reply.Bulk("pending");
  WritePendingOf(reply, members, most, &consumer);
}

void WriteGroupInFull(ReplyWriter& reply, const StreamValue& stream, std::string_view name,
                      const StreamGroup& group, RegionId region, std::size_t most) {
  const StreamConsumers& members = group.members(region);
  reply.Map(7);
  Pair(reply, "name", name);
  IdPair(reply, "last-delivered-id", group.LastDelivered(region));
  NumberOrNull(reply, "entries-read", group.EntriesRead(region));
  NumberOrNull(reply, "lag", crdt::Lag(stream, group, region));
  Pair(reply, "pel-count", members.pending());
  reply.Bulk("pending");
  WritePendingOf(reply, members, most, nullptr);
  reply.Bulk("consumers");
  reply.Array(members.consumers().size());
  for (const auto& consumer : members.consumers()) {
    WriteConsumerInFull(reply, members, consumer, most);
  }
}

void WriteInFull(CommandContext& context, const StreamValue& stream, std::size_t most) {
  ReplyWriter& reply = context.reply;
  reply.Map(kFactPairs + 2);
  WriteFacts(reply, stream);
  reply.Bulk("entries");
  reply.Array(std::min<std::size_t>(most, stream.entries().size()));
  std::size_t written = 0;
  stream.entries().Ascend({}, EntryKey::Behind(StreamId::Greatest()), [&](const EntryView& entry) {
    WriteEntry(reply, entry);
    return ++written < most;
  });
  reply.Bulk("groups");
  reply.Array(stream.group_count());
  const RegionId region = context.database.writer().region();
  for (const auto& [name, group] : stream.groups()) {
    if (group.exists()) WriteGroupInFull(reply, stream, name, group, region, most);
  }
}

void Stream(CommandContext& context, Arguments arguments) {
  const Arguments options = arguments.subspan(3);
  std::optional<std::size_t> most;  // Of the full form.
  if (!options.empty()) {
    if ((options.size() != 1 && options.size() != 3) || !EqualsIgnoreCase(options[0], "full") ||
        (options.size() == 3 && !EqualsIgnoreCase(options[1], "count"))) {
      return context.reply.Error(SubcommandSyntax("xinfo", arguments[1]));
    }
    most = kMostByDefault;
    if (options.size() == 3) {
      const auto count = crdt::ParseInteger(options[2]);
      if (!count) return context.reply.Error(kErrorNotAnInteger);
      if (*count >= 0) most = *count == 0 ? kAll : static_cast<std::size_t>(*count);
    }
  }
  const StreamValue* const stream = ReadStream(context, arguments[2]);
  if (stream == nullptr) return;
  if (most) return WriteInFull(context, *stream, *most);
  context.reply.Map(kFactPairs + 3);
  WriteFacts(context.reply, *stream);
  Pair(context.reply, "groups", stream->group_count());
  WriteEnd(context.reply, *stream, "first-entry", true);
  WriteEnd(context.reply, *stream, "last-entry", false);
}

// --- XINFO GROUPS and CONSUMERS ------------------------------------------------------------------

void Groups(CommandContext& context, Arguments arguments) {
  const StreamValue* const stream = ReadStream(context, arguments[2]);
  if (stream == nullptr) return;
  const RegionId region = context.database.writer().region();
  context.reply.Array(stream->group_count());
  for (const auto& [name, group] : stream->groups()) {
    if (!group.exists()) continue;
    const StreamConsumers& members = group.members(region);
    context.reply.Map(6);
    Pair(context.reply, "name", name);
    Pair(context.reply, "consumers", members.consumers().size());
    Pair(context.reply, "pending", members.pending());
    IdPair(context.reply, "last-delivered-id", group.LastDelivered(region));
    NumberOrNull(context.reply, "entries-read", group.EntriesRead(region));
    NumberOrNull(context.reply, "lag", crdt::Lag(*stream, group, region));
  }
}

void Consumers(CommandContext& context, Arguments arguments) {
  const StreamValue* const stream = ReadStream(context, arguments[2]);
  if (stream == nullptr) return;
  const StreamGroup* const group = stream->Group(arguments[3]);
  if (group == nullptr) {
    return context.reply.Error(NoSuchGroupForKey(arguments[3], arguments[2]));
  }
  const std::int64_t now = context.database.now_ms();
  const StreamConsumers& members = group->members(context.database.writer().region());
  context.reply.Array(members.consumers().size());
  for (const auto& [name, consumer] : members.consumers()) {
    const bool was_active = consumer.active_ms != crdt::kNeverActive;
    context.reply.Map(4);
    Pair(context.reply, "name", name);
    Pair(context.reply, "pending", consumer.pending);
    Pair(context.reply, "idle", std::max<std::int64_t>(now - consumer.seen_ms, 0));
    Pair(context.reply, "inactive",
         was_active ? std::max<std::int64_t>(now - consumer.active_ms, 0) : -1);
  }
}

void Help(CommandContext& context, Arguments) {
  static constexpr std::array<std::string_view, 9> kLines = {
      "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "CONSUMERS <key> <groupname>",
      "    Show consumers of <groupname> in this region.",
      "GROUPS <key>",
      "    Show the stream consumer groups.",
      "STREAM <key> [FULL [COUNT <count>]",
      "    Show information about the stream.",
      "HELP",
      "    Print this help."};
  WriteHelp(context.reply, kLines);
}

constexpr KeyPositions kSecondWord{2, 2, 1};

constexpr CommandSpec kInformation[] = {
    {.name = "xinfo|consumers",
     .words = Exactly(4),
     .keys = kSecondWord,
     .access = Access::kRead,
     .group = "stream",
     .summary = "The consumers of a group in this region.",
     .since = "5.0.0",
     .run = Consumers},
    {.name = "xinfo|groups",
     .words = Exactly(3),
     .keys = kSecondWord,
     .access = Access::kRead,
     .group = "stream",
     .summary = "The groups of a stream, and how far this region has read in them.",
     .since = "5.0.0",
     .run = Groups},
    {.name = "xinfo|help",
     .words = Exactly(2),
     .flags = command_flag::kLoading | command_flag::kStale,
     .group = "stream",
     .summary = "The subcommands of XINFO.",
     .since = "5.0.0",
     .run = Help},
    {.name = "xinfo|stream",
     .words = AtLeast(3),
     .keys = kSecondWord,
     .access = Access::kRead,
     .group = "stream",
     .summary = "Facts about a stream; with FULL also its entries, groups and consumers.",
     .since = "5.0.0",
     .run = Stream},
};

constexpr CommandSpec kCommands[] = {
    {.name = "xinfo",
     .words = AtLeast(2),
     .group = "stream",
     .summary = "Facts about streams.",
     .since = "5.0.0",
     .subcommands = kInformation},
};

}  // namespace

std::span<const CommandSpec> StreamInformationCommands() {
  return kCommands;
}

}  // namespace server
