#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class RegionCommandsTest : public testing::Test {
 protected:
  RegionCommandsTest() {
    node_.regions = {{.id = 2, .name = "us", .state = "connected", .lag_ms = 7},
                     {.id = 3, .name = "ap", .state = "connected", .held_ahead_s = 90}};
  }
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(RegionCommandsTest, ListsAllRegionsWithThisOne) {
  EXPECT_EQ(Run("REGION LIST"),
            "*3|*6|$2|id|:1|$4|name|$0||$5|state|$4|self|"
            "*6|$2|id|:2|$4|name|$2|us|$5|state|$9|connected|"
            "*6|$2|id|:3|$4|name|$2|ap|$5|state|$9|connected|");
}

TEST_F(RegionCommandsTest, TellsWhereThisRegionIsOnItsWayOut) {
  node_.is_leaving = true;
  EXPECT_NE(Run("REGION LIST").find("$5|state|$7|leaving|"), std::string::npos);
  node_.is_leaving = false;
  node_.is_removed = true;
  EXPECT_NE(Run("REGION LIST").find("$5|state|$7|removed|"), std::string::npos);
}

TEST_F(RegionCommandsTest, AddsARegionWithItsNodes) {
  EXPECT_EQ(Run("REGION ADD 4 sa 10.4.0.1:6379 [::1]:7000@7001"), "+OK|");
  ASSERT_EQ(node_.added.size(), 1U);
  EXPECT_EQ(node_.added[0], (geo_config::RegionEntry{
                                4, "sa", {{0, "10.4.0.1", 6379, 16379}, {1, "::1", 7000, 7001}}}));
  EXPECT_EQ(Run("REGION ADD 4 sa"), "-ERR wrong number of arguments for 'region|add' command|");
  EXPECT_EQ(Run("REGION ADD 32 sa h:1"), "-ERR a region's id is a number from 1 to 31|");
  EXPECT_EQ(Run("REGION ADD 4 sa h"), "-ERR 'h' has to be host:port or host:port@peer-port|");
  std::string many = "REGION ADD 4 sa";
  for (int i = 0; i < 65; ++i) many += " h" + std::to_string(i) + ":1";
  EXPECT_EQ(Run(many), "-ERR a region has at most 64 nodes|");
  node_.membership_refusal = "there is a region 4 already";
  EXPECT_EQ(Run("REGION ADD 4 sa h:1"), "-ERR there is a region 4 already|");
  EXPECT_EQ(node_.added.size(), 1U);
}

TEST_F(RegionCommandsTest, RemovesARegion) {
  EXPECT_EQ(Run("REGION REMOVE 3"), "+OK|");
  EXPECT_EQ(Run("REGION REMOVE 2 force"), "+OK|");
  ASSERT_EQ(node_.removed.size(), 2U);
  EXPECT_EQ(node_.removed[0].region, 3);
  EXPECT_FALSE(node_.removed[0].by_force);
  EXPECT_EQ(node_.removed[1].region, 2);
  EXPECT_TRUE(node_.removed[1].by_force);
  EXPECT_EQ(Run("REGION REMOVE 3 CANCEL"), "+OK|");
  EXPECT_EQ(node_.removed.size(), 1U);
  EXPECT_EQ(Run("REGION REMOVE 3 NOW"), "-ERR syntax error|");
  EXPECT_EQ(Run("REGION REMOVE us"), "-ERR a region's id is a number from 1 to 31|");
  node_.membership_refusal = "no such region";
  EXPECT_EQ(Run("REGION REMOVE 3"), "-ERR no such region|");
}

TEST_F(RegionCommandsTest, TellsHowALinkIs) {
  const std::string link = Run("REGION STATUS 2");
  EXPECT_NE(link.find("$6|lag_ms|:7|"), std::string::npos) << link;
  EXPECT_EQ(link.find("|held|"), std::string::npos) << link;
  EXPECT_NE(Run("REGION STATUS 3").find("$4|held|$26|its clock is ahead by 90 s|"),
            std::string::npos);
  EXPECT_TRUE(Run("REGION STATUS").starts_with("*2|*34|"));
  EXPECT_EQ(Run("REGION STATUS 4"), "-ERR no link to such a region|");
  EXPECT_EQ(Run("REGION STATUS us"), "-ERR a region's id is a number from 1 to 31|");
  EXPECT_EQ(Run("REGION STATUS 32"), "-ERR a region's id is a number from 1 to 31|");
}

TEST_F(RegionCommandsTest, TellsMapsWhereTheProtocolHasThem) {
  Run("HELLO 3");
  EXPECT_TRUE(Run("REGION STATUS").starts_with("*2|%17|"));
  EXPECT_TRUE(Run("REGION STATUS 3").starts_with("%18|"));
}

