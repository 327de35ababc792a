// XACK, XPENDING, XCLAIM and XAUTOCLAIM: what was delivered in this region and not acknowledged.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
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

using crdt::AuthoredId;
using crdt::Claim;
using crdt::EntryKey;
using crdt::EntryView;
using crdt::KeyView;
using crdt::StreamConsumers;
using crdt::StreamGroup;
using crdt::StreamId;
using crdt::StreamValue;
using crdt::ValueType;

// A group of a stream that is there, as this region sees it. Valid until the next Commit.
struct GroupView {
  const StreamValue* stream;
  const StreamGroup* group;
  const StreamConsumers* members;
};

// Empty where the key or the group is not there.
std::optional<GroupView> FindGroup(CommandContext& context, const KeyView& view,
                                   std::string_view name) {
  const StreamGroup* const group = view.exists() ? view.stream().Group(name) : nullptr;
  if (group == nullptr) return std::nullopt;
  return GroupView{&view.stream(), group, &group->members(context.database.writer().region())};
}

// The same for the key and the group that the first words name; NOGROUP where they are not there.
std::optional<GroupView> ReadGroup(CommandContext& context, const KeyView& view,
                                   Arguments arguments) {
  const auto found = FindGroup(context, view, arguments[2]);
  if (!found) context.reply.Error(NoSuchKeyOrGroup(arguments[1], arguments[2]));
  return found;
}

// --- XACK ----------------------------------------------------------------------------------------

void XAck(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kStream);
  if (!view) return;
  const auto found = FindGroup(context, *view, arguments[2]);
  if (!found) return context.reply.Integer(0);
  std::vector<StreamId> ids;
  for (const std::string_view word : arguments.subspan(3)) {
    const auto id = ParseStreamId(context, word);
    if (!id) return;
    ids.push_back(*id);
  }
  std::vector<AuthoredId> acknowledged;
  for (const StreamId id : ids) {
    // Regions may have written the same ID: both entries have been dealt with.
    found->members->ForEachPending(id, id, [&](const AuthoredId& entry, const auto&) {
      if (std::ranges::find(acknowledged, entry) == acknowledged.end()) {
        acknowledged.push_back(entry);
      }
      return true;
    });
  }
  context.reply.Integer(static_cast<std::int64_t>(acknowledged.size()));
  crdt::PrepareGroupAcknowledge(arguments[1], arguments[2], acknowledged,
                                context.database.effects());
  context.database.Commit();
}

// --- XPENDING ------------------------------------------------------------------------------------

void WriteSummary(ReplyWriter& reply, const StreamConsumers& members) {
  reply.Array(4);
  reply.Integer(static_cast<std::int64_t>(members.pending()));
  if (members.pending() == 0) {
    reply.Null();
    reply.Null();
    return reply.NullArray();
  }
  std::optional<StreamId> first;
  StreamId last;
  members.ForEachPending(StreamId::Least(), StreamId::Greatest(),
                         [&](const AuthoredId& entry, const auto&) {
                           if (!first) first = entry.id;
                           last = entry.id;
                           return true;
                         });
  WriteStreamId(reply, *first);
  WriteStreamId(reply, last);
  std::size_t busy = 0;
  for (const auto& [name, consumer] : members.consumers()) busy += consumer.pending > 0 ? 1 : 0;
  reply.Array(busy);
  for (const auto& [name, consumer] : members.consumers()) {
    if (consumer.pending == 0) continue;
    reply.Array(2);
    reply.Bulk(name);
    reply.Bulk(std::to_string(consumer.pending));
  }
}

struct PendingWords {
  std::int64_t least_idle_ms = 0;
  StreamId from;
  StreamId to;
  std::size_t most = 0;
  std::optional<std::string_view> consumer;
};

