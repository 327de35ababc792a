#include "storage/partition_watch.h"

#include <gtest/gtest.h>

#include "crdt/prepare.h"
#include "log_fixture.h"
#include "storage/key_location.h"
#include "storage/keyspace.h"

namespace storage {
namespace {

constexpr std::size_t kBuckets = 8;

crdt::VersionVector Seen(std::uint64_t number) {
  crdt::VersionVector vector;
  vector.Advance(StampNumber(number));
  return vector;
}

bool HasChanged(const PartitionWatch& watch, const Buckets& in, const crdt::VersionVector& seen) {
  const Buckets changed = watch.ChangedBy(seen);
  for (std::size_t i = 0; i < kBuckets; ++i) {
    if (in[i] && changed[i]) return true;
  }
  return false;
}

Buckets All() {
  return Buckets(kBuckets, true);
}
Buckets Only(std::string_view key) {
  Buckets buckets(kBuckets);
  buckets[BucketSums::BucketOf(key, kBuckets)] = true;
  return buckets;
}
Buckets Without(std::string_view key) {
  Buckets buckets = Only(key);
  buckets.flip();
  return buckets;
}

void Apply(Keyspace& keyspace, crdt::Stamp stamp, const crdt::EffectList& effects) {
  crdt::ByteReader in(effects.bytes());
  while (!in.at_end()) {
    keyspace.Apply(*crdt::EffectView::Decode(in), crdt::Context::Everything(stamp), nullptr);
  }
  keyspace.AdvanceFloor(stamp);
}

void Set(Keyspace& keyspace, crdt::Stamp stamp, std::string_view key) {
  crdt::EffectList effects;
  crdt::PrepareSet(keyspace.Find(key), key, "value", {}, effects);
  Apply(keyspace, stamp, effects);
}

class PartitionWatchTest : public ::testing::Test {
 protected:
  Keyspace keyspace_;
  PartitionId partition_ = PartitionOf("key");
  std::shared_ptr<PartitionWatch> watch_ = keyspace_.Watch(partition_, kBuckets);
};

TEST_F(PartitionWatchTest, TellsWhatHasChangedItAmongWhatSomebodyHasSeen) {
  Set(keyspace_, StampNumber(5), "key");
  EXPECT_TRUE(HasChanged(*watch_, Only("key"), Seen(5)));
  EXPECT_FALSE(HasChanged(*watch_, Only("key"), Seen(4))) << "not seen there";
  EXPECT_FALSE(HasChanged(*watch_, Without("key"), Seen(5)));
}

TEST_F(PartitionWatchTest, TheFirstChangeOfAWriterCountsAlsoWhenOthersFollow) {
  for (int number : {5, 6, 7}) Set(keyspace_, StampNumber(number), "key");
  EXPECT_TRUE(HasChanged(*watch_, All(), Seen(5)));
}

TEST_F(PartitionWatchTest, IsOfOnePartition) {
  ASSERT_NE(PartitionOf("another"), partition_);
  Set(keyspace_, StampNumber(5), "another");
  EXPECT_FALSE(HasChanged(*watch_, All(), Seen(5)));
}

TEST_F(PartitionWatchTest, SeesAClearARepairAndAJoin) {
  crdt::EffectList clear;
  clear.Begin(crdt::EffectKind::kClear, 0, {}).Varint(0);
  Apply(keyspace_, StampNumber(5), clear);
  EXPECT_TRUE(HasChanged(*watch_, Only("key"), Seen(5)));
  EXPECT_FALSE(HasChanged(*watch_, Only("key"), Seen(4)));

  watch_ = keyspace_.Watch(partition_, kBuckets);
  keyspace_.SetRegion(StampNumber(6).region());
  std::string object;
  crdt::ByteWriter out(object);
  crdt::Object().Encode(out);
  crdt::EffectList repair;
  repair.Begin(crdt::EffectKind::kRepair, 0, "key").Bytes(object);
  Apply(keyspace_, StampNumber(6), repair);
  EXPECT_TRUE(HasChanged(*watch_, Only("key"), Seen(6)));

  watch_ = keyspace_.Watch(partition_, kBuckets);
  keyspace_.JoinPartition(partition_, {}, Seen(7));
  EXPECT_TRUE(HasChanged(*watch_, Without("key"), {})) << "who knows what it changed";
}

TEST_F(PartitionWatchTest, SeveralSeeTheSameAndEachBeginsWhenItBegins) {
  Set(keyspace_, StampNumber(5), "key");
  const auto later = keyspace_.Watch(partition_, kBuckets);
  Set(keyspace_, StampNumber(6), "key");
  EXPECT_TRUE(HasChanged(*watch_, All(), Seen(5)));
  EXPECT_FALSE(HasChanged(*later, All(), Seen(5)));
  EXPECT_TRUE(HasChanged(*later, All(), Seen(6)));
}

// --- What a join leaves out ----------------------------------------------------------------------

TEST(KeyspacePartialJoin, KeysThatAreNotNamedStay) {
  Keyspace here;
  Set(here, StampNumber(1), "{t}stays");
  Set(here, StampNumber(2), "{t}goes");
  std::vector<Keyspace::NamedObject> named;
  named.emplace_back("{t}goes", crdt::Object());
  here.JoinPartition(PartitionOf("{t}"), std::move(named), Seen(3), UnnamedKeys::kEqual);
  EXPECT_TRUE(here.Find("{t}stays").exists());
  EXPECT_FALSE(here.Find("{t}goes").exists());
  EXPECT_TRUE(here.Observed(PartitionOf("{t}")).Covers(StampNumber(3)));
}

}  // namespace
}  // namespace storage
