#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class StringCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(StringCommandsTest, SetsAndGets) {
  EXPECT_EQ(Run("GET k"), "$-1|");
  EXPECT_EQ(Run("SET k v"), "+OK|");
  EXPECT_EQ(Run("GET k"), "$1|v|");
  EXPECT_EQ(Run("GETSET k w"), "$1|v|");
  EXPECT_EQ(Run("GETDEL k"), "$1|w|");
  EXPECT_EQ(Run("EXISTS k"), ":0|");
}

TEST_F(StringCommandsTest, SetsOnConditions) {
  EXPECT_EQ(Run("SET k a XX"), "$-1|");
  EXPECT_EQ(Run("SET k a NX"), "+OK|");
  EXPECT_EQ(Run("SET k b NX"), "$-1|");
  EXPECT_EQ(Run("SET k b NX GET"), "$1|a|");
  EXPECT_EQ(Run("SET k b XX GET"), "$1|a|");
  EXPECT_EQ(Run("GET k"), "$1|b|");
  EXPECT_EQ(Run("SETNX k c"), ":0|");
  EXPECT_EQ(Run("SET k c NX XX"), "-ERR syntax error|");
}

TEST_F(StringCommandsTest, TakesAnOptionTwiceButNoOtherForTheSame) {
  EXPECT_EQ(Run("SET k v EX 10 EX 20"), "+OK|");
  EXPECT_EQ(Run("TTL k"), ":20|");
  EXPECT_EQ(Run("SET k v EX 10 PX 10"), "-ERR syntax error|");
  EXPECT_EQ(Run("SET k v KEEPTTL EX 10"), "-ERR syntax error|");
  EXPECT_EQ(Run("GETEX k PERSIST EX 10"), "-ERR syntax error|");
}

TEST_F(StringCommandsTest, SetsTheTimeToLive) {
  Run("SET k v EX 100");
  EXPECT_EQ(Run("TTL k"), ":100|");
  Run("SET k v KEEPTTL");
  EXPECT_EQ(Run("TTL k"), ":100|");
  Run("SET k v");
  EXPECT_EQ(Run("TTL k"), ":-1|");
  EXPECT_EQ(Run("GETEX k PX 5000"), "$1|v|");
  EXPECT_EQ(Run("PTTL k"), ":5000|");
  EXPECT_EQ(Run("GETEX k PERSIST"), "$1|v|");
  EXPECT_EQ(Run("TTL k"), ":-1|");
  EXPECT_EQ(Run("SET k v EX 0"), "-ERR invalid expire time in 'set' command|");
  EXPECT_EQ(Run("SETEX k -1 v"), "-ERR invalid expire time in 'setex' command|");
  EXPECT_EQ(Run("PSETEX k 9223372036854775807 v"), "-ERR invalid expire time in 'psetex' command|");
}

TEST_F(StringCommandsTest, AKeySetForATimeThatIsOverIsGone) {
  EXPECT_EQ(Run("SET k v PXAT 1"), "+OK|");
  EXPECT_EQ(Run("EXISTS k"), ":0|");
  Run("SET k v");
  EXPECT_EQ(Run("GETEX k EXAT 1"), "$1|v|");
  EXPECT_EQ(Run("EXISTS k"), ":0|");
}

TEST_F(StringCommandsTest, SetsSeveralAsOneRecord) {
  const std::size_t before = node_.records_written();
  EXPECT_EQ(Run("MSET a 1 b 2 a 3"), "+OK|");
  EXPECT_EQ(node_.records_written(), before + 1);
  EXPECT_EQ(Run("MGET a b c"), "*3|$1|3|$1|2|$-1|");
  EXPECT_EQ(Run("MSETNX c 1 a 9"), ":0|");
  EXPECT_EQ(Run("EXISTS c"), ":0|");
  EXPECT_EQ(Run("MSETNX c 1 d 2"), ":1|");
  EXPECT_EQ(Run("MSET a 1 b"), "-ERR wrong number of arguments for 'mset' command|");
}

TEST_F(StringCommandsTest, WorksOnParts) {
  EXPECT_EQ(Run("APPEND k hello"), ":5|");
  EXPECT_EQ(Run("SETRANGE k 7 world"), ":12|");
  EXPECT_EQ(Run("GETRANGE k -5 -1"), "$5|world|");
  EXPECT_EQ(Run("GETRANGE k 5 6"), std::string("$2|\0\0|", 6));
  EXPECT_EQ(Run("GETRANGE k 5 1"), "$0||");
  EXPECT_EQ(Run("STRLEN k"), ":12|");
  EXPECT_EQ(Run("SETRANGE k -1 x"), "-ERR offset is out of range|");
}

TEST_F(StringCommandsTest, BoundsTheLengthOfAValue) {
  node_.config().proto_max_bulk_len = 8;
  EXPECT_EQ(Run("APPEND k 12345678"), ":8|");
  EXPECT_EQ(Run("APPEND k 9"), "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|");
  EXPECT_EQ(Run("SETRANGE k 8 9"),
            "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|");
  EXPECT_EQ(Run("SETRANGE k 9223372036854775807 9"),
            "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|");
  EXPECT_EQ(Run("STRLEN k"), ":8|");
}

TEST_F(StringCommandsTest, RefusesOtherTypes) {
  Run("SADD s m");
  EXPECT_EQ(Run("GET s"), "-WRONGTYPE Operation against a key holding the wrong kind of value|");
  EXPECT_TRUE(Run("APPEND s x").starts_with("-WRONGTYPE"));
  EXPECT_TRUE(Run("SET s x GET").starts_with("-WRONGTYPE"));
  EXPECT_EQ(Run("MGET s"), "*1|$-1|");
  EXPECT_EQ(Run("SET s x"), "+OK|");
  EXPECT_EQ(Run("TYPE s"), "+string|");
}

TEST_F(StringCommandsTest, ADeleteElsewhereTakesOnlyWhatItHasSeen) {
  FakeNode other_node(2);
  TestClient other(other_node);
  Run("SET k first");
  other_node.Receive(node_);
  Run("SET k second");
  EXPECT_EQ(other.Run("GETDEL k"), "$5|first|");
  node_.Receive(other_node);
  other_node.Receive(node_);
  EXPECT_EQ(Run("GET k"), "$6|second|");
  EXPECT_EQ(other.Run("GET k"), "$6|second|");
}

}  // namespace
}  // namespace server