// Empty where an error was answered.
std::optional<PendingWords> ParsePendingWords(CommandContext& context, Arguments arguments) {
  PendingWords words;
  std::size_t at = 3;
  if (EqualsIgnoreCase(arguments[3], "idle")) {
    const auto idle = crdt::ParseInteger(arguments[4]);
    if (!idle) {
      context.reply.Error(kErrorNotAnInteger);
      return std::nullopt;
    }
    if (arguments.size() < 8) {
      context.reply.Error(kErrorSyntax);
      return std::nullopt;
    }
    words.least_idle_ms = *idle;
    at = 5;
  }
  const auto count = crdt::ParseInteger(arguments[at + 2]);
  if (!count) {
    context.reply.Error(kErrorNotAnInteger);
    return std::nullopt;
  }
  words.most = static_cast<std::size_t>(std::max<std::int64_t>(*count, 0));
  const auto from = ParseIntervalStart(context, arguments[at]);
  if (!from) return std::nullopt;
  const auto to = ParseIntervalEnd(context, arguments[at + 1]);
  if (!to) return std::nullopt;
  words.from = *from;
  words.to = *to;
  if (at + 3 < arguments.size()) words.consumer = arguments[at + 3];
  return words;
}

void WritePending(CommandContext& context, const StreamConsumers& members,
                  const PendingWords& words) {
  std::vector<std::pair<AuthoredId, const StreamConsumers::Pending*>> found;
  const std::int64_t now = context.database.now_ms();
  if (words.most > 0) {
    members.ForEachPending(
        words.from, words.to,
        [&](const AuthoredId& entry, const StreamConsumers::Pending& pending) {
          const bool wanted =
              (!words.consumer || pending.consumer->first == *words.consumer) &&
              (words.least_idle_ms == 0 || now - pending.time_ms >= words.least_idle_ms);
          if (wanted) found.emplace_back(entry, &pending);
          return found.size() < words.most;
        });
  }
  context.reply.Array(found.size());
  for (const auto& [entry, pending] : found) {
    context.reply.Array(4);
    WriteStreamId(context.reply, entry.id);
    context.reply.Bulk(pending->consumer->first);
    context.reply.Integer(std::max<std::int64_t>(now - pending->time_ms, 0));
    context.reply.Integer(static_cast<std::int64_t>(pending->deliveries));
  }
}

void XPending(CommandContext& context, Arguments arguments) {
  const std::size_t size = arguments.size();
  if (size != 3 && (size < 6 || size > 9)) return context.reply.Error(kErrorSyntax);
  std::optional<PendingWords> words;
  if (size != 3) {
    words = ParsePendingWords(context, arguments);
    if (!words) return;
  }
  const auto view = ReadTyped(context, arguments[1], ValueType::kStream);
  if (!view) return;
  const auto found = ReadGroup(context, *view, arguments);
  if (!found) return;
  if (words) {
    WritePending(context, *found->members, *words);
  } else {
    WriteSummary(context.reply, *found->members);
  }
}

// --- Claims --------------------------------------------------------------------------------------

// What XCLAIM and XAUTOCLAIM do with entries, collected for one reply and one record.
class Claiming {
 public:
  Claiming(CommandContext& context, Arguments arguments, const GroupView& group)
      : context_(context), arguments_(arguments), group_(group) {}

  std::vector<Claim> claimed;
  std::vector<AuthoredId> gone;  // Pending, but not in the stream any more.

  std::optional<EntryView> EntryOf(const AuthoredId& entry) const {
    return group_.stream->entries().Find(entry.region, entry.id);
  }

  enum class Form { kEntries, kIds };
  void WriteClaimed(Form form) {
    context_.reply.Array(claimed.size());
    for (const Claim& claim : claimed) {
      if (form == Form::kIds) {
        WriteStreamId(context_.reply, claim.entry.id);
      } else {
        WriteEntry(context_.reply, *EntryOf(claim.entry));
      }
    }
  }

