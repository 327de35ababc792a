#include "replication/acknowledgements.h"

#include <gtest/gtest.h>

#include <vector>

#include "stream_fixture.h"

namespace replication {
namespace {

// --- WAIT ----------------------------------------------------------------------------------------

TEST(Wait, CountsReplicasWhoseAppliedPositionHasReachedTheWrite) {
  ReplicaAcknowledgements replicas;
  replicas.Connect(1, 0);
  replicas.Connect(2, 0);
  replicas.Acknowledge(1, /*applied=*/100, /*durable=*/50, /*log_end=*/200, 10);
  replicas.Acknowledge(2, /*applied=*/200, /*durable=*/100, /*log_end=*/200, 10);
  EXPECT_EQ(replicas.CountApplied(100), 2);
  EXPECT_EQ(replicas.CountApplied(101), 1);
  EXPECT_EQ(replicas.CountApplied(201), 0);
  EXPECT_EQ(replicas.CountDurable(50), 2);
  EXPECT_EQ(replicas.CountDurable(51), 1);
  EXPECT_EQ(replicas.CountDurable(101), 0);
}

TEST(Wait, BeforeAnyWriteAllConnectedReplicasCount) {
  ReplicaAcknowledgements replicas;
  replicas.Connect(1, 0);
  replicas.Connect(2, 0);
  EXPECT_EQ(replicas.CountApplied(0), 2);
  EXPECT_EQ(replicas.CountDurable(0), 2);
}

TEST(Wait, AReplicaThatIsGoneDoesNotCount) {
  ReplicaAcknowledgements replicas;
  replicas.Connect(1, 0);
  replicas.Acknowledge(1, 100, 100, 100, 10);
  replicas.Disconnect(1);
  EXPECT_EQ(replicas.CountApplied(0), 0);
  replicas.Acknowledge(1, 100, 100, 100, 20);
  EXPECT_EQ(replicas.CountApplied(0), 0) << "late news of the old connection";
  replicas.Connect(1, 30);
  EXPECT_EQ(replicas.CountApplied(100), 0) << "it starts anew";
}

TEST(Wait, PositionsNeverMoveBackwards) {
  ReplicaAcknowledgements replicas;
  replicas.Connect(1, 0);
  replicas.Acknowledge(1, 100, 90, 100, 10);
  replicas.Acknowledge(1, 50, 40, 100, 20);
  EXPECT_EQ(replicas.CountApplied(100), 1);
  EXPECT_EQ(replicas.CountDurable(90), 1);
}

// --- The ship gate -------------------------------------------------------------------------------

TEST(ShipGate, WithoutAReplicaRecordsLeaveAtOnce) {
  EXPECT_EQ(ReplicaAcknowledgements().ShipLimit(500, 1000, 200), 500U);
}

TEST(ShipGate, ARecordLeavesOnceOneInSyncReplicaHasIt) {
  ReplicaAcknowledgements replicas;
  replicas.Connect(1, 0);
  replicas.Connect(2, 0);
  replicas.Acknowledge(1, 300, 0, 500, 10);
  replicas.Acknowledge(2, 100, 0, 500, 10);
  EXPECT_EQ(replicas.ShipLimit(500, 20, 200), 300U);
}

TEST(ShipGate, AReplicaThatLagsForLongerThanTheTimeoutHoldsNothingBack) {
  ReplicaAcknowledgements replicas;
  replicas.Connect(1, 0);
  replicas.Acknowledge(1, 500, 0, 500, 1000);
  replicas.NoteLogEnd(600, 2000);
  EXPECT_EQ(replicas.ShipLimit(600, 2200, 200), 500U);
  EXPECT_EQ(replicas.ShipLimit(600, 2201, 200), 600U);
  // It moves: that is in sync again, although it is not at the end.
  replicas.Acknowledge(1, 550, 0, 700, 2300);
  EXPECT_EQ(replicas.ShipLimit(700, 2400, 200), 550U);
}

TEST(FinePrint, Rule14ARegionIsDurableUpToTheLeastOfItsReplicasInSync) {
  ReplicaAcknowledgements replicas;
  replicas.Connect(1, 0);
  replicas.Connect(2, 0);
  EXPECT_EQ(replicas.LeastDurable(500, 10, 200), 0U);
  replicas.Acknowledge(1, 500, 400, 500, 10);
  replicas.Acknowledge(2, 500, 300, 500, 10);
  EXPECT_EQ(replicas.LeastDurable(500, 20, 200), 300U);
  EXPECT_EQ(replicas.LeastDurable(250, 20, 200), 250U) << "our own disk counts too";
  // A dead one does not pin the disk.
  replicas.NoteLogEnd(600, 20);
  replicas.Acknowledge(1, 600, 600, 600, 300);
  EXPECT_EQ(replicas.LeastDurable(600, 300, 200), 600U);
}

TEST(FinePrint, Rule15WithoutFsyncDurableMeansAppliedEverywhereInSync) {
  ReplicaAcknowledgements replicas;
  replicas.Connect(1, 0);
  replicas.Acknowledge(1, 500, 0, 500, 10);
  EXPECT_EQ(replicas.LeastApplied(500, 20, 200), 500U);
  EXPECT_EQ(replicas.LeastApplied(600, 20, 200), 500U);
}

// --- From positions to vectors -------------------------------------------------------------------

TEST(NotesByPosition, TellsTheValueOfWhatIsDurable) {
  NotesByPosition<std::uint64_t> notes;
  notes.Note(100, 1);
  notes.Note(200, 2);
  notes.Note(200, 3);
  notes.Advance(99);
  EXPECT_EQ(notes.durable(), 0U);
  notes.Advance(199);
  EXPECT_EQ(notes.durable(), 1U);
  notes.Advance(200);
  EXPECT_EQ(notes.durable(), 3U);
  notes.Note(200, 4);
  EXPECT_EQ(notes.durable(), 4U) << "durable already";
}

// Where nothing is synced for long, notes get fewer, and are spread over all of the way.
TEST(NotesByPosition, BoundsItsMemoryAndStaysPreciseEverywhere) {
  constexpr std::uint64_t kWay = 1'000'000;
  NotesByPosition<std::uint64_t> notes;
  for (std::uint64_t position = 1; position <= kWay; ++position) notes.Note(position, position);
  EXPECT_LE(notes.notes(), NotesByPosition<std::uint64_t>::kMostNotes);
  for (const std::uint64_t position : {kWay / 10, kWay / 2, kWay * 9 / 10, kWay}) {
    notes.Advance(position);
    EXPECT_LE(notes.durable(), position);
    EXPECT_GE(notes.durable() + kWay / 1000, position);
  }
}

// --- Regions -------------------------------------------------------------------------------------

RegionAcknowledgements Of(const std::vector<crdt::RegionId>& regions) {
  RegionAcknowledgements acknowledgements;
  for (const crdt::RegionId region : regions) acknowledgements.Add(region);
  return acknowledgements;
}

TEST(RegionWait, CountsRegionsThatHaveTheWriteDurably) {
  RegionAcknowledgements regions = Of({2, 3});
  EXPECT_EQ(regions.CountDurable(WriteOf(1, 5)), 0);
  regions.Acknowledge(2, Having({WriteOf(1, 9)}), Having({WriteOf(1, 5)}));
  regions.Acknowledge(3, Having({WriteOf(1, 9)}), Having({WriteOf(1, 4)}));
  EXPECT_EQ(regions.CountDurable(WriteOf(1, 5)), 1);
  EXPECT_EQ(regions.CountDurable(WriteOf(1, 4)), 2);
  EXPECT_EQ(regions.CountDurable({}), 2) << "before any write";
  regions.Acknowledge(9, Having({WriteOf(1, 9)}), Having({WriteOf(1, 9)}));
  EXPECT_EQ(regions.CountDurable(WriteOf(1, 5)), 1) << "an unknown region does not count";
}

TEST(FinePrint, Rule13NothingIsStableThatAMemberRegionHasNotConfirmed) {
  RegionAcknowledgements regions = Of({2, 3});
  const crdt::VersionVector own = Having({WriteOf(1, 5), WriteOf(2, 5)});
  regions.Acknowledge(2, own, own);
  regions.NoteHeldByAll(2, own);
  regions.Acknowledge(3, own, own);
  EXPECT_TRUE(regions.Stable(own, own).empty()) << "one of the nodes of 3 was never heard of";
  regions.NoteHeldByAll(3, Having({WriteOf(1, 3)}));
  EXPECT_EQ(regions.Stable(own, own), Having({WriteOf(1, 3)}));
  EXPECT_EQ(regions.Stable(own, Having({WriteOf(1, 2)})), Having({WriteOf(1, 2)}));
}

TEST(FinePrint, Rule13WhatARegionHasAndWeLackStopsCollecting) {
  RegionAcknowledgements regions = Of({2});
  const crdt::VersionVector own = Having({WriteOf(1, 5)});
  regions.Acknowledge(2, Having({WriteOf(1, 5), WriteOf(2, 1)}), own);
  regions.NoteHeldByAll(2, own);
  EXPECT_TRUE(regions.Stable(own, own).empty());
}

TEST(RegionAcknowledgements, WhatARegionHadAndHasLostIsNotWaitedFor) {
  RegionAcknowledgements regions = Of({2});
  const crdt::VersionVector own = Having({WriteOf(1, 5)});
  regions.Acknowledge(2, Having({WriteOf(1, 5), WriteOf(2, 1)}), own);
  regions.NoteHeldByAll(2, own);
  ASSERT_TRUE(regions.Stable(own, own).empty());
  regions.Acknowledge(2, own, own);
  ASSERT_TRUE(regions.Stable(own, own).empty()) << "another node of the region may have it";
  regions.ForgetWhatWasLost(2, own);
  EXPECT_EQ(regions.Stable(own, own), own);
}

TEST(RegionAcknowledgements, ARegionIsRemovedEverywhereOnceAllOthersHaveSaidSo) {
  RegionAcknowledgements regions = Of({2, 3});
  const geo_config::RegionSet four(1 << 4);
  regions.NoteRemoved(2, four);
  EXPECT_EQ(regions.RemovedEverywhere(four), geo_config::RegionSet());
  regions.NoteRemoved(3, four);
  EXPECT_EQ(regions.RemovedEverywhere(four), four);
  EXPECT_EQ(regions.RemovedEverywhere({}), geo_config::RegionSet()) << "a node of this region";
  regions.Add(5);
  EXPECT_EQ(regions.RemovedEverywhere(four), geo_config::RegionSet());
  regions.Remove(5);
  EXPECT_EQ(regions.RemovedEverywhere(four), four);
}

TEST(ReplicaAcknowledgements, AReplicaOfAnEmptyLogIsInSyncWhenTheFirstRecordComes) {
  ReplicaAcknowledgements replicas;
  replicas.Connect(1, /*now_ms=*/0);
  replicas.NoteLogEnd(/*log_end=*/0, /*now_ms=*/5000);
  replicas.NoteLogEnd(/*log_end=*/100, /*now_ms=*/6000);
  EXPECT_EQ(replicas.ShipLimit(/*log_end=*/100, /*now_ms=*/6100, /*timeout_ms=*/200), 0U);
  EXPECT_EQ(replicas.ShipLimit(/*log_end=*/100, /*now_ms=*/6300, /*timeout_ms=*/200), 100U);
}

}  // namespace
}  // namespace replication
