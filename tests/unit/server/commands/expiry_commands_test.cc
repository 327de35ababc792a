#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class ExpiryCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(ExpiryCommandsTest, SetsAndTellsTheTimeToLive) {
  EXPECT_EQ(Run("EXPIRE k 100"), ":0|");
  EXPECT_EQ(Run("TTL k"), ":-2|");
  Run("SET k v");
  EXPECT_EQ(Run("TTL k"), ":-1|");
  EXPECT_EQ(Run("EXPIRE k 100"), ":1|");
  EXPECT_EQ(Run("TTL k"), ":100|");
  EXPECT_EQ(Run("PTTL k"), ":100000|");
  EXPECT_EQ(Run("EXPIRETIME k"), ":1800000100|");
  EXPECT_EQ(Run("PEXPIRETIME k"), ":1800000100000|");
  EXPECT_EQ(Run("PEXPIREAT k 1800000000500"), ":1|");
  EXPECT_EQ(Run("TTL k"), ":1|");
  EXPECT_EQ(Run("PERSIST k"), ":1|");
  EXPECT_EQ(Run("PERSIST k"), ":0|");
  EXPECT_EQ(Run("TTL k"), ":-1|");
}

TEST_F(ExpiryCommandsTest, HidesWhatHasExpired) {
  Run("SET k v PX 500");
  node_.now_ms += 499;
  EXPECT_EQ(Run("GET k"), "$1|v|");
  node_.now_ms += 1;
  EXPECT_EQ(Run("GET k"), "$-1|");
  EXPECT_EQ(Run("TTL k"), ":-2|");
  EXPECT_EQ(Run("INCR k"), ":1|");
  EXPECT_EQ(Run("TTL k"), ":-1|");
}

TEST_F(ExpiryCommandsTest, ATimeThatIsOverDeletes) {
  Run("SET k v");
  EXPECT_EQ(Run("EXPIRE k -1"), ":1|");
  EXPECT_EQ(Run("EXISTS k"), ":0|");
}

TEST_F(ExpiryCommandsTest, LooksAtConditions) {
  Run("SET k v");
  EXPECT_EQ(Run("EXPIRE k 100 XX"), ":0|");
  EXPECT_EQ(Run("EXPIRE k 100 GT"), ":0|");
  EXPECT_EQ(Run("EXPIRE k 100 NX"), ":1|");
  EXPECT_EQ(Run("EXPIRE k 200 NX"), ":0|");
  EXPECT_EQ(Run("EXPIRE k 50 GT"), ":0|");
  EXPECT_EQ(Run("EXPIRE k 50 XX LT"), ":1|");
  EXPECT_EQ(Run("TTL k"), ":50|");
  EXPECT_EQ(Run("EXPIRE k 1 NX XX"),
            "-ERR NX and XX, GT or LT options at the same time are not compatible|");
  EXPECT_EQ(Run("EXPIRE k 1 GT LT"), "-ERR GT and LT options at the same time are not compatible|");
  EXPECT_EQ(Run("EXPIRE k 1 ZZ"), "-ERR Unsupported option ZZ|");
}

TEST_F(ExpiryCommandsTest, RefusesTimesThatDoNotFit) {
  Run("SET k v");
  EXPECT_EQ(Run("EXPIRE k x"), "-ERR value is not an integer or out of range|");
  EXPECT_EQ(Run("EXPIRE k 9223372036854775807"), "-ERR invalid expire time in 'expire' command|");
  EXPECT_EQ(Run("PEXPIRE k 9223372036854775807"), "-ERR invalid expire time in 'pexpire' command|");
  EXPECT_EQ(Run("PEXPIREAT k 9223372036854775807"), ":1|");
  EXPECT_EQ(Run("PEXPIRETIME k"), ":9223372036854775806|");
}

TEST_F(ExpiryCommandsTest, TheLongestLifeWinsAndPersistIsTheLongest) {
  FakeNode other_node(2);
  TestClient other(other_node);
  Run("SET k v");
  other_node.Receive(node_);
  Run("EXPIRE k 1000");
  other.Run("EXPIRE k 500");
  node_.Receive(other_node);
  other_node.Receive(node_);
  EXPECT_EQ(Run("TTL k"), ":1000|");
  EXPECT_EQ(other.Run("TTL k"), ":1000|");

  Run("EXPIRE k 2000");
  EXPECT_EQ(other.Run("PERSIST k"), ":1|");
  node_.Receive(other_node);
  other_node.Receive(node_);
  EXPECT_EQ(Run("TTL k"), ":-1|");
  EXPECT_EQ(other.Run("TTL k"), ":-1|");
}

}  // namespace
}  // namespace server