  void Commit() {
    crdt::EffectList& effects = context_.database.effects();
    crdt::NamedConsumer by{.group = arguments_[2],
                           .consumer = arguments_[3],
                           .now_ms = context_.database.now_ms(),
                           .touch = StreamConsumers::Touch::kActive};
    crdt::PrepareGroupAcknowledge(arguments_[1], arguments_[2], gone, effects);
    crdt::PrepareGroupClaim(arguments_[1], by, claimed, effects);
    if (claimed.empty()) {
      by.touch = StreamConsumers::Touch::kSeen;
      crdt::PrepareConsumerName(arguments_[1], by, effects);
    }
    context_.database.Commit();
  }

 private:
  CommandContext& context_;
  Arguments arguments_;
  GroupView group_;
};

struct ClaimWords {
  std::int64_t least_idle_ms = 0;
  std::vector<StreamId> ids;
  std::optional<std::int64_t> time_ms;
  std::optional<std::int64_t> deliveries;
  StreamId last;
  bool force = false;
  bool ids_only = false;
};

std::optional<std::int64_t> ParseLeastIdle(CommandContext& context, Arguments arguments,
                                           std::string_view command) {
  const auto idle = crdt::ParseInteger(arguments[4]);
  if (idle) return std::max<std::int64_t>(*idle, 0);
  context.reply.Error(std::string("ERR Invalid min-idle-time argument for ").append(command));
  return std::nullopt;
}

// A number behind one of XCLAIM's options.
std::optional<std::int64_t> ParseClaimNumber(CommandContext& context, std::string_view word,
                                             std::string_view option) {
  const auto number = crdt::ParseInteger(word);
  if (!number) {
    context.reply.Error(
        std::string("ERR Invalid ").append(option).append(" option argument for XCLAIM"));
  }
  return number;
}

// False where an error was answered.
bool TakeClaimOption(CommandContext& context, Arguments arguments, std::size_t& at,
                     ClaimWords& words) {
  const std::string_view word = arguments[at];
  const bool more = at + 1 < arguments.size();
  if (EqualsIgnoreCase(word, "force")) {
    words.force = true;
  } else if (EqualsIgnoreCase(word, "justid")) {
    words.ids_only = true;
  } else if (EqualsIgnoreCase(word, "idle") && more) {
    const auto idle = ParseClaimNumber(context, arguments[++at], "IDLE");
    if (!idle) return false;
    words.time_ms = context.database.now_ms() - *idle;
  } else if (EqualsIgnoreCase(word, "time") && more) {
    words.time_ms = ParseClaimNumber(context, arguments[++at], "TIME");
    if (!words.time_ms) return false;
  } else if (EqualsIgnoreCase(word, "retrycount") && more) {
    words.deliveries = ParseClaimNumber(context, arguments[++at], "RETRYCOUNT");
    if (!words.deliveries) return false;
  } else if (EqualsIgnoreCase(word, "lastid") && more) {
    const auto last = ParseStreamId(context, arguments[++at]);
    if (!last) return false;
    words.last = *last;
  } else {
    context.reply.Error(
        std::string("ERR Unrecognized XCLAIM option '").append(Told(word)).append("'"));
    return false;
  }
  return true;
}

std::optional<ClaimWords> ParseClaimWords(CommandContext& context, Arguments arguments) {
  ClaimWords words;
  const auto idle = ParseLeastIdle(context, arguments, "XCLAIM");
  if (!idle) return std::nullopt;
  words.least_idle_ms = *idle;
  std::size_t at = 5;
  for (; at < arguments.size(); ++at) {
    const auto id = StreamId::Parse(arguments[at]);
    if (!id) break;
    words.ids.push_back(*id);
  }
  for (; at < arguments.size(); ++at) {
    if (!TakeClaimOption(context, arguments, at, words)) return std::nullopt;
  }
  return words;
}

