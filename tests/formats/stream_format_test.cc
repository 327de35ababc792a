// The bytes of streams: their effects, and their objects.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>

#include "crdt/object.h"
#include "crdt/prepare.h"
#include "crdt/prepare_stream.h"
#include "golden.h"
#include "storage/log/segment.h"

namespace crdt {
namespace {

constexpr std::uint32_t kVersions[] = {1};
static_assert(kVersions[std::size(kVersions) - 1] == storage::kSegmentVersion);

std::string FileOf(std::string_view family, std::uint32_t version) {
  return std::string(family) + "." + std::to_string(version) + ".txt";
}

// One key on which two regions write in turns, each having seen the other.
class Key {
 public:
  using Prepare = std::function<void(const KeyView&, EffectList&)>;

  // Returns the bytes of the effect.
  std::string Write(RegionId region, const Prepare& prepare) {
    EffectList effects;
    prepare(view(), effects);
    ByteReader in(effects.bytes());
    while (!in.at_end()) {
      const EffectView effect = EffectView::Decode(in).value();
      const Stamp stamp = Stamp::At(1'800'000'000'000 + ++ms_, Writer(region, 1));
      ApplyToTable(table_, effect, Context::Everything(stamp), nullptr);
    }
    return std::string(effects.bytes());
  }
  std::string Add(RegionId region, StreamId id) {
    return Write(region, [&](const KeyView& key, EffectList& out) {
      PrepareStreamAdd(key, "key", Writer(region, 1), id,
                       std::array<std::string_view, 4>{"field", "value", "", "\x01"}, out);
    });
  }
  std::string Bytes() const {
    std::string bytes;
    ByteWriter out(bytes);
    EncodeCell(*table_.Find("key"), out);
    return bytes;
  }
  KeyView view() const { return KeyView(table_.Find("key")); }

 private:
  KeyTable table_;
  std::uint64_t ms_ = 0;
};

GroupStart Start() {
  return {.everywhere = {1, 0}, .regions = {{1, {2, 3}}, {2, {4, 5}}}, .entries_read = 7};
}

struct Written {
  formats::Samples effects;
  formats::Samples objects;
};

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
  const Written written = Streams();
  formats::ExpectGolden(FileOf("stream_effects", storage::kSegmentVersion), written.effects);
  formats::ExpectGolden(FileOf("stream_objects", storage::kSegmentVersion), written.objects);
}

TEST(Formats, StreamsOfEveryVersionAreReadAndWrittenBack) {
  for (const std::uint32_t version : kVersions) {
    for (const auto& [name, bytes] : formats::ReadGolden(FileOf("stream_effects", version))) {
      ByteReader in(bytes);
      const auto effect = EffectView::Decode(in);
      ASSERT_TRUE(effect.has_value()) << name;
      EXPECT_TRUE(in.at_end()) << name;
    }
    for (const auto& [name, bytes] : formats::ReadGolden(FileOf("stream_objects", version))) {
      ByteReader in(bytes);
      const auto object = Object::Decode(in);
      ASSERT_TRUE(object.has_value()) << name;
      EXPECT_TRUE(in.at_end()) << name;
      std::string again;
      ByteWriter out(again);
      object->Encode(out);
      EXPECT_EQ(formats::ToHex(again), formats::ToHex(bytes)) << name;
    }
  }
}

TEST(Formats, StreamsThatEndEarlyAreRefused) {
  const Written written = Streams();
  for (const auto& [name, bytes] : written.objects) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ByteReader in(std::string_view(bytes).substr(0, size));
      EXPECT_FALSE(Object::Decode(in).has_value()) << name << " cut to " << size;
    }
  }
  for (const auto& [name, bytes] : written.effects) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ByteReader in(std::string_view(bytes).substr(0, size));
      EXPECT_FALSE(EffectView::Decode(in).has_value()) << name << " cut to " << size;
    }
  }
}

}  // namespace
}  // namespace crdt
