#include "server/dispatcher.h"

#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class DispatcherTest : public testing::Test {
 protected:
  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(DispatcherTest, TellsAnUnknownCommandWithItsArguments) {
  EXPECT_EQ(client_.Run("foo a b"),
            "-ERR unknown command 'foo', with args beginning with: 'a' 'b' |");
  EXPECT_EQ(client_.Run("foo"), "-ERR unknown command 'foo', with args beginning with: |");
  EXPECT_EQ(client_.Run("client foo"), "-ERR unknown subcommand 'foo'. Try CLIENT HELP.|");
}

TEST_F(DispatcherTest, CutsWhatItTellsOfAnUnknownCommand) {
  const std::string longer(500, 'x');
  const std::string told(128, 'x');
  EXPECT_EQ(client_.Run(longer + " " + longer + " " + longer),
            "-ERR unknown command '" + told + "', with args beginning with: '" + told + "' |");
}

TEST_F(DispatcherTest, BreaksNoReplyApartAtLineBreaksOfAnUnknownCommand) {
  EXPECT_EQ(client_.RunWords({"a\r\nb"}),
            "-ERR unknown command 'a  b', with args beginning with: |");
}

TEST_F(DispatcherTest, ChecksTheNumberOfWords) {
  EXPECT_EQ(client_.Run("hget h"), "-ERR wrong number of arguments for 'hget' command|");
  EXPECT_EQ(client_.Run("HGET h a b"), "-ERR wrong number of arguments for 'hget' command|");
  EXPECT_EQ(client_.Run("CLIENT"), "-ERR wrong number of arguments for 'client' command|");
  EXPECT_EQ(client_.Run("CLIENT KILL"),
            "-ERR wrong number of arguments for 'client|kill' command|");
}

TEST_F(DispatcherTest, AsksForThePasswordAfterLookingAtTheWords) {
  node_.config().requirepass = "secret";
  EXPECT_EQ(client_.Run("SCARD s"), "-NOAUTH Authentication required.|");
  EXPECT_EQ(client_.Run("SCARD"), "-ERR wrong number of arguments for 'scard' command|");
  EXPECT_EQ(client_.Run("nothing"), "-ERR unknown command 'nothing', with args beginning with: |");
  EXPECT_EQ(client_.Run("AUTH secret"), "+OK|");
  EXPECT_EQ(client_.Run("SCARD s"), ":0|");
}

TEST_F(DispatcherTest, KeepsAClientThatCameBeforeThePassword) {
  EXPECT_EQ(client_.Run("SCARD s"), ":0|");
  node_.config().requirepass = "secret";
  EXPECT_EQ(client_.Run("SCARD s"), ":0|");
}

TEST_F(DispatcherTest, RefusesWritesAtAReplicaAndServesReads) {
  node_.refusal = "READONLY You can't write against a read only replica.";
  EXPECT_EQ(client_.Run("SADD s a"), "-READONLY You can't write against a read only replica.|");
  EXPECT_EQ(client_.Run("SCARD s"), ":0|");
}

TEST_F(DispatcherTest, ServesNoDataWhileLoading) {
  node_.is_loading = true;
  EXPECT_EQ(client_.Run("SCARD s"), "-LOADING Redis is loading the dataset in memory|");
  EXPECT_EQ(client_.Run("ECHO a"), "$1|a|");
}

TEST_F(DispatcherTest, CountsCommandsAndErrorsByCode) {
  client_.Run("SADD s a");
  client_.Run("HGET s a");
  client_.Run("nothing");
  client_.Run("HGET s");
  EXPECT_EQ(node_.stats().commands_processed, 2u);  // The refused ones did not run.
  EXPECT_EQ(node_.stats().error_replies, 3u);
  EXPECT_EQ(node_.stats().errors_by_code.at("ERR"), 2u);
  EXPECT_EQ(node_.stats().errors_by_code.at("WRONGTYPE"), 1u);
}

TEST_F(DispatcherTest, StaysSilentAfterReplyOffUntilReplyOn) {
  EXPECT_EQ(client_.Run("CLIENT REPLY OFF"), "");
  EXPECT_EQ(client_.Run("SADD s a"), "");
  EXPECT_EQ(client_.Run("nothing"), "");
  EXPECT_EQ(client_.Run("CLIENT REPLY SKIP"), "");
  EXPECT_EQ(client_.Run("SADD s b"), "");
  EXPECT_EQ(client_.Run("CLIENT REPLY ON"), "+OK|");
  EXPECT_EQ(client_.Run("SCARD s"), ":2|");
}

TEST_F(DispatcherTest, SkipsOneReply) {
  EXPECT_EQ(client_.Run("CLIENT REPLY SKIP"), "");
  EXPECT_EQ(client_.Run("SADD s a"), "");
  EXPECT_EQ(client_.Run("SCARD s"), ":1|");
  EXPECT_EQ(client_.Run("CLIENT REPLY SKIP"), "");
  EXPECT_EQ(client_.Run("CLIENT REPLY maybe"), "");
  EXPECT_EQ(client_.Run("CLIENT REPLY maybe"), "-ERR syntax error|");
}

TEST_F(DispatcherTest, NotesWhatTheClientDidLast) {
  client_.Run("client id");
  EXPECT_EQ(client_.session().last_command, "client|id");
}

}  // namespace
}  // namespace server
