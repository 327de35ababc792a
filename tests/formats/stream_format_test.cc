// The bytes of streams: their effects, and their objects.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "crdt/object.h"
#include "crdt/prepare.h"
#include "crdt/prepare_stream.h"
#include "written_key.h"

namespace crdt {
namespace {

using formats::Written;

class Key : public formats::WrittenKey {
 public:
  std::string Add(RegionId region, StreamId id) {
    return Write(region, [&](const KeyView& key, EffectList& out) {
      PrepareStreamAdd(key, "key", Writer(region, 1), id,
                       std::array<std::string_view, 4>{"field", "value", "", "\x01"}, out);
    });
  }
};

GroupStart Start() {
  return {.everywhere = {1, 0}, .regions = {{1, {2, 3}}, {2, {4, 5}}}, .entries_read = 7};
}

void WriteEntries(Key& key, Written& written) {
  written.effects.emplace_back("stream_add", key.Add(1, {1'800'000'000'000, 1}));
  written.objects.emplace_back("one_entry", key.Bytes());
  written.effects.emplace_back("stream_add_again", key.Add(2, {1'800'000'000'000, 34}));
  key.Add(2, {1'800'000'000'001, 2});
  key.Add(2, {1'800'000'000'002, 2});
  written.objects.emplace_back("entries_of_two_regions", key.Bytes());
  written.effects.emplace_back("stream_remove", key.Write(2, [](auto& view, auto& out) {
    PrepareStreamRemove(view, "key", Writer(2, 1), std::array{StreamId{1'800'000'000'001, 2}}, out);
  }));
  written.effects.emplace_back("stream_add_after_remove", key.Add(2, {1'800'000'000'003, 2}));
  written.effects.emplace_back("stream_trim", key.Write(1, [](auto& view, auto& out) {
    PrepareStreamTrim(view, "key", 1, out);
  }));
  written.effects.emplace_back("stream_set_id", key.Write(1, [](auto& view, auto& out) {
    PrepareStreamSetId(view, "key",
                       {.stamp = {}, .added = 9, .last = {1'800'000'000'009, 0}, .deleted = {1, 2}},
                       out);
  }));
  written.objects.emplace_back("accounts", key.Bytes());
}

void WriteGroups(Key& key, Written& written) {
  constexpr std::string_view kGroup = "group";
  written.effects.emplace_back("group_create", key.Write(1, [&](auto& view, auto& out) {
    PrepareGroupCreate(view, "key", kGroup, Start(), out);
  }));
  written.effects.emplace_back("group_set_position", key.Write(1, [&](auto&, auto& out) {
    PrepareGroupSetPosition("key", kGroup, {}, out);
  }));
  const std::array entries{AuthoredId{1, {1'800'000'000'000, 1}},
                           AuthoredId{2, {1'800'000'000'000, 34}}};
  const auto deliver = [&](std::optional<std::uint64_t> entries_read, DeliveryMode mode) {
    return [=](const KeyView& view, EffectList& out) {
      PrepareGroupDeliver("key",
                          {.group = kGroup,
                           .consumer = "consumer",
                           .generation = view.stream().Group(kGroup)->newest(),
                           .now_ms = 1'800'000'000'100,
                           .entries_read = entries_read,
                           .mode = mode,
                           .entries = entries},
                          out);
    };
  };
  written.effects.emplace_back("group_deliver", key.Write(1, deliver(3, DeliveryMode::kPending)));
  written.effects.emplace_back("group_deliver_without_acknowledgement",
                               key.Write(2, deliver({}, DeliveryMode::kNoAcknowledge)));
  const NamedConsumer other{.group = kGroup,
                            .consumer = "other",
                            .now_ms = 1'800'000'000'200,
                            .touch = StreamConsumers::Touch::kActive};
  written.effects.emplace_back("group_claim", key.Write(1, [&](auto&, auto& out) {
    PrepareGroupClaim("key", other,
                      std::array{Claim{.entry = entries[0], .time_ms = 5, .deliveries = 2}}, out);
  }));
  written.effects.emplace_back("group_acknowledge", key.Write(2, [&](auto&, auto& out) {
    PrepareGroupAcknowledge("key", kGroup, entries, out);
  }));
  written.effects.emplace_back("consumer_name", key.Write(2, [&](auto&, auto& out) {
    PrepareConsumerName("key", other, out);
  }));
  written.objects.emplace_back("group_with_pending", key.Bytes());
  written.effects.emplace_back("consumer_delete", key.Write(1, [&](auto&, auto& out) {
    PrepareConsumerDelete("key", kGroup, "other", out);
  }));
  written.effects.emplace_back("group_destroy", key.Write(1, [&](auto& view, auto& out) {
    PrepareGroupDestroy(view, "key", kGroup, out);
  }));
  written.objects.emplace_back("grave_of_a_group", key.Bytes());
  written.effects.emplace_back("delete_that_buries", key.Write(1, [](auto& view, auto& out) {
    PrepareDelete(view, "key", DeleteReason::kCommand, out);
  }));
  written.objects.emplace_back("grave_of_a_stream", key.Bytes());
}

Written Streams() {
  Key key;
  Written written;
  WriteEntries(key, written);
  WriteGroups(key, written);
  return written;
}

TEST(Formats, StreamsAreWrittenAsTheyWere) {
  formats::ExpectWrittenAsItWas("stream", Streams());
}

TEST(Formats, StreamsOfEveryVersionAreReadAndWrittenBack) {
  formats::ExpectEveryVersionIsRead("stream");
}

TEST(Formats, StreamsThatEndEarlyAreRefused) {
  formats::ExpectEarlyEndsAreRefused(Streams());
}

}  // namespace
}  // namespace crdt
