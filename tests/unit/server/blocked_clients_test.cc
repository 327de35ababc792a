// Clients that wait for keys: who is woken, by what, in which order, and how a wait ends otherwise.
#include "server/blocked_clients.h"

#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class BlockedClientsTest : public testing::Test {
 protected:
  FakeNode node_;
  TestClient first_{node_, 1};
  TestClient second_{node_, 2};
  TestClient writer_{node_, 3};
};

TEST_F(BlockedClientsTest, AnswersAtOnceWhereThereIsSomething) {
  writer_.Run("RPUSH b x");
  EXPECT_EQ(first_.Run("BLPOP a b 0"), "*2|$1|b|$1|x|");
  EXPECT_FALSE(first_.session().waiting);
}

TEST_F(BlockedClientsTest, AreServedInTheOrderInWhichTheyCame) {
  EXPECT_EQ(first_.Run("BLPOP l 0"), "");
  EXPECT_EQ(second_.Run("BRPOP l 0"), "");
  EXPECT_EQ(writer_.Run("RPUSH l a b c"), ":3|");
  EXPECT_EQ(first_.TakeOutput(), "*2|$1|l|$1|a|");
  EXPECT_EQ(second_.TakeOutput(), "*2|$1|l|$1|c|");
  EXPECT_EQ(writer_.Run("LRANGE l 0 -1"), "*1|$1|b|");
}

TEST_F(BlockedClientsTest, KeepTheirTurnWhereTheyFindNothing) {
  first_.Run("BLPOP l 0");
  second_.Run("BLPOP l 0");
  writer_.Run("RPUSH l a");
  EXPECT_EQ(first_.TakeOutput(), "*2|$1|l|$1|a|");
  EXPECT_EQ(second_.TakeOutput(), "");
  first_.Run("BLPOP l 0");
  writer_.Run("RPUSH l b");
  EXPECT_EQ(second_.TakeOutput(), "*2|$1|l|$1|b|");
  EXPECT_EQ(first_.TakeOutput(), "");
}

TEST_F(BlockedClientsTest, AreServedWhenTheTransactionIsWhole) {
  first_.Run("BLPOP l 0");
  writer_.Run("MULTI");
  writer_.Run("RPUSH l a");
  writer_.Run("DEL l");
  writer_.Run("EXEC");
  EXPECT_EQ(first_.TakeOutput(), "") << "what the transaction took back was never there";
  writer_.Run("MULTI");
  writer_.Run("RPUSH l a");
  writer_.Run("RPUSH l b");
  writer_.Run("EXEC");
  EXPECT_EQ(first_.TakeOutput(), "*2|$1|l|$1|a|");
}

TEST_F(BlockedClientsTest, AreServedByWhatAnotherRegionPushed) {
  FakeNode other{2};
  TestClient there{other, 1};
  first_.Run("BLPOP l 0");
  there.Run("RPUSH l far");
  node_.Receive(other);
  EXPECT_EQ(first_.TakeOutput(), "*2|$1|l|$3|far|");
}

TEST_F(BlockedClientsTest, WaitOnWhereTheKeyShowsAnotherType) {
  first_.Run("BLPOP l 0");
  writer_.Run("SET l text");
  EXPECT_EQ(first_.TakeOutput(), "");
  writer_.Run("DEL l");
  writer_.Run("RPUSH l a");
  EXPECT_EQ(first_.TakeOutput(), "*2|$1|l|$1|a|");
}

TEST_F(BlockedClientsTest, ServeOneAnotherInAChain) {
  first_.Run("BLMOVE a b LEFT RIGHT 0");
  second_.Run("BLPOP b 0");
  writer_.Run("RPUSH a x");
  EXPECT_EQ(first_.TakeOutput(), "$1|x|");
  EXPECT_EQ(second_.TakeOutput(), "*2|$1|b|$1|x|");
}

TEST_F(BlockedClientsTest, EndAfterTheirTimeout) {
  first_.Run("BLPOP l 0.25");
  second_.Run("BLMOVE l m LEFT LEFT 0");
  node_.now_ms += 249;
  node_.Tick();
  EXPECT_EQ(first_.TakeOutput(), "");
  node_.now_ms += 1;
  node_.Tick();
  EXPECT_EQ(first_.TakeOutput(), "*-1|");
  EXPECT_FALSE(first_.session().waiting);
  writer_.Run("RPUSH l a");
  EXPECT_EQ(first_.TakeOutput(), "") << "it does not wait any more";
  EXPECT_EQ(second_.TakeOutput(), "$1|a|");
}

TEST_F(BlockedClientsTest, RefuseTimeoutsThatAreNone) {
  EXPECT_EQ(first_.Run("BLPOP l -1"), "-ERR timeout is negative|");
  EXPECT_EQ(first_.Run("BLPOP l x"), "-ERR timeout is not a float or out of range|");
  EXPECT_EQ(first_.Run("BLPOP l inf"), "-ERR timeout is out of range|");
  EXPECT_EQ(first_.Run("BLPOP l 1e300"), "-ERR timeout is out of range|");
}