// The entries of this ID that are pending, or, where `force` says so, in the stream.
std::vector<AuthoredId> Candidates(const GroupView& group, StreamId id, bool force) {
  std::vector<AuthoredId> found;
  group.members->ForEachPending(id, id, [&found](const AuthoredId& entry, const auto&) {
    found.push_back(entry);
    return true;
  });
  if (!force) return found;
  group.stream->entries().Ascend(EntryKey::Before(id), EntryKey::Behind(id),
                                 [&found](const EntryView& entry) {
                                   const AuthoredId authored{entry.stamp.region(), entry.id};
                                   if (std::ranges::find(found, authored) == found.end())
                                     found.push_back(authored);
                                   return true;
                                 });
  return found;
}

// XCLAIM's LASTID: as if everything up to there had been delivered, and nothing of it were pending.
void AdvanceTo(CommandContext& context, Arguments arguments, const GroupView& group,
               StreamId last) {
  const crdt::RegionId region = context.database.writer().region();
  if (last <= group.group->LastDelivered(region)) return;
  std::vector<AuthoredId> positions;
  for (const auto& [author, newest] : group.stream->entries().authors()) {
    positions.push_back({author, last});
  }
  if (positions.empty()) positions.push_back({region, last});
  crdt::PrepareGroupDeliver(arguments[1],
                            {.group = arguments[2],
                             .consumer = arguments[3],
                             .generation = group.group->newest(),
                             .now_ms = context.database.now_ms(),
                             .entries_read = group.group->EntriesRead(region),
                             .mode = crdt::DeliveryMode::kNoAcknowledge,
                             .entries = positions},
                            context.database.effects());
}

void XClaim(CommandContext& context, Arguments arguments) {
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kStream);
  if (!view) return;
  const auto group = ReadGroup(context, *view, arguments);
  if (!group) return;
  const auto words = ParseClaimWords(context, arguments);
  if (!words) return;
  const std::int64_t now = context.database.now_ms();
  // A time that makes no sense counts as now: clients compute it with clocks of their own.
  std::int64_t time = words->time_ms.value_or(now);
  if (time < 0 || time > now) time = now;
  AdvanceTo(context, arguments, *group, words->last);
  Claiming claiming(context, arguments, *group);
  for (const StreamId id : words->ids) {
    for (const AuthoredId& entry : Candidates(*group, id, words->force)) {
      const StreamConsumers::Pending* const pending = group->members->FindPending(entry);
      if (!claiming.EntryOf(entry)) {
        claiming.gone.push_back(entry);
        continue;
      }
      if (pending != nullptr && words->least_idle_ms > 0 &&
          now - pending->time_ms < words->least_idle_ms) {
        continue;
      }
      std::uint64_t deliveries = pending == nullptr ? 1 : pending->deliveries;
      if (words->deliveries && *words->deliveries >= 0) {
        deliveries = static_cast<std::uint64_t>(*words->deliveries);
      } else if (!words->ids_only) {
        ++deliveries;
      }
      claiming.claimed.push_back({.entry = entry, .time_ms = time, .deliveries = deliveries});
    }
  }
  claiming.WriteClaimed(words->ids_only ? Claiming::Form::kIds : Claiming::Form::kEntries);
  claiming.Commit();
}

// --- XAUTOCLAIM ----------------------------------------------------------------------------------

struct AutoClaimWords {
  std::int64_t least_idle_ms = 0;
  StreamId from;
  std::int64_t most = 100;
  bool ids_only = false;
};

// As many pending entries are looked at for each that may be claimed.
constexpr std::int64_t kLooksPerClaim = 10;
constexpr std::int64_t kMostClaims = std::numeric_limits<std::int64_t>::max() / 16;

std::optional<AutoClaimWords> ParseAutoClaimWords(CommandContext& context, Arguments arguments) {
  AutoClaimWords words;
  const auto idle = ParseLeastIdle(context, arguments, "XAUTOCLAIM");
  if (!idle) return std::nullopt;
  words.least_idle_ms = *idle;
  const auto from = ParseIntervalStart(context, arguments[5]);
  if (!from) return std::nullopt;
  words.from = *from;
  for (std::size_t i = 6; i < arguments.size(); ++i) {
    if (EqualsIgnoreCase(arguments[i], "count") && i + 1 < arguments.size()) {
      const auto count = crdt::ParseInteger(arguments[++i]);
      if (!count || *count < 1 || *count > kMostClaims) {
        context.reply.Error("ERR COUNT must be > 0");
        return std::nullopt;
      }
      words.most = *count;
    } else if (EqualsIgnoreCase(arguments[i], "justid")) {
      words.ids_only = true;
    } else {
      context.reply.Error(kErrorSyntax);
      return std::nullopt;
    }
  }
  return words;
}

