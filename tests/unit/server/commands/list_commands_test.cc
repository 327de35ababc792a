#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

constexpr std::string_view kWrongType =
    "-WRONGTYPE Operation against a key holding the wrong kind of value|";

class ListCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(ListCommandsTest, PushesAndPopsAtBothEnds) {
  EXPECT_EQ(Run("RPUSH l a b"), ":2|");
  EXPECT_EQ(Run("LPUSH l c d"), ":4|");
  EXPECT_EQ(Run("LRANGE l 0 -1"), "*4|$1|d|$1|c|$1|a|$1|b|");
  EXPECT_EQ(Run("LPOP l"), "$1|d|");
  EXPECT_EQ(Run("RPOP l 2"), "*2|$1|b|$1|a|");
  EXPECT_EQ(Run("LPOP l 9"), "*1|$1|c|");
  EXPECT_FALSE(node_.database().Read("l").exists());
  EXPECT_EQ(Run("LPOP l"), "$-1|");
  EXPECT_EQ(Run("LPOP l 1"), "*-1|");
  EXPECT_EQ(Run("LPOP l -1"), "-ERR value is out of range, must be positive|");
  EXPECT_EQ(Run("LPUSHX l a"), ":0|");
}

TEST_F(ListCommandsTest, ReadsByIndex) {
  Run("RPUSH l a b c");
  EXPECT_EQ(Run("LLEN l"), ":3|");
  EXPECT_EQ(Run("LINDEX l -1"), "$1|c|");
  EXPECT_EQ(Run("LINDEX l 3"), "$-1|");
  EXPECT_EQ(Run("LRANGE l 1 100"), "*2|$1|b|$1|c|");
  EXPECT_EQ(Run("LRANGE l 2 1"), "*0|");
  EXPECT_EQ(Run("LRANGE none 0 -1"), "*0|");
}

TEST_F(ListCommandsTest, ChangesWhatIsInside) {
  Run("RPUSH l a b a c a");
  EXPECT_EQ(Run("LSET l 1 B"), "+OK|");
  EXPECT_EQ(Run("LSET l 9 x"), "-ERR index out of range|");
  EXPECT_EQ(Run("LSET none 0 x"), "-ERR no such key|");
  EXPECT_EQ(Run("LINSERT l BEFORE c x"), ":6|");
  EXPECT_EQ(Run("LINSERT l AFTER c y"), ":7|");
  EXPECT_EQ(Run("LINSERT l AFTER none y"), ":-1|");
  EXPECT_EQ(Run("LINSERT none AFTER c y"), ":0|");
  EXPECT_EQ(Run("LREM l -1 a"), ":1|");
  EXPECT_EQ(Run("LREM l 1 a"), ":1|");
  EXPECT_EQ(Run("LRANGE l 0 -1"), "*5|$1|B|$1|a|$1|x|$1|c|$1|y|");
  EXPECT_EQ(Run("LTRIM l 1 -2"), "+OK|");
  EXPECT_EQ(Run("LRANGE l 0 -1"), "*3|$1|a|$1|x|$1|c|");
  EXPECT_EQ(Run("LTRIM l 5 9"), "+OK|");
  EXPECT_FALSE(node_.database().Read("l").exists());
}

TEST_F(ListCommandsTest, FindsPositions) {
  Run("RPUSH l a b c 1 2 3 c c");
  EXPECT_EQ(Run("LPOS l c"), ":2|");
  EXPECT_EQ(Run("LPOS l c RANK 2"), ":6|");
  EXPECT_EQ(Run("LPOS l c RANK -1 COUNT 2"), "*2|:7|:6|");
  EXPECT_EQ(Run("LPOS l c COUNT 0 MAXLEN 3"), "*1|:2|");
  EXPECT_EQ(Run("LPOS l x"), "$-1|");
  EXPECT_EQ(Run("LPOS l x COUNT 1"), "*0|");
  EXPECT_EQ(Run("LPOS l c COUNT -1"), "-ERR COUNT can't be negative|");
}

TEST_F(ListCommandsTest, MovesElements) {
  Run("RPUSH l a b c");
  EXPECT_EQ(Run("LMOVE l m LEFT RIGHT"), "$1|a|");
  EXPECT_EQ(Run("RPOPLPUSH l m"), "$1|c|");
  EXPECT_EQ(Run("LRANGE m 0 -1"), "*2|$1|c|$1|a|");
  EXPECT_EQ(Run("LMOVE m m LEFT RIGHT"), "$1|c|");
  EXPECT_EQ(Run("LRANGE m 0 -1"), "*2|$1|a|$1|c|");
  EXPECT_EQ(Run("RPOPLPUSH none m"), "$-1|");
  EXPECT_EQ(Run("LMPOP 2 none m RIGHT COUNT 5"), "*2|$1|m|*2|$1|c|$1|a|");
  EXPECT_EQ(Run("LMPOP 1 m LEFT"), "*-1|");
}

TEST_F(ListCommandsTest, MovesTheOnlyElementWithinItsListAndKeepsTheTimeToLive) {
  Run("RPUSH l a");
  Run("PEXPIREAT l 44177117420000");
  for (const std::string_view line :
       {"LMOVE l l LEFT LEFT", "LMOVE l l RIGHT LEFT", "LMOVE l l LEFT RIGHT", "RPOPLPUSH l l"}) {
    EXPECT_EQ(Run(line), "$1|a|") << line;
    EXPECT_EQ(Run("PEXPIRETIME l"), ":44177117420000|") << line;
    EXPECT_EQ(Run("LRANGE l 0 -1"), "*1|$1|a|") << line;
  }
}

TEST_F(ListCommandsTest, RefuseOtherTypes) {
  Run("SET s v");
  for (const std::string_view line :
       {"LPUSH s a", "RPOP s", "LLEN s", "LRANGE s 0 -1", "LSET s 0 a", "LREM s 0 a", "LTRIM s 0 1",
        "LPOS s a", "LINSERT s BEFORE a b", "BLPOP s 0", "LMPOP 1 s LEFT"}) {
    EXPECT_EQ(Run(line), kWrongType) << line;
  }
}

TEST_F(ListCommandsTest, ShipAListUnderAnotherNameInItsOrder) {
  Run("RPUSH l a b c");
  EXPECT_EQ(Run("RENAME l m"), "+OK|");
  EXPECT_EQ(Run("COPY m n"), ":1|");
  EXPECT_EQ(Run("LRANGE n 0 -1"), "*3|$1|a|$1|b|$1|c|");
  EXPECT_EQ(Run("TYPE m"), "+list|");
}

}  // namespace
}  // namespace server
