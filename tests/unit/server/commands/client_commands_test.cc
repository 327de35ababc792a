#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

// A node that knows the sessions of a test as its clients.
class NodeWithClients : public FakeNode {
 public:
  class Registry : public ClientRegistry {
   public:
    std::size_t size() const override { return sessions.size(); }
    void ForEach(const std::function<void(ClientSession&)>& visit) override {
      for (ClientSession* session : sessions) visit(*session);
    }
    ConnectionUse UseOf(const ClientSession&) const override { return use; }
    bool Kill(std::uint64_t id) override {
      killed.push_back(id);
      return true;
    }
    void Wake(ClientSession&) override {}

    std::vector<ClientSession*> sessions;
    std::vector<std::uint64_t> killed;
    ConnectionUse use;
  };

  ClientRegistry& clients() override { return registry; }

  Registry registry;
};

class ClientCommandsTest : public testing::Test {
 protected:
  ClientCommandsTest() {
    node_.registry.sessions = {&client_.session(), &other_.session()};
    client_.session().address = "127.0.0.1:1001";
    other_.session().address = "127.0.0.1:1002";
    other_.session().local_address = "127.0.0.1:6379";
    for (ClientSession* session : node_.registry.sessions) {
      session->connected_steady_ms = session->last_command_steady_ms = node_.now_ms;
    }
  }
  std::string Run(std::string_view line) { return client_.Run(line); }
  // Whom CLIENT KILL with these words ends, this connection aside.
  std::vector<std::uint64_t> Killed(std::string_view words) {
    node_.registry.killed.clear();
    Run("CLIENT KILL " + std::string(words));
    return node_.registry.killed;
  }

  NodeWithClients node_;
  TestClient client_{node_, 1};
  TestClient other_{node_, 2};
};

using Ids = std::vector<std::uint64_t>;

TEST_F(ClientCommandsTest, APauseOfWritesHoldsThemBack) {
  EXPECT_EQ(Run("CLIENT PAUSE 1000 WRITE"), "+OK|");
  EXPECT_EQ(other_.Run("SET k v"), "");
  EXPECT_TRUE(other_.session().waiting.has_value());
  EXPECT_EQ(Run("GET k"), "$-1|");
  EXPECT_EQ(Run("MULTI"), "+OK|");
  EXPECT_EQ(Run("GET k"), "+QUEUED|");
  EXPECT_EQ(Run("EXEC"), "*1|$-1|");
  node_.now_ms += 999;
  node_.Tick();
  EXPECT_EQ(other_.TakeOutput(), "");
  node_.now_ms += 1;
  node_.Tick();
  EXPECT_EQ(other_.TakeOutput(), "+OK|");
  EXPECT_FALSE(other_.session().waiting.has_value());
  EXPECT_EQ(Run("GET k"), "$1|v|");
}

TEST_F(ClientCommandsTest, APauseHoldsBackATransactionThatWrites) {
  other_.Run("MULTI");
  other_.Run("SET k v");
  Run("CLIENT PAUSE 100000 WRITE");
  EXPECT_EQ(other_.Run("EXEC"), "");
  EXPECT_EQ(Run("CLIENT UNBLOCK 2"), ":0|") << "it does not wait for anything with a timeout";
  EXPECT_EQ(Run("CLIENT UNPAUSE"), "+OK|");
  node_.Tick();
  EXPECT_EQ(other_.TakeOutput(), "*1|+OK|");
}

TEST_F(ClientCommandsTest, APauseOfAllEndsByTimeOrByUnpause) {
  Run("CLIENT PAUSE 100");
  EXPECT_EQ(other_.Run("GET k"), "");
  EXPECT_EQ(Run("CLIENT UNPAUSE"), "+OK|");
  node_.Tick();
  EXPECT_EQ(other_.TakeOutput(), "$-1|");
  Run("CLIENT PAUSE 100 ALL");
  EXPECT_EQ(other_.Run("PING"), "");
  node_.now_ms += 100;
  node_.Tick();
  EXPECT_EQ(other_.TakeOutput(), "+PONG|");
}

