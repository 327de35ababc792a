#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class DumpCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }
  std::string There(std::string_view line) { return there_client_.Run(line); }
  // The payload alone.
  std::string Dump(std::string_view key) {
    Dispatch(node_, client_.session(), std::vector<std::string_view>{"DUMP", key});
    std::string reply = std::move(client_.session().output);
    client_.session().output.clear();
    const std::size_t begin = reply.find("\r\n") + 2;
    return reply.substr(begin, reply.size() - begin - 2);
  }
  std::string Restore(std::string_view key, std::string_view payload,
                      std::string_view option = "REPLACE") {
    return client_.RunWords({"RESTORE", key, "0", payload, option});
  }
  void Exchange() {
    node_.Receive(there_);
    there_.Receive(node_);
  }

  FakeNode node_{1};
  FakeNode there_{2};
  TestClient client_{node_};
  TestClient there_client_{there_};
};

TEST_F(DumpCommandsTest, WhatIsRestoredTravelsAsNewWrites) {
  Run("SET s text");
  Run("RPUSH l a b c");
  Run("HSET h f 1 g 2");
  Run("SADD m a b");
  Run("ZADD z 1.5 a -2 b");
  Run("XADD x 1-1 f v");
  Run("XGROUP CREATE x g 0");
  Run("XREADGROUP GROUP g c STREAMS x >");
  for (const std::string key : {"s", "l", "h", "m", "z", "x"}) {
    EXPECT_EQ(Restore(key + "2", Dump(key)), "+OK|") << key;
  }
  Exchange();
  EXPECT_EQ(There("GET s2"), "$4|text|");
  EXPECT_EQ(There("LRANGE l2 0 -1"), "*3|$1|a|$1|b|$1|c|");
  EXPECT_EQ(There("HMGET h2 f g"), "*2|$1|1|$1|2|");
  EXPECT_EQ(There("SCARD m2"), ":2|");
  EXPECT_EQ(There("ZRANGE z2 0 -1 WITHSCORES"), "*4|$1|b|$2|-2|$1|a|$3|1.5|");
  EXPECT_EQ(There("XRANGE x2 - +"), "*1|*2|$3|1-1|*2|$1|f|$1|v|");
  EXPECT_EQ(Run("XPENDING x2 g - + 9"), Run("XPENDING x g - + 9"));
}

TEST_F(DumpCommandsTest, ARestoreIsAnObservedDeleteOfWhatItReplaces) {
  Run("SADD k old");
  Run("SADD other new");
  Exchange();
  Restore("k", Dump("other"));
  There("SADD k unseen");
  Exchange();
  EXPECT_EQ(Run("SCARD k"), ":2|");
  EXPECT_EQ(Run("SMISMEMBER k old new unseen"), "*3|:0|:1|:1|");
  EXPECT_EQ(There("SMISMEMBER k old new unseen"), "*3|:0|:1|:1|");
}

TEST_F(DumpCommandsTest, AnotherTypeMayTakeThePlace) {
  Run("SET text t");
  Run("PFADD h a b");
  const std::string hyperloglog = Dump("h");
  Restore("h", Dump("text"));
  EXPECT_EQ(Run("GET h"), "$1|t|");
  Restore("text", hyperloglog);
  EXPECT_EQ(Run("PFCOUNT text"), ":2|");
  EXPECT_EQ(Run("PFADD text c"), ":1|");
}

TEST_F(DumpCommandsTest, OfTwoEntriesOfOneIdTheFirstIsDumped) {
  Run("XADD x 1-1 of one");
  There("XADD x 1-1 of two");
  Exchange();
  EXPECT_EQ(Run("XLEN x"), ":2|");
  Restore("y", Dump("x"));
  EXPECT_EQ(Run("XRANGE y - +"), "*1|*2|$3|1-1|*2|$2|of|$3|one|");
}

TEST_F(DumpCommandsTest, ARestoredStreamGoesOn) {
  Run("XADD x 5-5 f v");
  Run("XADD x 9-9 f v");
  Run("XDEL x 9-9");
  Restore("y", Dump("x"));
  EXPECT_TRUE(Run("XADD y 9-9 f v").starts_with("-ERR The ID specified in XADD is equal"));
  EXPECT_EQ(Run("XADD y 9-10 f v"), "$4|9-10|");
  EXPECT_EQ(Run("XINFO STREAM y"), [this] {
    Run("XADD x 9-10 f v");
    return Run("XINFO STREAM x");
  }());
}

TEST_F(DumpCommandsTest, AStreamOfNothingIsNotThere) {
  Run("XADD x 1-1 f v");
  Run("XGROUP CREATE x g 0");
  Run("XDEL x 1-1");
  Run("XGROUP DESTROY x g");
  EXPECT_EQ(Run("DUMP x"), "$-1|");
}

TEST_F(DumpCommandsTest, WhatIsDamagedChangesNothing) {
  Run("SET k v");
  std::string payload = Dump("k");
  payload[1] = static_cast<char>(payload[1] ^ 1);
  EXPECT_EQ(Restore("k", payload), "-ERR DUMP payload version or checksum are wrong|");
  EXPECT_EQ(Restore("k", ""), "-ERR DUMP payload version or checksum are wrong|");
  EXPECT_EQ(Restore("k", Dump("k"), "ABSTTL"), "-BUSYKEY Target key name already exists.|");
  EXPECT_EQ(Run("GET k"), "$1|v|");
}

}  // namespace
}  // namespace server
