#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class SortCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }
  // The elements of an array of bulk strings, with spaces between them; "nil" for a null.
  std::string Elements(std::string_view line) {
    std::string reply = Run(line);
    std::string shown;
    for (std::size_t at = reply.find('|') + 1; at < reply.size();) {
      const std::size_t line_end = reply.find('|', at);
      const std::string head = reply.substr(at, line_end - at);
      at = line_end + 1;
      if (!shown.empty()) shown += ' ';
      if (head == "$-1") {
        shown += "nil";
        continue;
      }
      const std::size_t size = std::stoul(head.substr(1));
      shown += reply.substr(at, size);
      at += size + 1;
    }
    return shown;
  }

  FakeNode node_{1};
  FakeNode there_{2};
  TestClient client_{node_};
  TestClient there_client_{there_};
};

TEST_F(SortCommandsTest, SortsNumbersOrTexts) {
  Run("RPUSH l 10 9 -1 1.5 1e2");
  EXPECT_EQ(Elements("SORT l"), "-1 1.5 9 10 1e2");
  EXPECT_EQ(Elements("SORT l DESC"), "1e2 10 9 1.5 -1");
  EXPECT_EQ(Elements("SORT l ALPHA"), "-1 1.5 10 1e2 9");
  EXPECT_EQ(Elements("SORT_RO l LIMIT 1 2"), "1.5 9");
  EXPECT_EQ(Elements("SORT l LIMIT 3 9223372036854775807"), "10 1e2");
  EXPECT_EQ(Elements("SORT l LIMIT -7 1"), "-1");
  EXPECT_EQ(Run("SORT l LIMIT 9 1"), "*0|");
  EXPECT_EQ(Run("SORT nosuch"), "*0|");
}

TEST_F(SortCommandsTest, SortsByOtherKeysAndAnswersWhatTheySay) {
  Run("SADD s a b c");
  Run("MSET w_a 3 w_b 1 w_c 2 name_a Ada name_c Cid");
  Run("HSET h_a n 1 f x");
  Run("HSET h_b n 2");
  EXPECT_EQ(Elements("SORT s BY w_*"), "b c a");
  EXPECT_EQ(Elements("SORT s BY w_* GET # GET name_* GET nostar"), "b nil nil c Cid nil a Ada nil");
  EXPECT_EQ(Elements("SORT s BY h_*->n GET #"), "c a b") << "nothing said counts as 0";
  EXPECT_EQ(Elements("SORT s BY h_*->n GET h_*->f LIMIT 1 1"), "x");
  EXPECT_EQ(Elements("SORT s ALPHA BY h_*->"), "a b c") << "no field is named";
}

TEST_F(SortCommandsTest, KeepsTheOrderWhereThePatternNamesOneKeyForAll) {
  Run("RPUSH l c a b");
  Run("ZADD z 3 x 1 y 2 w");
  EXPECT_EQ(Elements("SORT l BY nosort"), "c a b");
  EXPECT_EQ(Elements("SORT l BY nosort DESC"), "b a c");
  EXPECT_EQ(Elements("SORT z BY nosort"), "y w x");
  EXPECT_EQ(Elements("SORT z BY nosort DESC LIMIT 0 2"), "x w");
  Run("MSET w_a 1 w_b 2 w_c 3");
  EXPECT_EQ(Elements("SORT l BY nosort BY w_*"), "c a b") << "it was said once, as in Redis";
}

TEST_F(SortCommandsTest, StoresAListThatReplacesWhatWasThere) {
  Run("SADD s 2 1 3");
  Run("HSET d f v");
  EXPECT_EQ(Run("SORT s STORE d"), ":3|");
  EXPECT_EQ(Elements("LRANGE d 0 -1"), "1 2 3");
  EXPECT_EQ(Run("SORT s GET nosuch_* STORE d"), ":3|");
  EXPECT_EQ(Run("LRANGE d 0 -1"), "*3|$0||$0||$0||");
  EXPECT_EQ(Run("SORT s BY nosort STORE d"), ":3|");
  EXPECT_EQ(Elements("LRANGE d 0 -1"), "1 2 3") << "a set has no order of its own: as texts";
  EXPECT_EQ(Run("SORT nosuch STORE d"), ":0|");
  EXPECT_EQ(Run("EXISTS d"), ":0|");
}

TEST_F(SortCommandsTest, MaySortAKeyIntoItself) {
  Run("RPUSH l 3 1 2");
  EXPECT_EQ(Run("SORT l STORE l"), ":3|");
  EXPECT_EQ(Elements("LRANGE l 0 -1"), "1 2 3");
}

TEST_F(SortCommandsTest, AStoredResultReplacesWhatWasSeenOfTheDestination) {
  Run("RPUSH l 2 1");
  Run("RPUSH d old");
  there_.Receive(node_);
  there_client_.Run("RPUSH d unseen");
  Run("SORT l STORE d");
  node_.Receive(there_);
  there_.Receive(node_);
  EXPECT_EQ(Run("LLEN d"), ":3|");
  EXPECT_EQ(Run("LPOS d old"), "$-1|");
  EXPECT_EQ(there_client_.Run("LRANGE d 0 -1"), Run("LRANGE d 0 -1"));
}

TEST_F(SortCommandsTest, RefusesWhatMakesNoSense) {
  Run("RPUSH l 1 a");
  Run("SET s text");
  Run("SET w_1 text");
  EXPECT_EQ(Run("SORT l"), "-ERR One or more scores can't be converted into double|");
  EXPECT_EQ(Run("SORT l BY w_*"), "-ERR One or more scores can't be converted into double|");
  EXPECT_EQ(Run("SORT l STORE l"), "-ERR One or more scores can't be converted into double|");
  EXPECT_EQ(Run("LLEN l"), ":2|") << "and nothing is stored";
  EXPECT_TRUE(Run("SORT s").starts_with("-WRONGTYPE"));
  EXPECT_EQ(Run("SORT s NOSUCH"), "-ERR syntax error|") << "words are looked at first";
  for (const std::string_view line :
       {"SORT l BY", "SORT l GET", "SORT l STORE", "SORT l LIMIT 1", "SORT_RO l STORE d"}) {
    EXPECT_EQ(Run(line), "-ERR syntax error|") << line;
  }
  EXPECT_EQ(Run("SORT l LIMIT a 1"), "-ERR value is not an integer or out of range|");
}

}  // namespace
}  // namespace server
