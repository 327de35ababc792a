// Regions that are added and removed while others run.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "machines.h"

namespace replication {
namespace {

class ReplicatorMembershipTest : public ::testing::Test {
 protected:
  static constexpr bool kByForce = true;

  Replicator& At(const std::string& name) { return machines_[name].replicator(); }
  crdt::RegionId Id(const std::string& region) { return machines_.RegionNumber(region); }
  crdt::Status Add(const std::string& at, const std::string& region) {
    return At(at).AddRegion(machines_.Region(region), machines_.now());
  }
  crdt::Status Remove(const std::string& at, const std::string& region, bool by_force = false) {
    return At(at).RemoveRegion(Id(region), by_force, machines_.now());
  }
  std::string Refusal(const crdt::Status& status) {
    return status ? std::string() : status.error().detail;
  }
  std::vector<std::string> LinksOf(const std::string& name) {
    std::vector<std::string> links;
    for (const RegionReport& report : At(name).RegionReports(machines_.now())) {
      links.push_back(report.name + " " + report.state);
    }
    return links;
  }
  std::vector<std::string> TextsOf(const std::string& name) {
    std::vector<std::string> texts;
    for (const auto& [stamp, text] : machines_[name].shard().texts()) texts.push_back(text.text);
    return texts;
  }
  // Nobody's file lists the region but its own nodes'.
  void Unlist(const std::string& region, const std::vector<std::string>& at) {
    for (const std::string& name : at) machines_[name].unlisted.insert(Id(region));
  }

