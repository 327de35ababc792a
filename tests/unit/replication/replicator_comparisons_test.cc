// Comparisons as a node runs them: those that are asked for, and the check.
#include <gtest/gtest.h>

#include <string>

#include "machines.h"

namespace replication {
namespace {

class ReplicatorComparisonsTest : public ::testing::Test {
 protected:
  ReplicatorComparisonsTest() {
    machines_.StartAll();
    machines_.Run(2500);
    key_ = FakeShard::KeyOf(machines_.Write("eu-0", "a"));
    machines_.Run(1000);
  }

  // Of eu with us.
  crdt::Result<std::uint64_t> Begin(ComparisonScope scope = {}, std::int64_t timeout_ms = 60000) {
    return machines_["eu-0"].replicator().Compare(machines_.RegionNumber("us"), std::move(scope),
                                                  timeout_ms, machines_.now());
  }
  const ComparisonReport* Find(std::uint64_t number) {
    return machines_["eu-0"].replicator().FindComparison(number);
  }
  RegionReport StatusOfUs() {
    return machines_["eu-0"].replicator().RegionReports(machines_.now()).at(0);
  }

  Machines machines_{{"eu-0", "eu-1", "us-0"}};
  std::string key_;
};

TEST_F(ReplicatorComparisonsTest, OneThatIsAskedForTellsWhatDiffersAndRepairsIt) {
  machines_["eu-0"].shard().Spoil(key_, "b");
  const auto asked = Begin();
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(Find(*asked), nullptr);
  machines_.Run(1000);
  ASSERT_NE(Find(*asked), nullptr);
  EXPECT_EQ(Find(*asked)->differing, 1U);
  EXPECT_EQ(StatusOfUs().differing_keys, 1U);
  EXPECT_TRUE(machines_["eu-0"].alarms().empty()) << "whoever asked is told";
  const auto repair = Begin({.repairs = true});
  ASSERT_TRUE(repair.has_value());
  machines_.Run(1000);
  ASSERT_NE(Find(*repair), nullptr);
  EXPECT_EQ(Find(*repair)->repaired, 1U);
  EXPECT_EQ(StatusOfUs().differing_keys, 0U);
  EXPECT_EQ(machines_["eu-0"].shard().texts().begin()->second.text, "a");
}

TEST_F(ReplicatorComparisonsTest, OneAtATimeIsAskedForAtPrimariesWithALink) {
  const crdt::RegionId us = machines_.RegionNumber("us");
  EXPECT_FALSE(machines_["eu-1"].replicator().Compare(us, {}, 1000, machines_.now()).has_value());
  EXPECT_FALSE(machines_["eu-0"].replicator().Compare(31, {}, 1000, machines_.now()).has_value());
  EXPECT_FALSE(Begin({.partition = 256}).has_value());
  EXPECT_TRUE(Begin().has_value());
  const auto second = Begin();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().detail, "a comparison with this region runs already");
  machines_.Run(1000);
  EXPECT_TRUE(Begin().has_value());
  machines_.Run(1000);
  ASSERT_TRUE(machines_["eu-0"].replicator().Pause(us).has_value());
  EXPECT_FALSE(Begin().has_value());
}

TEST_F(ReplicatorComparisonsTest, ItEndsWithItsLinkOrItsTimeAndSaysSo) {
  const auto broken = Begin();
  ASSERT_TRUE(broken.has_value());
  machines_.Cut("eu-0", "us-0");
  machines_.Run(100);
  ASSERT_NE(Find(*broken), nullptr);
  EXPECT_EQ(Find(*broken)->incomplete, "the link to region 2 broke off");
  machines_.Heal();
  machines_.Run(2500);
  // It never comes, since the other side does nothing.
  machines_.Freeze("us-0");
  const auto late = Begin({}, 1000);
  ASSERT_TRUE(late.has_value());
  machines_.Run(500);
  EXPECT_EQ(Find(*late), nullptr);
  machines_.Run(1000);
  ASSERT_NE(Find(*late), nullptr);
  EXPECT_EQ(Find(*late)->incomplete.substr(0, 17), "the time is over;");
  EXPECT_FALSE(StatusOfUs().compared_ms_ago.has_value()) << "not all was compared";
}

// However many others end before it.
TEST_F(ReplicatorComparisonsTest, OneThatTakesLongIsToldOfInTheEnd) {
  Machines machines({"eu-0", "us-0", "ap-0"});
  machines.StartAll();
  machines.Run(2500);
  Replicator& eu = machines["eu-0"].replicator();
  machines.Freeze("us-0");
  const auto slow = eu.Compare(machines.RegionNumber("us"), {}, 0, machines.now());
  ASSERT_TRUE(slow.has_value());
  for (int i = 0; i < 70; ++i) {
    const auto quick = eu.Compare(machines.RegionNumber("ap"), {.partition = 7}, 0, machines.now());
    ASSERT_TRUE(quick.has_value());
    machines.Settle();
    ASSERT_NE(eu.FindComparison(*quick), nullptr);
  }
  EXPECT_EQ(eu.FindComparison(*slow), nullptr);
  machines.Thaw("us-0");
  machines.Run(1000);
  EXPECT_NE(eu.FindComparison(*slow), nullptr);
}

TEST_F(ReplicatorComparisonsTest, TheCheckRunsByItselfAndRaisesAnAlarm) {
  machines_["eu-0"].shard().Spoil(key_, "b");
  machines_.Run(120000);
  EXPECT_FALSE(StatusOfUs().compared_ms_ago.has_value()) << "no interval, no check";
  machines_["eu-0"].replicator().SetCheckInterval(10000);
  machines_.Run(120000);
  ASSERT_TRUE(StatusOfUs().compared_ms_ago.has_value());
  EXPECT_EQ(StatusOfUs().differing_keys, 1U);
  ASSERT_FALSE(machines_["eu-0"].alarms().empty());
  EXPECT_EQ(machines_["eu-0"].alarms()[0],
            "1 keys are not as in region 2, and nothing that is under way explains it: REGION DIFF "
            "2 names them, REGION REPAIR takes them from there");
  EXPECT_TRUE(machines_["us-0"].alarms().empty());
}

TEST_F(ReplicatorComparisonsTest, WhoAsksDoesNotWaitForTheCheck) {
  machines_["eu-0"].replicator().SetCheckInterval(1);
  machines_.Run(200);
  const auto asked = Begin();
  ASSERT_TRUE(asked.has_value());
  machines_.Run(1000);
  EXPECT_NE(Find(*asked), nullptr);
}

}  // namespace
}  // namespace replication