TEST_F(ClientCommandsTest, APauseBecomesNeitherShorterNorNarrower) {
  Run("MULTI");
  Run("CLIENT PAUSE 1000 ALL");
  Run("CLIENT PAUSE 10 WRITE");
  Run("EXEC");
  node_.now_ms += 999;
  EXPECT_EQ(other_.Run("GET k"), "");
  node_.now_ms += 1;
  node_.Tick();
  EXPECT_EQ(other_.TakeOutput(), "$-1|");
}

TEST_F(ClientCommandsTest, WhatOtherRegionsPushIsGivenToNobodyDuringAPause) {
  FakeNode there(2);
  TestClient there_client(there);
  EXPECT_EQ(other_.Run("BLPOP k 0"), "");
  Run("CLIENT PAUSE 1000 WRITE");
  there_client.Run("RPUSH k v");
  node_.Receive(there);
  EXPECT_EQ(other_.TakeOutput(), "");
  EXPECT_EQ(Run("LLEN k"), ":1|");
  Run("CLIENT UNPAUSE");
  node_.ServeBlocked();
  EXPECT_EQ(other_.TakeOutput(), "*2|$1|k|$1|v|");
}

TEST_F(ClientCommandsTest, ChecksTheWordsOfAPause) {
  EXPECT_EQ(Run("CLIENT PAUSE abc"), "-ERR timeout is not an integer or out of range|");
  EXPECT_EQ(Run("CLIENT PAUSE -1"), "-ERR timeout is negative|");
  EXPECT_EQ(Run("CLIENT PAUSE 1 NOSUCH"), "-ERR CLIENT PAUSE mode must be WRITE or ALL|");
  EXPECT_EQ(Run("CLIENT PAUSE 1 WRITE x"),
            "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.|");
  EXPECT_EQ(Run("CLIENT UNPAUSE"), "+OK|") << "also where there is no pause";
}

TEST_F(ClientCommandsTest, TellsWhatAConnectionTakes) {
  node_.registry.use = {.descriptor = 9,
                        .query = 100,
                        .query_free = 16284,
                        .parser = 7,
                        .unsent = 40000,
                        .waits_to_send = true};
  const std::string line = Run("CLIENT LIST ID 2");
  for (const std::string_view field : {" fd=9 ", " qbuf=100 ", " qbuf-free=16284 ", " argv-mem=7 ",
                                       " obl=16384 ", " oll=2 ", " omem=23616 ", " events=rw "}) {
    EXPECT_NE(line.find(field), std::string::npos) << field << " in " << line;
  }
  EXPECT_EQ(other_.Run("BLPOP key 0"), "");
  EXPECT_NE(Run("CLIENT LIST ID 2").find(" argv-mem=16 "), std::string::npos)
      << "BLPOP, key and 0 are kept";
}

TEST_F(ClientCommandsTest, TracksNoKeys) {
  EXPECT_EQ(Run("CLIENT GETREDIR"), ":-1|");
  EXPECT_EQ(Run("CLIENT TRACKINGINFO"), "*6|$5|flags|*1|$3|off|$8|redirect|:-1|$8|prefixes|*0|");
  EXPECT_TRUE(Run("CLIENT TRACKING ON").starts_with("-ERR "));
  EXPECT_EQ(Run("CLIENT TRACKING OFF"), "+OK|");
  EXPECT_EQ(Run("CLIENT TRACKING maybe"), "-ERR syntax error|");
  EXPECT_TRUE(Run("CLIENT CACHING YES").starts_with("-ERR CLIENT CACHING can be called only when"));
}

TEST_F(ClientCommandsTest, NamesConnections) {
  EXPECT_EQ(Run("CLIENT GETNAME"), "$-1|");
  EXPECT_EQ(Run("CLIENT SETNAME me"), "+OK|");
  EXPECT_EQ(Run("CLIENT GETNAME"), "$2|me|");
  EXPECT_EQ(Run("CLIENT ID"), ":1|");
  EXPECT_EQ(other_.Run("CLIENT ID"), ":2|");
  EXPECT_EQ(client_.RunWords({"CLIENT", "SETNAME", "a b"}),
            "-ERR Client names cannot contain spaces, newlines or special characters.|");
}

