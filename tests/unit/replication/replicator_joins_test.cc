// Full synchronisations between whole nodes: within a region and between regions.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "machines.h"
#include "replication/replicator.h"

namespace replication {
namespace {

// How many begin meanwhile.
int CountJoins(Machines& machines, const std::function<void()>& during) {
  int joins = 0;
  machines.watch = [&joins](const std::string&, const std::string&, LinkId,
                            std::string_view bytes) {
    FrameReader reader;
    reader.Append(bytes);
    for (auto payload = reader.Next(); payload && *payload; payload = reader.Next()) {
      joins += std::holds_alternative<JoinStart>(DecodeMessage(**payload).value()) ? 1 : 0;
    }
  };
  during();
  machines.watch = nullptr;
  return joins;
}

// A link that breaks again and again must not make the transfer begin again and again.
TEST(Joins, GoOnWhereTheyWereWhenTheLinkComesBack) {
  Machines machines({"eu-0", "eu-1"});
  machines.log_options.memory_bytes = 1000;
  machines.StartAll();
  machines.Run(2500);
  machines.Kill("eu-1");
  for (int i = 0; i < 40; ++i) machines.Write("eu-0", "text" + std::string(200, '.'));
  machines.Run(1000);
  std::vector<JoinStart> starts;
  std::vector<storage::PartitionId> joined;
  std::size_t stop_at = 100;
  machines.watch = [&](const std::string&, const std::string&, LinkId, std::string_view bytes) {
    FrameReader reader;
    reader.Append(bytes);
    for (auto payload = reader.Next(); payload && *payload; payload = reader.Next()) {
      const Message message = DecodeMessage(**payload).value();
      if (const auto* start = std::get_if<JoinStart>(&message)) starts.push_back(*start);
      const auto* end = std::get_if<JoinPartitionEnd>(&message);
      if (end == nullptr) continue;
      joined.push_back(end->partition);
      // Nothing more leaves: the socket takes nothing.
      if (joined.size() == stop_at) machines["eu-0"].unsent = std::size_t{1} << 30;
    }
  };
  machines.Start("eu-1");
  machines.Run(1000);
  ASSERT_EQ(starts.size(), 1U);
  ASSERT_GE(joined.size(), stop_at);
  ASSERT_LT(joined.size(), std::size_t{storage::kPartitions});
  machines.Cut("eu-0", "eu-1");
  machines.Run(500);
  machines["eu-0"].unsent = 0;
  machines.Write("eu-0", "meanwhile");
  machines.Heal();
  machines.Run(2500);
  ASSERT_EQ(starts.size(), 2U);
  EXPECT_TRUE(starts[1].goes_on);
  EXPECT_EQ(joined.size(), std::size_t{storage::kPartitions}) << "each is sent once";
  EXPECT_FALSE(machines["eu-1"].replicator().joining());
  EXPECT_EQ(machines["eu-1"].shard().texts().size(), 41U);
  EXPECT_EQ(machines["eu-1"].shard().floor(), machines["eu-0"].shard().floor());
}

// The one node that had it all is gone, and what it had was in memory only.
TEST(Joins, OfNodesWithoutLogsOnDiskBeginAnewWhereTheirSourceIsGone) {
  Machines machines({"eu-0", "eu-1"});
  machines.StartAll();
  machines.Run(2500);
  crdt::VersionVector beyond;
  beyond.Advance(crdt::Stamp::At(1'900'000'000'000, crdt::Writer(1, 9)));
  ASSERT_TRUE(machines["eu-1"]
                  .shard()
                  .JoinPartition(3, {}, beyond, storage::UnnamedKeys::kAbsent)
                  .has_value());
  machines.Kill("eu-0");
  machines["eu-0"].disk() = {};
  machines.Start("eu-0", /*primary_when_new=*/true);
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Run(2500);
  EXPECT_FALSE(machines["eu-1"].replicator().joining());
  EXPECT_EQ(machines["eu-1"].shard().order(), std::vector<std::string>{"a"});
}

// Each reads in the other's log that a full synchronisation has made it jump: to where it is
// itself.
TEST(Joins, DoNotGoBackAndForthBetweenTwoNodesThatReadEachOther) {
  Machines machines({"eu-0", "eu-1"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Run(1000);
  // As after a full synchronisation from a node that is gone.
  crdt::VersionVector more = machines["eu-1"].shard().floor();
  more.Advance(crdt::Stamp::At(1'900'000'000'000, crdt::Writer(1, 9)));
  const int joins = CountJoins(machines, [&] {
    machines["eu-1"].shard().JumpFloor(more);
    machines.Run(5000);
  });
  EXPECT_EQ(machines["eu-0"].shard().floor(), more);
  EXPECT_EQ(machines["eu-1"].shard().floor(), more);
  EXPECT_GE(joins, 1);
  EXPECT_LE(joins, 3);
}

TEST(Joins, OfAPrimaryWithoutALogOnDiskAreTakenForWholeWhereNobodyHasTheRest) {
  Machines machines({"eu-0", "eu-1"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Run(1000);
  crdt::VersionVector beyond;
  beyond.Advance(crdt::Stamp::At(1'900'000'000'000, crdt::Writer(1, 9)));
  machines.Kill("eu-1");
  ASSERT_TRUE(machines["eu-0"]
                  .shard()
                  .JoinPartition(3, {}, beyond, storage::UnnamedKeys::kAbsent)
                  .has_value());
  machines.Run(2500);
  EXPECT_TRUE(machines["eu-0"].replicator().joining()) << "the other node may have the rest";
  machines.Start("eu-1");
  machines.Run(5000);
  EXPECT_FALSE(machines["eu-0"].replicator().joining());
  EXPECT_TRUE(machines["eu-0"].shard().floor().Covers(beyond));
  machines.Write("eu-0", "b");
  machines.Run(2500);
  EXPECT_EQ(machines["eu-0"].shard().texts().size(), 2u) << "what was whole is kept";
  EXPECT_EQ(machines["eu-1"].shard().texts().size(), 2u);
}

// The replica's own full synchronisation was not finished when its primary lost its memory.
TEST(Joins, OfAPrimaryThatLostItsMemoryFromAnUnfinishedReplicaComeToAnEnd) {
  Machines machines({"eu-0", "eu-1"});
  machines.log_options.memory_bytes = 1000;
  machines.StartAll();
  machines.Run(2500);
  for (const char* text : {"a", "b", "c", "d"}) {
    machines.Write("eu-0", text + std::string(2000, '.'));
    machines.Run(1000);
  }
  ASSERT_FALSE(machines["eu-1"].shard().log().CursorFor({})) << "it still reaches back";
  crdt::VersionVector beyond;
  beyond.Advance(crdt::Stamp::At(1'900'000'000'000, crdt::Writer(1, 9)));
  machines.Kill("eu-0");
  machines["eu-0"].disk() = {};
  ASSERT_TRUE(machines["eu-1"]
                  .shard()
                  .JoinPartition(3, {}, beyond, storage::UnnamedKeys::kAbsent)
                  .has_value());
  machines.Start("eu-0", /*primary_when_new=*/true);
  machines.Run(5000);
  for (const char* name : {"eu-0", "eu-1"}) {
    EXPECT_FALSE(machines[name].replicator().joining()) << name;
    EXPECT_EQ(machines[name].shard().texts().size(), 4u) << name;
    EXPECT_TRUE(machines[name].shard().floor().Covers(beyond)) << name;
  }
}

// It has written what its replica's copy has in part, and has not told since.
TEST(Joins, AreNotTakenForWholeBeforeTheOthersHaveToldAnew) {
  Machines machines({"eu-0", "eu-1"});
  machines.StartAll();
  machines.Run(2500);
  machines.Freeze("eu-0");
  const crdt::Stamp stamp = machines.Write("eu-0", "a");
  crdt::VersionVector beyond;
  beyond.Advance(stamp);
  ASSERT_TRUE(machines["eu-1"]
                  .shard()
                  .JoinPartition(3, {}, beyond, storage::UnnamedKeys::kAbsent)
                  .has_value());
  machines.Run(5000);
  EXPECT_TRUE(machines["eu-1"].replicator().joining());
  machines.Thaw("eu-0");
  machines.Run(5000);
  EXPECT_FALSE(machines["eu-1"].replicator().joining());
  EXPECT_EQ(machines["eu-1"].shard().order(), std::vector<std::string>{"a"});
}

// Each copy has what the other one lacks, and says that it reaches as far.
TEST(Joins, OfTwoReplicasWithUnfinishedCopiesAreFetchedBothBeforeTheyAreTakenForWhole) {
  const crdt::Stamp first = crdt::Stamp::At(1'900'000'000'000, crdt::Writer(1, 9));
  crdt::Stamp second = first.Plus(1);
  const auto partition_of = [](crdt::Stamp stamp) {
    return storage::PartitionOf(std::to_string(stamp.value()));
  };
  while (partition_of(second) == partition_of(first)) second = second.Plus(1);
  crdt::VersionVector beyond;
  beyond.Advance(second);
  // Whenever they come back.
  for (int later_ms = -300; later_ms <= 300; later_ms += 30) {
    Machines machines({"eu-0", "eu-1", "eu-2"});
    machines.StartAll();
    machines.Run(2500);
    for (const char* name : {"eu-0", "eu-1", "eu-2"}) machines.Kill(name);
    machines["eu-0"].disk() = {};
    const auto join = [&](const char* name, crdt::Stamp stamp, const char* text) {
      const std::vector<ExportedKey> keys{{std::to_string(stamp.value()), text}};
      ASSERT_TRUE(
          machines[name]
              .shard()
              .JoinPartition(partition_of(stamp), keys, beyond, storage::UnnamedKeys::kAbsent)
              .has_value());
    };
    join("eu-1", first, "a");
    join("eu-2", second, "b");
    machines.Start("eu-0", /*primary_when_new=*/true);
    machines.Start(later_ms > 0 ? "eu-1" : "eu-2");
    machines.Run(std::abs(later_ms));
    machines.Start(later_ms > 0 ? "eu-2" : "eu-1");
    machines.Run(8000);
    for (const char* name : {"eu-0", "eu-1", "eu-2"}) {
      EXPECT_FALSE(machines[name].replicator().joining()) << name << " " << later_ms;
      EXPECT_EQ(machines[name].shard().texts().size(), 2u) << name << " " << later_ms;
    }
  }
}

// The primary could not read its log for the replica, so that whole partitions came; then its
// directory was lost. What they brought is in no log that another region could read.
TEST(Joins, OfAReplicaWhoseSourceIsGoneComeToAnEndWithOtherRegionsToo) {
  for (const bool finished : {false, true}) {
    Machines machines({"eu-0", "us-0", "us-1"});
    machines.StartAll();
    machines.Run(2500);
    machines.Write("us-0", "a");
    machines.Run(1000);
    const crdt::Stamp lost = crdt::Stamp::At(1'800'000'003'000, crdt::Writer(2, 2));
    crdt::VersionVector beyond = machines["us-1"].shard().floor();
    beyond.Advance(lost);
    machines.Kill("us-0");
    machines["us-0"].disk() = {};
    const std::string key = std::to_string(lost.value());
    FakeShard& replica = machines["us-1"].shard();
    ASSERT_TRUE(replica
                    .JoinPartition(storage::PartitionOf(key), {{key, "b"}}, beyond,
                                   storage::UnnamedKeys::kAbsent)
                    .has_value());
    if (finished) replica.JumpFloor(beyond);
    machines.Start("us-0", /*primary_when_new=*/true);
    machines.Run(15000);
    for (const char* name : {"eu-0", "us-0", "us-1"}) {
      EXPECT_FALSE(machines[name].replicator().joining()) << name << " " << finished;
      EXPECT_EQ(machines[name].shard().texts().size(), 2u) << name << " " << finished;
      EXPECT_TRUE(machines[name].shard().floor().Covers(beyond)) << name << " " << finished;
    }
  }
}

// --- Joins between regions -----------------------------------------------------------------------

TEST(RegionJoins, ComeWhereTheLogDoesNotReachBackAndOneAtATime) {
  Machines machines({"eu-0", "us-0", "ap-0", "ap-1"});
  machines.log_options.memory_bytes = 1000;
  machines.StartAll();
  machines.Run(2500);
  for (const char* region : {"eu-0", "us-0"}) {
    machines.Cut(region, "ap-0");
    machines.Cut(region, "ap-1");
  }
  for (const char* text : {"a", "b", "c", "d"}) {
    machines.Write("eu-0", text + std::string(2000, '.'));
    machines.Write("us-0", text + std::string(2000, '.'));
    machines.Run(1000);
  }
  const crdt::Stamp own = machines.Write("ap-0", "own");
  ASSERT_FALSE(machines["eu-0"].shard().log().CursorFor({}, std::vector<crdt::RegionId>{1}))
      << "it still reaches back";
  const int joins = CountJoins(machines, [&machines] {
    machines.Heal();
    machines.Run(5000);
  });
  EXPECT_GE(joins, 1);
  EXPECT_LE(joins, 2) << "what one brought the other one need not bring again";
  for (const char* name : {"eu-0", "us-0", "ap-0", "ap-1"}) {
    EXPECT_EQ(machines[name].shard().texts().size(), 9U) << name;
    EXPECT_TRUE(machines[name].shard().texts().contains(own)) << name;
    EXPECT_FALSE(machines[name].replicator().joining()) << name;
  }
}

// Regions fall silent and come back meanwhile: that is no reason to begin anew.
TEST(RegionJoins, GoOnWhereAnotherRegionFallsSilent) {
  Machines machines({"eu-0", "us-0", "ap-0"});
  machines.log_options.memory_bytes = 1000;
  machines.StartAll();
  machines.Run(2500);
  machines.Cut("eu-0", "ap-0");
  machines.Cut("us-0", "ap-0");
  for (const char* text : {"a", "b", "c", "d"}) {
    machines.Write("eu-0", text + std::string(2000, '.'));
    machines.Write("us-0", text + std::string(2000, '.'));
    machines.Run(1000);
  }
  machines.Heal();
  machines.Cut("eu-0", "ap-0");
  const int joins = CountJoins(machines, [&machines] {
    bool stalls = true;
    const auto count = std::exchange(machines.watch, nullptr);
    machines.watch = [&](const std::string& from, const std::string& to, LinkId link,
                         std::string_view bytes) {
      count(from, to, link, bytes);
      // Its socket takes no more.
      const bool full = stalls && machines["ap-0"].replicator().joining();
      machines["us-0"].unsent = full ? std::size_t{1} << 30 : 0;
    };
    machines.Run(3000);
    EXPECT_TRUE(machines["ap-0"].replicator().joining());
    stalls = false;
    machines.Run(5000);
  });
  EXPECT_EQ(joins, 1);
  EXPECT_EQ(machines["ap-0"].shard().texts().size(), 8U);
}

// Of a region whose clock is an hour ahead. The other way goes on, and the operator can let it
// pass.
TEST(RegionJoins, StampedTooFarAheadAreHeld) {
  Machines machines({"eu-0", "us-0"});
  machines.log_options.memory_bytes = 1000;
  machines.StartAll();
  machines.Run(2500);
  machines.Cut("eu-0", "us-0");
  machines["us-0"].clock_error_ms = 3'600'000;
  for (const char* text : {"a", "b", "c", "d"}) {
    machines.Write("us-0", text + std::string(2000, '.'));
    machines.Run(1000);
  }
  machines.Heal();
  machines.Run(3000);
  machines.Write("eu-0", "own");
  machines.Run(3000);
  EXPECT_EQ(machines["eu-0"].shard().texts().size(), 1U);
  EXPECT_EQ(machines["us-0"].shard().texts().size(), 5U);
  const auto reports = machines["eu-0"].replicator().RegionReports(machines.now());
  EXPECT_NE(reports.at(0).detail.find("held"), std::string::npos) << reports.at(0).detail;
  ASSERT_TRUE(machines["eu-0"]
                  .replicator()
                  .Release(machines.RegionNumber("us"), machines.now())
                  .has_value());
  machines.Run(5000);
  EXPECT_EQ(machines["eu-0"].shard().texts().size(), 5U);
}

// What was stable before came with the join: it must not be kept until something else is written.
TEST(RegionJoins, AreFollowedByWhatIsStable) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  machines.Run(4000);
  const crdt::Stamp stamp = machines.Write("eu-0", "a");
  machines.Run(5000);
  ASSERT_TRUE(machines["us-0"].shard().stable().Covers(stamp));
  crdt::VersionVector more = machines["eu-0"].shard().floor();
  more.Advance(
      crdt::Stamp::At(static_cast<std::uint64_t>(machines.now().unix_ms), crdt::Writer(1, 9)));
  machines["eu-0"].shard().JumpFloor(more);
  machines["us-0"].shard().ApplyStable({});  // As if spent parts had come with the partitions.
  machines.Run(5000);
  EXPECT_TRUE(machines["us-0"].shard().floor().Covers(more));
  EXPECT_TRUE(machines["us-0"].shard().stable().Covers(stamp));
}

// A third region has all that the second one has got by a join from the first.
TEST(RegionJoins, AreNotRepeatedByWhoHasItAll) {
  Machines machines({"eu-0", "us-0", "ap-0"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Run(2500);
  const int joins = CountJoins(machines, [&machines] {
    crdt::VersionVector floor = machines["us-0"].shard().floor();
    machines["us-0"].shard().JumpFloor(floor);
    machines.Write("us-0", "b");
    machines.Run(5000);
  });
  EXPECT_EQ(joins, 0);
  for (const char* name : {"eu-0", "us-0", "ap-0"}) {
    EXPECT_EQ(machines[name].shard().texts().size(), 2U) << name;
  }
}

}  // namespace
}  // namespace replication
