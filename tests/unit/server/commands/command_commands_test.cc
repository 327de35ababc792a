#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class CommandCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(CommandCommandsTest, TellsTheKeysOfACommand) {
  EXPECT_EQ(Run("COMMAND GETKEYS HGET h f"), "*1|$1|h|");
  EXPECT_EQ(Run("COMMAND GETKEYS SMOVE a b c"), "*2|$1|a|$1|b|");
  EXPECT_EQ(Run("COMMAND GETKEYS SUNION a b c"), "*3|$1|a|$1|b|$1|c|");
  EXPECT_EQ(Run("COMMAND GETKEYS SINTERCARD 2 a b LIMIT 1"), "*2|$1|a|$1|b|");
  EXPECT_EQ(Run("COMMAND GETKEYSANDFLAGS SADD s m"), "*1|*2|$1|s|*2|+RW|+insert|");
  EXPECT_EQ(Run("COMMAND GETKEYSANDFLAGS SET k v EX 10"), "*1|*2|$1|k|*2|+OW|+update|");
  EXPECT_EQ(Run("COMMAND GETKEYSANDFLAGS SET k v NX GET"), "*1|*2|$1|k|*3|+RW|+access|+update|");
  EXPECT_EQ(Run("COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0"), "*1|*2|$1|k|*2|+RO|+access|");
  EXPECT_EQ(Run("COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 SET u8 0 1"),
            "*1|*2|$1|k|*3|+RW|+access|+update|");
  EXPECT_EQ(Run("COMMAND GETKEYS SINTERCARD 3 a b"),
            "-ERR Invalid arguments specified for command|");
  EXPECT_EQ(Run("COMMAND GETKEYS nothing a"), "-ERR Invalid command specified|");
  EXPECT_EQ(Run("COMMAND GETKEYS ECHO a"), "-ERR The command has no key arguments|");
  EXPECT_EQ(Run("COMMAND GETKEYS HGET h"),
            "-ERR Invalid number of arguments specified for command|");
}

TEST_F(CommandCommandsTest, TellsACommandAsRedisDoes) {
  EXPECT_EQ(
      Run("COMMAND INFO hget nothing"),
      "*2|*10|$4|hget|:3|*2|+readonly|+fast|:1|:1|:1|*3|+@hash|+@read|+@fast|*0|"
      "*1|*6|$5|flags|*2|+RO|+access|$12|begin_search|*4|$4|type|$5|index|$4|spec|*2|$5|index|:1|"
      "$9|find_keys|*4|$4|type|$5|range|$4|spec|*6|$7|lastkey|:0|$7|keystep|:1|$5|limit|:0|"
      "*0|$-1|");
  EXPECT_TRUE(Run("COMMAND INFO client|kill").starts_with("*1|*10|$11|client|kill|:-3|"));
}

TEST_F(CommandCommandsTest, ListsTheNames) {
  EXPECT_EQ(Run("COMMAND LIST FILTERBY PATTERN hgetal*"), "*1|$7|hgetall|");
  EXPECT_EQ(Run("COMMAND LIST FILTERBY MODULE x"), "*0|");
  EXPECT_NE(Run("COMMAND LIST FILTERBY ACLCAT hash").find("|hget|"), std::string::npos);
  EXPECT_EQ(Run("COMMAND LIST FILTERBY ACLCAT hash").find("|sadd|"), std::string::npos);
  EXPECT_NE(Run("COMMAND LIST").find("|client|list|"), std::string::npos);
  EXPECT_EQ(Run("COMMAND LIST x"), "-ERR syntax error|");
  EXPECT_EQ(Run("COMMAND COUNT"), ":" + std::to_string(AllCommands().size()) + "|");
}

TEST_F(CommandCommandsTest, TellsWhatACommandIsFor) {
  EXPECT_TRUE(Run("COMMAND DOCS srem nothing")
                  .starts_with("*2|$4|srem|*8|$7|summary|$16|Removes members.|$5|since|$5|1.0.0|$5|"
                               "group|$3|set|$15|when_concurrent|"));
}

}  // namespace
}  // namespace server
