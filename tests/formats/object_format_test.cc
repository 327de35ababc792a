// The bytes of objects: they travel in joins and stand in the fragments of the log.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>

#include "crdt/object.h"
#include "crdt/prepare_hyperloglog.h"
#include "crdt/prepare_sorted_set.h"
#include "golden.h"
#include "storage/log/segment.h"

namespace crdt {
namespace {

// Objects have the version of the log that holds them.
constexpr std::uint32_t kVersions[] = {1};
static_assert(kVersions[std::size(kVersions) - 1] == storage::kSegmentVersion);

std::string FileOf(std::uint32_t version) {
  return "objects." + std::to_string(version) + ".txt";
}

// A key that grows by concurrent writes of two regions.
class Key {
 public:
  template <class Prepare>
  Key& Write(RegionId region, Prepare prepare) {
    EffectList effects;
    prepare(View(), effects);
    ByteReader in(effects.bytes());
    while (!in.at_end()) {
      const EffectView effect = EffectView::Decode(in).value();
      const Stamp stamp = Stamp::At(1'800'000'000'000 + ++ms_, Writer(region, 1));
      // Nobody has seen the other region's writes.
      ApplyToTable(table_, KeyTable::Hash(effect.key), effect, Context::Of(seen_[region], stamp),
                   nullptr);
      seen_[region].Advance(stamp);
    }
    return *this;
  }
  std::string Bytes() const {
    std::string bytes;
    ByteWriter out(bytes);
    EncodeCell(*table_.Find("key"), out);
    return bytes;
  }

 private:
  KeyView View() const { return KeyView(table_.Find("key")); }

  KeyTable table_;
  std::map<RegionId, VersionVector> seen_;
  std::uint64_t ms_ = 0;
};

formats::Samples Objects() {
  const auto set = [](const char* value, SetOptions options = {}) {
    return
        [=](const KeyView& view, EffectList& out) { PrepareSet(view, "key", value, options, out); };
  };
  const auto increment = [](RegionId region) {
    return [=](const KeyView& view, EffectList& out) {
      PrepareIncrement(view, "key", Writer(region, 1), 5, out);
    };
  };
  const auto add = [](std::string_view member) {
    // The author sees nothing of another type.
    return [=](const KeyView& view, EffectList& out) {
      const bool is_set = view.type() == ValueType::kSet;
      PrepareSetAdd(is_set ? view : KeyView(), "key", std::array{member}, out);
    };
  };
  const auto put = [](std::string_view field, std::string_view value) {
    return [=](const KeyView& view, EffectList& out) {
      PrepareHashSet(view, "key", std::array{FieldValue(field, value)}, Condition::kNone, out);
    };
  };
  const auto score = [](std::string_view member, double score) {
    return [=](const KeyView& view, EffectList& out) {
      PrepareSortedSetAdd(view, "key", std::array{MemberScore(member, score)}, Condition::kNone,
                          out);
    };
  };
  const auto raise = [](RegionId region, std::string_view member, double delta) {
    return [=](const KeyView& view, EffectList& out) {
      PrepareSortedSetIncrement(view, "key", member, Writer(region, 1), delta, out);
    };
  };
  const auto count = [](std::uint16_t index, std::uint8_t rank) {
    return [=](const KeyView& view, EffectList& out) {
      PrepareHyperLogLogAdd(view, "key", std::array{RegisterValue{index, rank}}, out);
    };
  };
  const auto remove = [](const KeyView& view, EffectList& out) {
    PrepareDelete(view, "key", DeleteReason::kCommand, out);
  };
  const SetOptions expires{.ttl = Ttl::kDeadline, .deadline = 1'900'000'000'000};
  return {
      {"string", Key().Write(1, set("value")).Bytes()},
      {"string_with_deadline", Key().Write(1, set("value", expires)).Bytes()},
      {"siblings", Key().Write(1, set("one")).Write(2, set("two")).Bytes()},
      {"counter", Key().Write(1, increment(1)).Write(2, increment(2)).Bytes()},
      {"set_of_two", Key().Write(1, add("one")).Write(1, add("two")).Bytes()},
      {"hash_with_siblings",
       Key().Write(1, put("field", "one")).Write(2, put("field", "two")).Bytes()},
      {"counter_beside_siblings",
       Key().Write(1, set("text")).Write(2, set("other")).Write(1, increment(1)).Bytes()},
      {"sorted_set", Key().Write(1, score("one", 2.5)).Write(1, score("two", -1)).Bytes()},
      {"sorted_set_of_two_writers", Key()
                                        .Write(1, score("one", 1))
                                        .Write(2, score("one", 2))
                                        .Write(1, raise(1, "one", 0.5))
                                        .Write(2, raise(2, "two", 3))
                                        .Bytes()},
      {"hyperloglog", Key().Write(1, count(16383, 1)).Write(2, count(2, 51)).Bytes()},
      {"grave_of_a_hyperloglog", Key().Write(1, count(1, 1)).Write(1, remove).Bytes()},
      {"type_clash", Key().Write(1, set("text")).Write(2, add("member")).Bytes()},
  };
}

TEST(Formats, ObjectsAreWrittenAsTheyWere) {
  formats::ExpectGolden(FileOf(storage::kSegmentVersion), Objects());
}

TEST(Formats, ObjectsOfEveryVersionAreReadAndWrittenBack) {
  for (const std::uint32_t version : kVersions) {
    for (const auto& [name, bytes] : formats::ReadGolden(FileOf(version))) {
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

}  // namespace
}  // namespace crdt