  Machines machines_{{"eu-0", "eu-1", "us-0", "ap-0"}};
};

using Texts = std::vector<std::string>;

TEST_F(ReplicatorMembershipTest, ARegionThatOneNodeAddsAllNodesTake) {
  Unlist("ap", {"eu-0", "eu-1", "us-0"});
  for (const char* name : {"eu-0", "us-0"}) machines_.Start(name, true);
  machines_.Start("eu-1");
  machines_.Run(3000);
  machines_.Write("eu-0", "before");
  machines_["ap-0"].new_directory_reason = "its directory is new";
  machines_.Start("ap-0", true);
  machines_.Run(2000);
  EXPECT_FALSE(At("ap-0").primary()) << "nobody knows it";
  EXPECT_EQ(LinksOf("us-0"), Texts{"eu connected"});
  ASSERT_EQ(Refusal(Add("us-0", "ap")), "");
  machines_.Run(5000);
  EXPECT_EQ(LinksOf("us-0"), (Texts{"eu connected", "ap connected"}));
  EXPECT_EQ(LinksOf("eu-0"), (Texts{"us connected", "ap connected"}));
  ASSERT_TRUE(At("ap-0").primary());
  machines_.Write("ap-0", "from ap");
  machines_.Run(1000);
  for (const char* name : {"eu-0", "eu-1", "us-0", "ap-0"}) {
    EXPECT_EQ(TextsOf(name), (Texts{"before", "from ap"})) << name;
  }
  // Also a replica, and after a restart.
  machines_.Kill("eu-0");
  ASSERT_TRUE(At("eu-1").TakeOver(machines_.now()).has_value());
  machines_.Run(3000);
  EXPECT_EQ(LinksOf("eu-1"), (Texts{"us connected", "ap connected"}));
  machines_.Kill("us-0");
  machines_.Start("us-0");
  machines_.Run(3000);
  EXPECT_EQ(LinksOf("us-0"), (Texts{"eu connected", "ap connected"}));
}

TEST_F(ReplicatorMembershipTest, NothingIsStableWithoutARegionThatWasAdded) {
  Unlist("ap", {"eu-0", "eu-1", "us-0"});
  for (const char* name : {"eu-0", "us-0"}) machines_.Start(name, true);
  machines_.Start("eu-1");
  machines_.Run(3000);
  const crdt::Stamp before = machines_.Write("eu-0", "before");
  machines_.Run(3000);
  EXPECT_TRUE(machines_["us-0"].shard().stable().Covers(before));
  ASSERT_EQ(Refusal(Add("us-0", "ap")), "");
  machines_.Run(1000);
  const crdt::Stamp after = machines_.Write("eu-0", "after");
  machines_.Run(5000);
  for (const char* name : {"eu-0", "us-0"}) {
    EXPECT_FALSE(machines_[name].shard().stable().Covers(after)) << name;
  }
  machines_.Start("ap-0", true);
  machines_.Run(5000);
  for (const char* name : {"eu-0", "us-0", "ap-0"}) {
    EXPECT_TRUE(machines_[name].shard().stable().Covers(after)) << name;
  }
}

TEST_F(ReplicatorMembershipTest, ARegionLeavesOnceTheOthersHaveItsWrites) {
  machines_.StartAll();
  machines_.Run(3000);
  machines_.Cut("ap-0", "us-0");
  machines_.Cut("ap-0", "eu-0");
  machines_.Write("ap-0", "late");
  machines_.Run(500);
  EXPECT_EQ(Refusal(Remove("eu-0", "ap")),
            "the region cannot be reached; FORCE removes it, and what nobody else has of its "
            "writes is lost to the others");
  machines_.Heal();
  machines_.Run(3000);
  machines_["eu-0"].sync_stalls = true;
  machines_.Write("ap-0", "last");
  ASSERT_EQ(Refusal(Remove("us-0", "ap")), "");
  machines_.Run(5000);
  EXPECT_TRUE(At("ap-0").leaving());
  EXPECT_FALSE(At("ap-0").removed()) << "eu has it only in memory";
  EXPECT_EQ(LinksOf("us-0"), (Texts{"eu connected", "ap leaving"}));
  machines_["eu-0"].sync_stalls = false;
  machines_.Run(5000);
  EXPECT_TRUE(At("ap-0").removed());
  EXPECT_EQ(LinksOf("us-0"), Texts{"eu connected"});
  EXPECT_EQ(LinksOf("eu-0"), Texts{"us connected"});
  EXPECT_EQ(LinksOf("ap-0"), (Texts{"eu cut-off", "us cut-off"}));
  for (const char* name : {"eu-0", "eu-1", "us-0"}) {
    EXPECT_EQ(TextsOf(name), (Texts{"late", "last"})) << name;
  }
  EXPECT_EQ(Refusal(Add("eu-0", "ap")),
            "region 3 was removed, and its id is not used again: take another one");
}

TEST_F(ReplicatorMembershipTest, ARegionLeavesWhileOthersWriteAllTheTime) {
  machines_.StartAll();
  machines_.Run(3000);
  ASSERT_EQ(Refusal(Remove("ap-0", "ap")), "");
  for (int i = 0; i < 100; ++i) {
    machines_.Write("eu-0", "a" + std::to_string(i));
    machines_.Write("us-0", "b" + std::to_string(i));
    machines_.Run(50);
  }
  EXPECT_TRUE(At("ap-0").removed());
}

// Else its state would never come to an end, and it would leave with what one other region alone
// has told it.
TEST_F(ReplicatorMembershipTest, ARegionThatLeavesTakesNothingNew) {
  machines_.StartAll();
  machines_.Run(3000);
  machines_.Cut("ap-0", "us-0");
  machines_.Freeze("us-0");
  ASSERT_EQ(Refusal(Remove("ap-0", "ap")), "");
  machines_.Write("eu-0", "a");
  machines_.Settle();
  EXPECT_EQ(TextsOf("eu-1"), Texts{"a"});
  EXPECT_EQ(TextsOf("ap-0"), Texts{});
  machines_.Thaw("us-0");
  machines_.Run(5000);
  EXPECT_TRUE(At("ap-0").removed());
}

TEST_F(ReplicatorMembershipTest, WhoWasAwayHearsOfItLater) {
  machines_.StartAll();
  machines_.Run(3000);
  machines_.Kill("us-0");
  machines_.Write("ap-0", "last");
  machines_.Run(1000);
  ASSERT_EQ(Refusal(Remove("ap-0", "ap")), "");
  machines_.Run(5000);
  EXPECT_TRUE(At("ap-0").removed());
  machines_.Start("us-0", true);
  machines_.Run(8000);
  EXPECT_EQ(LinksOf("us-0"), Texts{"eu connected"});
  EXPECT_EQ(TextsOf("us-0"), Texts{"last"});
}

// Otherwise writes that only it has would come to where it is forgotten what had removed them.
TEST_F(ReplicatorMembershipTest, NothingIsStableUntilNobodyTakesAnythingFromARemovedRegion) {
  for (const char* unknowing : {"us-0", "eu-1"}) {
    Machines machines({"eu-0", "eu-1", "us-0", "ap-0"});
    machines.StartAll();
    machines.Run(3000);
    for (const char* other : {"eu-0", "eu-1", "us-0"}) machines.Cut("ap-0", other);
    machines.Run(1500);
    machines[unknowing].keeps_nothing = true;
    ASSERT_TRUE(machines["eu-0"].replicator().RemoveRegion(Id("ap"), kByForce, machines.now()));
    const crdt::Stamp write = machines.Write("eu-0", "after");
    machines.Run(5000);
    ASSERT_TRUE(machines["us-0"].shard().floor().Covers(write));
    EXPECT_FALSE(machines["eu-0"].shard().stable().Covers(write)) << unknowing;
    machines[unknowing].keeps_nothing = false;
    machines.Run(5000);
    EXPECT_TRUE(machines["eu-0"].shard().stable().Covers(write)) << unknowing;
  }
}

TEST_F(ReplicatorMembershipTest, WhatOthersStillTakeFromARemovedRegionAllGet) {
  machines_.StartAll();
  machines_.Run(3000);
  const auto cut_eu_off = [this] {
    for (const char* eu : {"eu-0", "eu-1"}) {
      machines_.Cut(eu, "us-0");
      machines_.Cut(eu, "ap-0");
    }
  };
  cut_eu_off();
  machines_.Run(500);
  ASSERT_EQ(Refusal(Remove("eu-0", "ap", kByForce)), "");
  const crdt::Stamp write = machines_.Write("eu-0", "after");
  machines_.Run(5000);
  EXPECT_FALSE(machines_["eu-0"].shard().stable().Covers(write));
  // What us still takes from it eu takes from us.
  machines_.Write("ap-0", "of ap");
  machines_.Run(3000);
  EXPECT_EQ(TextsOf("us-0"), Texts{"of ap"});
  machines_.Heal();
  machines_.Run(12000);
  EXPECT_TRUE(At("ap-0").removed());
  for (const char* name : {"eu-0", "eu-1", "us-0"}) {
    EXPECT_EQ(TextsOf(name), (Texts{"after", "of ap"})) << name;
    EXPECT_TRUE(machines_[name].shard().stable().Covers(write)) << name;
  }
}

TEST_F(ReplicatorMembershipTest, WhatARegionRemovedByForceReturnsWithIsNotTaken) {
  machines_.StartAll();
  machines_.Run(3000);
  machines_.Cut("ap-0", "us-0");
  machines_.Cut("ap-0", "eu-0");
  machines_.Write("ap-0", "only there");
  machines_.Run(500);
  ASSERT_EQ(Refusal(Remove("us-0", "ap", kByForce)), "");
  machines_.Run(1000);
  EXPECT_EQ(LinksOf("eu-0"), Texts{"us connected"});
  const crdt::Stamp write = machines_.Write("eu-0", "after");
  machines_.Run(3000);
  EXPECT_TRUE(machines_["us-0"].shard().stable().Covers(write));
  EXPECT_FALSE(At("ap-0").removed());
  machines_.Heal();
  machines_.Run(8000);
  EXPECT_TRUE(At("ap-0").removed()) << "it asks, since nobody dials it any more";
  EXPECT_EQ(TextsOf("ap-0"), Texts{"only there"});
  for (const char* name : {"eu-0", "eu-1", "us-0"}) {
    EXPECT_EQ(TextsOf(name), Texts{"after"}) << name;
  }
}

TEST_F(ReplicatorMembershipTest, ARegionThatDoesNotGetOnWithLeavingIsForcedOutAndHearsItAtOnce) {
  machines_.StartAll();
  machines_.Run(3000);
  machines_["eu-0"].sync_stalls = true;
  machines_.Write("ap-0", "a");
  ASSERT_EQ(Refusal(Remove("us-0", "ap")), "");
  machines_.Run(3000);
  ASSERT_TRUE(At("ap-0").leaving());
  ASSERT_EQ(Refusal(Remove("us-0", "ap", kByForce)), "");
  machines_.Settle();
  EXPECT_TRUE(At("ap-0").removed());
}

TEST_F(ReplicatorMembershipTest, RegionsThatLeaveTogetherDoNotWaitForEachOther) {
  machines_.StartAll();
  machines_.Run(3000);
  machines_.Write("us-0", "a");
  machines_.Write("ap-0", "b");
  ASSERT_EQ(Refusal(Remove("us-0", "us")), "");
  ASSERT_EQ(Refusal(Remove("ap-0", "ap")), "");
  machines_.Run(5000);
  EXPECT_TRUE(At("us-0").removed());
  EXPECT_TRUE(At("ap-0").removed());
  EXPECT_EQ(TextsOf("eu-0").size(), 2U);
}

TEST_F(ReplicatorMembershipTest, LeavingIsTakenBackWhereItDoesNotGetOn) {
  machines_.StartAll();
  machines_.Run(3000);
  ASSERT_EQ(Refusal(Remove("eu-0", "ap")), "");
  machines_.Settle();
  machines_.Kill("eu-0");
  machines_.Kill("eu-1");
  machines_.Kill("us-0");
  machines_.Run(3000);
  ASSERT_TRUE(At("ap-0").leaving());
  EXPECT_EQ(Refusal(Remove("ap-0", "eu", kByForce)),
            "this region is leaving the deployment: ask another one");
  ASSERT_EQ(Refusal(At("ap-0").KeepRegion(Id("ap"), machines_.now())), "");
  EXPECT_FALSE(At("ap-0").leaving());
  EXPECT_EQ(Refusal(Remove("ap-0", "ap")), "no region that stays can be reached");
  EXPECT_EQ(Refusal(Remove("ap-0", "eu", kByForce)), "");
  EXPECT_EQ(LinksOf("ap-0"), Texts{"us connecting"});
  EXPECT_EQ(Refusal(At("ap-0").KeepRegion(Id("eu"), machines_.now())), "it was removed already");
  EXPECT_EQ(Refusal(At("ap-0").KeepRegion(Id("us"), machines_.now())), "the region is not leaving");
}

TEST_F(ReplicatorMembershipTest, ARemovedRegionHasNoSayInTheOthers) {
  Machines machines({"eu-0", "us-0", "ap-0", "sa-0"});
  machines.StartAll();
  machines.Run(3000);
  const std::vector<std::string> all{"eu-0", "us-0", "ap-0", "sa-0"};
  const auto cut_all_but = [&](const std::string& one, const std::string& other) {
    machines.Heal();
    for (const std::string& from : all) {
      for (const std::string& to : all) {
        const bool stays = (from == one && to == other) || (from == other && to == one);
        if (from < to && !stays) machines.Cut(from, to);
      }
    }
  };
  const auto remove = [&](const std::string& at, const std::string& region) {
    return Refusal(machines[at].replicator().RemoveRegion(machines.RegionNumber(region), kByForce,
                                                          machines.now()));
  };
  cut_all_but("", "");
  machines.Run(1500);
  ASSERT_EQ(remove("ap-0", "eu"), "");
  ASSERT_EQ(remove("sa-0", "ap"), "");
  cut_all_but("ap-0", "sa-0");
  machines.Run(8000);
  ASSERT_TRUE(machines["ap-0"].replicator().removed());
  EXPECT_EQ(remove("ap-0", "us"), "this region was removed from the deployment");
  cut_all_but("ap-0", "us-0");
  machines.Run(8000);
  machines.Heal();
  machines.Run(8000);
  for (const char* name : {"eu-0", "us-0", "sa-0"}) {
    const Replicator& replicator = machines[name].replicator();
    EXPECT_FALSE(replicator.removed()) << name;
    EXPECT_EQ(replicator.membership().removed(), geo_config::RegionSet(1 << 3)) << name;
  }
}

// What it has written has not seen what the others have forgotten.
TEST_F(ReplicatorMembershipTest, ARegionThatHasWrittenByItselfIsNotLetIn) {
  Unlist("ap", {"eu-0", "eu-1", "us-0"});
  Unlist("eu", {"ap-0"});
  Unlist("us", {"ap-0"});
  machines_.StartAll();
  machines_.Run(3000);
  machines_.Write("ap-0", "by itself");
  machines_.Write("eu-0", "forgotten");
  machines_.Run(3000);
  ASSERT_EQ(Refusal(Add("eu-0", "ap")), "");
  ASSERT_EQ(Refusal(Add("ap-0", "eu")), "");
  machines_.Run(5000);
  EXPECT_EQ(TextsOf("eu-0"), Texts{"forgotten"});
  const std::vector<RegionReport> reports = At("eu-0").RegionReports(machines_.now());
  EXPECT_EQ(reports.at(1).state, "refused");
  EXPECT_NE(reports.at(1).detail.find("start it with an empty directory"), std::string::npos);
}

TEST_F(ReplicatorMembershipTest, TwoHalvesThatRemovedEachOtherGoOnByThemselves) {
  machines_.StartAll();
  machines_.Run(3000);
  machines_.Cut("ap-0", "us-0");
  machines_.Cut("ap-0", "eu-0");
  machines_.Run(500);
  ASSERT_EQ(Refusal(Remove("eu-0", "ap", kByForce)), "");
  ASSERT_EQ(Refusal(Remove("ap-0", "us", kByForce)), "");
  ASSERT_EQ(Refusal(Remove("ap-0", "eu", kByForce)), "");
  machines_.Run(1000);
  machines_.Heal();
  machines_.Run(10000);
  EXPECT_EQ(LinksOf("eu-0"), Texts{"us connected"});
  EXPECT_EQ(LinksOf("us-0"), Texts{"eu connected"});
  EXPECT_EQ(LinksOf("ap-0"), Texts{});
  for (const char* name : {"eu-0", "us-0", "ap-0"}) EXPECT_FALSE(At(name).removed()) << name;
}

TEST_F(ReplicatorMembershipTest, RefusesWhatWouldLoseSomething) {
  machines_.StartAll();
  machines_.Run(3000);
  EXPECT_EQ(Refusal(Remove("eu-1", "ap")), "this node is a replica: ask its primary");
  EXPECT_EQ(Refusal(Add("eu-1", "ap")), "this node is a replica: ask its primary");
  EXPECT_EQ(Refusal(At("eu-0").RemoveRegion(9, false, machines_.now())), "no such region");
  EXPECT_EQ(Refusal(Remove("eu-0", "ap", kByForce)),
            "the region can be reached: without FORCE it leaves with nothing lost");
  EXPECT_EQ(Refusal(Remove("eu-0", "eu", kByForce)),
            "a region is removed by force from another one");
  ASSERT_EQ(Refusal(Remove("eu-0", "ap")), "");
  ASSERT_EQ(Refusal(Remove("eu-0", "us")), "");
  EXPECT_EQ(Refusal(Remove("eu-0", "eu")), "no region that stays can be reached");
  machines_.Settle();
  EXPECT_EQ(Refusal(Remove("ap-0", "us")),
            "this region is leaving the deployment: ask another one");
  EXPECT_EQ(Refusal(Add("ap-0", "us")), "this region is leaving the deployment: ask another one");
  machines_.Run(5000);
  EXPECT_EQ(LinksOf("eu-0"), Texts{});
  EXPECT_TRUE(At("us-0").removed());
  EXPECT_TRUE(At("ap-0").removed());
}

TEST_F(ReplicatorMembershipTest, WhatCannotBeSavedHasNotHappened) {
  machines_.StartAll();
  machines_.Run(3000);
  machines_["eu-0"].keeps_nothing = true;
  EXPECT_EQ(Refusal(Remove("eu-0", "ap")), "the disk is broken");
  ASSERT_EQ(Refusal(Remove("us-0", "ap")), "");
  machines_.Run(500);
  EXPECT_EQ(LinksOf("eu-0").at(1), "ap connected");
  machines_["eu-0"].keeps_nothing = false;
  machines_.Run(5000);
  EXPECT_EQ(LinksOf("eu-0"), Texts{"us connected"}) << "it is told again";
}

TEST_F(ReplicatorMembershipTest, AComparisonWithARegionThatIsRemovedEnds) {
  machines_.StartAll();
  machines_.Run(3000);
  machines_.Freeze("ap-0");
  const auto asked = At("eu-0").Compare(Id("ap"), {}, 0, machines_.now());
  ASSERT_TRUE(asked.has_value());
  ASSERT_EQ(Refusal(Remove("us-0", "ap")), "");
  ASSERT_EQ(Refusal(Remove("us-0", "ap", kByForce)), "") << "it does not get on with leaving";
  machines_.Run(500);
  ASSERT_NE(At("eu-0").FindComparison(*asked), nullptr);
  EXPECT_NE(At("eu-0").FindComparison(*asked)->incomplete, "");
}

TEST_F(ReplicatorMembershipTest, AnUnknownNodeDoesNotLeadByBootstrap) {
  Unlist("ap", {"eu-0", "eu-1", "us-0"});
  for (const char* name : {"eu-0", "us-0"}) machines_.Start(name, true);
  machines_.Run(3000);
  machines_["ap-0"].new_directory_reason = "its directory is new";
  machines_["ap-0"].bootstraps = true;
  machines_.Start("ap-0", true);
  machines_.Run(5000);
  EXPECT_FALSE(At("ap-0").primary());
}

}  // namespace
}  // namespace replication
