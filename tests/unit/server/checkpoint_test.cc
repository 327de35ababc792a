// What a node finds again that starts from a checkpoint and a part of its log.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
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

// A join has brought the key's whole story, its delete included, before the mark. What the log
// repeats of it behind the mark is not to be done, also where the key is asked for later, when the
// floor has passed that.
TEST_F(Checkpoints, LeaveOutWhatAJoinHadBroughtAlready) {
  Start();
  const crdt::Stamp first = crdt::Stamp::At(1'900'000'000'000, crdt::Writer(2, 1));
  crdt::VersionVector observed;
  observed.Advance(first.Plus(1));
  ASSERT_TRUE(rig.node->JoinPartition(storage::PartitionOf("gone"), {}, observed,
                                      storage::UnnamedKeys::kAbsent));
  rig.node->EndOfTurn();
  Checkpoint();
  const auto repeat = [this](crdt::Stamp stamp, const char* key) {
    crdt::EffectList effects;
    crdt::PrepareSet(crdt::KeyView(), key, "value", {}, effects);
    ASSERT_TRUE(rig.node->ApplyRecord(
        {.first_stamp = stamp, .effect_count = 1, .effects = effects.bytes()}));
  };
  repeat(first, "gone");
  repeat(first.Plus(1), "here");
  rig.node->EndOfTurn();
  EXPECT_EQ(rig.Run({"EXISTS", "gone", "here"}), ":1\r\n");
  rig.rows_loaded_at_start = 0;
  Start();
  EXPECT_EQ(rig.Run({"EXISTS", "gone", "here"}), ":1\r\n");
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

// However little a key takes: their number alone bounds no time.
TEST_F(Checkpoints, EndATurnWhenItsTimeIsOver) {
  Start();
  for (int i = 0; i < 100; ++i) rig.Run({"SET", "key:" + std::to_string(i), "value"});
  rig.us_per_look = 100;
  rig.checkpoint_slice.us = 1000;
  Start();
  rig.node->RequestCheckpoint();
  rig.node->EndOfTurn();
  EXPECT_GE(rig.node->checkpoint_report()->rows, 5U);
  EXPECT_LE(rig.node->checkpoint_report()->rows, 10U);
  Checkpoint();
  EXPECT_EQ(rig.checkpoints->row_keys().size(), 100U);
}

// --- Large collections ---------------------------------------------------------------------------

class PiecesOfCheckpoints : public Checkpoints {
 protected:
  // One piece of three elements in a turn.
  PiecesOfCheckpoints() {
    rig.checkpoint_slice.bytes = 1;
    rig.checkpoint_slice.piece.elements = 3;
  }
  // Begins one, and makes so many pieces.
  void Begin(int pieces) {
    finished = rig.node->RequestCheckpoint();
    for (int i = 0; i < pieces; ++i) rig.node->EndOfTurn();
    ASSERT_TRUE(rig.node->checkpoint_report()->running);
  }
  void Finish() {
    for (int i = 0; i < 100 && rig.node->checkpoint_report()->finished < finished; ++i) {
      rig.node->EndOfTurn();
    }
    ASSERT_EQ(rig.node->checkpoint_report()->finished, finished);
  }
  // A command without a turn of the loop behind it.
  void Execute(const Words& words) {
    ClientSession session(1);
    Dispatch(*rig.node, session, words);
    rig.node->OnClientGone(session);
  }
  std::set<std::string> InPieces() const { return rig.checkpoints->piece_keys(); }

  std::uint64_t finished = 0;  // Checkpoints, with the one that was begun.
};

TEST_F(PiecesOfCheckpoints, AreTheirKeysTogether) {
  Start();
  rig.Run({"SADD", "set", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"});
  rig.Run({"RPUSH", "list", "a", "b", "c", "d", "e"});
  rig.Run({"EXPIRE", "list", "1000"});
  rig.Run({"HSET", "small", "a", "1", "b", "2", "c", "3"});
  Checkpoint();
  EXPECT_EQ(InPieces(), (std::set<std::string>{"list", "set"}));
  EXPECT_EQ(rig.checkpoints->row_keys(), (std::set<std::string>{"list", "set", "small"}));
  rig.log.text.clear();
  Start();
  EXPECT_TRUE(Said("recovered 0 log frames, 3 keys")) << rig.log.text;
  EXPECT_EQ(rig.Run({"SCARD", "set"}), ":10\r\n");
  EXPECT_EQ(rig.Run({"LRANGE", "list", "3", "-1"}), "*2\r\n$1\r\nd\r\n$1\r\ne\r\n");
  EXPECT_EQ(rig.Run({"TTL", "list"}), ":1000\r\n");
}

TEST_F(PiecesOfCheckpoints, ComeWhenTheirKeyIsAskedFor) {
  Start();
  rig.Run({"ZADD", "set", "1", "a", "2", "b", "3", "c", "4", "d"});
  Checkpoint();
  rig.Run({"ZADD", "set", "5", "e"});
  rig.rows_loaded_at_start = 0;
  rig.rows_loaded_per_turn = 0;
  Start();
  EXPECT_EQ(rig.Run({"ZRANK", "set", "e"}), ":4\r\n");
}

TEST_F(PiecesOfCheckpoints, HaveWhatChangedBetweenThem) {
  Start();
  rig.Run({"RPUSH", "list", "1", "2", "3", "4", "5", "6", "7"});
  Begin(1);  // Elements 1 to 3.
  // One that is in a piece, one that comes into the next; one that goes behind the pieces, one
  // before them; and a new one.
  Execute({"LSET", "list", "1", "two"});
  Execute({"LSET", "list", "4", "five"});
  Execute({"LREM", "list", "1", "3"});
  Execute({"LREM", "list", "1", "6"});
  Execute({"LINSERT", "list", "BEFORE", "7", "between"});
  Finish();
  const std::string values = rig.Run({"LRANGE", "list", "0", "-1"});
  EXPECT_TRUE(values.starts_with("*6\r\n")) << values;
  rig.log.text.clear();
  Start();
  EXPECT_TRUE(Said("loaded 1 keys from the checkpoint")) << rig.log.text;
  EXPECT_EQ(rig.Run({"LRANGE", "list", "0", "-1"}), values);
}

TEST_F(PiecesOfCheckpoints, OfAKeyThatGoesMeanwhileDoNotBringItBack) {
  Start();
  for (const Words& words : std::vector<Words>{
           {"DEL", "set"}, {"RENAME", "set", "other"}, {"SET", "set", "text"}, {"FLUSHALL"}}) {
    SCOPED_TRACE(words[0]);
    rig.Run({"DEL", "set"});
    rig.Run({"SADD", "set", "1", "2", "3", "4", "5", "6", "7"});
    Begin(1);
    Execute(words);
    const std::string type = rig.Run({"TYPE", "set"});
    Finish();
    Start();
    EXPECT_EQ(rig.Run({"TYPE", "set"}), type);
    Checkpoint();
    EXPECT_EQ(rig.checkpoints->stray_pieces(), 0U);
    EXPECT_FALSE(InPieces().contains("set"));
    Start();
    EXPECT_EQ(rig.Run({"TYPE", "set"}), type);
  }
  // What the flush made void was removed, but that was not durable.
  EXPECT_TRUE(InPieces().contains("set"));
  Checkpoint();
  EXPECT_EQ(InPieces(), std::set<std::string>());
}

TEST_F(PiecesOfCheckpoints, OfOneThatIsMadeAnewMeanwhileAreOfBoth) {
  Start();
  rig.Run({"SADD", "set", "1", "2", "3", "4", "5", "6", "7"});
  Begin(1);
  Execute({"DEL", "set"});
  Execute({"SADD", "set", "7", "8", "9", "10"});
  Finish();
  Start();
  EXPECT_EQ(rig.Run({"SCARD", "set"}), ":4\r\n");
  EXPECT_EQ(rig.Run({"SMISMEMBER", "set", "1", "7", "10"}), "*3\r\n:0\r\n:1\r\n:1\r\n");
}

TEST_F(PiecesOfCheckpoints, GoWhereTheirKeyIsSmallOrGone) {
  Start();
  rig.Run({"SADD", "shrinks", "1", "2", "3", "4", "5", "6", "7"});
  rig.Run({"SADD", "goes", "1", "2", "3", "4"});
  rig.Run({"SADD", "stays", "1", "2", "3", "4"});
  Checkpoint();
  EXPECT_EQ(InPieces().size(), 3U);
  Start();  // From here on the node knows of them from the rows alone.
  rig.Run({"SREM", "shrinks", "1", "2", "3", "4", "5"});
  rig.Run({"DEL", "goes"});
  rig.Run({"SADD", "stays", "5"});
  Checkpoint();
  EXPECT_EQ(InPieces(), std::set<std::string>{"stays"});
  EXPECT_EQ(rig.checkpoints->stray_pieces(), 0U);
  rig.Run({"FLUSHALL"});
  Checkpoint();
  EXPECT_EQ(InPieces(), std::set<std::string>());
  Start();
  EXPECT_EQ(rig.Run({"DBSIZE"}), ":0\r\n");
}

// The row's position says too little: later pieces hold what was written later.
TEST_F(PiecesOfCheckpoints, AreNeverAheadOfWhatIsDurable) {
  rig.config.appendfsync = geo_config::FsyncPolicy::kNo;
  Start();
  rig.Run({"RPUSH", "list", "1", "2", "3", "4"});
  Begin(1);
  rig.Run({"RPUSH", "list", "5"});
  Finish();
  Begin(2);  // One turn for the removals of the last one.
  ASSERT_EQ(rig.node->log().durable(), rig.node->log().end());
  Execute({"RPUSH", "list", "6"});
  Finish();
  EXPECT_EQ(rig.node->log().durable(), rig.node->log().end());
}

// The batches that came to the disk before the end may be any of them: the row before stays good.
TEST_F(PiecesOfCheckpoints, LeaveTheRowBeforeThemUntilAllAreThere) {
  const std::string large(400'000, 'x');  // A batch has three of them.
  rig.flush_percent = 100;
  rig.checkpoint_slice.piece.elements = 1;
  rig.config.segment_bytes = 16 << 20;
  Start();
  for (const char* field : {"a", "b", "c", "d", "e", "f", "g"})
    rig.Run({"HSET", "hash", field, large});
  Checkpoint();
  for (int pieces = 1; pieces < 6; ++pieces) {
    SCOPED_TRACE(pieces);
    const std::string value = std::to_string(pieces);
    rig.Run({"HSET", "hash", "a", value});
    Begin(pieces);
    rig.Run({"HSET", "hash", "b", value});  // And one more.
    Start();
    EXPECT_EQ(rig.Run({"HMGET", "hash", "a", "b"}),
              "*2\r\n$1\r\n" + value + "\r\n$1\r\n" + value + "\r\n");
    EXPECT_EQ(rig.Run({"HGET", "hash", "g"}).size(), large.size() + 11);
  }
  Checkpoint();
  for (const char* member : {"a", "b", "c", "d"}) rig.Run({"RPUSH", "fresh", member + large});
  Begin(3);
  Start();
  EXPECT_TRUE(InPieces().contains("fresh"));
  EXPECT_FALSE(rig.checkpoints->row_keys().contains("fresh"));
  rig.Run({"DEL", "hash"});
  rig.Run({"DEL", "fresh"});
  Checkpoint();
  EXPECT_EQ(InPieces(), std::set<std::string>());
}

// The row of a cycle that did not come to its end is good, and refers to pieces. Those of the next
// cycle must not take their places one by one.
TEST_F(PiecesOfCheckpoints, DoNotMixWithThoseOfACycleThatWasCutOff) {
  const std::string large(400'000, 'x');  // A batch has three of them.
  rig.flush_percent = 100;
  rig.checkpoint_slice.piece.elements = 1;
  rig.config.segment_bytes = 16 << 20;
  Start();
  rig.Run({"SET", "key", "value"});
  Checkpoint();
  const std::vector<std::string> fields = {"a", "b", "c", "d", "e", "f", "g"};
  for (const std::string& field : fields) rig.Run({"HSET", "hash", field, large});
  for (const std::string& field : fields) rig.Run({"HSET", "other", field, large});
  Begin(10);
  Start();
  EXPECT_TRUE(rig.checkpoints->row_keys().contains("hash"));
  rig.Run({"HSET", "hash", "a", "1"});
  Begin(11);  // Those of the other one come first now.
  Start();
  EXPECT_EQ(rig.Run({"HLEN", "hash"}), ":7\r\n");
}

// Pieces would be replaced while the row refers to them.
TEST_F(PiecesOfCheckpoints, AreMadeOnceInACycleHoweverOftenTheKeyHasChanged) {
  rig.checkpoint_slice = {};
  rig.checkpoint_slice.piece.elements = 3;
  Start();
  // So many that the cycle has forgotten which keys it wrote at first.
  constexpr int kOthers = 40'000;
  rig.Run({"SADD", "set", "1", "2", "3", "4", "5"});
  for (int i = 0; i < kOthers; ++i) Execute({"SET", "key:" + std::to_string(i), "value"});
  rig.Run({"SADD", "set", "6", "7", "8", "9"});
  const std::uint64_t rows = rig.node->checkpoint_report()->rows;
  Begin(1);
  while (rig.node->checkpoint_report()->running) rig.node->EndOfTurn();
  EXPECT_EQ(rig.node->checkpoint_report()->rows - rows, kOthers + 1U);
  Start();
  EXPECT_EQ(rig.Run({"SCARD", "set"}), ":9\r\n");
}

TEST_F(PiecesOfCheckpoints, ThatAreMissingAreDamage) {
  Start();
  rig.Run({"SADD", "set", "1", "2", "3", "4", "5", "6", "7"});
  Checkpoint();
  storage::CheckpointBatch damaged;
  damaged.RemovePieces("set", 100);
  damaged.PutPiece("set", 1, 0, std::string("\0\0", 2));
  ASSERT_TRUE(rig.checkpoints->Write(damaged));
  ASSERT_TRUE(rig.checkpoints->Flush());
  rig.log.text.clear();
  Start();
  EXPECT_TRUE(Said("the checkpoint is damaged and removed")) << rig.log.text;
  EXPECT_TRUE(Said("lacks pieces")) << rig.log.text;
  EXPECT_EQ(rig.Run({"SCARD", "set"}), ":7\r\n");
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
  int from_checkpoints = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 dice(seed);
    const std::vector<std::string> keys = {"a", "b", "c", "d", "{a}1", "e", "f", "g"};
    const std::vector<std::string> values = {"x", "y", "z", "1", "2", "3", std::string(300, 'v')};
    NodeRig rig;
    rig.holds_jobs = true;
    rig.flush_percent = 30;
    rig.config.appendfsync = geo_config::FsyncPolicy::kNo;
    rig.config.segment_bytes = 64 << 10;
    rig.config.checkpoint_log_bytes = 1 << (6 + dice() % 8);
    rig.rows_loaded_at_start = dice() % 3 == 0 ? 1000 : dice() % 2;
    rig.rows_loaded_per_turn = dice() % 2;
    if (dice() % 3 != 0) {
      rig.checkpoint_slice.bytes = 1 + dice() % 200;
      rig.checkpoint_slice.piece.elements = 1 + dice() % 3;
    }
    ASSERT_TRUE(rig.Start());
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
  }
  EXPECT_GT(from_checkpoints, 400);
}

}  // namespace
}  // namespace server
