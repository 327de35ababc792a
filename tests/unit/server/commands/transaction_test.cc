#include "server/transaction.h"

#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class TransactionTest : public testing::Test {
 protected:
  FakeNode node_;
  TestClient client_{node_, 1};
  TestClient other_{node_, 2};
};

TEST_F(TransactionTest, CarriesOutWhatWasQueued) {
  EXPECT_EQ(client_.Run("MULTI"), "+OK|");
  EXPECT_EQ(client_.Run("SADD s a b"), "+QUEUED|");
  EXPECT_EQ(client_.Run("SCARD s"), "+QUEUED|");
  EXPECT_EQ(other_.Run("SCARD s"), ":0|");
  EXPECT_EQ(client_.Run("EXEC"), "*2|:2|:2|");
  EXPECT_EQ(client_.Run("EXEC"), "-ERR EXEC without MULTI|");
}

TEST_F(TransactionTest, CarriesOutNothing) {
  client_.Run("MULTI");
  EXPECT_EQ(client_.Run("EXEC"), "*0|");
}

TEST_F(TransactionTest, GoesOnAfterACommandThatFails) {
  client_.Run("SADD s a");
  client_.Run("MULTI");
  client_.Run("HSET s f v");
  client_.Run("SADD s b");
  EXPECT_EQ(client_.Run("EXEC"),
            "*2|-WRONGTYPE Operation against a key holding the wrong kind of value|:1|");
}

TEST_F(TransactionTest, ThrowsTheQueueAway) {
  EXPECT_EQ(client_.Run("DISCARD"), "-ERR DISCARD without MULTI|");
  client_.Run("MULTI");
  client_.Run("SADD s a");
  EXPECT_EQ(client_.Run("DISCARD"), "+OK|");
  EXPECT_EQ(client_.Run("SCARD s"), ":0|");
}

TEST_F(TransactionTest, IsAbortedByARefusedCommand) {
  client_.Run("MULTI");
  client_.Run("SADD s");
  client_.Run("SADD s a");
  EXPECT_EQ(client_.Run("EXEC"), "-EXECABORT Transaction discarded because of previous errors.|");
  EXPECT_EQ(client_.Run("SCARD s"), ":0|");
}

TEST_F(TransactionTest, IsNotAbortedByNestedMultiOrWatch) {
  client_.Run("MULTI");
  EXPECT_EQ(client_.Run("MULTI"), "-ERR MULTI calls can not be nested|");
  EXPECT_EQ(client_.Run("WATCH s"), "-ERR WATCH inside MULTI is not allowed|");
  EXPECT_EQ(client_.Run("EXEC"), "*0|");
}

TEST_F(TransactionTest, IsEndedByAnExecWithTooManyWords) {
  client_.Run("MULTI");
  EXPECT_EQ(client_.Run("EXEC a"),
            "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
            "command|");
  EXPECT_EQ(client_.Run("EXEC"), "-ERR EXEC without MULTI|");
}

TEST_F(TransactionTest, RefusesCommandsThatMustStandAlone) {
  client_.Run("MULTI");
  EXPECT_EQ(client_.Run("SHUTDOWN"), "-ERR Command not allowed inside a transaction|");
  EXPECT_EQ(client_.Run("EXEC"), "-EXECABORT Transaction discarded because of previous errors.|");
}

TEST_F(TransactionTest, WritesNothingWhereWritesStoppedSince) {
  client_.Run("MULTI");
  client_.Run("SADD s a");
  node_.refusal = "READONLY You can't write against a read only replica.";
  EXPECT_EQ(client_.Run("EXEC"),
            "-EXECABORT Transaction discarded because of: READONLY You can't write against a read "
            "only replica.|");
  client_.Run("MULTI");
  client_.Run("SCARD s");
  EXPECT_EQ(client_.Run("EXEC"), "*1|:0|");
}

TEST_F(TransactionTest, FailsWhereAWatchedKeyChanged) {
  client_.Run("SADD s a");
  EXPECT_EQ(client_.Run("WATCH s t"), "+OK|");
  other_.Run("SADD s b");
  client_.Run("MULTI");
  client_.Run("SADD s c");
  EXPECT_EQ(client_.Run("EXEC"), "*-1|");
  // What was watched is forgotten.
  client_.Run("MULTI");
  client_.Run("SADD s c");
  EXPECT_EQ(client_.Run("EXEC"), "*1|:1|");
}

TEST_F(TransactionTest, SucceedsWhereAnotherKeyChanged) {
  client_.Run("WATCH s");
  other_.Run("SADD t b");
  client_.Run("MULTI");
  EXPECT_EQ(client_.Run("EXEC"), "*0|");
}

TEST_F(TransactionTest, ForgetsWatchedKeys) {
  client_.Run("WATCH s");
  other_.Run("SADD s b");
  EXPECT_EQ(client_.Run("UNWATCH"), "+OK|");
  client_.Run("MULTI");
  EXPECT_EQ(client_.Run("EXEC"), "*0|");
  client_.Run("WATCH s");
  client_.Run("MULTI");
  client_.Run("DISCARD");
  other_.Run("SADD s c");
  client_.Run("MULTI");
  EXPECT_EQ(client_.Run("EXEC"), "*0|");
}

TEST_F(TransactionTest, TakesAHundredThousandCommands) {
  client_.Run("MULTI");
  for (int i = 0; i < 100'000; ++i) client_.Run("HINCRBY h f 1");
  const std::string reply = client_.Run("EXEC");
  EXPECT_TRUE(reply.starts_with("*100000|:1|:2|"));
  EXPECT_TRUE(reply.ends_with("|:100000|"));
}

TEST_F(TransactionTest, RefusesMoreThanItsMemory) {
  client_.Run("MULTI");
  client_.session().transaction->bytes = QueuedTransaction::kMostBytes - 200;
  EXPECT_EQ(client_.Run("SADD s a"), "+QUEUED|");
  EXPECT_EQ(client_.Run("SADD s a"), "-ERR the commands queued since MULTI take more than 1 GiB|");
  EXPECT_EQ(client_.Run("EXEC"), "-EXECABORT Transaction discarded because of previous errors.|");
}

TEST_F(TransactionTest, AnswersWaitAtOnce) {
  client_.Run("MULTI");
  client_.Run("WAIT 5 0");
  EXPECT_EQ(client_.Run("EXEC"), "*1|:0|");
  EXPECT_FALSE(client_.session().waiting.has_value());
}

}  // namespace
}  // namespace server
