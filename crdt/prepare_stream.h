// Prepare for streams: see prepare.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "crdt/effect.h"
#include "crdt/object.h"
#include "crdt/stream_effect.h"

namespace crdt {

// All of these REQUIRE that the key shows nothing or a stream; those that take no `view` that it
// shows a stream. `writer` is this shard's.

// No entry may get an ID up to this one. It may outlive the stream for a while.
StreamId LastStreamId(const KeyView& view);

// `fields`: name, value, name, value, … REQUIRES: the ID is greater than the stream's last.
void PrepareStreamAdd(const KeyView& view, std::string_view key, Writer writer, StreamId id,
                      std::span<const std::string_view> fields, EffectList& out);
// Names only the IDs that are there; nothing where none is.
void PrepareStreamRemove(const KeyView& view, std::string_view key, Writer writer,
                         std::span<const StreamId> ids, EffectList& out);
// Takes the first `count` entries.
void PrepareStreamTrim(const KeyView& view, std::string_view key, std::uint64_t count,
                       EffectList& out);
// `said`: the last ID, the number of added entries and the greatest deleted ID that are to be
// shown.
void PrepareStreamSetId(const KeyView& view, std::string_view key, const StreamAccount& said,
                        EffectList& out);
// A whole stream as new writes of this region, with its groups and what is pending in them.
// REQUIRES: `target_view` shows nothing.
void PrepareStreamCopy(const StreamValue& source, const KeyView& target_view, std::string_view key,
                       Writer writer, EffectList& out);

void PrepareGroupCreate(const KeyView& view, std::string_view key, std::string_view group,
                        const GroupStart& start, EffectList& out);
void PrepareGroupDestroy(const KeyView& view, std::string_view key, std::string_view group,
                         EffectList& out);
void PrepareGroupSetPosition(std::string_view key, std::string_view group, const GroupStart& start,
                             EffectList& out);

enum class DeliveryMode { kPending, kNoAcknowledge };
struct Delivery {
  std::string_view group;
  std::string_view consumer;
  Stamp generation;  // The group's newest start.
  std::int64_t now_ms = 0;
  std::optional<std::uint64_t> entries_read;
  DeliveryMode mode = DeliveryMode::kPending;
  std::span<const AuthoredId> entries;
};
void PrepareGroupDeliver(std::string_view key, const Delivery& delivery, EffectList& out);
// Nothing where `entries` is empty.
void PrepareGroupAcknowledge(std::string_view key, std::string_view group,
                             std::span<const AuthoredId> entries, EffectList& out);
// A command names a consumer, which is made where there is none.
struct NamedConsumer {
  std::string_view group;
  std::string_view consumer;
  std::int64_t now_ms = 0;
  StreamConsumers::Touch touch = StreamConsumers::Touch::kSeen;
};
void PrepareConsumerName(std::string_view key, const NamedConsumer& named, EffectList& out);
// Gives it pending entries; nothing where `claims` is empty.
void PrepareGroupClaim(std::string_view key, const NamedConsumer& by, std::span<const Claim> claims,
                       EffectList& out);
void PrepareConsumerDelete(std::string_view key, std::string_view group, std::string_view consumer,
                           EffectList& out);

}  // namespace crdt
