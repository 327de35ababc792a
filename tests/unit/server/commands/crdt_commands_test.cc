#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class CrdtCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }
  void Exchange() {
    node_.Receive(other_node_);
    other_node_.Receive(node_);
  }

  FakeNode node_{1};
  FakeNode other_node_{2};
  TestClient client_{node_};
  TestClient other_{other_node_};
};

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_F(CrdtCommandsTest, ExplainsHiddenSiblings) {
  Run("SET k mine");
  other_node_.now_ms += 10;
  other_.Run("SET k theirs");
  Exchange();
  const std::string told = Run("CRDT.EXPLAIN k");
  EXPECT_TRUE(told.starts_with("*")) << told;
  EXPECT_TRUE(Has(told, "|$3|key|$1|k|$4|type|$6|string|$5|shown|$6|theirs|")) << told;
  EXPECT_TRUE(Has(told, "|value|$6|theirs|$5|shown|:1|")) << told;
  EXPECT_TRUE(Has(told, "|value|$4|mine|$5|shown|:0|")) << told;
  EXPECT_EQ(told, other_.Run("CRDT.EXPLAIN k"));
  Run("SET k new");
  EXPECT_FALSE(Has(Run("CRDT.EXPLAIN k"), "theirs"));
}

TEST_F(CrdtCommandsTest, ExplainsWhatEachRegionAdded) {
  Run("INCRBY c 5");
  other_.Run("INCRBY c 7");
  Exchange();
  const std::string told = Run("CRDT.EXPLAIN c");
  EXPECT_TRUE(Has(told, "|shown|$2|12|")) << told;
  EXPECT_TRUE(Has(told, "|net|$1|5|")) << told;
  EXPECT_TRUE(Has(told, "|net|$1|7|")) << told;
}

TEST_F(CrdtCommandsTest, ExplainsOneElement) {
  Run("HSET h f mine g other");
  const std::string told = Run("CRDT.EXPLAIN h f");
  EXPECT_TRUE(Has(told, "|$3|key|$1|h|$7|element|$1|f|")) << told;
  EXPECT_TRUE(Has(told, "|value|$4|mine|")) << told;
  EXPECT_FALSE(Has(told, "other")) << told;
}

TEST_F(CrdtCommandsTest, ExplainsScoresAsTheyAreShown) {
  Run("ZADD z 0.1 m 7 n");
  Exchange();
  Run("ZINCRBY z 0.2 m");
  other_.Run("ZINCRBY z 5 m");
  Exchange();
  const std::string whole = Run("CRDT.EXPLAIN z");
  EXPECT_TRUE(Has(whole, "|$4|type|$4|zset|$5|shown|$10|2 elements|")) << whole;
  EXPECT_TRUE(Has(whole, "|element|$1|m|$5|shown|$3|5.3|")) << whole;
  EXPECT_TRUE(Has(whole, "|element|$1|n|$5|shown|$1|7|")) << whole;
  const std::string told = Run("CRDT.EXPLAIN z m");
  EXPECT_TRUE(Has(told, "|shown|$3|5.3|")) << told;
  EXPECT_TRUE(Has(told, "|value|$3|0.1|$5|shown|:1|")) << told;
  EXPECT_TRUE(Has(told, "|net|$1|5|")) << told;
  EXPECT_EQ(told, other_.Run("CRDT.EXPLAIN z m"));
}

TEST_F(CrdtCommandsTest, ExplainsBothTypesOfAClash) {
  Run("SET k text");
  other_node_.now_ms += 10;
  other_.Run("SADD k m");
  Exchange();
  const std::string told = Run("CRDT.EXPLAIN k");
  EXPECT_TRUE(Has(told, "$10|containers|*2|")) << told;
  EXPECT_TRUE(Has(told, "|type|$3|set|")) << told;
  EXPECT_TRUE(Has(told, "|type|$6|string|")) << told;
}

TEST_F(CrdtCommandsTest, ExplainsAKeyThatHasExpiredButNoneThatIsNotThere) {
  EXPECT_EQ(Run("CRDT.EXPLAIN k"), "$-1|");
  Run("SET k v PX 5");
  EXPECT_TRUE(Has(Run("CRDT.EXPLAIN k"), "$7|expired|:0|"));
  node_.now_ms += 6;
  EXPECT_EQ(Run("GET k"), "$-1|");
  EXPECT_TRUE(Has(Run("CRDT.EXPLAIN k"), "$7|expired|:1|"));
}

TEST_F(CrdtCommandsTest, AnswersMapsWhereTheProtocolHasThem) {
  Run("SET k v");
  Run("HELLO 3");
  EXPECT_TRUE(Run("CRDT.EXPLAIN k").starts_with("%"));
  EXPECT_EQ(Run("CRDT.EXPLAIN nothing"), "_|");
}

TEST_F(CrdtCommandsTest, DigestsAreEqualExactlyWhereTheDataIs) {
  const std::string empty = Run("CRDT.DIGEST");
  EXPECT_EQ(empty, other_.Run("CRDT.DIGEST"));
  Run("SADD s a b");
  EXPECT_NE(Run("CRDT.DIGEST"), other_.Run("CRDT.DIGEST"));
  Exchange();
  EXPECT_EQ(Run("CRDT.DIGEST"), other_.Run("CRDT.DIGEST"));
  other_.Run("SREM s a");
  EXPECT_NE(Run("CRDT.DIGEST"), other_.Run("CRDT.DIGEST"));
  Exchange();
  EXPECT_EQ(Run("CRDT.DIGEST"), other_.Run("CRDT.DIGEST"));
  Run("DEL s");
  EXPECT_EQ(Run("CRDT.DIGEST"), empty);
}

}  // namespace
}  // namespace server
