#include "storage/keyspace.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crdt/prepare.h"
#include "crdt/prepare_hyperloglog.h"
#include "log_fixture.h"
#include "storage/key_location.h"

namespace storage {
namespace {

// A write at a keyspace that is all that there is.
void Write(Keyspace& keyspace, crdt::Stamp stamp, const crdt::EffectList& effects) {
  crdt::ByteReader in(effects.bytes());
  while (!in.at_end()) {
    keyspace.Apply(*crdt::EffectView::Decode(in), crdt::Context::Everything(stamp), nullptr);
  }
  keyspace.AdvanceFloor(stamp);
}

void Count(Keyspace& keyspace, crdt::Stamp stamp, std::uint16_t index) {
  crdt::EffectList effects;
  const crdt::RegisterValue value{.index = index, .rank = 5};
  crdt::PrepareHyperLogLogAdd(keyspace.Find("visitors"), "visitors", {&value, 1}, effects);
  Write(keyspace, stamp, effects);
}

std::vector<Keyspace::NamedObject> Export(const Keyspace& keyspace, PartitionId partition) {
  std::vector<Keyspace::NamedObject> objects;
  keyspace.partition(partition).table().ForEach([&](const crdt::KeyCell& cell) {
    std::string bytes;
    crdt::ByteWriter out(bytes);
    crdt::EncodeCell(cell, out);
    crdt::ByteReader in(bytes);
    objects.emplace_back(cell.name(), *crdt::Object::Decode(in));
  });
  return objects;
}

// A node that lost all reads from the beginning what others wrote, and then has to join. The delete
// that took what it has read is stable, so that nothing there tells of it any more.
TEST(KeyspaceJoin, BringsNothingBackThatWasForgottenWhereItComesFrom) {
  Keyspace there;
  Count(there, StampNumber(1), 7);
  Keyspace here;
  Count(here, StampNumber(1), 7);
  crdt::EffectList deletion;
  crdt::PrepareDelete(there.Find("visitors"), "visitors", crdt::DeleteReason::kCommand, deletion);
  Write(there, StampNumber(2), deletion);
  there.Collect(there.floor());
  Count(there, StampNumber(3), 9);
  ASSERT_NE(here.Digest(0), there.Digest(0));
  const PartitionId partition = PartitionOf("visitors");
  here.JoinPartition(partition, Export(there, partition), there.floor());
  EXPECT_EQ(here.Digest(0), there.Digest(0));
}

// What this side has written meanwhile is not known there, and stays.
// What region 1 has of a key, and the effect that makes it so.
class KeyspaceRepairTest : public ::testing::Test {
 protected:
  KeyspaceRepairTest() {
    Set(there_, StampNumber(1), "right");
    Set(here_, StampNumber(1), "wrong");
    here_.SetRegion(StampNumber(1).region());
    std::string object;
    crdt::ByteWriter out(object);
    crdt::EncodeCell(*there_.Find("key").cell(), out);
    effects_.Begin(crdt::EffectKind::kRepair, 0, "key").Bytes(object);
  }

  static void Set(Keyspace& keyspace, crdt::Stamp stamp, std::string_view value) {
    crdt::EffectList effects;
    crdt::PrepareSet(keyspace.Find("key"), "key", value, {}, effects);
    Write(keyspace, stamp, effects);
  }
  void Repair(Keyspace& keyspace, const crdt::Context& context) {
    crdt::ByteReader in(effects_.bytes());
    keyspace.Apply(*crdt::EffectView::Decode(in), context, nullptr);
  }
  bool IsRight(const Keyspace& keyspace) {
    return keyspace.DigestOf("key", 0) == there_.DigestOf("key", 0);
  }

