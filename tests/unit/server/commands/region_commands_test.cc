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
