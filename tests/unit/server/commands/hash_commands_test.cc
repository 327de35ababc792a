#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

constexpr std::string_view kWrongType =
    "-WRONGTYPE Operation against a key holding the wrong kind of value|";

class HashCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(HashCommandsTest, CountsNewFieldsOnly) {
  EXPECT_EQ(Run("HSET h a 1 b 2"), ":2|");
  EXPECT_EQ(Run("HSET h a 3 c 4"), ":1|");
  EXPECT_EQ(Run("HMGET h a b c d"), "*4|$1|3|$1|2|$1|4|$-1|");
  EXPECT_EQ(Run("HMSET h a 5"), "+OK|");
  EXPECT_EQ(Run("HGET h a"), "$1|5|");
  EXPECT_EQ(Run("HLEN h"), ":3|");
}

TEST_F(HashCommandsTest, GivesARepeatedFieldItsLastValue) {
  EXPECT_EQ(Run("HSET h a 1 a 2 a 3"), ":1|");
  EXPECT_EQ(Run("HGETALL h"), "*2|$1|a|$1|3|");
  std::string line = "HSET g";
  for (int i = 0; i < 40; ++i) {
    line.append(" f").append(std::to_string(i % 20)).append(" ").append(std::to_string(i));
  }
  EXPECT_EQ(Run(line), ":20|");
  EXPECT_EQ(Run("HGET g f0"), "$2|20|");
  EXPECT_EQ(Run("HDEL g f0 f0 f1"), ":2|");
}

TEST_F(HashCommandsTest, WantsPairs) {
  EXPECT_EQ(Run("HSET h a 1 b"), "-ERR wrong number of arguments for 'hset' command|");
  EXPECT_EQ(Run("HMSET h a 1 b"), "-ERR wrong number of arguments for 'hmset' command|");
}

TEST_F(HashCommandsTest, SetsAFieldOnce) {
  EXPECT_EQ(Run("HSETNX h a 1"), ":1|");
  EXPECT_EQ(Run("HSETNX h a 2"), ":0|");
  EXPECT_EQ(Run("HGET h a"), "$1|1|");
}

TEST_F(HashCommandsTest, EndsWithItsLastField) {
  Run("HSET h a 1 b 2");
  EXPECT_EQ(Run("HDEL h a x"), ":1|");
  EXPECT_EQ(Run("HDEL h b"), ":1|");
  EXPECT_EQ(Run("HDEL h b"), ":0|");
  EXPECT_EQ(Run("HLEN h"), ":0|");
  EXPECT_FALSE(node_.database().Read("h").exists());
}

TEST_F(HashCommandsTest, AddsIntegers) {
  EXPECT_EQ(Run("HINCRBY h n 5"), ":5|");
  EXPECT_EQ(Run("HINCRBY h n -7"), ":-2|");
  EXPECT_EQ(Run("HGET h n"), "$2|-2|");
  EXPECT_EQ(Run("HINCRBY h n x"), "-ERR value is not an integer or out of range|");
  Run("HSET h t text m 9223372036854775807");
  EXPECT_EQ(Run("HINCRBY h t 1"), "-ERR hash value is not an integer|");
  EXPECT_EQ(Run("HINCRBY h m 1"), "-ERR increment or decrement would overflow|");
}

TEST_F(HashCommandsTest, AddsFloats) {
  Run("HSET h f 10.50 t text");
  EXPECT_EQ(Run("HINCRBYFLOAT h f 0.1"), "$4|10.6|");
  EXPECT_EQ(Run("HINCRBYFLOAT h f -5"), "$3|5.6|");
  EXPECT_EQ(Run("HINCRBYFLOAT h f x"), "-ERR value is not a valid float|");
  EXPECT_EQ(Run("HINCRBYFLOAT h t 1"), "-ERR hash value is not a float|");
  EXPECT_EQ(Run("HINCRBYFLOAT h f inf"), "-ERR value is NaN or Infinity|");
}

TEST_F(HashCommandsTest, ReadsWhatIsNotThere) {
  EXPECT_EQ(Run("HGET h a"), "$-1|");
  EXPECT_EQ(Run("HMGET h a b"), "*2|$-1|$-1|");
  EXPECT_EQ(Run("HGETALL h"), "*0|");
  EXPECT_EQ(Run("HKEYS h"), "*0|");
  EXPECT_EQ(Run("HVALS h"), "*0|");
  EXPECT_EQ(Run("HLEN h"), ":0|");
  EXPECT_EQ(Run("HSTRLEN h a"), ":0|");
  EXPECT_EQ(Run("HEXISTS h a"), ":0|");
  EXPECT_EQ(Run("HSCAN h 0"), "*2|$1|0|*0|");
  EXPECT_EQ(Run("HRANDFIELD h"), "$-1|");
  EXPECT_EQ(Run("HRANDFIELD h 3"), "*0|");
}