  Keyspace here_;
  Keyspace there_;
  crdt::EffectList effects_;
};

TEST_F(KeyspaceRepairTest, PutsTheKeyInThePlaceOfWhatIsHere) {
  ASSERT_FALSE(IsRight(here_));
  here_.TrackChanges();
  Repair(here_, crdt::Context::Everything(StampNumber(2)));
  EXPECT_TRUE(IsRight(here_));
  EXPECT_TRUE(here_.has_changes()) << "for the checkpoint";
}

// A node that returns with a write which only it has reads the repair behind it.
TEST(KeyspaceRepair, KeepsWhatItsAuthorHadNotSeen) {
  const auto add = [](Keyspace& keyspace, std::string_view member, const crdt::Context& context) {
    crdt::EffectList effects;
    crdt::PrepareSetAdd(keyspace.Find("key"), "key", {&member, 1}, effects);
    crdt::ByteReader in(effects.bytes());
    keyspace.Apply(*crdt::EffectView::Decode(in), context, nullptr);
    keyspace.AdvanceFloor(context.stamp());
  };
  const crdt::RegionId region = StampNumber(1).region();
  const crdt::Stamp later = crdt::Stamp::At(StampNumber(3).unix_ms() + 1, crdt::Writer(region, 9));
  crdt::VersionVector seen;
  seen.Advance(StampNumber(1));
  Keyspace there;
  add(there, "right", crdt::Context::Everything(StampNumber(1)));
  crdt::EffectList repair;
  std::string object;
  crdt::ByteWriter out(object);
  crdt::EncodeCell(*there.Find("key").cell(), out);
  repair.Begin(crdt::EffectKind::kRepair, 0, "key").Bytes(object);

  Keyspace here;
  here.SetRegion(region);
  add(here, "wrong", crdt::Context::Everything(StampNumber(1)));
  add(here, "only here", crdt::Context::Of(seen, later));
  crdt::ByteReader in(repair.bytes());
  here.Apply(*crdt::EffectView::Decode(in), crdt::Context::Of(seen, StampNumber(2)), nullptr);
  add(there, "only here", crdt::Context::Of(seen, later));
  EXPECT_EQ(here.DigestOf("key", 0), there.DigestOf("key", 0));
}

TEST_F(KeyspaceRepairTest, ChangesNothingInAnotherRegion) {
  here_.SetRegion(static_cast<crdt::RegionId>(StampNumber(1).region() + 1));
  Repair(here_, crdt::Context::Everything(StampNumber(2)));
  EXPECT_FALSE(IsRight(here_));
}

TEST(KeyspaceDigests, AreScannedInSlicesAndSumUp) {
  Keyspace keyspace;
  for (std::uint64_t i = 1; i <= 3000; ++i) {
    const std::string key = "key " + std::to_string(i);
    crdt::EffectList effects;
    crdt::PrepareSet(keyspace.Find(key), key, "value", {}, effects);
    Write(keyspace, StampNumber(2 * i), effects);
    if (i % 10 != 0) continue;
    effects.clear();
    crdt::PrepareExpire(keyspace.Find(key), key, 1000, effects);
    Write(keyspace, StampNumber(2 * i + 1), effects);
  }
  for (const std::int64_t now_ms : {0, 1000}) {
    std::uint64_t sum = 0;
    std::uint64_t keys = 0;
    std::uint64_t slices = 0;
    for (int id = 0; id < kPartitions; ++id) {
      std::uint64_t cursor = 0;
      do {
        std::uint64_t budget = 4;
        cursor = keyspace.ScanDigests(static_cast<PartitionId>(id), cursor, budget, now_ms,
                                      [&](std::string_view key, std::uint64_t digest) {
                                        EXPECT_EQ(digest, keyspace.DigestOf(key, now_ms));
                                        sum += digest;
                                        ++keys;
                                      });
        ++slices;
      } while (cursor != 0);
    }
    EXPECT_EQ(sum, keyspace.Digest(now_ms));
    EXPECT_EQ(keys, now_ms == 0 ? 3000U : 2700U);
    EXPECT_GT(slices, 500U);
  }
  EXPECT_EQ(keyspace.DigestOf("absent", 0), 0U);
}

TEST(KeyspaceJoin, KeepsWhatOnlyThisSideHas) {
  Keyspace there;
  Count(there, StampNumber(1), 7);
  Keyspace here;
  Count(here, StampNumber(2, crdt::Writer(2, 1)), 9);
  const PartitionId partition = PartitionOf("visitors");
  here.JoinPartition(partition, Export(there, partition), there.floor());
  here.JumpFloor(there.floor());
  ASSERT_EQ(here.Find("visitors").type(), crdt::ValueType::kHyperLogLog);
  const crdt::HyperLogLogRegisters& registers = here.Find("visitors").hyperloglog().registers();
  EXPECT_EQ(registers.Get(7), 5);
  EXPECT_EQ(registers.Get(9), 5);
}

}  // namespace
}  // namespace storage
