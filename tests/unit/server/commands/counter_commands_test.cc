#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

constexpr std::string_view kNotAnInteger = "-ERR value is not an integer or out of range|";
constexpr std::string_view kNotAFloat = "-ERR value is not a valid float|";

class CounterCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(CounterCommandsTest, Counts) {
  EXPECT_EQ(Run("INCR c"), ":1|");
  EXPECT_EQ(Run("INCRBY c 10"), ":11|");
  EXPECT_EQ(Run("DECRBY c 20"), ":-9|");
  EXPECT_EQ(Run("DECR c"), ":-10|");
  EXPECT_EQ(Run("GET c"), "$3|-10|");
  EXPECT_EQ(Run("SET c 5"), "+OK|");
  EXPECT_EQ(Run("INCR c"), ":6|");
}

TEST_F(CounterCommandsTest, RefusesWhatWouldOverflow) {
  Run("SET c 9223372036854775807");
  EXPECT_EQ(Run("INCR c"), "-ERR increment or decrement would overflow|");
  EXPECT_EQ(Run("DECRBY c -9223372036854775808"), "-ERR decrement would overflow|");
  EXPECT_EQ(Run("GET c"), "$19|9223372036854775807|");
}

TEST_F(CounterCommandsTest, RefusesWhatIsNoNumber) {
  Run("SET text t");
  EXPECT_EQ(Run("INCR text"), kNotAnInteger);
  EXPECT_EQ(Run("INCRBY c 1.5"), kNotAnInteger);
  EXPECT_EQ(Run("INCRBY c 01"), kNotAnInteger);
  EXPECT_EQ(Run("INCRBYFLOAT text 1"), kNotAFloat);
  EXPECT_EQ(Run("INCRBYFLOAT c x"), kNotAFloat);
  EXPECT_EQ(Run("INCRBYFLOAT c nan"), kNotAFloat);
  EXPECT_EQ(Run("INCRBYFLOAT c inf"), "-ERR increment would produce NaN or Infinity|");
  EXPECT_EQ(Run("EXISTS c"), ":0|");
}

TEST_F(CounterCommandsTest, CountsInFractions) {
  EXPECT_EQ(Run("INCRBYFLOAT f 1.5"), "$3|1.5|");
  EXPECT_EQ(Run("INCRBYFLOAT f 1e3"), "$6|1001.5|");
  EXPECT_EQ(Run("INCR f"), kNotAnInteger);
  EXPECT_EQ(Run("INCRBYFLOAT f -0.5"), "$4|1001|");
  EXPECT_EQ(Run("INCR f"), ":1002|");
}

TEST_F(CounterCommandsTest, KeepsTheTimeToLive) {
  Run("SET c 1 EX 100");
  Run("INCR c");
  EXPECT_EQ(Run("TTL c"), ":100|");
}

TEST_F(CounterCommandsTest, IncrementsOfAllRegionsAddUpAlsoOverASet) {
  FakeNode other_node(2);
  TestClient other(other_node);
  Run("SET c 100");
  other_node.Receive(node_);
  Run("INCRBY c 5");
  other.Run("INCRBY c 7");
  node_.Receive(other_node);
  other_node.Receive(node_);
  EXPECT_EQ(Run("GET c"), "$3|112|");
  EXPECT_EQ(other.Run("GET c"), "$3|112|");

  node_.now_ms += 1000;
  Run("SET c 0");
  other.Run("INCR c");
  node_.Receive(other_node);
  other_node.Receive(node_);
  EXPECT_EQ(Run("GET c"), "$1|1|");
  EXPECT_EQ(other.Run("GET c"), "$1|1|");
}

}  // namespace
}  // namespace server