TEST_F(ClientCommandsTest, TellsWhatIsKnownOfEach) {
  EXPECT_EQ(Run("CLIENT SETINFO LIB-NAME mine"), "+OK|");
  EXPECT_EQ(Run("CLIENT SETINFO lib-ver 1.2"), "+OK|");
  EXPECT_EQ(Run("CLIENT SETINFO lib-age 1"), "-ERR Unrecognized option 'lib-age'|");
  node_.now_ms += 7000;
  const std::string line = Run("CLIENT INFO");
  for (const std::string_view part :
       {"id=1 addr=127.0.0.1:1001 ", " age=7 idle=7 flags=N ", " cmd=client|info ", " resp=2 ",
        " lib-name=mine lib-ver=1.2"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  }
  const std::string all = Run("CLIENT LIST");
  EXPECT_NE(all.find("id=1 "), std::string::npos);
  EXPECT_NE(all.find("id=2 "), std::string::npos);
  EXPECT_EQ(Run("CLIENT LIST ID 2 3").find("id=1 "), std::string::npos);
  EXPECT_EQ(Run("CLIENT LIST TYPE replica"), "$0||");
  EXPECT_EQ(Run("CLIENT LIST TYPE robot"), "-ERR Unknown client type 'robot'|");
}

TEST_F(ClientCommandsTest, EndsWhoMatchesEverything) {
  EXPECT_EQ(Run("CLIENT KILL ID 2"), ":1|");
  EXPECT_EQ(Killed("ID 2"), Ids{2});
  EXPECT_EQ(Killed("ADDR 127.0.0.1:1002 LADDR 127.0.0.1:6379"), Ids{2});
  EXPECT_EQ(Killed("ADDR 127.0.0.1:1002 LADDR 127.0.0.1:1"), Ids{});
  EXPECT_EQ(Killed("ID 1 ADDR 127.0.0.1:1002"), Ids{});
  EXPECT_EQ(Killed("TYPE normal"), Ids{2});
  EXPECT_EQ(Killed("TYPE pubsub"), Ids{});
  EXPECT_EQ(Killed("USER default"), Ids{2});
  EXPECT_EQ(Run("CLIENT KILL 1.2.3.4:5"), "-ERR No such client|");
  EXPECT_EQ(Run("CLIENT KILL 127.0.0.1:1002"), "+OK|");
}

TEST_F(ClientCommandsTest, EndsWhoIsOldEnough) {
  node_.now_ms += 10'000;
  client_.session().connected_steady_ms = node_.now_ms;
  EXPECT_EQ(Killed("MAXAGE 10"), Ids{2});
  EXPECT_EQ(Killed("MAXAGE 11"), Ids{});
  EXPECT_EQ(Run("CLIENT KILL MAXAGE 0"), "-ERR maxage should be greater than 0|");
}

TEST_F(ClientCommandsTest, EndsItselfAfterTheReplyWhenAskedTo) {
  EXPECT_EQ(Run("CLIENT KILL ID 1"), ":0|");
  EXPECT_FALSE(client_.session().close_after_reply);
  EXPECT_EQ(Run("CLIENT KILL ID 1 SKIPME no"), ":1|");
  EXPECT_TRUE(client_.session().close_after_reply);
}

TEST_F(ClientCommandsTest, AnswersOnlyWhatIsWanted) {
  EXPECT_EQ(Run("CLIENT REPLY OFF"), "");
  EXPECT_EQ(Run("PING") + Run("NOSUCH") + Run("CLIENT REPLY SKIP"), "");
  EXPECT_EQ(Run("CLIENT REPLY ON"), "+OK|");
  EXPECT_EQ(Run("CLIENT REPLY SKIP"), "");
  EXPECT_EQ(Run("SET k v"), "");
  EXPECT_EQ(Run("GET k"), "$1|v|");
  EXPECT_EQ(Run("CLIENT REPLY maybe"), "-ERR syntax error|");
}

}  // namespace
}  // namespace server
