#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class KeyCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(KeyCommandsTest, DeletesAndCounts) {
  Run("MSET a 1 b 2 c 3");
  EXPECT_EQ(Run("EXISTS a b nothing a"), ":3|");
  EXPECT_EQ(Run("TOUCH a nothing"), ":1|");
  EXPECT_EQ(Run("DEL a nothing a"), ":1|");
  EXPECT_EQ(Run("UNLINK b"), ":1|");
  EXPECT_EQ(Run("DBSIZE"), ":1|");
  EXPECT_EQ(Run("FLUSHALL NOSUCH"), "-ERR syntax error|");
  EXPECT_EQ(Run("FLUSHALL ASYNC"), "+OK|");
  EXPECT_EQ(Run("DBSIZE"), ":0|");
  EXPECT_EQ(Run("RANDOMKEY"), "$-1|");
}

TEST_F(KeyCommandsTest, TellsTheType) {
  Run("SET s v");
  Run("INCR c");
  Run("HSET h f v");
  Run("SADD m a");
  EXPECT_EQ(Run("TYPE s") + Run("TYPE c") + Run("TYPE h") + Run("TYPE m") + Run("TYPE nothing"),
            "+string|+string|+hash|+set|+none|");
}

TEST_F(KeyCommandsTest, RenamesWhateverTheTypeWithItsTimeToLive) {
  EXPECT_EQ(Run("RENAME a b"), "-ERR no such key|");
  Run("SADD a m");
  Run("EXPIRE a 100");
  Run("HSET b f v");
  EXPECT_EQ(Run("RENAMENX a b"), ":0|");
  EXPECT_EQ(Run("RENAME a b"), "+OK|");
  EXPECT_EQ(Run("SMEMBERS b"), "*1|$1|m|");
  EXPECT_EQ(Run("TTL b"), ":100|");
  EXPECT_EQ(Run("EXISTS a"), ":0|");
  EXPECT_EQ(Run("RENAME b b"), "+OK|");
  EXPECT_EQ(Run("RENAMENX b c"), ":1|");
}

TEST_F(KeyCommandsTest, CopiesWhatStaysIndependent) {
  Run("INCRBY n 5");
  EXPECT_EQ(Run("COPY n m"), ":1|");
  EXPECT_EQ(Run("INCR m"), ":6|");
  EXPECT_EQ(Run("GET n"), "$1|5|");
  EXPECT_EQ(Run("COPY n m"), ":0|");
  EXPECT_EQ(Run("COPY n m REPLACE DB 0"), ":1|");
  EXPECT_EQ(Run("GET m"), "$1|5|");
  EXPECT_EQ(Run("COPY n m DB 1"), "-ERR DB index is out of range|");
  EXPECT_EQ(Run("COPY n n"), "-ERR source and destination objects are the same|");
}

TEST_F(KeyCommandsTest, ScansByPatternAndType) {
  Run("MSET a1 v a2 v b1 v");
  Run("SADD a3 m");
  EXPECT_EQ(Run("SCAN 0 COUNT 10000 MATCH b*"), "*2|$1|0|*1|$2|b1|");
  EXPECT_EQ(Run("SCAN 0 COUNT 10000 MATCH a* TYPE set"), "*2|$1|0|*1|$2|a3|");
  EXPECT_EQ(client_.RunWords({"SCAN", "0", "MATCH", "", "COUNT", "10000"}), "*2|$1|0|*0|");
  EXPECT_EQ(Run("KEYS b?"), "*1|$2|b1|");
  EXPECT_EQ(Run("SCAN x"), "-ERR invalid cursor|");
  EXPECT_EQ(Run("SCAN 0 COUNT 0"), "-ERR syntax error|");
  EXPECT_EQ(Run("SCAN 0 TYPE"), "-ERR syntax error|");
}

TEST_F(KeyCommandsTest, AScanInStepsFindsEveryKey) {
  for (int i = 0; i < 500; ++i) Run("SET key:" + std::to_string(i) + " v");
  std::string cursor = "0";
  std::size_t found = 0;
  do {
    const std::string reply = Run("SCAN " + cursor + " COUNT 7");
    const std::size_t begin = reply.find('|', 3) + 1;
    cursor = reply.substr(begin, reply.find('|', begin) - begin);
    for (std::size_t at = 0; (at = reply.find("key:", at)) != std::string::npos; ++at) ++found;
  } while (cursor != "0");
  EXPECT_EQ(found, 500u);
}

TEST_F(KeyCommandsTest, ThereIsOneDatabase) {
  EXPECT_EQ(Run("SELECT 0"), "+OK|");
  EXPECT_EQ(Run("SELECT 1"), "-ERR DB index is out of range|");
  EXPECT_EQ(Run("SELECT 4294967296"),
            "-ERR value is out of range, value must between -2147483648 and 2147483647|");
  EXPECT_EQ(Run("MOVE k 0"), "-ERR source and destination objects are the same|");
}

TEST_F(KeyCommandsTest, AFlushTakesOnlyWhatItHasSeen) {
  FakeNode other_node(2);
  TestClient other(other_node);
  Run("SET seen v");
  other_node.Receive(node_);
  Run("SET unseen v");
  other.Run("FLUSHALL");
  node_.Receive(other_node);
  other_node.Receive(node_);
  EXPECT_EQ(Run("KEYS *"), "*1|$6|unseen|");
  EXPECT_EQ(other.Run("KEYS *"), "*1|$6|unseen|");
}

TEST_F(KeyCommandsTest, ARenameElsewhereLeavesAnUnseenWrite) {
  FakeNode other_node(2);
  TestClient other(other_node);
  Run("SADD s seen");
  other_node.Receive(node_);
  Run("SADD s unseen");
  other.Run("RENAME s t");
  node_.Receive(other_node);
  other_node.Receive(node_);
  EXPECT_EQ(Run("SMEMBERS s"), "*1|$6|unseen|");
  EXPECT_EQ(other.Run("SMEMBERS s"), "*1|$6|unseen|");
  EXPECT_EQ(other.Run("SMEMBERS t"), "*1|$4|seen|");
}

}  // namespace
}  // namespace server
