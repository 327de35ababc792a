#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

// Two regions that write apart; what the first sees is asked.
class ConflictCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }
  void Exchange() {
    node_.Receive(other_node_);
    other_node_.Receive(node_);
  }
  // The keys of CONFLICT LIST with these words, in its order.
  std::string Keys(std::string_view words = "") {
    const std::string list = Run("CONFLICT LIST" + std::string(words));
    std::string keys;
    for (std::size_t at = 0; (at = list.find("|key|", at)) != std::string::npos; ++at) {
      const std::size_t begin = list.find('|', at + 5) + 1;
      keys += list.substr(begin, list.find('|', begin) - begin) + " ";
    }
    return keys;
  }

  FakeNode node_{1};
  FakeNode other_node_{2};
  TestClient client_{node_};
  TestClient other_{other_node_};
};

TEST_F(ConflictCommandsTest, TellsBothSides) {
  Run("SET k mine");
  other_node_.now_ms += 10;
  other_.Run("SET k theirs");
  Exchange();
  const std::string told = Run("CONFLICT GET 1");
  EXPECT_TRUE(told.starts_with("*18|$2|id|:1|")) << told;
  for (const std::string_view part :
       {"|key|$1|k|", "|type|$6|string|", "|rule|$16|last-writer-wins|", "|region|:2|",
        "|value|$6|theirs|", "|value|$4|mine|"}) {
    EXPECT_NE(told.find(part), std::string::npos) << part << " in " << told;
  }
  EXPECT_LT(told.find("$6|theirs|"), told.find("$4|mine|")) << "the winner comes first";
  EXPECT_EQ(Run("CONFLICT GET 2"), "$-1|");
  EXPECT_EQ(Run("CONFLICT GET x"), "-ERR value is not an integer or out of range|");
  EXPECT_EQ(Run("CONFLICT GET 0"), "-ERR value is not an integer or out of range|");
}

TEST_F(ConflictCommandsTest, FiltersNewestFirst) {
  Run("SET a 1");
  other_.Run("SET a 2");
  Run("HSET b f 1");
  other_.Run("HSET b f 2");
  Run("SET c text");
  other_.Run("SADD c m");
  Exchange();
  EXPECT_EQ(Keys(), "c b a ");
  EXPECT_EQ(Keys(" COUNT 2"), "c b ");
  EXPECT_EQ(Keys(" KEY [ab]"), "b a ");
  EXPECT_EQ(Keys(" TYPE hash"), "b ");
  EXPECT_EQ(Keys(" RULE type-clash"), "c ");
  EXPECT_EQ(Keys(" RULE last-writer-wins TYPE string"), "a ");
  EXPECT_EQ(Keys(" REGION 2"), "c b a ");
  EXPECT_EQ(Keys(" REGION 3"), "");
  EXPECT_EQ(Keys(" SINCE 9999999999999"), "");
  EXPECT_EQ(Keys(" SINCE 0"), "c b a ");
}

TEST_F(ConflictCommandsTest, SaysWhatWouldBeRight) {
  EXPECT_EQ(Run("CONFLICT LIST TYPE cat"),
            "-ERR TYPE is string, hash, set, list, zset, stream or hyperloglog|");
  EXPECT_TRUE(Run("CONFLICT LIST RULE x").starts_with("-ERR RULE is one of last-writer-wins "));
  EXPECT_EQ(Run("CONFLICT LIST REGION 0"), "-ERR REGION is a number from 1 to 31|");
  EXPECT_EQ(Run("CONFLICT LIST SINCE x"), "-ERR SINCE is a Unix time in milliseconds|");
  EXPECT_EQ(Run("CONFLICT LIST COUNT 0"), "-ERR COUNT is a number greater than 0|");
  EXPECT_EQ(Run("CONFLICT LIST KEY"), "-ERR syntax error|");
  EXPECT_EQ(Run("CONFLICT LIST NOSUCH x"), "-ERR syntax error|");
}

TEST_F(ConflictCommandsTest, CountsByRule) {
  EXPECT_EQ(Run("CONFLICT COUNT"), "*8|$8|recorded|:0|$7|dropped|:0|$4|kept|:0|$7|by_rule|*0|");
  Run("SET a 1");
  other_.Run("SET a 2");
  Exchange();
  EXPECT_EQ(Run("CONFLICT COUNT"),
            "*8|$8|recorded|:1|$7|dropped|:0|$4|kept|:1|$7|by_rule|*2|$16|last-writer-wins|:1|");
  Run("HELLO 3");
  EXPECT_TRUE(Run("CONFLICT COUNT").starts_with("%4|"));
}

TEST_F(ConflictCommandsTest, WritesThatSawEachOtherAreNone) {
  Run("SET a 1");
  Exchange();
  other_.Run("SET a 2");
  Exchange();
  EXPECT_EQ(Run("CONFLICT LIST"), "*0|");
}

}  // namespace
}  // namespace server
