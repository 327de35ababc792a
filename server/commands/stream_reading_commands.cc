// XREAD and XREADGROUP: what comes behind an ID, and what a group has still to deliver.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "crdt/prepare_stream.h"
#include "crdt/stream_reading.h"
#include "crdt/string_value.h"
#include "server/blocked_clients.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/stream_replies.h"
#include "server/commands/stream_words.h"
#include "server/commands/typed_key.h"
#include "server/wait.h"

namespace server {
namespace {

using crdt::AuthoredId;
using crdt::EntryKey;
using crdt::EntryView;
using crdt::KeyView;
using crdt::StreamConsumers;
using crdt::StreamGroup;
using crdt::StreamId;
using crdt::StreamValue;
using crdt::ValueType;

// A consumer that is named again so soon is not written to the log again.
constexpr std::int64_t kSeenAgainMs = 1000;

enum class Command { kRead, kReadGroup };

struct ReadWords {
  Arguments keys;
  Arguments ids;
  std::size_t most = std::numeric_limits<std::size_t>::max();  // Entries of each stream.
  std::optional<std::int64_t> block_ms;
  std::optional<std::string_view> group;
  std::string_view consumer;
  bool no_acknowledge = false;
};

// --- Words ---------------------------------------------------------------------------------------

class ReadParser {
 public:
  ReadParser(CommandContext& context, Arguments arguments, Command command)
      : context_(context), arguments_(arguments), command_(command) {}

  // Empty where an error was answered.
  std::optional<ReadWords> Parse() {
    for (at_ = 1; at_ < arguments_.size() && words_.keys.empty(); ++at_) {
      if (!TakeOption()) return std::nullopt;
    }
    if (words_.keys.empty()) return Refuse(kErrorSyntax);
    if (command_ == Command::kReadGroup && !words_.group) {
      return Refuse("ERR Missing GROUP option for XREADGROUP");
    }
    return words_;
  }

 private:
  std::nullopt_t Refuse(std::string_view error) {
    context_.reply.Error(error);
    return std::nullopt;
  }
  bool RefuseOption(std::string_view error) {
    context_.reply.Error(error);
    return false;
  }

