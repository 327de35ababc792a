#include "storage/partition.h"

#include <gtest/gtest.h>

#include <string>

#include "crdt/prepare.h"

namespace storage {
namespace {

constexpr crdt::Writer kLondon{1, 1};

crdt::KeyView Find(const Partition& partition, std::string_view key) {
  return partition.Find(key, crdt::KeyTable::Hash(key));
}

void Apply(Partition& partition, const crdt::EffectView& effect, const crdt::Context& context) {
  partition.Apply(effect, crdt::KeyTable::Hash(effect.key), context, nullptr);
}

// A partition with its author: prepares and applies as a node does.
class Author {
 public:
  void HashSet(std::string_view field, std::string_view value) {
    const crdt::FieldValue pair{field, value};
    crdt::PrepareHashSet(view(), "key", {&pair, 1}, crdt::Condition::kNone, effects_);
    Apply();
  }
  void HashIncrement(std::string_view field) {
    crdt::PrepareHashIncrement(view(), "key", field, kLondon, 1, effects_);
    Apply();
  }
  crdt::KeyView view() const { return Find(partition_, "key"); }
  Partition& partition() { return partition_; }

 private:
  void Apply() {
    crdt::ByteReader in(effects_.bytes());
    stamp_ = stamp_.Plus(1);
    storage::Apply(partition_, *crdt::EffectView::Decode(in), crdt::Context::Everything(stamp_));
    effects_.clear();
  }

  Partition partition_;
  crdt::EffectList effects_;
  crdt::Stamp stamp_ = crdt::Stamp::At(crdt::Stamp::kEpochStartMs + 1, kLondon);
};

// Where every write looks at every field this test does not come to its end.
TEST(Partition, AHashIsFilledFieldByFieldInTimeThatGrowsWithItsFields) {
  Author author;
  constexpr int kFields = 300000;
  for (int i = 0; i < kFields; ++i) author.HashSet(std::to_string(i), "value");
  EXPECT_EQ(author.view().elements().size(), kFields);
}

TEST(Partition, AssigningAFieldThatWasCountedLeavesAPartToCollect) {
  Author author;
  author.HashSet("name", "value");
  EXPECT_FALSE(author.partition().has_pending_resets());
  author.HashIncrement("visits");
  author.HashSet("visits", "7");
  EXPECT_TRUE(author.partition().has_pending_resets());
}

crdt::EffectView Decoded(const crdt::EffectList& effects) {
  crdt::ByteReader in(effects.bytes());
  return *crdt::EffectView::Decode(in);
}

void Set(Partition& partition, std::string_view key, crdt::Stamp stamp) {
  crdt::EffectList effects;
  crdt::PrepareSet(Find(partition, key), key, "value", {}, effects);
  Apply(partition, Decoded(effects), crdt::Context::Everything(stamp));
}

TEST(Partition, ClearingTakesPlainStringsThatTheAuthorHadSeenAndNoOthers) {
  const crdt::Stamp first = crdt::Stamp::At(crdt::Stamp::kEpochStartMs + 1, kLondon);
  Partition partition;
  Set(partition, "seen", first);
  Set(partition, "unseen", first.Plus(1));

  crdt::VersionVector seen;
  seen.Advance(first);
  const crdt::Stamp clear = crdt::Stamp::At(crdt::Stamp::kEpochStartMs + 2, {2, 1});
  partition.Clear({}, crdt::Context::Of(seen, clear));
  EXPECT_FALSE(Find(partition, "seen").exists());
  EXPECT_TRUE(Find(partition, "unseen").exists());
  EXPECT_EQ(partition.visible_keys(), 1);

  partition.Clear({}, crdt::Context::Everything(clear.Plus(1)));
  EXPECT_EQ(partition.visible_keys(), 0);
}

}  // namespace
}  // namespace storage
