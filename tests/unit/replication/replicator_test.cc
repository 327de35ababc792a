#include "replication/replicator.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "machines.h"

namespace replication {
namespace {

RegionReport ReportOf(Machines& machines, const std::string& node, const std::string& region) {
  for (RegionReport& report : machines[node].replicator().RegionReports(machines.now())) {
    if (report.name == region) return report;
  }
  ADD_FAILURE() << "no region " << region;
  return {};
}

// --- WAIT and REGION WAIT ------------------------------------------------------------------------

TEST(Replicator, WaitCountsTheReplicaAndNeverARegion) {
  Machines machines({"eu-0", "eu-1", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  EXPECT_EQ(machines["eu-0"].replicator().ReplicasAt(0), 1);
  const crdt::Stamp stamp = machines.Write("eu-0", "a");
  machines.Run(500);
  const storage::LogPosition end = machines["eu-0"].shard().log().end();
  EXPECT_EQ(machines["eu-0"].replicator().ReplicasAt(end), 1);
  EXPECT_EQ(machines["eu-0"].replicator().ReplicasDurableAt(end), 1);
  EXPECT_EQ(machines["eu-0"].replicator().RegionsDurableAt(stamp), 1);
  machines.Kill("eu-1");
  EXPECT_EQ(machines["eu-0"].replicator().ReplicasAt(0), 0);
}

TEST(Replicator, AppliedIsNotDurable) {
  Machines machines({"eu-0", "eu-1", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  machines["eu-1"].sync_stalls = true;
  machines["us-0"].sync_stalls = true;
  const crdt::Stamp stamp = machines.Write("eu-0", "a");
  machines.Run(500);
  const storage::LogPosition end = machines["eu-0"].shard().log().end();
  EXPECT_EQ(machines["eu-0"].replicator().ReplicasAt(end), 1);
  EXPECT_EQ(machines["eu-0"].replicator().ReplicasDurableAt(end), 0);
  EXPECT_EQ(machines["eu-0"].replicator().RegionsDurableAt(stamp), 0);
  machines["eu-1"].sync_stalls = false;
  machines["us-0"].sync_stalls = false;
  machines.Run(500);
  EXPECT_EQ(machines["eu-0"].replicator().ReplicasDurableAt(end), 1);
  EXPECT_EQ(machines["eu-0"].replicator().RegionsDurableAt(stamp), 1);
}

// A write whose author had seen another region's write is not durable there before that one is
// here.
TEST(FinePrint, Rule9WhatTheGateHoldsIsNeverAcknowledged) {
  Machines machines({"eu-0", "us-0", "ap-0"});
  machines.StartAll();
  machines.Run(2500);
  machines.Cut("eu-0", "ap-0");
  machines.Write("eu-0", "first");
  machines.Run(200);
  const crdt::Stamp dependent = machines.Write("us-0", "second");
  machines.Run(200);
  EXPECT_TRUE(machines["ap-0"].shard().order().empty());
  EXPECT_EQ(machines["us-0"].replicator().RegionsDurableAt(dependent), 1) << "eu alone";
  // What is missing is pulled from us, once eu's own link is silent.
  machines.Run(3000);
  EXPECT_EQ(machines["ap-0"].shard().order(), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(machines["us-0"].replicator().RegionsDurableAt(dependent), 2);
}

// --- Clocks --------------------------------------------------------------------------------------

TEST(FinePrint, Rule25ANodeWhoseClockIsAheadOfTheMajorityCountsLogically) {
  Machines machines({"eu-0", "us-0", "ap-0"});
  machines.StartAll();
  machines["eu-0"].clock_error_ms = 60000;
  machines.Run(2500);
  EXPECT_TRUE(machines["eu-0"].replicator().clock_too_fast());
  EXPECT_FALSE(machines["us-0"].replicator().clock_too_fast());
  EXPECT_FALSE(machines["ap-0"].replicator().clock_too_fast());
  machines["eu-0"].clock_error_ms = 0;
  machines.Run(1000);
  EXPECT_FALSE(machines["eu-0"].replicator().clock_too_fast());
}

TEST(FinePrint, Rule25TheLinkSaysThatRecordsAreHeldForTheirTime) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  machines["eu-0"].clock_error_ms = 30000;
  machines.Write("eu-0", "ahead");
  machines.Run(500);
  EXPECT_TRUE(machines["us-0"].shard().order().empty());
  EXPECT_NE(ReportOf(machines, "us-0", "eu").detail.find("its clock is ahead by 30 s"),
            std::string::npos);
  machines.Run(31000);
  EXPECT_EQ(machines["us-0"].shard().order().size(), 1U);
}

TEST(FinePrint, Rule25AnOperatorTakesWhatIsHeldForItsTime) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  EXPECT_FALSE(machines["us-0"].replicator().Release(1, machines.now()).has_value())
      << "nothing is held";
  machines["eu-0"].clock_error_ms = 3600'000;
  machines.Write("eu-0", "ahead");
  machines.Run(500);
  EXPECT_TRUE(machines["us-0"].shard().order().empty());
  EXPECT_TRUE(machines["us-0"].replicator().Release(1, machines.now()).has_value());
  EXPECT_EQ(machines["us-0"].shard().order().size(), 1U);
}

TEST(Replicator, AReplicaSaysWhoKeepsTheLinks) {
  Machines machines({"eu-0", "eu-1", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Run(500);
  EXPECT_EQ(ReportOf(machines, "eu-1", "us").state, "replica");
  EXPECT_EQ(ReportOf(machines, "eu-1", "us").lag_ms, 0);
}

// --- Epochs --------------------------------------------------------------------------------------

TEST(FinePrint, Rule10ANewDirectoryTakesNoWriteBeforeAllOthersHaveToldTheirEpochs) {
  Machines machines({"eu-0", "us-0"});
  machines["eu-0"].new_directory_reason = "this directory is new";
  machines.Start("eu-0", true);
  machines.Run(5000);
  EXPECT_FALSE(machines["eu-0"].replicator().primary());
  EXPECT_EQ(machines["eu-0"].replicator().waiting_to_lead(), "this directory is new");
  machines.Start("us-0", true);
  machines.Run(2500);
  EXPECT_TRUE(machines["eu-0"].replicator().primary());
}

// Its directory was lost; others remember the epochs of its region.
TEST(FinePrint, Rule10AnEmptyDirectoryTakesAnEpochThatNobodyKnows) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Run(500);
  const crdt::Epoch before = machines["eu-0"].replicator().epoch();
  machines.Kill("eu-0");
  machines["eu-0"].disk() = {};
  machines["eu-0"].new_directory_reason = "this directory is new";
  machines.Start("eu-0", true);
  machines.Run(2500);
  EXPECT_GT(machines["eu-0"].replicator().epoch(), before);
  EXPECT_EQ(machines["eu-0"].shard().order(), std::vector<std::string>{"a"}) << "it comes home";
}

// One of them was emptied, the other one is a copy: neither knows which epochs there were.
TEST(FinePrint, Rule10AReplicaWithANewDirectoryAsksAllOthersWhenItIsPromoted) {
  Machines machines({"eu-0", "eu-1", "us-0"});
  machines["eu-0"].new_directory_reason = "this directory is new";
  machines["eu-1"].new_directory_reason = "this directory is new";
  machines.Start("eu-0");
  machines.Start("eu-1");
  machines.Start("us-0", /*primary_when_new=*/true);
  machines.Run(2500);
  EXPECT_FALSE(machines["eu-1"].replicator().TakeOver(machines.now()).has_value());
  machines.Run(2500);
  EXPECT_TRUE(machines["eu-1"].replicator().TakeOver(machines.now()).has_value());
}

// Where the logs are in memory only, the other node is the only one to remember it.
TEST(FinePrint, Rule11AReplicaRemembersTheEpochOfAPrimaryThatHasLostEverything) {
  Machines machines({"eu-0", "eu-1"});
  machines.StartAll();
  machines.Run(2500);
  ASSERT_TRUE(machines["eu-1"].replicator().TakeOver(machines.now()).has_value());
  machines.Run(2500);
  const crdt::Epoch used = machines["eu-1"].replicator().epoch();
  ASSERT_FALSE(machines["eu-0"].replicator().primary());
  machines.Kill("eu-1");
  machines["eu-1"].disk() = {};
  machines.Run(1000);
  machines.Start("eu-1");
  machines.Run(2500);
  ASSERT_TRUE(machines["eu-1"].replicator().TakeOver(machines.now()).has_value());
  EXPECT_GT(machines["eu-1"].replicator().epoch(), used);
}

// --- Two primaries -------------------------------------------------------------------------------

// Positions of one primary's log say nothing about the other's.
TEST(TwoPrimaries, AReplicaAcknowledgesOnlyToTheOneThatItFollows) {
  Machines machines({"eu-0", "eu-1", "eu-2"});
  machines.StartAll();
  machines.Run(2500);
  machines.Cut("eu-0", "eu-1");
  ASSERT_TRUE(machines["eu-1"].replicator().TakeOver(machines.now()).has_value());
  machines.Run(2500);
  machines.Freeze("eu-0");
  for (const char* text : {"a", "b", "c", "d"}) machines.Write("eu-1", text);
  machines.Run(1000);
  const storage::LogPosition at_1 = machines["eu-1"].shard().log().end();
  machines["eu-2"].sync_stalls = true;
  machines.Thaw("eu-0");
  machines.Write("eu-0", "e");
  const storage::LogPosition at_0 = machines["eu-0"].shard().log().end();
  machines.Run(1000);
  EXPECT_TRUE(machines["eu-0"].replicator().primary());
  EXPECT_EQ(machines["eu-0"].replicator().ReplicasDurableAt(at_0), 0);
  EXPECT_EQ(machines["eu-1"].replicator().ReplicasDurableAt(at_1), 1);
}

// --- Failing over --------------------------------------------------------------------------------

TEST(Failover, APrimaryAndAnUnfinishedReplicaAreNotPromoted) {
  Machines machines({"eu-0", "eu-1"});
  machines.StartAll();
  machines.Run(2500);
  EXPECT_FALSE(machines["eu-0"].replicator().TakeOver(machines.now()).has_value());
  // A join was broken off: some partitions are further than the others.
  machines.Kill("eu-0");
  machines.Kill("eu-1");
  crdt::VersionVector beyond;
  beyond.Advance(crdt::Stamp::At(1'900'000'000'000, crdt::Writer(1, 9)));
  ASSERT_TRUE(machines["eu-1"]
                  .shard()
                  .JoinPartition(3, {}, beyond, storage::UnnamedKeys::kAbsent)
                  .has_value());
  machines.Start("eu-1");
  machines.Run(2500);
  const auto refused = machines["eu-1"].replicator().TakeOver(machines.now());
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().detail.find("unfinished full synchronisation"), std::string::npos);
}

// Its primary joins from another region: whoever follows that by the log has what it has.
TEST(Failover, AReplicaThatFollowsAJoinIsPromotedAmidIt) {
  Machines machines({"eu-0", "eu-1", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Run(1000);
  machines.Cut("eu-0", "us-0");
  machines.Cut("eu-1", "us-0");
  const crdt::Stamp more = machines.Write("us-0", "b");
  crdt::VersionVector beyond;
  beyond.Advance(more);
  const storage::PartitionId partition = storage::PartitionOf(std::to_string(more.value()));
  ASSERT_TRUE(machines["eu-0"]
                  .shard()
                  .JoinPartition(partition, {{std::to_string(more.value()), "b"}}, beyond,
                                 storage::UnnamedKeys::kAbsent)
                  .has_value());
  machines.Run(1000);
  EXPECT_EQ(machines["eu-1"].shard().texts().size(), 2U);
  EXPECT_TRUE(machines["eu-1"].replicator().joining());
  machines.Kill("eu-0");
  const auto taken = machines["eu-1"].replicator().TakeOver(machines.now());
  ASSERT_TRUE(taken.has_value()) << taken.error().detail;
}

TEST(FinePrint, Rule11EpochSlotsAreUsedAgainOnceEverybodyHasWhatWasWrittenUnderThem) {
  Machines machines({"eu-0", "eu-1", "us-0", "ap-0"});
  machines.StartAll();
  machines.Run(2500);
  constexpr int kRounds = 150;
  for (int round = 0; round < kRounds; ++round) {
    const std::string next = round % 2 == 0 ? "eu-1" : "eu-0";
    const auto taken = machines[next].replicator().TakeOver(machines.now());
    ASSERT_TRUE(taken.has_value()) << round << ": " << taken.error().detail;
    machines.Run(2000);
    machines.Write(next, std::to_string(round));
    machines.Run(500);
  }
  EXPECT_GT(machines["eu-0"].replicator().epoch(), 2U * crdt::kEpochSlots);
  for (const char* node : {"eu-0", "eu-1", "us-0", "ap-0"}) {
    EXPECT_EQ(machines[node].shard().order().size(), static_cast<std::size_t>(kRounds)) << node;
    EXPECT_EQ(machines[node].shard().floor(), machines["eu-0"].shard().floor()) << node;
  }
}

TEST(FinePrint, Rule11ClosingAnEpochWaitsForEveryRegionAndTheErrorNamesIt) {
  Machines machines({"eu-0", "us-0", "ap-0"});
  machines.StartAll();
  machines.Run(2500);
  machines.Kill("eu-0");
  machines.Kill("ap-0");
  // Its log has a write of an epoch that it does not remember: it needs a new one, and has had all.
  Disk& disk = machines["eu-0"].disk();
  disk.epoch = crdt::kEpochSlots - 2;
  disk.shard->Write(crdt::Stamp::At(crdt::Stamp::kEpochStartMs, {1, crdt::kEpochSlots - 1}), "a");
  machines.Start("eu-0");
  machines.Run(5000);
  const std::string& waiting = machines["eu-0"].replicator().waiting_to_lead();
  EXPECT_NE(waiting.find("region ap cannot be reached"), std::string::npos) << waiting;
  EXPECT_FALSE(machines["eu-0"].replicator().primary());
  machines.Start("ap-0");
  machines.Run(5000);
  EXPECT_TRUE(machines["eu-0"].replicator().primary());
  EXPECT_EQ(machines["eu-0"].replicator().epoch(), static_cast<crdt::Epoch>(crdt::kEpochSlots));
}

// It leads before it has everything, and says so until it has.
void ExpectToCatchUpWhileItLeads(Machines& machines, const std::string& name,
                                 const crdt::VersionVector& held) {
  bool caught_up_late = false;
  machines.watch = [&](const std::string&, const std::string&, LinkId, std::string_view) {
    if (!machines[name].replicator().primary()) return;
    const bool has_all = machines[name].shard().floor().Covers(held);
    caught_up_late = caught_up_late || !has_all;
    EXPECT_TRUE(has_all || machines[name].replicator().catching_up());
  };
  machines.Run(2500);
  machines.watch = nullptr;
  EXPECT_TRUE(caught_up_late) << "it leads before it has everything";
  EXPECT_FALSE(machines[name].replicator().catching_up());
}

// What the others have may be stable, and what had removed it forgotten.
TEST(FinePrint, Rule13APrimaryThatLostItsMemoryTakesNoWriteBeforeItHasWhatItsReplicaHas) {
  Machines machines({"eu-0", "eu-1"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Run(1000);
  const crdt::VersionVector held = machines["eu-1"].shard().floor();
  machines.Kill("eu-0");
  machines["eu-0"].disk() = {};
  machines.Start("eu-0", /*primary_when_new=*/true);
  ExpectToCatchUpWhileItLeads(machines, "eu-0", held);
  EXPECT_EQ(machines["eu-0"].shard().order(), std::vector<std::string>{"a"});
}

// So may be what other regions have.
TEST(FinePrint, Rule13APrimaryWithANewDirectoryTakesNoWriteBeforeItHasWhatOtherRegionsHave) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Write("us-0", "b");
  machines.Run(1000);
  const crdt::VersionVector held = machines["us-0"].shard().floor();
  machines.Kill("eu-0");
  machines["eu-0"].disk() = {};
  machines["eu-0"].new_directory_reason = "this directory is new";
  machines.Start("eu-0", /*primary_when_new=*/true);
  ExpectToCatchUpWhileItLeads(machines, "eu-0", held);
}

// Where it is nowhere any more nobody waits for it.
TEST(FinePrint, Rule13APrimaryThatBeganAnewDoesNotWaitForWhatNobodyHas) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("us-0", "b");
  machines.Run(1000);
  machines.Kill("eu-0");
  machines["eu-0"].disk() = {};
  machines["eu-0"].new_directory_reason = "this directory is new";
  ASSERT_TRUE(machines["us-0"].replicator().Pause(machines.RegionNumber("eu")).has_value());
  machines.Start("eu-0", /*primary_when_new=*/true);
  machines.Run(2500);
  EXPECT_TRUE(machines["eu-0"].replicator().catching_up());
  machines.Kill("us-0");
  machines.Run(1000);
  EXPECT_TRUE(machines["eu-0"].replicator().catching_up()) << "it may come back";
  machines["us-0"].disk() = {};
  machines.Start("us-0", /*primary_when_new=*/true);
  machines.Run(5000);
  EXPECT_FALSE(machines["eu-0"].replicator().catching_up());
}

TEST(FinePrint, Rule13ItTakesNoneEitherAfterARestartAmidIt) {
  Machines machines({"eu-0", "us-0", "us-1"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("us-0", "a");
  machines.Run(1000);
  machines.Kill("eu-0");
  machines["eu-0"].disk() = {};
  machines["eu-0"].new_directory_reason = "nobody has told yet";
  ASSERT_TRUE(machines["us-0"].replicator().Pause(machines.RegionNumber("eu")).has_value());
  machines.Start("eu-0", /*primary_when_new=*/true);
  machines.Run(2500);
  EXPECT_TRUE(machines["eu-0"].replicator().catching_up());
  machines.Kill("eu-0");
  machines["eu-0"].new_directory_reason.clear();
  machines.Cut("eu-0", "us-0");
  machines.Cut("eu-0", "us-1");
  machines.Start("eu-0");
  machines.Run(2500);
  EXPECT_TRUE(machines["eu-0"].replicator().catching_up()) << "it does not know what it lacks";
  machines.Heal();
  ASSERT_TRUE(machines["us-0"].replicator().Resume(machines.RegionNumber("eu")).has_value());
  machines.Run(2500);
  EXPECT_FALSE(machines["eu-0"].replicator().catching_up());
  EXPECT_EQ(machines["eu-0"].shard().order(), std::vector<std::string>{"a"});
}

// A power failure may take back what it has got: until that is durable it is not whole.
TEST(FinePrint, Rule13ItIsNotedAsWholeOnceThatIsDurable) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("us-0", "a");
  machines.Run(1000);
  machines.Kill("eu-0");
  machines["eu-0"].disk() = {};
  machines["eu-0"].new_directory_reason = "nobody has told yet";
  machines["eu-0"].sync_stalls = true;
  machines.Start("eu-0", /*primary_when_new=*/true);
  machines.Run(5000);
  EXPECT_FALSE(machines["eu-0"].replicator().catching_up());
  EXPECT_TRUE(machines["eu-0"].disk().began_anew);
  machines["eu-0"].sync_stalls = false;
  machines.Run(1000);
  EXPECT_FALSE(machines["eu-0"].disk().began_anew);
}

// What was written under its first epoch is nowhere whole: some partitions of it are.
TEST(FinePrint, Rule9AnEpochThatOnlyAnUnfinishedJoinKnowsIsNotTakenAgain) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  const crdt::Epoch first = machines["eu-0"].replicator().epoch();
  machines.Cut("eu-0", "us-0");
  crdt::VersionVector brought;
  brought.Advance(machines.Write("eu-0", "a"));
  ASSERT_TRUE(machines["us-0"]
                  .shard()
                  .JoinPartition(3, {}, brought, storage::UnnamedKeys::kAbsent)
                  .has_value());
  machines.Kill("eu-0");
  machines["eu-0"].disk() = {};
  machines["eu-0"].new_directory_reason = "nobody has told yet";
  machines.Heal();
  machines.Start("eu-0", /*primary_when_new=*/true);
  machines.Run(5000);
  EXPECT_TRUE(machines["eu-0"].replicator().primary());
  EXPECT_GT(machines["eu-0"].replicator().epoch(), first);
}

// Its increments that nobody has seen would come home to where nothing tells any more what had been
// reset of them.
TEST(FinePrint, Rule13NothingIsStableWhileANodeOfAnyRegionIsAway) {
  for (const std::string away : {"eu-1", "us-1"}) {
    Machines machines({"eu-0", "eu-1", "us-0", "us-1"});
    machines.StartAll();
    machines.Run(4000);
    machines.Kill(away);
    machines.Run(1000);
    const crdt::Stamp stamp = machines.Write("eu-0", "a");
    machines.Run(5000);
    EXPECT_TRUE(machines["us-0"].shard().floor().Covers(stamp));
    EXPECT_FALSE(machines["eu-0"].shard().stable().Covers(stamp)) << away;
    machines.Start(away);
    machines.Run(5000);
    EXPECT_TRUE(machines["eu-0"].shard().stable().Covers(stamp)) << away;
  }
}

// It may be a primary of its own by then, for whom nothing is deleted that was deleted elsewhere.
TEST(FinePrint, Rule13NothingIsStableThatANodeOfAnyRegionHasNotConfirmed) {
  for (const std::string frozen : {"eu-1", "us-1"}) {
    Machines machines({"eu-0", "eu-1", "us-0", "us-1"});
    machines.StartAll();
    machines.Run(4000);
    machines.Freeze(frozen);
    const crdt::Stamp stamp = machines.Write("eu-0", "a");
    machines.Run(10000);
    EXPECT_TRUE(machines["us-0"].shard().floor().Covers(stamp));
    EXPECT_FALSE(machines["eu-0"].shard().stable().Covers(stamp)) << frozen;
    machines.Thaw(frozen);
    machines.Run(5000);
    EXPECT_TRUE(machines["eu-0"].shard().stable().Covers(stamp)) << frozen;
  }
}

// After which its region would write without having seen it.
TEST(FinePrint, Rule13NothingIsStableThatACrashOfAMachineMayTake) {
  for (const std::string slow : {"eu-0", "us-0", "us-1"}) {
    Machines machines({"eu-0", "us-0", "us-1"});
    machines.without_fsync = true;
    machines.StartAll();
    machines.Run(4000);
    machines[slow].sync_stalls = true;
    const crdt::Stamp stamp = machines.Write("eu-0", "a");
    machines.Run(5000);
    EXPECT_TRUE(machines["us-1"].shard().floor().Covers(stamp));
    EXPECT_FALSE(machines["eu-0"].shard().stable().Covers(stamp)) << slow;
    machines[slow].sync_stalls = false;
    machines.Run(5000);
    EXPECT_TRUE(machines["eu-0"].shard().stable().Covers(stamp)) << slow;
  }
}

// It may have learnt of spent parts by a full synchronisation, or have missed what was told while
// it was away: it must not keep them until something else is written.
TEST(Stability, IsToldAgainToAReplicaThatComesBack) {
  Machines machines({"eu-0", "eu-1"});
  machines.StartAll();
  machines.Run(4000);
  const crdt::Stamp stamp = machines.Write("eu-0", "a");
  machines.Run(5000);
  ASSERT_TRUE(machines["eu-1"].shard().stable().Covers(stamp));
  machines.Kill("eu-1");
  machines["eu-1"].shard().ApplyStable({});  // It has forgotten.
  machines.Start("eu-1");
  machines.Run(5000);
  EXPECT_TRUE(machines["eu-1"].shard().stable().Covers(stamp));
}

// Whose stream had to end in a full synchronisation: that may bring what was stable before.
TEST(Stability, IsToldAgainToAReplicaThatHasJoined) {
  Machines machines({"eu-0", "eu-1"});
  machines.StartAll();
  machines.Run(4000);
  const crdt::Stamp stamp = machines.Write("eu-0", "a");
  machines.Run(5000);
  ASSERT_TRUE(machines["eu-1"].shard().stable().Covers(stamp));
  crdt::VersionVector more = machines["eu-0"].shard().floor();
  more.Advance(crdt::Stamp::At(1'900'000'000'000, crdt::Writer(1, 9)));
  machines["eu-0"].shard().JumpFloor(more);
  machines["eu-1"].shard().ApplyStable({});  // As if it had come with the partitions.
  machines.Run(5000);
  EXPECT_TRUE(machines["eu-1"].shard().stable().Covers(stamp));
}

// --- Links ---------------------------------------------------------------------------------------

TEST(Links, AnUnreachableRegionNeverSlowsTheOthers) {
  Machines machines({"eu-0", "us-0", "ap-0"});
  machines.Start("eu-0", true);
  machines.Start("us-0", true);
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Run(50);
  EXPECT_EQ(machines["us-0"].shard().order().size(), 1U);
  EXPECT_EQ(ReportOf(machines, "eu-0", "ap").state, "connecting");
  EXPECT_EQ(ReportOf(machines, "eu-0", "us").state, "connected");
}

TEST(Links, APauseDoesNotSurviveARestart) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  ASSERT_TRUE(machines["eu-0"].replicator().Pause(2).has_value());
  EXPECT_FALSE(machines["eu-0"].replicator().Pause(9).has_value()) << "no such region";
  machines.Write("us-0", "a");
  machines.Run(500);
  EXPECT_TRUE(machines["eu-0"].shard().order().empty());
  machines.Kill("eu-0");
  machines.Start("eu-0");
  machines.Run(2500);
  EXPECT_EQ(machines["eu-0"].shard().order().size(), 1U);
}

// Two regions failed over and got their lost tails back later, so that each has the other's writes
// in an order of its own. Read from both, each for itself, the streams wait for one another: what
// one needs stands in the other behind what needs it.
TEST(Links, StreamsThatWaitForEachOtherAreReadFromOneRegionWhole) {
  const auto stamp = [](std::uint64_t ms, crdt::Writer writer) {
    return crdt::Stamp::At(crdt::Stamp::kEpochStartMs + ms, writer);
  };
  const crdt::Stamp lost_of_eu = stamp(1, {1, 2});
  const crdt::Stamp lost_of_us = stamp(2, {2, 2});
  const crdt::Stamp new_of_us = stamp(3, {2, 4});
  const crdt::Stamp new_of_eu = stamp(4, {1, 4});
  const auto record = [](crdt::Stamp first, std::vector<crdt::Stamp> seen, std::string_view text) {
    storage::RecordView view{.first_stamp = first, .effect_count = 1, .effects = text};
    for (const crdt::Stamp entry : seen) view.context.Advance(entry);
    return view;
  };
  const storage::RecordView a = record(lost_of_eu, {}, "a");
  const storage::RecordView b = record(lost_of_us, {lost_of_eu}, "b");
  const storage::RecordView c = record(new_of_us, {}, "c");
  const storage::RecordView d = record(new_of_eu, {new_of_us}, "d");
  Machines machines({"eu-0", "us-0", "ap-0"});
  const auto fill = [&](const std::string& name, const std::vector<storage::RecordView>& log) {
    Disk& disk = machines[name].disk();
    disk = {.shard = std::make_unique<FakeShard>(), .primary = true, .epoch = 4};
    for (const storage::RecordView& view : log) ASSERT_TRUE(disk.shard->ApplyRecord(view));
  };
  fill("eu-0", {c, d, a, b});
  fill("us-0", {a, b, c, d});
  machines.StartAll();
  machines.Run(10000);
  EXPECT_EQ(machines["ap-0"].shard().order().size(), 4U);
  // Afterwards each region speaks for itself again.
  bool told_by_us = false;
  machines.watch = [&](const std::string& from, const std::string& to, LinkId,
                       std::string_view bytes) {
    if (from == "us-0" && to == "ap-0") told_by_us |= bytes.find("later") != std::string::npos;
  };
  machines.Write("eu-0", "later");
  machines.Run(500);
  EXPECT_EQ(machines["ap-0"].shard().order().size(), 5U);
  EXPECT_EQ(machines["us-0"].shard().order().size(), 5U);
  EXPECT_FALSE(told_by_us);
}

// The connection is lost and made anew at any moment: every write arrives, and each once.
TEST(Links, CutsAtAnyMomentLoseNothingAndRepeatNothing) {
  Machines machines({"eu-0", "eu-1", "us-0"});
  machines.StartAll();
  machines.Run(2500);
  for (int round = 0; round < 40; ++round) {
    machines.Write("eu-0", "eu " + std::to_string(round));
    machines.Write("us-0", "us " + std::to_string(round));
    if (round % 3 == 0) machines.Run(50);
    if (round % 4 == 0) machines.Cut("eu-0", "us-0");
    if (round % 5 == 0) machines.Cut("eu-0", "eu-1");
    machines.Run(50 * (round % 4));
    machines.Heal();
  }
  machines.Run(5000);
  for (const char* node : {"eu-0", "eu-1", "us-0"}) {
    EXPECT_EQ(machines[node].shard().order().size(), 80U) << node;
    EXPECT_EQ(machines[node].shard().floor(), machines["eu-0"].shard().floor()) << node;
  }
}

}  // namespace
}  // namespace replication