  bool TakeOption() {
    const std::string_view word = arguments_[at_];
    const std::size_t more = arguments_.size() - 1 - at_;
    if (EqualsIgnoreCase(word, "block") && more > 0) {
      words_.block_ms = ParseTimeout(context_, arguments_[++at_]);
      return words_.block_ms.has_value();
    }
    if (EqualsIgnoreCase(word, "count") && more > 0) return TakeCount();
    if (EqualsIgnoreCase(word, "streams") && more > 0) return TakeStreams();
    if (EqualsIgnoreCase(word, "group") && more > 1) {
      if (command_ == Command::kRead) {
        return RefuseOption(
            "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
      }
      words_.group = arguments_[at_ + 1];
      words_.consumer = arguments_[at_ + 2];
      at_ += 2;
      return true;
    }
    if (EqualsIgnoreCase(word, "noack")) {
      if (command_ == Command::kRead) {
        return RefuseOption(
            "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
      }
      words_.no_acknowledge = true;
      return true;
    }
    return RefuseOption(kErrorSyntax);
  }

  bool TakeCount() {
    const auto count = crdt::ParseInteger(arguments_[++at_]);
    if (!count) return RefuseOption(kErrorNotAnInteger);
    words_.most =
        *count <= 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(*count);
    return true;
  }

  bool TakeStreams() {
    const Arguments rest = arguments_.subspan(at_ + 1);
    if (rest.size() % 2 == 1) {
      const bool of_group = command_ == Command::kReadGroup;
      return RefuseOption(std::string("ERR Unbalanced '")
                              .append(of_group ? "xreadgroup" : "xread")
                              .append("' list of streams: for each stream key an ID or '")
                              .append(of_group ? ">" : "$")
                              .append("' must be specified."));
    }
    words_.keys = rest.first(rest.size() / 2);
    words_.ids = rest.subspan(rest.size() / 2);
    return true;
  }

  CommandContext& context_;
  Arguments arguments_;
  Command command_;
  std::size_t at_ = 1;
  ReadWords words_;
};

// --- Replies of several streams ------------------------------------------------------------------

// The streams that have something to tell: how many is known at the end only.
class StreamsReply {
 public:
  explicit StreamsReply(ReplyWriter& reply)
      : reply_(reply), body_writer_(body_, reply.protocol()) {}

  // Begins a stream; its entries follow.
  ReplyWriter& Begin(std::string_view key) {
    ++streams_;
    if (body_writer_.protocol() == Protocol::kResp2) body_writer_.Array(2);
    body_writer_.Bulk(key);
    return body_writer_;
  }
  bool empty() const { return streams_ == 0; }
  void Finish() {
    if (streams_ == 0) return reply_.NullArray();
    if (reply_.protocol() == Protocol::kResp2) {
      reply_.Array(streams_);
    } else {
      reply_.Map(streams_);
    }
    reply_.buffer() += body_;
  }

 private:
  ReplyWriter& reply_;
  std::string body_;
  ReplyWriter body_writer_;
  std::size_t streams_ = 0;
};

void WriteEntries(ReplyWriter& reply, const std::vector<EntryView>& entries) {
  reply.Array(entries.size());
  for (const EntryView& entry : entries) WriteEntry(reply, entry);
}

// --- XREAD ---------------------------------------------------------------------------------------

// Behind which ID each stream is read. Empty where an error was answered.
std::optional<std::vector<StreamId>> ResolveIds(CommandContext& context, const ReadWords& words) {
  std::vector<StreamId> ids;
  for (std::size_t i = 0; i < words.keys.size(); ++i) {
    const auto view = ReadTyped(context, words.keys[i], ValueType::kStream);
    if (!view) return std::nullopt;
    if (words.ids[i] == "$") {
      ids.push_back(crdt::LastStreamId(*view));
    } else if (words.ids[i] == ">") {
      context.reply.Error(
          "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> "
          "<consumer> option.");
      return std::nullopt;
    } else {
      const auto id = ParseStreamId(context, words.ids[i]);
      if (!id) return std::nullopt;
      ids.push_back(*id);
    }
  }
  return ids;
}

void ReadBehind(const KeyView& view, std::string_view key, StreamId id, std::size_t most,
                StreamsReply& reply) {
  if (view.type() != ValueType::kStream) return;
  std::vector<EntryView> found;
  view.stream().entries().Ascend(EntryKey::Behind(id), EntryKey::Behind(StreamId::Greatest()),
                                 [&](const EntryView& entry) {
                                   found.push_back(entry);
                                   return found.size() < most;
                                 });
  if (!found.empty()) WriteEntries(reply.Begin(key), found);
}

// The command as it is carried out again when a key has changed: behind IDs that do not move.
std::vector<std::string> WithIds(Arguments arguments, const std::vector<StreamId>& ids) {
  std::vector<std::string> words(arguments.begin(), arguments.end());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    words[words.size() - ids.size() + i] = ids[i].ToString();
  }
  return words;
}

void XRead(CommandContext& context, Arguments arguments) {
  const auto words = ReadParser(context, arguments, Command::kRead).Parse();
  if (!words) return;
  const auto ids = ResolveIds(context, *words);
  if (!ids) return;
  StreamsReply reply(context.reply);
  for (std::size_t i = 0; i < words->keys.size(); ++i) {
    const KeyView view = context.database.Read(words->keys[i]);
    ReadBehind(view, words->keys[i], (*ids)[i], words->most, reply);
  }
  if (!reply.empty() || !words->block_ms) return reply.Finish();
  WaitForKeys(context,
              {.keys = {words->keys.begin(), words->keys.end()},
               .type = ValueType::kStream,
               .writes = false,
               .words = WithIds(arguments, *ids)},
              *words->block_ms);
}

// --- XREADGROUP ----------------------------------------------------------------------------------

// One stream of an XREADGROUP.
class GroupReader {
 public:
  GroupReader(CommandContext& context, const ReadWords& words, std::string_view key)
      : context_(context),
        words_(words),
        key_(key),
        region_(context.database.writer().region()),
        stream_(context.database.Read(key).stream()),
        group_(*stream_.Group(*words.group)) {}

  // What no consumer was given yet.
  void ReadNew(StreamsReply& reply) {
    std::vector<EntryView> found;
    std::vector<AuthoredId> delivered;
    std::optional<std::uint64_t> entries_read = group_.EntriesRead(region_);
    crdt::ForEachUndelivered(stream_, group_, region_, [&](const EntryView& entry) {
      found.push_back(entry);
      delivered.push_back({entry.stamp.region(), entry.id});
      entries_read = crdt::EntriesReadAfter(stream_, entries_read, entry.id);
      return found.size() < words_.most;
    });
    if (found.empty()) return NameConsumer();
    WriteEntries(reply.Begin(key_), found);
    crdt::PrepareGroupDeliver(key_,
                              {.group = *words_.group,
                               .consumer = words_.consumer,
                               .generation = group_.newest(),
                               .now_ms = context_.database.now_ms(),
                               .entries_read = entries_read,
                               .mode = words_.no_acknowledge ? crdt::DeliveryMode::kNoAcknowledge
                                                             : crdt::DeliveryMode::kPending,
                               .entries = delivered},
                              context_.database.effects());
    context_.database.Commit();
  }

