#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class HyperLogLogCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }
  std::string There(std::string_view line) { return there_client_.Run(line); }
  void Exchange() {
    node_.Receive(there_);
    there_.Receive(node_);
  }

  FakeNode node_{1};
  FakeNode there_{2};
  TestClient client_{node_};
  TestClient there_client_{there_};
};

TEST_F(HyperLogLogCommandsTest, Counts) {
  EXPECT_EQ(Run("PFADD h a b c"), ":1|");
  EXPECT_EQ(Run("PFADD h a b"), ":0|");
  EXPECT_EQ(Run("PFADD h d a"), ":1|");
  EXPECT_EQ(Run("PFCOUNT h"), ":4|");
  EXPECT_EQ(Run("PFCOUNT nosuch"), ":0|");
  EXPECT_EQ(Run("PFADD i e a"), ":1|");
  EXPECT_EQ(Run("PFCOUNT h i nosuch"), ":5|");
  EXPECT_EQ(Run("PFMERGE all h i"), "+OK|");
  EXPECT_EQ(Run("PFCOUNT all"), ":5|");
  EXPECT_EQ(Run("PFADD empty"), ":1|");
  EXPECT_EQ(Run("PFADD empty"), ":0|");
  EXPECT_EQ(Run("EXISTS empty"), ":1|");
}

TEST_F(HyperLogLogCommandsTest, ACountIsForgottenWhenSomethingArrives) {
  Run("PFADD h a");
  There("PFADD h b");
  EXPECT_EQ(Run("PFCOUNT h"), ":1|");
  Exchange();
  EXPECT_EQ(Run("PFCOUNT h"), ":2|");
  EXPECT_EQ(There("PFCOUNT h"), ":2|");
}

TEST_F(HyperLogLogCommandsTest, IsAStringToThoseWhoLook) {
  Run("PFADD h a");
  EXPECT_EQ(Run("TYPE h"), "+string|");
  EXPECT_EQ(Run("STRLEN h"), ":21|");
  EXPECT_EQ(Run("GETRANGE h 0 3"), "$4|HYLL|");
  EXPECT_EQ(Run("OBJECT ENCODING h"), "$3|raw|");
  EXPECT_EQ(Run("SCAN 0 TYPE string"), "*2|$1|0|*1|$1|h|");
  EXPECT_EQ(Run("SCAN 0 TYPE hyperloglog"), "*2|$1|0|*0|");
  EXPECT_EQ(Run("INCR h"), "-ERR value is not an integer or out of range|");
  EXPECT_EQ(Run("HSET h f v"),
            "-WRONGTYPE Operation against a key holding the wrong kind of value|");
}

TEST_F(HyperLogLogCommandsTest, WhatIsNoneIsRefused) {
  Run("SET text t");
  Run("SADD set m");
  for (const std::string_view command : {"PFADD text a", "PFCOUNT text", "PFMERGE h text"}) {
    EXPECT_EQ(Run(command), "-WRONGTYPE Key is not a valid HyperLogLog string value.|") << command;
  }
  for (const std::string_view command : {"PFADD set a", "PFCOUNT set", "PFMERGE set h"}) {
    EXPECT_EQ(Run(command), "-WRONGTYPE Operation against a key holding the wrong kind of value|");
  }
  EXPECT_EQ(Run("EXISTS h"), ":0|");
}

TEST_F(HyperLogLogCommandsTest, WatchSeesWhatChangesSomething) {
  Run("PFADD h a");
  TestClient other(node_, 2);
  Run("WATCH h");
  other.Run("PFADD h a");
  other.Run("PFMERGE h h");
  Run("MULTI");
  EXPECT_EQ(Run("EXEC"), "*0|");
  Run("WATCH h");
  other.Run("PFADD h b");
  Run("MULTI");
  EXPECT_EQ(Run("EXEC"), "*-1|");
}

TEST_F(HyperLogLogCommandsTest, ADeleteThatWonIsListed) {
  Run("PFADD h a");
  Exchange();
  Run("DEL h");
  There("PFADD h b");
  Exchange();
  const std::string told = Run("CONFLICT LIST");
  EXPECT_NE(told.find("|rule|$11|delete-wins|"), std::string::npos) << told;
  EXPECT_NE(told.find("|type|$11|hyperloglog|"), std::string::npos) << told;
  EXPECT_EQ(There("EXISTS h"), ":0|");
}

}  // namespace
}  // namespace server