TEST_F(RegionCommandsTest, TellsWhenAllWasComparedAndWhatDiffered) {
  EXPECT_EQ(Run("REGION STATUS 2").find("|compared_ms_ago|"), std::string::npos);
  node_.regions[0].compared_ms_ago = 5000;
  node_.regions[0].differing_keys = 3;
  EXPECT_NE(Run("REGION STATUS 2").find("|compared_ms_ago|:5000|$14|differing_keys|:3|"),
            std::string::npos);
}

TEST_F(RegionCommandsTest, DiffWaitsForTheEndOfAComparison) {
  EXPECT_EQ(Run("REGION DIFF 2"), "");
  ASSERT_EQ(node_.compared.size(), 1U);
  EXPECT_EQ(node_.compared[0].region, 2);
  EXPECT_EQ(node_.compared[0].timeout_ms, 60000);
  EXPECT_FALSE(node_.compared[0].scope.repairs);
  node_.comparison =
      ComparisonReport{.region = 2,
                       .ended = true,
                       .partitions = 256,
                       .in_flight = 4,
                       .differing = 1,
                       .keys = {{.key = "cart", .partition = 7, .here = 0, .there = 0xab}}};
  node_.Tick();
  EXPECT_EQ(client_.TakeOutput(),
            "*14|$6|region|:2|$8|complete|:1|$6|detail|$0||$10|partitions|:256|$9|in_flight|:4|"
            "$9|differing|:1|$4|keys|*1|*8|$3|key|$4|cart|$9|partition|:7|$4|here|$6|absent|"
            "$5|there|$16|00000000000000ab|");
}

TEST_F(RegionCommandsTest, RepairTellsHowManyKeysItTook) {
  node_.comparison = ComparisonReport{.region = 2,
                                      .ended = true,
                                      .incomplete = "the time is over",
                                      .partitions = 3,
                                      .differing = 2,
                                      .repaired = 1};
  EXPECT_EQ(Run("REGION REPAIR 2 KEY cart TIMEOUT 500"),
            "*16|$6|region|:2|$8|complete|:0|$6|detail|$16|the time is over|$10|partitions|:3|"
            "$9|in_flight|:0|$9|differing|:2|$8|repaired|:1|$4|keys|*0|");
  EXPECT_TRUE(node_.compared[0].scope.repairs);
  EXPECT_EQ(node_.compared[0].scope.key, "cart");
  EXPECT_EQ(node_.compared[0].timeout_ms, 500);
  Run("region diff 2 partition 255");
  EXPECT_EQ(node_.compared[1].scope.partition, storage::PartitionId{255});
}

TEST_F(RegionCommandsTest, ComparisonsThatCannotBeAreRefused) {
  EXPECT_EQ(Run("REGION DIFF us"), "-ERR a region's id is a number from 1 to 31|");
  EXPECT_EQ(Run("REGION DIFF 2 PARTITION 256"), "-ERR a partition is a number from 0 to 255|");
  EXPECT_EQ(Run("REGION DIFF 2 KEY"), "-ERR syntax error|");
  EXPECT_EQ(Run("REGION DIFF 2 KEY a PARTITION 1"), "-ERR syntax error|");
  EXPECT_EQ(Run("REGION DIFF 2 TIMEOUT -1"), "-ERR timeout is negative|");
  EXPECT_EQ(Run("REGION DIFF"), "-ERR wrong number of arguments for 'region|diff' command|");
  node_.comparison_refusal = "there is no link to this region now";
  EXPECT_EQ(Run("REGION DIFF 2"), "-ERR there is no link to this region now|");
  node_.refusal = "READONLY You can't write against a read only replica.";
  EXPECT_EQ(Run("REGION REPAIR 2"), "-READONLY You can't write against a read only replica.|");
  EXPECT_TRUE(node_.compared.empty());
}

TEST_F(RegionCommandsTest, CutsAndHealsLinks) {
  EXPECT_EQ(Run("REGION PAUSE 2"), "+OK|");
  EXPECT_EQ(node_.paused, std::vector<crdt::RegionId>{2});
  EXPECT_EQ(Run("REGION RESUME 2"), "+OK|");
  EXPECT_EQ(node_.paused, std::vector<crdt::RegionId>{});
  EXPECT_EQ(Run("REGION PAUSE *"), "+OK|");
  EXPECT_EQ(node_.paused, (std::vector<crdt::RegionId>{2, 3}));
  EXPECT_EQ(Run("REGION RESUME *"), "+OK|");
  EXPECT_EQ(node_.paused, std::vector<crdt::RegionId>{});
  EXPECT_EQ(Run("REGION PAUSE all"), "-ERR a region's id is a number from 1 to 31|");
}

}  // namespace
}  // namespace server
