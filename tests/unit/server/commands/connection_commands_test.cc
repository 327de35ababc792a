#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class ConnectionCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_, 7};
};

TEST_F(ConnectionCommandsTest, AnswersPingAndEcho) {
  EXPECT_EQ(Run("PING"), "+PONG|");
  EXPECT_EQ(Run("PING hello"), "$5|hello|");
  EXPECT_EQ(Run("PING a b"), "-ERR wrong number of arguments for 'ping' command|");
  EXPECT_EQ(Run("ECHO a"), "$1|a|");
}

TEST_F(ConnectionCommandsTest, HasOneDatabase) {
  EXPECT_EQ(Run("SELECT 0"), "+OK|");
  EXPECT_EQ(Run("SELECT 1"), "-ERR DB index is out of range|");
  EXPECT_EQ(Run("SELECT x"), "-ERR value is not an integer or out of range|");
}

TEST_F(ConnectionCommandsTest, ClosesAfterQuit) {
  EXPECT_EQ(Run("QUIT"), "+OK|");
  EXPECT_TRUE(client_.session().close_after_reply);
}

TEST_F(ConnectionCommandsTest, SaysHelloInBothProtocols) {
  EXPECT_TRUE(Run("HELLO").starts_with("*16|$6|server|$5|redis|$7|version|$5|7.2.4|"));
  EXPECT_TRUE(Run("HELLO 3").starts_with("%8|"));
  EXPECT_EQ(client_.session().protocol, Protocol::kResp3);
  EXPECT_TRUE(Run("HELLO 2 SETNAME me").starts_with("*16|"));
  EXPECT_EQ(client_.session().name, "me");
}

TEST_F(ConnectionCommandsTest, RefusesAHelloThatMakesNoSense) {
  EXPECT_EQ(Run("HELLO x"), "-ERR Protocol version is not an integer or out of range|");
  EXPECT_EQ(Run("HELLO 4"), "-NOPROTO unsupported protocol version|");
  EXPECT_EQ(Run("HELLO 3 SETNAME"), "-ERR Syntax error in HELLO option 'SETNAME'|");
  EXPECT_EQ(Run("HELLO 3 AUTH default"), "-ERR Syntax error in HELLO option 'AUTH'|");
  EXPECT_EQ(client_.RunWords({"HELLO", "3", "SETNAME", "a b"}),
            "-ERR Client names cannot contain spaces, newlines or special characters.|");
  EXPECT_EQ(client_.session().protocol, Protocol::kResp2);
}

TEST_F(ConnectionCommandsTest, WantsThePassword) {
  EXPECT_EQ(Run("AUTH secret"),
            "-ERR AUTH <password> called without any password configured for the default user. Are "
            "you sure your configuration is correct?|");
  node_.config().requirepass = "secret";
  const std::string wrong = "-WRONGPASS invalid username-password pair or user is disabled.|";
  EXPECT_TRUE(Run("HELLO 3").starts_with("-NOAUTH HELLO must be called with the client already"));
  EXPECT_EQ(Run("AUTH secre"), wrong);
  EXPECT_EQ(Run("AUTH secret2"), wrong);
  EXPECT_EQ(Run("AUTH secretsecret"), wrong);
  EXPECT_EQ(client_.RunWords({"AUTH", ""}), wrong);
  EXPECT_EQ(Run("AUTH other secret"), wrong);
  EXPECT_EQ(Run("AUTH default secret more"), "-ERR syntax error|");
  EXPECT_EQ(Run("HELLO 3 AUTH default wrong"), wrong);
  EXPECT_EQ(Run("SCARD s"), "-NOAUTH Authentication required.|");
  EXPECT_EQ(Run("AUTH default secret"), "+OK|");
  EXPECT_EQ(Run("SCARD s"), ":0|");
}

TEST_F(ConnectionCommandsTest, PutsTheConnectionBack) {
  node_.config().requirepass = "secret";
  Run("HELLO 3 AUTH default secret SETNAME me");
  Run("WATCH s");
  Run("MULTI");
  EXPECT_EQ(Run("RESET"), "+RESET|");
  EXPECT_EQ(client_.session().protocol, Protocol::kResp2);
  EXPECT_TRUE(client_.session().name.empty());
  EXPECT_FALSE(client_.session().transaction.has_value());
  EXPECT_TRUE(client_.session().watched.empty());
  EXPECT_EQ(Run("SCARD s"), "-NOAUTH Authentication required.|");
}

TEST_F(ConnectionCommandsTest, TellsAndNamesItself) {
  EXPECT_EQ(Run("CLIENT ID"), ":7|");
  EXPECT_EQ(Run("CLIENT GETNAME"), "$-1|");
  EXPECT_EQ(Run("CLIENT SETNAME me"), "+OK|");
  EXPECT_EQ(Run("CLIENT GETNAME"), "$2|me|");
  EXPECT_EQ(Run("CLIENT SETINFO LIB-NAME lib"), "+OK|");
  EXPECT_EQ(Run("CLIENT SETINFO lib-ver 1.2"), "+OK|");
  EXPECT_EQ(Run("CLIENT SETINFO other 1.2"), "-ERR Unrecognized option 'other'|");
  EXPECT_EQ(client_.RunWords({"CLIENT", "SETINFO", "lib-name", "a b"}),
            "-ERR lib-name cannot contain spaces, newlines or special characters.|");
  const std::string info = Run("CLIENT INFO");
  EXPECT_NE(info.find("id=7 "), std::string::npos);
  EXPECT_NE(info.find(" name=me "), std::string::npos);
  EXPECT_NE(info.find(" cmd=client|info "), std::string::npos);
  EXPECT_NE(info.find(" lib-name=lib lib-ver=1.2|"), std::string::npos);
}

TEST_F(ConnectionCommandsTest, RefusesToKillWhatMakesNoSense) {
  EXPECT_EQ(Run("CLIENT KILL 1.2.3.4:5"), "-ERR No such client|");
  EXPECT_EQ(Run("CLIENT KILL ID 0"), "-ERR client-id should be greater than 0|");
  EXPECT_EQ(Run("CLIENT KILL ID x"), "-ERR client-id should be greater than 0|");
  EXPECT_EQ(Run("CLIENT KILL TYPE x"), "-ERR Unknown client type 'x'|");
  EXPECT_EQ(Run("CLIENT KILL USER x"), "-ERR No such user 'x'|");
  EXPECT_EQ(Run("CLIENT KILL SKIPME x"), "-ERR syntax error|");
  EXPECT_EQ(Run("CLIENT KILL ID 1 ADDR"), "-ERR syntax error|");
  EXPECT_EQ(Run("CLIENT KILL ID 12345"), ":0|");
}

}  // namespace
}  // namespace server
