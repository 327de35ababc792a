#include <gtest/gtest.h>

#include "server/wait.h"
#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

// The fake node has no log on disk; this one does.
class NodeWithLog : public FakeNode {
 public:
  LogReport log_report() const override { return {.on_disk = true}; }
};

class WaitCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }
  // What a sleeping client is answered when the node looks at it again.
  std::string Answer() {
    AnswerWait(node_, client_.session());
    return client_.TakeOutput();
  }

  NodeWithLog node_;
  TestClient client_{node_};
};

TEST_F(WaitCommandsTest, AnswersAtOnceWhatIsReached) {
  Run("SET k v");
  EXPECT_EQ(Run("WAIT 0 0"), ":0|");
  node_.replicas_applied = 2;
  EXPECT_EQ(Run("WAIT 1 0"), ":2|");
  EXPECT_FALSE(client_.session().waiting);
}

TEST_F(WaitCommandsTest, SleepsUntilTheDeadlineAndThenTellsTheNumber) {
  Run("SET k v");
  node_.replicas_applied = 1;
  EXPECT_EQ(Run("WAIT 2 500"), "");
  ASSERT_TRUE(client_.session().waiting);
  EXPECT_EQ(client_.session().waiting->deadline_steady_ms, node_.now_ms + 500);
  EXPECT_FALSE(IsWaitOver(node_, *client_.session().waiting));
  EXPECT_EQ(Answer(), ":1|");
  EXPECT_FALSE(client_.session().waiting);
}

TEST_F(WaitCommandsTest, ATimeoutOfZeroIsForEver) {
  EXPECT_EQ(Run("WAIT 1 0"), "");
  ASSERT_TRUE(client_.session().waiting);
  EXPECT_FALSE(client_.session().waiting->deadline_steady_ms);
}

TEST_F(WaitCommandsTest, NeverCountsARegion) {
  Run("SET k v");
  node_.regions_durable = 5;
  Run("WAIT 1 100");
  EXPECT_EQ(Answer(), ":0|");
  Run("WAITAOF 0 1 100");
  EXPECT_EQ(Answer(), "*2|:0|:0|");
  EXPECT_EQ(Run("REGION WAIT 1 100"), ":5|");
}

TEST_F(WaitCommandsTest, WaitAofCountsThisNodeAndReplicas) {
  Run("SET k v");
  EXPECT_EQ(Run("WAITAOF 0 0 0"), "*2|:0|:0|");
  node_.locally_durable = true;
  EXPECT_EQ(Run("WAITAOF 1 0 0"), "*2|:1|:0|");
  EXPECT_EQ(Run("WAITAOF 1 1 100"), "");
  node_.replicas_durable = 1;
  EXPECT_TRUE(IsWaitOver(node_, *client_.session().waiting));
  EXPECT_EQ(Answer(), "*2|:1|:1|");
}

TEST_F(WaitCommandsTest, NothingWaitsInsideOfATransaction) {
  Run("MULTI");
  Run("WAIT 1 0");
  Run("WAITAOF 1 1 0");
  Run("REGION WAIT 1 0");
  EXPECT_EQ(Run("EXEC"), "*3|:0|*2|:0|:0|:0|");
  EXPECT_FALSE(client_.session().waiting);
}

TEST_F(WaitCommandsTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(Run("WAIT x 0"), "-ERR value is not an integer or out of range|");
  EXPECT_EQ(Run("WAIT 1 x"), "-ERR timeout is not an integer or out of range|");
  EXPECT_EQ(Run("WAIT 1 -1"), "-ERR timeout is negative|");
  EXPECT_EQ(Run("WAITAOF 2 0 0"), "-ERR value is out of range, value must between 0 and 1|");
  EXPECT_EQ(Run("WAITAOF 0 -1 0"), "-ERR value is out of range, must be positive|");
  EXPECT_EQ(Run("REGION WAIT x 0"), "-ERR value is not an integer or out of range|");
}

TEST(WaitCommands, WaitAofNeedsALogOnDisk) {
  FakeNode node;
  TestClient client(node);
  EXPECT_EQ(client.Run("WAITAOF 1 0 0"),
            "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.|");
  EXPECT_EQ(client.Run("WAITAOF 0 0 0"), "*2|:0|:0|");
}

TEST_F(WaitCommandsTest, AReplicaRefuses) {
  node_.refusal = "READONLY You can't write against a read only replica.";
  EXPECT_TRUE(Run("WAIT 0 0").starts_with("-ERR WAIT cannot be used with replica instances."));
  EXPECT_TRUE(Run("WAITAOF 0 0 0").starts_with("-ERR WAITAOF cannot be used with replica"));
  EXPECT_TRUE(Run("REGION WAIT 0 0").starts_with("-ERR REGION WAIT cannot be used with replica"));
}

}  // namespace
}  // namespace server
