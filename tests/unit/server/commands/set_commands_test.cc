#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

constexpr std::string_view kWrongType =
    "-WRONGTYPE Operation against a key holding the wrong kind of value|";

// The bulk strings of a flat array or set.
std::multiset<std::string> Members(const std::string& reply) {
  std::multiset<std::string> members;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < reply.size();) {
    const std::size_t end = reply.find('|', at);
    lines.push_back(reply.substr(at, end - at));
    at = end + 1;
  }
  for (std::size_t i = 2; i < lines.size(); i += 2) members.insert(lines[i]);
  return members;
}

using Expected = std::multiset<std::string>;

class SetCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(SetCommandsTest, AddsAndRemoves) {
  EXPECT_EQ(Run("SADD s a b b c"), ":3|");
  EXPECT_EQ(Run("SADD s a d"), ":1|");
  EXPECT_EQ(Run("SCARD s"), ":4|");
  EXPECT_EQ(Run("SREM s a a x"), ":1|");
  EXPECT_EQ(Run("SISMEMBER s a"), ":0|");
  EXPECT_EQ(Run("SMISMEMBER s a b x"), "*3|:0|:1|:0|");
  EXPECT_EQ(Run("SREM s b c d"), ":3|");
  EXPECT_FALSE(node_.database().Read("s").exists());
  EXPECT_EQ(Run("SREM s b"), ":0|");
}

TEST_F(SetCommandsTest, MovesAMember) {
  Run("SADD s a b");
  EXPECT_EQ(Run("SMOVE s t a"), ":1|");
  EXPECT_EQ(Run("SMOVE s t x"), ":0|");
  EXPECT_EQ(Run("SMOVE s s b"), ":1|");
  EXPECT_EQ(Run("SMOVE s s x"), ":0|");
  EXPECT_EQ(Run("SMEMBERS t"), "*1|$1|a|");
  EXPECT_EQ(Run("SMOVE s t b"), ":1|");
  EXPECT_FALSE(node_.database().Read("s").exists());
  Run("HSET h f v");
  // Where the source is missing the destination is not looked at.
  EXPECT_EQ(Run("SMOVE nothing h a"), ":0|");
  EXPECT_EQ(Run("SMOVE t h a"), kWrongType);
  EXPECT_EQ(Run("SMOVE h t a"), kWrongType);
}

TEST_F(SetCommandsTest, PopsDifferentMembers) {
  Run("SADD s a b c d e f g h i j");
  std::set<std::string> popped;
  const std::string one = Run("SPOP s");
  popped.insert(one.substr(3, 1));
  for (const std::string& member : Members(Run("SPOP s 3"))) popped.insert(member);
  EXPECT_EQ(popped.size(), 4u);
  EXPECT_EQ(Run("SCARD s"), ":6|");
  EXPECT_EQ(Members(Run("SPOP s 100")).size(), 6u);
  EXPECT_EQ(Run("SPOP s"), "$-1|");
  EXPECT_EQ(Run("SPOP s 1"), "*0|");
  EXPECT_EQ(Run("SPOP s 0"), "*0|");
}

TEST_F(SetCommandsTest, DrawsMembersAndKeepsThem) {
  for (int i = 0; i < 100; ++i) Run("SADD s m" + std::to_string(i));
  for (const int count : {1, 10, 30, 60, 99, 100, 1000}) {
    const auto drawn = Members(Run("SRANDMEMBER s " + std::to_string(count)));
    EXPECT_EQ(drawn.size(), static_cast<std::size_t>(std::min(count, 100)));
    EXPECT_EQ(std::set<std::string>(drawn.begin(), drawn.end()).size(), drawn.size());
  }
  EXPECT_EQ(Members(Run("SRANDMEMBER s -250")).size(), 250u);
  EXPECT_EQ(Run("SCARD s"), ":100|");
  EXPECT_EQ(Run("SRANDMEMBER nothing"), "$-1|");
  EXPECT_EQ(Run("SRANDMEMBER nothing 3"), "*0|");
  EXPECT_EQ(Run("SRANDMEMBER s 0"), "*0|");
}

TEST_F(SetCommandsTest, Combines) {
  Run("SADD a 1 2 3 4");
  Run("SADD b 2 3 5");
  Run("SADD c 3");
  EXPECT_EQ(Members(Run("SINTER a b")), (Expected{"2", "3"}));
  EXPECT_EQ(Members(Run("SINTER a b c")), (Expected{"3"}));
  EXPECT_EQ(Members(Run("SINTER a a")), (Expected{"1", "2", "3", "4"}));
  EXPECT_EQ(Run("SINTER a nothing"), "*0|");
  EXPECT_EQ(Members(Run("SUNION a b nothing")), (Expected{"1", "2", "3", "4", "5"}));
  EXPECT_EQ(Members(Run("SUNION c")), (Expected{"3"}));
  EXPECT_EQ(Run("SUNION nothing"), "*0|");
  EXPECT_EQ(Members(Run("SDIFF a b")), (Expected{"1", "4"}));
  EXPECT_EQ(Run("SDIFF a a"), "*0|");
  EXPECT_EQ(Run("SDIFF nothing a"), "*0|");
}