TEST_F(HashCommandsTest, ReadsWhatIsThere) {
  Run("HSET h abc hello");
  EXPECT_EQ(Run("HSTRLEN h abc"), ":5|");
  EXPECT_EQ(Run("HEXISTS h abc"), ":1|");
  EXPECT_EQ(Run("HKEYS h"), "*1|$3|abc|");
  EXPECT_EQ(Run("HVALS h"), "*1|$5|hello|");
  EXPECT_EQ(Run("HGETALL h"), "*2|$3|abc|$5|hello|");
  EXPECT_EQ(Run("HSCAN h 0"), "*2|$1|0|*2|$3|abc|$5|hello|");
  EXPECT_EQ(Run("HSCAN h 0 MATCH x* COUNT 5"), "*2|$1|0|*0|");
  EXPECT_EQ(Run("HRANDFIELD h"), "$3|abc|");
  EXPECT_EQ(Run("HRANDFIELD h 5 WITHVALUES"), "*2|$3|abc|$5|hello|");
  EXPECT_EQ(Run("HRANDFIELD h -2"), "*2|$3|abc|$3|abc|");
}

TEST_F(HashCommandsTest, AnswersInResp3) {
  Run("HSET h a 1");
  Run("HELLO 3");
  EXPECT_EQ(Run("HGETALL h"), "%1|$1|a|$1|1|");
  EXPECT_EQ(Run("HGETALL x"), "%0|");
  EXPECT_EQ(Run("HGET h x"), "_|");
  EXPECT_EQ(Run("HRANDFIELD h 1 WITHVALUES"), "*1|*2|$1|a|$1|1|");
}

TEST_F(HashCommandsTest, ChecksItsWords) {
  Run("HSET h a 1");
  EXPECT_EQ(Run("HSCAN h x"), "-ERR invalid cursor|");
  EXPECT_EQ(Run("HSCAN h 0 COUNT x"), "-ERR value is not an integer or out of range|");
  EXPECT_EQ(Run("HSCAN h 0 COUNT 0"), "-ERR syntax error|");
  EXPECT_EQ(Run("HSCAN h 0 MATCH"), "-ERR syntax error|");
  EXPECT_EQ(Run("HRANDFIELD h x"), "-ERR value is not an integer or out of range|");
  EXPECT_EQ(Run("HRANDFIELD h 1 x"), "-ERR syntax error|");
  EXPECT_EQ(Run("HRANDFIELD h -9223372036854775808"),
            "-ERR value is out of range, value must between -9223372036854775807 and "
            "9223372036854775807|");
  EXPECT_EQ(Run("HRANDFIELD h 9223372036854775807 WITHVALUES"), "-ERR value is out of range|");
}

TEST_F(HashCommandsTest, WorksOnHashesOnly) {
  Run("SADD s a");
  for (const std::string_view line :
       {"HSET s a 1", "HMSET s a 1", "HSETNX s a 1", "HGET s a", "HMGET s a", "HGETALL s",
        "HKEYS s", "HVALS s", "HLEN s", "HSTRLEN s a", "HEXISTS s a", "HDEL s a", "HINCRBY s a 1",
        "HINCRBYFLOAT s a 1", "HSCAN s 0", "HRANDFIELD s", "HRANDFIELD s 1"}) {
    EXPECT_EQ(Run(line), kWrongType) << line;
  }
}

TEST_F(HashCommandsTest, ScansEveryFieldOfALargeHash) {
  for (int i = 0; i < 1000; ++i) Run("HSET h f" + std::to_string(i) + " v");
  std::set<std::string> seen;
  std::string cursor = "0";
  do {
    const std::string reply = Run("HSCAN h " + cursor + " COUNT 50");
    cursor = reply.substr(reply.find('|', 3) + 1);
    cursor.resize(cursor.find('|'));
    for (std::size_t at = reply.find("|f"); at != std::string::npos;
         at = reply.find("|f", at + 1)) {
      seen.insert(reply.substr(at + 1, reply.find('|', at + 1) - at - 1));
    }
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace server
