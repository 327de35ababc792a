#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class MemoryCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(MemoryCommandsTest, TellsWhatAKeyTakes) {
  Run("SET k v");
  EXPECT_TRUE(Run("MEMORY USAGE k").starts_with(":"));
  EXPECT_EQ(Run("MEMORY USAGE k"), Run("MEMORY USAGE k SAMPLES 0"));
  EXPECT_EQ(Run("MEMORY USAGE nosuch"), "$-1|");
  EXPECT_EQ(Run("MEMORY USAGE k SAMPLES"), "-ERR syntax error|");
  EXPECT_EQ(Run("MEMORY USAGE k SAMPLES -1"), "-ERR syntax error|");
  EXPECT_EQ(Run("MEMORY USAGE k SAMPLES x"), "-ERR value is not an integer or out of range|");
}

TEST_F(MemoryCommandsTest, TellsWhatTheProcessTakes) {
  Run("MSET a 1 b 2");
  const std::string stats = Run("MEMORY STATS");
  EXPECT_TRUE(stats.starts_with("*38|$14|peak.allocated|:")) << stats;
  EXPECT_NE(stats.find("|$10|keys.count|:2|"), std::string::npos) << stats;
  EXPECT_NE(stats.find("|$13|dataset.bytes|:"), std::string::npos) << stats;
}

TEST_F(MemoryCommandsTest, HasTheAllocatorGiveBackAndReport) {
  EXPECT_EQ(Run("MEMORY PURGE"), "+OK|");
  EXPECT_TRUE(Run("MEMORY MALLOC-STATS").starts_with("$"));
  EXPECT_TRUE(Run("MEMORY DOCTOR").starts_with("$"));
}

}  // namespace
}  // namespace server
