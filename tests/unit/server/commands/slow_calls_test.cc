// SLOWLOG and LATENCY.
#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class SlowCallsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }
  // The command takes so long.
  std::string RunSlowly(std::string_view line, std::int64_t usec) {
    node_.usec_of_calls = {0, usec};
    return Run(line);
  }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(SlowCallsTest, NothingIsKeptUnlessASettingAsksForIt) {
  RunSlowly("GET k", 1000000);
  EXPECT_EQ(Run("SLOWLOG LEN"), ":0|");
  EXPECT_EQ(Run("LATENCY LATEST"), "*0|");
  EXPECT_TRUE(Run("LATENCY DOCTOR").find("not monitored") != std::string::npos);
}

TEST_F(SlowCallsTest, KeepsTheCommandsThatTookLong) {
  Run("CONFIG SET slowlog-log-slower-than 1000 slowlog-max-len 2");
  client_.session().address = "127.0.0.1:5000";
  Run("CLIENT SETNAME me");
  RunSlowly("GET quick", 999);
  EXPECT_EQ(Run("SLOWLOG LEN"), ":0|");
  RunSlowly("GET k", 1000);
  EXPECT_EQ(Run("SLOWLOG GET"),
            "*1|*6|:0|:1800000000|:1000|*2|$3|GET|$1|k|$14|127.0.0.1:5000|$2|me|");
  RunSlowly("GET l", 2000);
  RunSlowly("GET m", 3000);
  EXPECT_EQ(Run("SLOWLOG LEN"), ":2|");
  EXPECT_TRUE(Run("SLOWLOG GET 1").starts_with("*1|*6|:2|:1800000000|:3000|"));
  EXPECT_TRUE(Run("SLOWLOG GET -1").starts_with("*2|"));
  EXPECT_EQ(Run("SLOWLOG RESET"), "+OK|");
  EXPECT_EQ(Run("SLOWLOG GET"), "*0|");
}

TEST_F(SlowCallsTest, KeepsNeitherPasswordsNorAllOfManyWords) {
  Run("CONFIG SET slowlog-log-slower-than 1000");
  RunSlowly("AUTH secret", 5000);
  RunSlowly("HELLO 3 AUTH default secret SETNAME me", 5000);
  RunSlowly("CONFIG SET maxclients 100 requirepass secret", 5000);
  std::string many = "DEL";
  for (int i = 1; i < 40; ++i) many += " k" + std::to_string(i);
  RunSlowly(many, 5000);
  RunSlowly("GET " + std::string(200, 'x'), 5000);
  const std::string told = Run("SLOWLOG GET -1");
  EXPECT_EQ(told.find("secret"), std::string::npos) << told;
  EXPECT_NE(told.find("$2|me|"), std::string::npos);
  EXPECT_NE(told.find("... (9 more arguments)"), std::string::npos) << told;
  EXPECT_NE(told.find("... (72 more bytes)"), std::string::npos);
}

TEST_F(SlowCallsTest, OfATransactionKeepsTheCommandsThatWereSlow) {
  Run("CONFIG SET slowlog-log-slower-than 1000");
  Run("MULTI");
  Run("GET a");
  Run("GET b");
  node_.usec_of_calls = {0, 0, 10, 0, 5000};
  Run("EXEC");
  const std::string told = Run("SLOWLOG GET");
  EXPECT_TRUE(told.starts_with("*1|")) << told;
  EXPECT_NE(told.find("*2|$3|GET|$1|b|"), std::string::npos) << told;
}

TEST_F(SlowCallsTest, RemembersSpikesByTheSecond) {
  Run("CONFIG SET latency-monitor-threshold 10");
  RunSlowly("GET k", 9000);
  RunSlowly("GET k", 20000);
  RunSlowly("GET k", 15000);
  RunSlowly("KEYS *", 30000);
  EXPECT_EQ(Run("LATENCY LATEST"),
            "*2|*4|$7|command|:1800000000|:30|:30|"
            "*4|$12|fast-command|:1800000000|:20|:20|");
  node_.now_ms += 60000;
  RunSlowly("GET k", 12000);
  EXPECT_EQ(Run("LATENCY HISTORY fast-command"), "*2|*2|:1800000000|:20|*2|:1800000060|:12|");
  EXPECT_EQ(Run("LATENCY HISTORY nothing"), "*0|");
  EXPECT_NE(Run("LATENCY DOCTOR").find("fast-command: 2 spikes, on average 16 ms"),
            std::string::npos);
  EXPECT_NE(Run("LATENCY GRAPH fast-command").find("high 20 ms, low 12 ms (all time high 20 ms)"),
            std::string::npos);
  EXPECT_EQ(Run("LATENCY GRAPH nothing"), "-ERR No samples available for event 'nothing'|");
  EXPECT_EQ(Run("LATENCY RESET command nothing"), ":1|");
  EXPECT_EQ(Run("LATENCY RESET"), ":1|");
  EXPECT_EQ(Run("LATENCY LATEST"), "*0|");
}

TEST_F(SlowCallsTest, TellsHowLongCommandsTake) {
  RunSlowly("GET k", 3);
  RunSlowly("GET k", 100);
  RunSlowly("CLIENT ID", 1);
  EXPECT_EQ(Run("LATENCY HISTOGRAM get nothing client"),
            "*4|$3|get|*4|$5|calls|:2|$14|histogram_usec|*4|:4|:1|:128|:2|"
            "$9|client|id|*4|$5|calls|:1|$14|histogram_usec|*2|:1|:1|");
  EXPECT_EQ(Run("LATENCY HISTOGRAM set"), "*0|");
}

}  // namespace
}  // namespace server
