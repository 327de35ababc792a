#include "storage/keyspace.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

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

std::map<std::string, crdt::Object> Export(const Keyspace& keyspace, PartitionId partition) {
  std::map<std::string, crdt::Object> objects;
  keyspace.partition(partition).table().ForEach([&](const crdt::KeyCell& cell) {
    std::string bytes;
    crdt::ByteWriter out(bytes);
    crdt::EncodeCell(cell, out);
    crdt::ByteReader in(bytes);
    objects[std::string(cell.name())] = *crdt::Object::Decode(in);
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