void XAutoClaim(CommandContext& context, Arguments arguments) {
  const auto words = ParseAutoClaimWords(context, arguments);
  if (!words) return;
  const auto view = ReadTypedToWrite(context, arguments[1], ValueType::kStream);
  if (!view) return;
  const auto group = ReadGroup(context, *view, arguments);
  if (!group) return;
  const std::int64_t now = context.database.now_ms();
  Claiming claiming(context, arguments, *group);
  std::int64_t looks = words->most * kLooksPerClaim;
  std::int64_t left = words->most;
  StreamId next;
  group->members->ForEachPending(
      words->from, StreamId::Greatest(),
      [&](const AuthoredId& entry, const StreamConsumers::Pending& pending) {
        if (looks == 0 || left == 0) {
          next = entry.id;
          return false;
        }
        --looks;
        if (!claiming.EntryOf(entry)) {
          claiming.gone.push_back(entry);
          --left;
        } else if (now - pending.time_ms >= words->least_idle_ms) {
          claiming.claimed.push_back(
              {.entry = entry,
               .time_ms = now,
               .deliveries = pending.deliveries + (words->ids_only ? 0 : 1)});
          --left;
        }
        return true;
      });
  context.reply.Array(3);
  WriteStreamId(context.reply, next);
  claiming.WriteClaimed(words->ids_only ? Claiming::Form::kIds : Claiming::Form::kEntries);
  context.reply.Array(claiming.gone.size());
  for (const AuthoredId& entry : claiming.gone) WriteStreamId(context.reply, entry.id);
  claiming.Commit();
}

constexpr std::string_view kOfThisRegion =
    "What is pending belongs to this region; the others do not show it.";

constexpr CommandSpec kCommands[] = {
    {.name = "xack",
     .words = AtLeast(4),
     .keys = kOneKey,
     .key_use = KeyUse::kUpdate,
     .access = Access::kWrite,
     .flags = command_flag::kFast,
     .group = "stream",
     .summary = "Acknowledges entries that were delivered in this region; answers how many were "
                "pending.",
     .when_concurrent =
         "Other regions deliver nothing of what is acknowledged here up to the first "
         "entry that is still pending here.",
     .since = "5.0.0",
     .run = XAck},
    {.name = "xautoclaim",
     .words = AtLeast(6),
     .keys = kOneKey,
     .key_use = KeyUse::kDelete,
     .access = Access::kWrite,
     .flags = command_flag::kFast,
     .group = "stream",
     .summary = "Gives a consumer what has been pending for long.",
     .when_concurrent = kOfThisRegion,
     .since = "6.2.0",
     .run = XAutoClaim},
    {.name = "xclaim",
     .words = AtLeast(6),
     .keys = kOneKey,
     .key_use = KeyUse::kUpdate,
     .access = Access::kWrite,
     .flags = command_flag::kFast,
     .group = "stream",
     .summary = "Gives a consumer pending entries of others.",
     .when_concurrent = kOfThisRegion,
     .since = "5.0.0",
     .run = XClaim},
    {.name = "xpending",
     .words = AtLeast(3),
     .keys = kOneKey,
     .access = Access::kRead,
     .group = "stream",
     .summary = "What was delivered in this region and not acknowledged.",
     .since = "5.0.0",
     .run = XPending},
};

}  // namespace

std::span<const CommandSpec> StreamPendingCommands() {
  return kCommands;
}

}  // namespace server