TEST_F(SetCommandsTest, CountsAnIntersection) {
  Run("SADD a 1 2 3 4");
  Run("SADD b 2 3 4 5");
  EXPECT_EQ(Run("SINTERCARD 2 a b"), ":3|");
  EXPECT_EQ(Run("SINTERCARD 2 a b LIMIT 2"), ":2|");
  EXPECT_EQ(Run("SINTERCARD 2 a b LIMIT 0"), ":3|");
  EXPECT_EQ(Run("SINTERCARD 2 a nothing"), ":0|");
  EXPECT_EQ(Run("SINTERCARD 0 a"), "-ERR numkeys should be greater than 0|");
  EXPECT_EQ(Run("SINTERCARD x a"), "-ERR numkeys should be greater than 0|");
  EXPECT_EQ(Run("SINTERCARD 3 a b"), "-ERR Number of keys can't be greater than number of args|");
  EXPECT_EQ(Run("SINTERCARD 2 a b LIMIT"), "-ERR syntax error|");
  EXPECT_EQ(Run("SINTERCARD 2 a b LIMIT -1"), "-ERR LIMIT can't be negative|");
  EXPECT_EQ(Run("SINTERCARD 1 a b"), "-ERR syntax error|");
}

TEST_F(SetCommandsTest, StoresOverWhateverWasThere) {
  Run("SADD a 1 2 3");
  Run("SADD b 2 3 4");
  Run("HSET h f v");
  EXPECT_EQ(Run("SINTERSTORE h a b"), ":2|");
  EXPECT_EQ(Members(Run("SMEMBERS h")), (Expected{"2", "3"}));
  EXPECT_EQ(Run("SUNIONSTORE a a b"), ":4|");
  EXPECT_EQ(Members(Run("SMEMBERS a")), (Expected{"1", "2", "3", "4"}));
  EXPECT_EQ(Run("SDIFFSTORE a nothing b"), ":0|");
  EXPECT_FALSE(node_.database().Read("a").exists());
  Run("HSET other f v");
  EXPECT_EQ(Run("SUNIONSTORE b h other"), kWrongType);
  EXPECT_EQ(Run("SCARD b"), ":3|");
}

TEST_F(SetCommandsTest, AnswersSetsInResp3) {
  Run("SADD s a");
  Run("HELLO 3");
  EXPECT_EQ(Run("SMEMBERS s"), "~1|$1|a|");
  EXPECT_EQ(Run("SUNION s"), "~1|$1|a|");
  EXPECT_EQ(Run("SRANDMEMBER s 1"), "*1|$1|a|");
  EXPECT_EQ(Run("SPOP s 1"), "~1|$1|a|");
  EXPECT_EQ(Run("SPOP s 1"), "~0|");
  EXPECT_EQ(Run("SMEMBERS s"), "~0|");
}

TEST_F(SetCommandsTest, ChecksItsWords) {
  EXPECT_EQ(Run("SPOP s -1"), "-ERR value is out of range, must be positive|");
  EXPECT_EQ(Run("SPOP s x"), "-ERR value is out of range, must be positive|");
  EXPECT_EQ(Run("SPOP s 1 2"), "-ERR syntax error|");
  EXPECT_EQ(Run("SRANDMEMBER s x"), "-ERR value is not an integer or out of range|");
  EXPECT_EQ(Run("SRANDMEMBER s 1 2"), "-ERR syntax error|");
  EXPECT_EQ(Run("SSCAN s x"), "-ERR invalid cursor|");
  // As in Redis: options are looked at where there is something to scan.
  EXPECT_EQ(Run("SSCAN s 0 COUNT x"), "*2|$1|0|*0|");
}

TEST_F(SetCommandsTest, WorksOnSetsOnly) {
  Run("HSET h f v");
  for (const std::string_view line :
       {"SADD h a", "SREM h a", "SMEMBERS h", "SISMEMBER h a", "SMISMEMBER h a", "SCARD h",
        "SPOP h", "SPOP h 1", "SRANDMEMBER h", "SRANDMEMBER h 1", "SSCAN h 0", "SINTER nothing h",
        "SUNION h", "SDIFF nothing h", "SINTERCARD 1 h", "SINTERSTORE d h", "SUNIONSTORE d h",
        "SDIFFSTORE d h"}) {
    EXPECT_EQ(Run(line), kWrongType) << line;
  }
}

}  // namespace
}  // namespace server