TEST_F(BlockedClientsTest, NeverWaitInsideOfATransaction) {
  first_.Run("MULTI");
  first_.Run("BLPOP l 0");
  first_.Run("BLMOVE l m LEFT RIGHT 0");
  first_.Run("BLMPOP 0 1 l LEFT");
  EXPECT_EQ(first_.Run("EXEC"), "*3|*-1|$-1|*-1|");
  EXPECT_FALSE(first_.session().waiting);
}

TEST_F(BlockedClientsTest, ThatWriteWaitOnWhileNoWritesAreTaken) {
  FakeNode other{2};
  TestClient there{other, 1};
  first_.Run("BLPOP l 0");
  node_.refusal = "MISCONF the disk is full";
  there.Run("RPUSH l far");
  node_.Receive(other);
  EXPECT_EQ(first_.TakeOutput(), "");
  node_.refusal.clear();
  node_.ServeBlocked();
  EXPECT_EQ(first_.TakeOutput(), "*2|$1|l|$3|far|");
}

TEST_F(BlockedClientsTest, TakeNothingWhereTheyAreGone) {
  first_.Run("BLPOP l 0");
  second_.Run("BLPOP l 0");
  node_.EndWait(first_.session(), "UNBLOCKED gone");
  EXPECT_EQ(first_.TakeOutput(), "-UNBLOCKED gone|");
  writer_.Run("RPUSH l a");
  EXPECT_EQ(second_.TakeOutput(), "*2|$1|l|$1|a|");
}

TEST_F(BlockedClientsTest, OfSortedSetsAreServedInTheOrderInWhichTheyCame) {
  first_.Run("BZPOPMIN z 0");
  second_.Run("BZMPOP 0 2 y z MAX COUNT 5");
  writer_.Run("ZADD z 1 a 2 b 3 c");
  EXPECT_EQ(first_.TakeOutput(), "*3|$1|z|$1|a|$1|1|");
  EXPECT_EQ(second_.TakeOutput(), "*2|$1|z|*2|*2|$1|c|$1|3|*2|$1|b|$1|2|");
  EXPECT_EQ(writer_.Run("EXISTS z"), ":0|");
}

TEST_F(BlockedClientsTest, OfStreamsAllSeeWhatComesBehindTheirEnd) {
  writer_.Run("XADD s 1-1 f old");
  first_.Run("XREAD BLOCK 0 STREAMS s $");
  second_.Run("XREAD BLOCK 0 STREAMS r s 0 1-1");
  writer_.Run("XADD s 2-1 f v");
  const std::string entry = "*1|*2|$1|s|*1|*2|$3|2-1|*2|$1|f|$1|v|";
  EXPECT_EQ(first_.TakeOutput(), entry);
  EXPECT_EQ(second_.TakeOutput(), entry);
}

TEST_F(BlockedClientsTest, OfStreamsReadOnWhereNoWritesAreTaken) {
  FakeNode other{2};
  TestClient there{other, 1};
  first_.Run("XREAD BLOCK 0 STREAMS s $");
  node_.refusal = "READONLY a replica";
  there.Run("XADD s 2-1 f v");
  node_.Receive(other);
  EXPECT_EQ(first_.TakeOutput(), "*1|*2|$1|s|*1|*2|$3|2-1|*2|$1|f|$1|v|");
}

TEST_F(BlockedClientsTest, OfAGroupGetAnEntryEach) {
  writer_.Run("XGROUP CREATE s g $ MKSTREAM");
  first_.Run("XREADGROUP GROUP g one BLOCK 0 STREAMS s >");
  second_.Run("XREADGROUP GROUP g two BLOCK 0 STREAMS s >");
  writer_.Run("XADD s 2-1 f v");
  EXPECT_EQ(first_.TakeOutput(), "*1|*2|$1|s|*1|*2|$3|2-1|*2|$1|f|$1|v|");
  EXPECT_EQ(second_.TakeOutput(), "");
  writer_.Run("XADD s 3-1 f w");
  EXPECT_EQ(second_.TakeOutput(), "*1|*2|$1|s|*1|*2|$3|3-1|*2|$1|f|$1|w|");
}

TEST_F(BlockedClientsTest, OfAGroupLearnThatItIsGone) {
  for (const char* end : {"XGROUP DESTROY s g", "DEL s"}) {
    writer_.Run("XGROUP CREATE s g $ MKSTREAM");
    first_.Run("XREADGROUP GROUP g one BLOCK 0 STREAMS s >");
    EXPECT_EQ(first_.TakeOutput(), "");
    writer_.Run(end);
    EXPECT_TRUE(first_.TakeOutput().starts_with("-NOGROUP ")) << end;
  }
}

TEST_F(BlockedClientsTest, OfAGroupDoNotWaitForTheirOldEntries) {
  writer_.Run("XGROUP CREATE s g $ MKSTREAM");
  EXPECT_EQ(first_.Run("XREADGROUP GROUP g one BLOCK 0 STREAMS s 0"), "*1|*2|$1|s|*0|");
}

TEST_F(BlockedClientsTest, ThatWantNoReplyGetNone) {
  first_.Run("CLIENT REPLY OFF");
  first_.Run("BLPOP l 0");
  writer_.Run("RPUSH l a");
  EXPECT_EQ(first_.TakeOutput(), "");
  EXPECT_EQ(writer_.Run("LLEN l"), ":0|");
}

}  // namespace
}  // namespace server
