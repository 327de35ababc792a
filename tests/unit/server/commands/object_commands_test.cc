#include <gtest/gtest.h>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class ObjectCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }
  void Pass(std::int64_t seconds) {
    node_.now_ms += seconds * 1000;
    node_.database();  // Takes note of the time, as a tick does.
  }
  // What OBJECT IDLETIME answers of the key when a command was run 100 seconds after it was used.
  std::string IdleAfter(std::string_view line) {
    Run("TOUCH k");
    Pass(100);
    Run(line);
    return Run("OBJECT IDLETIME k");
  }

  FakeNode node_{1};
  FakeNode there_{2};
  TestClient client_{node_};
  TestClient there_client_{there_};
};

TEST_F(ObjectCommandsTest, AKeyIsIdleUntilACommandReadsOrWritesIt) {
  Run("SET k 1");
  EXPECT_EQ(Run("OBJECT IDLETIME k"), ":0|");
  EXPECT_EQ(IdleAfter("GET k"), ":0|");
  EXPECT_EQ(IdleAfter("STRLEN k"), ":0|");
  EXPECT_EQ(IdleAfter("LPUSH k wrong"), ":0|") << "an access nevertheless, as in Redis";
  EXPECT_EQ(IdleAfter("SET k 2"), ":0|");
  EXPECT_EQ(IdleAfter("INCR k"), ":0|");
  EXPECT_EQ(IdleAfter("EXPIRE k 1000000"), ":0|");
  EXPECT_EQ(IdleAfter("DUMP k"), ":0|");
  EXPECT_EQ(IdleAfter("TOUCH k"), ":0|");
  EXPECT_EQ(IdleAfter("GET other"), ":100|");
}

TEST_F(ObjectCommandsTest, LookingAtAKeyIsNoUse) {
  Run("SET k 1");
  for (const std::string_view command :
       {"EXISTS k", "TYPE k", "TTL k", "PTTL k", "EXPIRETIME k", "OBJECT ENCODING k",
        "OBJECT IDLETIME k", "MEMORY USAGE k", "RANDOMKEY", "KEYS *", "SCAN 0 TYPE string",
        "CRDT.EXPLAIN k", "WATCH k"}) {
    EXPECT_EQ(IdleAfter(command), ":100|") << command;
  }
}

TEST_F(ObjectCommandsTest, AClientThatDoesNotTouchLeavesTheIdleTime) {
  Run("SET k 1");
  Run("CLIENT NO-TOUCH ON");
  EXPECT_EQ(IdleAfter("GET k"), ":100|");
  EXPECT_EQ(IdleAfter("APPEND k 1"), ":100|");
  EXPECT_EQ(IdleAfter("TOUCH k"), ":0|");
  Pass(100);
  Run("MULTI");
  Run("CLIENT NO-TOUCH OFF");
  Run("GET k");
  Run("EXEC");
  EXPECT_EQ(Run("OBJECT IDLETIME k"), ":0|") << "it holds from the next command on";
  Run("CLIENT NO-TOUCH ON");
  Run("RESET");
  EXPECT_EQ(IdleAfter("GET k"), ":0|");
}

TEST_F(ObjectCommandsTest, WhatOtherRegionsWriteIsNoUse) {
  Run("SET k 1");
  there_.Receive(node_);
  Pass(100);
  there_.now_ms = node_.now_ms;
  there_client_.Run("SET k a-text-that-takes-another-cell-than-the-one-that-was-there");
  there_client_.Run("SET new 1");
  node_.Receive(there_);
  EXPECT_EQ(Run("OBJECT IDLETIME k"), ":100|");
  EXPECT_EQ(Run("OBJECT IDLETIME new"), ":0|") << "since it has come";
  Pass(5);
  EXPECT_EQ(Run("OBJECT IDLETIME new"), ":5|");
}

TEST_F(ObjectCommandsTest, ARestoredKeyMayHaveBeenIdle) {
  Run("SET k 1");
  Dispatch(node_, client_.session(), std::vector<std::string_view>{"DUMP", "k"});
  const std::string reply = client_.session().output;
  client_.TakeOutput();
  const std::size_t begin = reply.find("\r\n") + 2;
  const std::string payload = reply.substr(begin, reply.size() - begin - 2);
  EXPECT_EQ(client_.RunWords({"RESTORE", "k", "0", payload, "REPLACE", "IDLETIME", "1000"}),
            "+OK|");
  EXPECT_EQ(Run("OBJECT IDLETIME k"), ":1000|");
  Pass(1);
  EXPECT_EQ(Run("OBJECT IDLETIME k"), ":1001|");
  EXPECT_EQ(client_.RunWords({"RESTORE", "k", "0", payload, "REPLACE", "FREQ", "200"}), "+OK|");
  EXPECT_EQ(Run("OBJECT IDLETIME k"), ":0|");
}

TEST_F(ObjectCommandsTest, FrequenciesAreNotCounted) {
  EXPECT_EQ(Run("OBJECT FREQ k"), "$-1|");
  Run("SET k 1");
  EXPECT_TRUE(Run("OBJECT FREQ k").starts_with("-ERR An LFU maxmemory policy is not selected"));
}

}  // namespace
}  // namespace server
