#include "crdt/prepare_stream.h"

#include <algorithm>
#include <vector>

#include "crdt/effect_parts.h"
#include "crdt/stream_reading.h"
#include "crdt/varint.h"

namespace crdt {
namespace {

const StreamValue* StreamOf(const KeyView& view) {
  return view.cell() == nullptr || view.cell()->is_packed() ? nullptr
                                                            : view.cell()->full().stream();
}

// What `writer` has said so far; nothing where the stream was never there.
StreamAccount AccountOf(const KeyView& view, Writer writer) {
  const StreamValue* const stream = StreamOf(view);
  return stream == nullptr ? StreamAccount() : stream->accounts().Of(writer);
}

std::uint8_t DeletedFlag(const StreamAccount& account) {
  return account.deleted.is_zero() ? 0 : stream_flag::kHasDeleted;
}

std::uint8_t EmptiesFlagOf(const KeyView& view, std::uint64_t removed_entries,
                           std::uint64_t removed_groups) {
  const StreamValue& stream = view.stream();
  return removed_entries == stream.entries().size() && removed_groups == stream.group_count() &&
                 !view.clashes()
             ? effect_flag::kEmpties
             : 0;
}

ByteWriter BeginOfGroup(EffectKind kind, std::uint8_t flags, std::string_view key,
                        std::string_view group, EffectList& out) {
  ByteWriter body = out.Begin(kind, flags, key);
  body.Bytes(group);
  return body;
}

std::uint8_t ActiveFlag(StreamConsumers::Touch touch) {
  return touch == StreamConsumers::Touch::kActive ? stream_flag::kActive : std::uint8_t{0};
}

std::uint8_t EntriesReadFlag(const std::optional<std::uint64_t>& entries_read) {
  return entries_read ? stream_flag::kHasEntriesRead : 0;
}

}  // namespace

StreamId LastStreamId(const KeyView& view) {
  const StreamValue* const stream = StreamOf(view);
  return stream == nullptr ? StreamId() : stream->last_id();
}

// --- Entries -------------------------------------------------------------------------------------

void PrepareStreamAdd(const KeyView& view, std::string_view key, Writer writer, StreamId id,
                      std::span<const std::string_view> fields, EffectList& out) {
  EndHidden(view, key, out);
  StreamAccount account = AccountOf(view, writer);
  ++account.added;
  ByteWriter body =
      out.Begin(EffectKind::kStreamAdd,
                static_cast<std::uint8_t>(CreatesFlag(view) | DeletedFlag(account)), key);
  // Account, one entry, its ID and number of fields: the hot path writes them at once.
  char head[7 * kMostVarintBytes];
  char* at = PutVarint(head, account.added);
  if (!account.deleted.is_zero()) {
    at = PutVarint(PutVarint(at, account.deleted.ms), account.deleted.sequence);
  }
  at = PutVarint(PutVarint(PutVarint(at, 1), id.ms), id.sequence);
  at = PutVarint(at, fields.size() / 2);
  body.Raw(head, static_cast<std::size_t>(at - head));
  for (const std::string_view word : fields) body.Bytes(word);
}

void PrepareStreamRemove(const KeyView& view, std::string_view key, Writer writer,
                         std::span<const StreamId> ids, EffectList& out) {
  if (!view.exists()) return;
  std::vector<StreamId> present;
  std::uint64_t removed = 0;
  for (const StreamId id : ids) {
    if (std::ranges::find(present, id) != present.end()) continue;
    const std::uint64_t entries = view.stream().entries().Count(id);
    if (entries == 0) continue;
    present.push_back(id);
    removed += entries;
  }
  if (present.empty()) return;
  StreamAccount account = AccountOf(view, writer);
  // The stream's last ID stays where it is when its last entry goes.
  account.last = view.stream().last_id();
  account.deleted = std::max(view.stream().accounts().deleted(), std::ranges::max(present));
  const auto flags =
      static_cast<std::uint8_t>(EmptiesFlagOf(view, removed, 0) | DeletedFlag(account));
  ByteWriter body = out.Begin(EffectKind::kStreamRemove, flags, key);
  EncodeAccount(account, body);
  body.Varint(present.size());
  for (const StreamId id : present) id.Encode(body);
}

void PrepareStreamTrim(const KeyView& view, std::string_view key, std::uint64_t count,
                       EffectList& out) {
  if (!view.exists() || count == 0) return;
  const StreamEntries& entries = view.stream().entries();
  const EntryKey end =
      count < entries.size() ? entries.KeyAfter(count) : EntryKey::Behind(StreamId::Greatest());
  ByteWriter body = out.Begin(EffectKind::kStreamTrim, EmptiesFlagOf(view, count, 0), key);
  end.id.Encode(body);
  body.PutStamp(end.stamp);
}

void PrepareStreamSetId(const KeyView& view, std::string_view key, const StreamAccount& said,
                        EffectList& out) {
  if (!view.exists()) return;
  ByteWriter body = out.Begin(EffectKind::kStreamSetId, DeletedFlag(said), key);
  EncodeAccount(said, body);
}

// --- Groups --------------------------------------------------------------------------------------

void PrepareGroupCreate(const KeyView& view, std::string_view key, std::string_view group,
                        const GroupStart& start, EffectList& out) {
  EndHidden(view, key, out);
  const auto flags =
      static_cast<std::uint8_t>(CreatesFlag(view) | EntriesReadFlag(start.entries_read));
  ByteWriter body = BeginOfGroup(EffectKind::kGroupCreate, flags, key, group, out);
  start.Encode(body);
}

void PrepareGroupDestroy(const KeyView& view, std::string_view key, std::string_view group,
                         EffectList& out) {
  BeginOfGroup(EffectKind::kGroupDestroy, EmptiesFlagOf(view, 0, 1), key, group, out);
}

void PrepareGroupSetPosition(std::string_view key, std::string_view group, const GroupStart& start,
                             EffectList& out) {
  ByteWriter body = BeginOfGroup(EffectKind::kGroupSetPosition, EntriesReadFlag(start.entries_read),
                                 key, group, out);
  start.Encode(body);
}

void PrepareGroupDeliver(std::string_view key, const Delivery& delivery, EffectList& out) {
  const std::uint8_t mode =
      delivery.mode == DeliveryMode::kNoAcknowledge ? stream_flag::kNoAcknowledge : 0;
  const auto flags = static_cast<std::uint8_t>(mode | EntriesReadFlag(delivery.entries_read));
  ByteWriter body = BeginOfGroup(EffectKind::kGroupDeliver, flags, key, delivery.group, out);
  body.Bytes(delivery.consumer);
  body.PutStamp(delivery.generation);
  body.Signed(delivery.now_ms);
  if (delivery.entries_read) body.Varint(*delivery.entries_read);
  body.Varint(delivery.entries.size());
  for (const AuthoredId& entry : delivery.entries) EncodeAuthored(entry, body);
}

void PrepareGroupAcknowledge(std::string_view key, std::string_view group,
                             std::span<const AuthoredId> entries, EffectList& out) {
  if (entries.empty()) return;
  ByteWriter body = BeginOfGroup(EffectKind::kGroupAcknowledge, 0, key, group, out);
  body.Varint(entries.size());
  for (const AuthoredId& entry : entries) EncodeAuthored(entry, body);
}

void PrepareGroupClaim(std::string_view key, const NamedConsumer& by, std::span<const Claim> claims,
                       EffectList& out) {
  if (claims.empty()) return;
  ByteWriter body = BeginOfGroup(EffectKind::kGroupClaim, ActiveFlag(by.touch), key, by.group, out);
  body.Bytes(by.consumer);
  body.Signed(by.now_ms);
  body.Varint(claims.size());
  for (const Claim& claim : claims) EncodeClaim(claim, body);
}

void PrepareConsumerName(std::string_view key, const NamedConsumer& named, EffectList& out) {
  ByteWriter body =
      BeginOfGroup(EffectKind::kConsumerName, ActiveFlag(named.touch), key, named.group, out);
  body.Bytes(named.consumer);
  body.Signed(named.now_ms);
}

void PrepareConsumerDelete(std::string_view key, std::string_view group, std::string_view consumer,
                           EffectList& out) {
  BeginOfGroup(EffectKind::kConsumerDelete, 0, key, group, out).Bytes(consumer);
}

// --- Copies --------------------------------------------------------------------------------------

namespace {

// The copy's entries are all of one author: the group goes on before the first that it had not
// delivered.
GroupStart StartOfCopy(const StreamValue& source, const StreamGroup& group, RegionId region) {
  StreamId position = group.LastDelivered(region);
  ForEachUndelivered(source, group, region, [&position](const EntryView& entry) {
    if (entry.id <= position) position = entry.id.Previous();
    return false;
  });
  return {.everywhere = position, .regions = {}, .entries_read = group.EntriesRead(region)};
}

void CopyMembers(std::string_view name, const StreamGroup& group, std::string_view key,
                 RegionId region, EffectList& out) {
  const StreamConsumers& members = group.members(region);
  for (const auto& [consumer, state] : members.consumers()) {
    const bool active = state.active_ms != kNeverActive;
    PrepareConsumerName(
        key,
        {.group = name,
         .consumer = consumer,
         .now_ms = active ? state.active_ms : state.seen_ms,
         .touch = active ? StreamConsumers::Touch::kActive : StreamConsumers::Touch::kSeen},
        out);
    std::vector<Claim> claims;
    members.ForEachPending(StreamId::Least(), StreamId::Greatest(),
                           [&](const AuthoredId& entry, const StreamConsumers::Pending& pending) {
                             if (pending.consumer->first == consumer) {
                               claims.push_back({.entry = {region, entry.id},
                                                 .time_ms = pending.time_ms,
                                                 .deliveries = pending.deliveries});
                             }
                             return true;
                           });
    PrepareGroupClaim(key, {name, consumer, state.seen_ms, StreamConsumers::Touch::kSeen}, claims,
                      out);
  }
}

}  // namespace

void PrepareStreamCopy(const StreamValue& source, const KeyView& target_view, std::string_view key,
                       Writer writer, EffectList& out) {
  const StreamAccount account{.stamp = {},
                              .added = source.accounts().added(),
                              .last = source.last_id(),
                              .deleted = source.accounts().deleted()};
  std::uint8_t creates = CreatesFlag(target_view);
  if (!source.entries().empty()) {
    const auto flags =
        static_cast<std::uint8_t>(creates | DeletedFlag(account) | stream_flag::kHasLast);
    ByteWriter body = out.Begin(EffectKind::kStreamAdd, flags, key);
    EncodeAccount(account, body);
    body.Varint(source.entries().size());
    source.entries().Ascend({}, EntryKey::Behind(StreamId::Greatest()),
                            [&body](const EntryView& entry) {
                              EncodeEntry(entry, body);
                              return true;
                            });
    creates = 0;
  }
  for (const auto& [name, group] : source.groups()) {
    if (!group.exists()) continue;
    const GroupStart start = StartOfCopy(source, group, writer.region());
    const auto flags = static_cast<std::uint8_t>(creates | EntriesReadFlag(start.entries_read));
    ByteWriter body = BeginOfGroup(EffectKind::kGroupCreate, flags, key, name, out);
    start.Encode(body);
    creates = 0;
    CopyMembers(name, group, key, writer.region(), out);
  }
  if (source.entries().empty()) {
    ByteWriter body = out.Begin(EffectKind::kStreamSetId, DeletedFlag(account), key);
    EncodeAccount(account, body);
  }
}

}  // namespace crdt