  // What the consumer was given and has not acknowledged, behind an ID that is not the greatest.
  void ReadHistory(StreamId behind, StreamsReply& reply) {
    std::vector<std::pair<AuthoredId, const StreamConsumers::Pending*>> pending;
    group_.members(region_).ForEachPending(
        behind.Next(), StreamId::Greatest(),
        [&](const AuthoredId& entry, const StreamConsumers::Pending& given) {
          if (given.consumer->first == words_.consumer) pending.emplace_back(entry, &given);
          return pending.size() < words_.most;
        });
    std::vector<crdt::Claim> again;
    ReplyWriter& body = reply.Begin(key_);
    body.Array(pending.size());
    for (const auto& [entry, given] : pending) {
      const auto found = stream_.entries().Find(entry.region, entry.id);
      if (found) {
        WriteEntry(body, *found);
        again.push_back({.entry = entry,
                         .time_ms = context_.database.now_ms(),
                         .deliveries = given->deliveries + 1});
      } else {
        body.Array(2);
        WriteStreamId(body, entry.id);
        body.NullArray();
      }
    }
    if (again.empty()) return NameConsumer();
    crdt::PrepareGroupClaim(key_, Named(), again, context_.database.effects());
    context_.database.Commit();
  }

 private:
  crdt::NamedConsumer Named() const {
    return {.group = *words_.group,
            .consumer = words_.consumer,
            .now_ms = context_.database.now_ms(),
            .touch = StreamConsumers::Touch::kSeen};
  }

  void NameConsumer() {
    const auto* const consumer = group_.members(region_).Find(words_.consumer);
    const std::int64_t now = context_.database.now_ms();
    if (consumer != nullptr && now < consumer->seen_ms + kSeenAgainMs) return;
    crdt::PrepareConsumerName(key_, Named(), context_.database.effects());
    context_.database.Commit();
  }

  CommandContext& context_;
  const ReadWords& words_;
  std::string_view key_;
  crdt::RegionId region_;
  const StreamValue& stream_;
  const StreamGroup& group_;
};

// An ID whose history is asked for; empty: ">".
using HistoryId = std::optional<StreamId>;

// False where an error was answered.
bool ResolveHistoryIds(CommandContext& context, const ReadWords& words,
                       std::vector<HistoryId>& ids) {
  for (std::size_t i = 0; i < words.keys.size(); ++i) {
    const auto view = ReadTypedToWrite(context, words.keys[i], ValueType::kStream);
    if (!view) return false;
    if (!view->exists() || view->stream().Group(*words.group) == nullptr) {
      context.reply.Error(NoSuchKeyOrGroup(words.keys[i], *words.group) +
                          " in XREADGROUP with GROUP option");
      return false;
    }
    if (words.ids[i] == ">") {
      ids.push_back(std::nullopt);
    } else if (words.ids[i] == "$") {
      context.reply.Error(
          "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history "
          "of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ "
          "ID would just return an empty result set.");
      return false;
    } else {
      const auto id = ParseStreamId(context, words.ids[i]);
      if (!id) return false;
      // Nothing can be behind the greatest ID: Redis takes it for ">".
      ids.push_back(*id == StreamId::Greatest() ? HistoryId() : HistoryId(*id));
    }
  }
  return true;
}

void XReadGroup(CommandContext& context, Arguments arguments) {
  const auto words = ReadParser(context, arguments, Command::kReadGroup).Parse();
  if (!words) return;
  std::vector<HistoryId> ids;
  if (!ResolveHistoryIds(context, *words, ids)) return;
  StreamsReply reply(context.reply);
  for (std::size_t i = 0; i < words->keys.size(); ++i) {
    GroupReader reader(context, *words, words->keys[i]);
    if (ids[i]) {
      reader.ReadHistory(*ids[i], reply);
    } else {
      reader.ReadNew(reply);
    }
  }
  if (!reply.empty() || !words->block_ms) return reply.Finish();
  // Also carried out again where the stream or the group is gone: then it answers NOGROUP.
  WaitForKeys(context,
              {.keys = {words->keys.begin(), words->keys.end()},
               .type = ValueType::kStream,
               .also_when_gone = true,
               .words = {arguments.begin(), arguments.end()}},
              *words->block_ms);
}

constexpr KeywordKey kStreamsOfRead[] = {{"STREAMS", 1, KeywordKeys::kFirstHalf}};
constexpr KeywordKey kStreamsOfReadGroup[] = {{"STREAMS", 4, KeywordKeys::kFirstHalf}};

constexpr CommandSpec kCommands[] = {
    {.name = "xread",
     .words = AtLeast(4),
     .access = Access::kRead,
     .flags = command_flag::kBlocking | command_flag::kMovableKeys,
     .group = "stream",
     .summary = "Entries of several streams behind given IDs; may wait for the next one.",
     .since = "5.0.0",
     .run = XRead,
     .keyword_keys = kStreamsOfRead},
    {.name = "xreadgroup",
     .words = AtLeast(7),
     .key_use = KeyUse::kRead,
     .access = Access::kWrite,
     .flags = command_flag::kBlocking | command_flag::kMovableKeys,
     .group = "stream",
     .summary = "Entries that a group has not delivered yet, or what is pending to a consumer; may "
                "wait for the next one.",
     .when_concurrent = "Regions may deliver one entry each, until one of them has acknowledged "
                        "all up to it. An entry that arrives late is still delivered.",
     .since = "5.0.0",
     .run = XReadGroup,
     .keyword_keys = kStreamsOfReadGroup},
};

}  // namespace

std::span<const CommandSpec> StreamReadingCommands() {
  return kCommands;
}

}  // namespace server
