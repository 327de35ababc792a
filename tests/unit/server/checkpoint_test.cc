// What a node finds again that starts from a checkpoint and a part of its log.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "crdt/object.h"
#include "tests/support/node_rig.h"

namespace server {
namespace {

using Words = std::vector<std::string_view>;

// A node whose checkpoints begin only when they are asked for.
class Checkpoints : public ::testing::Test {
 protected:
  Checkpoints() {
    rig.config.checkpoint_interval = std::chrono::milliseconds(0);
    rig.config.checkpoint_log_bytes = 0;
  }

  void Start() { ASSERT_TRUE(rig.Start()); }
  void Checkpoint() {
    const std::uint64_t finished = rig.node->RequestCheckpoint();
    for (int i = 0; i < 100 && rig.node->checkpoint_report()->finished < finished; ++i) {
      rig.node->EndOfTurn();
    }
    ASSERT_EQ(rig.node->checkpoint_report()->finished, finished);
    rig.node->EndOfTurn();  // What the mark has passed is removed.
    rig.node->EndOfTurn();
  }
  bool Said(std::string_view text) const { return rig.log.text.contains(text); }

  NodeRig rig;
};

TEST_F(Checkpoints, LeaveOnlyTheRestOfTheLogToBeReplayed) {
  Start();
  rig.Run({"SET", "text", "value"});
  rig.Run({"RPUSH", "list", "a", "b"});
  Checkpoint();
  rig.Run({"INCR", "counter"});
  rig.log.text.clear();
  Start();
  EXPECT_TRUE(Said("loaded 2 keys from the checkpoint")) << rig.log.text;
  EXPECT_TRUE(Said("recovered 1 log frames, 3 keys")) << rig.log.text;
  EXPECT_EQ(rig.Run({"GET", "text"}), "$5\r\nvalue\r\n");
  EXPECT_EQ(rig.Run({"LRANGE", "list", "0", "-1"}), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(rig.Run({"INCR", "counter"}), ":2\r\n");
}

TEST_F(Checkpoints, KeepDeletes) {
  Start();
  rig.Run({"SET", "gone", "value"});
  rig.Run({"SET", "here", "value"});
  Checkpoint();
  rig.Run({"DEL", "gone"});
  Checkpoint();
  Start();
  EXPECT_EQ(rig.Run({"EXISTS", "gone", "here"}), ":1\r\n");
  Checkpoint();
  EXPECT_EQ(rig.checkpoints->row_keys().size(), 1U);
}

// The row of a key that was written after the mark's moment: what the log says between them is in
// it already.
TEST_F(Checkpoints, TakeNothingTwice) {
  rig.holds_jobs = true;
  rig.flush_percent = 100;
  Start();
  rig.Run({"RPUSH", "list", "a"});
  rig.Run({"INCR", "counter"});
  rig.Run({"SADD", "gone", "a"});
  rig.node->RequestCheckpoint();
  rig.node->EndOfTurn();
  rig.RunJobs();  // All rows, and the mark.
  rig.Run({"RPUSH", "list", "b"});
  rig.Run({"INCR", "counter"});
  rig.Run({"DEL", "gone"});
  rig.node->EndOfTurn();
  rig.RunJobs();
  // A second one whose rows are there and whose mark is not.
  rig.node->RequestCheckpoint();
  rig.node->EndOfTurn();
  Start();
  EXPECT_EQ(rig.Run({"LRANGE", "list", "0", "-1"}), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(rig.Run({"GET", "counter"}), "$1\r\n2\r\n");
  EXPECT_EQ(rig.Run({"EXISTS", "gone"}), ":0\r\n");
}

TEST_F(Checkpoints, KnowWhatAFlushLeft) {
  Start();
  rig.Run({"SET", "before", "value"});
  rig.Run({"INCR", "counter"});
  Checkpoint();
  rig.Run({"FLUSHALL"});
  rig.Run({"SET", "after", "value"});
  Checkpoint();
  rig.log.text.clear();
  Start();
  EXPECT_TRUE(Said("recovered 0 log frames, 1 keys")) << rig.log.text;
  EXPECT_EQ(rig.Run({"EXISTS", "before", "counter", "after"}), ":1\r\n");
}

TEST_F(Checkpoints, AreNeverAheadOfWhatIsDurable) {
  rig.config.appendfsync = geo_config::FsyncPolicy::kNo;
  Start();
  rig.Run({"SET", "key", "value"});
  Checkpoint();
  EXPECT_EQ(rig.node->log().durable(), rig.node->log().end());
  rig.disk.Crash([] { return 0; });
  Start();
  EXPECT_EQ(rig.Run({"GET", "key"}), "$5\r\nvalue\r\n");
}

TEST_F(Checkpoints, OfAnotherLogAreNotTaken) {
  Start();
  rig.Run({"SET", "key", "value"});
  Checkpoint();
  const auto checkpoint = rig.disk.ReadFile("/data/checkpoint");
  ASSERT_TRUE(checkpoint);
  NodeRig other;
  // The dice are the same at first: this node draws one log's name more.
  other.config.dir = "/elsewhere";
  ASSERT_TRUE(other.Start());
  other.config.dir = "/data";
  ASSERT_TRUE(other.disk.ReplaceFile("/data/checkpoint", *checkpoint));
  ASSERT_TRUE(other.Start());
  EXPECT_EQ(other.Run({"EXISTS", "key"}), ":0\r\n");
}

TEST_F(Checkpoints, ThatDoNotDecodeAreMadeAnewFromTheLog) {
  Start();
  rig.Run({"SET", "key", "value"});
  Checkpoint();
  storage::CheckpointBatch damaged;
  damaged.Put({.key = "key", .position = 1, .object = "\xff\xff"});
  ASSERT_TRUE(rig.checkpoints->Write(damaged));
  ASSERT_TRUE(rig.checkpoints->Flush());
  rig.log.text.clear();
  Start();
  EXPECT_TRUE(Said("the checkpoint is damaged and removed")) << rig.log.text;
  EXPECT_EQ(rig.Run({"GET", "key"}), "$5\r\nvalue\r\n");
}

// A key that cannot be read must not pass for one that is not there.
TEST_F(Checkpoints, WithARowThatDoesNotDecodeEndTheNodeWhenItIsAskedFor) {
  Start();
  rig.Run({"SET", "key", "value"});
  rig.Run({"SET", "other", "value"});
  Checkpoint();
  storage::CheckpointBatch damaged;
  damaged.Put({.key = "key", .position = 1, .object = "\xff\xff"});
  ASSERT_TRUE(rig.checkpoints->Write(damaged));
  ASSERT_TRUE(rig.checkpoints->Flush());
  rig.rows_loaded_at_start = 0;
  rig.rows_loaded_per_turn = 0;
  Start();
  EXPECT_EQ(rig.Run({"GET", "other"}), "$5\r\nvalue\r\n");
  EXPECT_THROW(rig.Run({"GET", "key"}), storage::LoadFailure);
  Start();
  EXPECT_EQ(rig.Run({"GET", "key"}), "$5\r\nvalue\r\n");
}

TEST_F(Checkpoints, WithoutTheLogUpToThemAreDamage) {
  Start();
  rig.Run({"SET", "key", "value"});
  Checkpoint();
  const auto names = rig.disk.List("/data");
  ASSERT_TRUE(names);
  for (const std::string& name : *names) {
    if (storage::IsSegmentName(name)) {
      ASSERT_TRUE(rig.disk.Remove("/data/" + name));
    }
  }
  const crdt::Status started = rig.Start();
  ASSERT_FALSE(started);
  EXPECT_TRUE(started.error().detail.contains("the log is damaged")) << started.error().detail;
}

TEST_F(Checkpoints, AreTriedAgainWhereTheDiskWasFull) {
  rig.holds_jobs = true;
  Start();
  rig.Run({"SET", "key", "value"});
  rig.node->RequestCheckpoint();
  rig.node->EndOfTurn();
  rig.disk.SetCapacity(rig.disk.used_bytes());
  rig.RunJobs();
  EXPECT_TRUE(rig.node->checkpoint_report()->last_failed);
  EXPECT_TRUE(Said("the checkpoint cannot be written")) << rig.log.text;
  rig.disk.SetCapacity(0);
  rig.now_ms += 5000;
  rig.node->EndOfTurn();
  rig.RunJobs();
  EXPECT_FALSE(rig.node->checkpoint_report()->last_failed);
  EXPECT_EQ(rig.node->checkpoint_report()->finished, 1U);
}

TEST_F(Checkpoints, SaveAnswersWhenOneIsFinished) {
  rig.holds_jobs = true;
  Start();
  rig.Run({"SET", "key", "value"});
  ClientSession saving(2);
  Dispatch(*rig.node, saving, Words{"SAVE"});
  rig.node->EndOfTurn();
  EXPECT_EQ(saving.output, "");
  EXPECT_EQ(rig.Run({"BGSAVE"}), "-ERR Background save already in progress\r\n");
  EXPECT_EQ(rig.Run({"BGSAVE", "SCHEDULE"}), "+Background saving scheduled\r\n");
  rig.RunJobs();
  rig.node->EndOfTurn();
  EXPECT_EQ(saving.output, "+OK\r\n");
  rig.node->OnClientGone(saving);
}

TEST_F(Checkpoints, BringAKeyWhenItIsAskedForAndTheRestLittleByLittle) {
  Start();
  for (int i = 0; i < 50; ++i) {
    const std::string key = "key:" + std::to_string(i);
    rig.Run({"SET", key, "value"});
    rig.Run({"SADD", "members", key});
  }
  Checkpoint();
  rig.Run({"APPEND", "key:7", "+"});
  rig.Run({"DEL", "key:8"});
  rig.Run({"SET", "new", "value"});
  rig.rows_loaded_at_start = 0;
  rig.rows_loaded_per_turn = 0;
  Start();
  EXPECT_TRUE(rig.node->load_progress());
  EXPECT_EQ(rig.node->load_progress()->partitions, 0U);
  EXPECT_TRUE(rig.Run({"INFO", "persistence"}).contains("async_loading:1"));
  EXPECT_EQ(rig.Run({"GET", "key:7"}), "$6\r\nvalue+\r\n");
  EXPECT_EQ(rig.Run({"EXISTS", "key:8", "new", "never", "key:9"}), ":2\r\n");
  EXPECT_EQ(rig.Run({"RENAME", "key:1", "key:2"}), "+OK\r\n");
  EXPECT_EQ(rig.Run({"DEL", "key:3"}), ":1\r\n");
  EXPECT_EQ(rig.Run({"SCARD", "members"}), ":50\r\n");
  for (const Words& words : std::vector<Words>{{"DBSIZE"},
                                               {"KEYS", "*"},
                                               {"SCAN", "0"},
                                               {"RANDOMKEY"},
                                               {"FLUSHALL"},
                                               {"SORT", "members", "BY", "key:*"},
                                               {"CRDT.DIGEST"}}) {
    EXPECT_EQ(rig.Run(words), "-LOADING Redis is loading the dataset in memory\r\n") << words[0];
  }
  Start();
  EXPECT_EQ(rig.Run({"EXISTS", "key:1", "key:2", "key:3"}), ":1\r\n") << "changed while it loaded";
  rig.rows_loaded_per_turn = 10;
  Start();
  for (int i = 0; i < 7; ++i) rig.node->EndOfTurn();
  EXPECT_FALSE(rig.node->load_progress());
  EXPECT_EQ(rig.Run({"DBSIZE"}), ":49\r\n");  // 50, "members" and "new", less three.
  EXPECT_TRUE(rig.Run({"INFO", "persistence"}).contains("async_loading:0"));
}

// A cycle that began before would move the mark past what waits for its key.
TEST_F(Checkpoints, AreNotMadeWhileKeysAreStillBrought) {
  Start();
  rig.Run({"SET", "key", "value"});
  Checkpoint();
  rig.Run({"APPEND", "key", "+"});
  rig.rows_loaded_at_start = 0;
  rig.rows_loaded_per_turn = 0;
  Start();
  rig.node->RequestCheckpoint();
  for (int i = 0; i < 10; ++i) rig.node->EndOfTurn();
  EXPECT_EQ(rig.node->checkpoint_report()->finished, 0U);
  EXPECT_FALSE(rig.node->checkpoint_report()->running);
}

// --- Against the whole log -----------------------------------------------------------------------

// What the merge rules define of each key. Spent counter parts may wait a little longer in a node
// that comes from a checkpoint: their resets' stamps are not in the rows.
std::map<std::string, std::string> StateOf(NodeRig& rig) {
  std::map<std::string, std::string> state;
  for (const crdt::KeyTable* table : rig.node->BeginCommand().keyspace().Tables()) {
    table->ForEach([&state](const crdt::KeyCell& cell) {
      std::string bytes;
      crdt::ByteWriter out(bytes);
      crdt::EncodeMergedCell(cell, out);
      if (!bytes.empty()) state[std::string(cell.name())] = bytes;
    });
  }
  return state;
}

const Words kCommands[] = {
    {"SET", "K", "V"},
    {"SET", "K", "V", "PX", "100000"},
    {"INCRBY", "K", "3"},
    {"APPEND", "K", "V"},
    {"DEL", "K"},
    {"HSET", "K", "V", "V"},
    {"HINCRBY", "K", "V", "2"},
    {"HDEL", "K", "V"},
    {"SADD", "K", "V"},
    {"SREM", "K", "V"},
    {"RPUSH", "K", "V"},
    {"LPUSH", "K", "V"},
    {"LPOP", "K"},
    {"LSET", "K", "0", "V"},
    {"ZADD", "K", "2", "V"},
    {"ZINCRBY", "K", "1", "V"},
    {"ZREM", "K", "V"},
    {"XADD", "K", "*", "V", "V"},
    {"XGROUP", "CREATE", "K", "V", "$"},
    {"XGROUP", "DESTROY", "K", "V"},
    {"PFADD", "K", "V"},
    {"RENAME", "K", "K"},
    {"PERSIST", "K"},
    {"EXPIRE", "K", "50"},
    {"FLUSHALL"},
};

// Random commands, checkpoints that get as far as they get, kills and crashes: what is there after
// a start is what the whole log says.
TEST(CheckpointProperty, AStartFromACheckpointIsAReplayOfTheWholeLog) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 dice(seed);
    const std::vector<std::string> keys = {"a", "b", "c", "d", "{a}1", "e", "f", "g"};
    const std::vector<std::string> values = {"x", "y", "z", std::string(300, 'v')};
    NodeRig rig;
    rig.holds_jobs = true;
    rig.flush_percent = 30;
    rig.config.appendfsync = geo_config::FsyncPolicy::kNo;
    rig.config.segment_bytes = 64 << 10;
    rig.config.checkpoint_log_bytes = 1 << (6 + dice() % 8);
    rig.rows_loaded_at_start = dice() % 3 == 0 ? 1000 : dice() % 2;
    rig.rows_loaded_per_turn = dice() % 2;
    ASSERT_TRUE(rig.Start());
    int from_checkpoints = 0;
    for (int i = 0; i < 600; ++i) {
      Words words = kCommands[dice() % std::size(kCommands)];
      if (words[0] == "FLUSHALL" && dice() % 8 != 0) continue;
      for (std::string_view& word : words) {
        if (word == "K") word = keys[dice() % keys.size()];
        if (word == "V") word = values[dice() % values.size()];
      }
      rig.now_ms += static_cast<std::int64_t>(dice() % 50);
      rig.Run(words);
      if (dice() % 3 == 0) rig.RunJobs();
      if (dice() % 40 != 0) continue;
      if (dice() % 2 == 0) rig.disk.Crash([&dice] { return dice(); });
      rig.log.text.clear();
      ASSERT_TRUE(rig.Start());
      from_checkpoints += rig.log.text.contains("where the checkpoint ends") ? 1 : 0;
      // Goes on with keys that are still to be brought.
      if (dice() % 2 == 0) continue;
      NodeRig whole;
      whole.config = rig.config;
      whole.with_checkpoints = false;
      whole.now_ms = rig.now_ms;
      whole.disk.CopyFrom(rig.disk);
      ASSERT_TRUE(whole.Start());
      ASSERT_EQ(StateOf(rig), StateOf(whole));
      ASSERT_EQ(rig.node->floor(), whole.node->floor());
      ASSERT_EQ(rig.Run({"DBSIZE"}), whole.Run({"DBSIZE"}));
      ASSERT_EQ(rig.Run({"INFO", "keyspace"}), whole.Run({"INFO", "keyspace"}));
    }
    EXPECT_GT(from_checkpoints, 0);
  }
}

}  // namespace
}  // namespace server
