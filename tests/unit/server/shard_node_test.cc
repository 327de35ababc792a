// How a node starts on what its disk holds, and when it may go on under its epoch.
#include "server/shard_node.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/node_rig.h"

namespace server {
namespace {

using crdt::Stamp;
using crdt::VersionVector;
using crdt::Writer;

crdt::Epoch EpochOf(const NodeRig& rig) {
  return rig.node->replication_report().epoch;
}

// A plain value that region 2 wrote, as a join brings it.
std::string ForeignValue(Stamp stamp) {
  std::string bytes;
  crdt::ByteWriter out(bytes);
  crdt::Object::FromPacked({.stamp = stamp, .text = "there"}).Encode(out);
  return bytes;
}

TEST(ShardNode, KeepsItsDataAndItsEpochOverAKillThatTheMachineSurvives) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.Run({"SET", "key", "value"}), "+OK\r\n");
  const crdt::Epoch epoch = EpochOf(rig);
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.Run({"GET", "key"}), "$5\r\nvalue\r\n");
  EXPECT_EQ(EpochOf(rig), epoch);
}

TEST(ShardNode, TakesANewEpochWhenTheMachineWentDown) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  const crdt::Epoch epoch = EpochOf(rig);
  rig.boot_id = "boot 2";
  ASSERT_TRUE(rig.Start());
  EXPECT_GT(EpochOf(rig), epoch);
}

TEST(ShardNode, RemembersOverFurtherStartsThatTheMachineWentDown) {
  for (const bool stops_cleanly : {false, true}) {
    NodeRig rig;
    ASSERT_TRUE(rig.Start());
    EXPECT_EQ(rig.Run({"SET", "key", "value"}), "+OK\r\n");
    const crdt::Epoch epoch = EpochOf(rig);
    rig.boot_id = "boot 2";
    // It waits for its colleague and is stopped before it leads.
    rig.config.regions = {{1, "eu", {{0, "one", 1, 2}, {1, "other", 1, 2}}}};
    ASSERT_TRUE(rig.Start());
    EXPECT_FALSE(rig.node->replicator().primary());
    if (stops_cleanly) rig.Run({"SHUTDOWN"});
    rig.config.regions = {};
    ASSERT_TRUE(rig.Start());
    EXPECT_GT(EpochOf(rig), epoch);
  }
}

TEST(ShardNode, GoesOnUnderItsEpochAfterACleanStopEvenIfTheMachineWentDownSince) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.Run({"SET", "key", "value"}), "+OK\r\n");
  const crdt::Epoch epoch = EpochOf(rig);
  EXPECT_EQ(rig.Run({"SHUTDOWN"}), "");
  EXPECT_EQ(rig.exit_code, 0);
  rig.boot_id = "boot 2";
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(EpochOf(rig), epoch);
}

TEST(ShardNode, KeepsNothingOfTheLogInMemoryForReadersThatThereAreNot) {
  for (const bool alone : {true, false}) {
    NodeRig rig;
    rig.config.appendonly = false;
    if (!alone) rig.config.regions = {{1, "eu", {{0, "one", 1, 2}, {1, "other", 1, 2}}}};
    ASSERT_TRUE(rig.Start());
    for (int i = 0; i < 4; ++i) {
      rig.node->log().Append(std::string(1 << 20, '\0'));
      rig.node->EndOfTurn();
    }
    const storage::Log& log = rig.node->log();
    storage::LogCursor beginning;
    const crdt::Status read =
        log.Read(beginning, log.end(), 1, [](const storage::FrameView&) { return false; });
    EXPECT_EQ(read.has_value(), !alone) << "where it was cut it is not read from its beginning";
  }
}

TEST(ShardNode, DoesNotStopOverAFullDiskUnlessItIsForcedTo) {
  NodeRig rig;
  rig.config.segment_bytes = 64 << 10;
  ASSERT_TRUE(rig.Start());
  rig.disk.SetCapacity(rig.disk.used_bytes());
  const std::string value(100'000, 'v');
  rig.Run({"SET", "key", value});
  EXPECT_TRUE(rig.node->log_report().write_failing);
  ClientSession asking(2);
  Dispatch(*rig.node, asking, std::vector<std::string_view>{"SHUTDOWN", "NOW"});
  rig.node->EndOfTurn();
  rig.node->EndOfTurn();
  EXPECT_EQ(asking.output, "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
  EXPECT_EQ(rig.exit_code, std::nullopt);
  EXPECT_EQ(rig.Run({"PING"}), "+PONG\r\n");
  rig.Run({"SHUTDOWN", "NOW", "FORCE"});
  EXPECT_EQ(rig.exit_code, 0);
  rig.node->OnClientGone(asking);
}

TEST(ShardNode, StoppingTakesNoWritesUntilItIsAborted) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.Run({"SHUTDOWN", "ABORT"}), "-ERR No shutdown in progress.\r\n");
  ClientSession asking(2);
  Dispatch(*rig.node, asking, std::vector<std::string_view>{"SHUTDOWN"});
  ClientSession writing(3);
  Dispatch(*rig.node, writing, std::vector<std::string_view>{"SET", "key", "value"});
  EXPECT_EQ(writing.output, "-ERR this server is stopping and takes no more writes\r\n");
  EXPECT_EQ(rig.Run({"SHUTDOWN", "ABORT"}), "+OK\r\n");
  EXPECT_EQ(rig.exit_code, std::nullopt);
  EXPECT_EQ(asking.output, "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
  EXPECT_EQ(rig.Run({"SET", "key", "value"}), "+OK\r\n");
  // What a signal began is not taken back.
  rig.node->RequestShutdown({.by_signal = true});
  EXPECT_FALSE(rig.node->AbortShutdown());
  rig.node->OnClientGone(asking);
}

TEST(ShardNode, AGroupCommitGathersWhileTheLoopIsBusyAndNotForLong) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  ClientSession writing(2);
  const auto write = [&](ShardNode::Loop loop) {
    Dispatch(*rig.node, writing, std::vector<std::string_view>{"SET", "key", "value"});
    rig.node->EndOfTurn(loop);
  };
  const auto all_durable = [&] { return rig.node->log().durable() == rig.node->log().end(); };
  write(ShardNode::Loop::kBusy);
  EXPECT_FALSE(all_durable());
  EXPECT_TRUE(rig.node->has_more());
  write(ShardNode::Loop::kIdle);
  EXPECT_TRUE(all_durable());
  EXPECT_FALSE(rig.node->has_more());
  write(ShardNode::Loop::kBusy);
  rig.now_ms += 1;
  write(ShardNode::Loop::kBusy);
  EXPECT_TRUE(all_durable());
  rig.node->OnClientGone(writing);
}

TEST(FinePrint, Rule10_ACopiedDirectoryTakesANewEpoch) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  const crdt::Epoch epoch = EpochOf(rig);
  rig.identity = 2;
  ASSERT_TRUE(rig.Start());
  EXPECT_GT(EpochOf(rig), epoch);
}

TEST(FinePrint, Rule10_ANewDirectoryWaitsForItsPeersAlsoAfterARestart) {
  NodeRig rig;
  rig.config.bootstrap = false;
  rig.config.regions = {{1, "eu", {{0, "127.0.0.1", 7001, 17001}}},
                        {2, "us", {{0, "127.0.0.1", 7002, 17002}}}};
  for (int start = 0; start < 3; ++start) {
    ASSERT_TRUE(rig.Start());
    rig.now_ms += 60'000;
    rig.node->OnTick();
    EXPECT_EQ(EpochOf(rig), 0U);
    EXPECT_NE(rig.Run({"SET", "key", "value"}), "+OK\r\n");
  }
}

TEST(ShardNode, RemembersOverRestartsWhoBelongsToTheDeployment) {
  NodeRig rig;
  rig.config.regions = {{1, "eu", {{0, "127.0.0.1", 7001, 17001}}}};
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.Run({"REGION", "ADD", "2", "us", "127.0.0.1:7002"}), "+OK\r\n");
  EXPECT_EQ(rig.Run({"REGION", "ADD", "3", "ap", "127.0.0.1:7003"}), "+OK\r\n");
  EXPECT_EQ(rig.Run({"REGION", "REMOVE", "2", "FORCE"}), "+OK\r\n");
  EXPECT_EQ(rig.node->region_reports().size(), 1U);
  rig.config.regions.push_back({2, "us", {{0, "127.0.0.1", 7002, 17002}}});
  ASSERT_TRUE(rig.Start());
  ASSERT_EQ(rig.node->region_reports().size(), 1U) << "also where the file has it still";
  EXPECT_EQ(rig.node->region_reports()[0].name, "ap");
  EXPECT_EQ(rig.Run({"SET", "key", "value"}), "+OK\r\n");
}

TEST(ShardNode, TakesNoRegionsItCouldNotServe) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.Run({"REGION", "ADD", "2", "us", "127.0.0.1:7002"}),
            "-ERR this node stands alone: its file has to name its own region and node in "
            "[[regions]] first\r\n");
  rig.config.regions = {{1, "eu", {{0, "127.0.0.1", 7001, 17001}}}};
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.Run({"REGION", "ADD", "2", "us", "10.2.0.1:6379"}),
            "-ERR 'secret' or 'secret-file' is needed, since node 10.2.0.1 is beyond loopback\r\n");
  rig.config.secret = "s";
  rig.config.appendonly = false;
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(
      rig.Run({"REGION", "ADD", "2", "us", "10.2.0.1:6379"}),
      "-ERR 'appendonly' has to be true where there are other regions: they catch up from the "
      "log on disk\r\n");
  EXPECT_TRUE(rig.node->region_reports().empty());
}

TEST(FinePrint, Rule6_FragmentsOfAJoinThatACrashCutOffDoNotComeBackWithTheNextOne) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  const Writer writer(2, 1);
  const Stamp first = Stamp::At(1'700'000'000'000, writer);
  const Stamp second = first.Plus(1);
  // A crash left the fragments of a join without their jump. "{t}gone" was deleted afterwards.
  const storage::PartitionId partition = storage::PartitionOf("{t}gone");
  std::string payload;
  storage::EncodeFragment({partition, "{t}gone", ForeignValue(first)}, payload);
  rig.node->log().Append(payload);
  rig.node->EndOfTurn();

  ASSERT_TRUE(rig.Start());
  VersionVector observed;
  observed.Advance(second.Plus(1));
  ASSERT_TRUE(rig.node->JoinPartition(partition, {{"{t}kept", ForeignValue(second)}}, observed,
                                      storage::UnnamedKeys::kAbsent));
  rig.node->EndOfTurn();
  EXPECT_EQ(rig.Run({"MGET", "{t}gone", "{t}kept"}), "*2\r\n$-1\r\n$5\r\nthere\r\n");
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.Run({"MGET", "{t}gone", "{t}kept"}), "*2\r\n$-1\r\n$5\r\nthere\r\n");
}

// The newest record of the log.
storage::RecordView LastRecord(NodeRig& rig) {
  storage::RecordView last;
  storage::LogCursor cursor = rig.node->log().begin();
  const auto read = rig.node->log().Read(
      cursor, rig.node->log_end(), rig.node->log_end(), [&last](const storage::FrameView& frame) {
        if (frame.kind() != storage::FrameKind::kRecord) return true;
        last = storage::DecodeRecord(frame.payload, frame.before).value();
        last.effects = {};
        return true;
      });
  EXPECT_TRUE(read.has_value());
  return last;
}

TEST(FinePrint, Rule7_AWriteAmidAJoinHasSeenWhatTheJoinBroughtToItsPartition) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  const storage::PartitionId joined = storage::PartitionOf("key");
  ASSERT_NE(storage::PartitionOf("elsewhere"), joined);
  VersionVector observed;
  observed.Advance(Stamp::At(1'900'000'000'000, Writer(2, 1)));
  ASSERT_TRUE(rig.node->JoinPartition(joined, {}, observed, storage::UnnamedKeys::kAbsent));
  const auto expect_seen = [&] {
    ASSERT_EQ(rig.Run({"SET", "key", "value"}), "+OK\r\n");
    const storage::RecordView record = LastRecord(rig);
    EXPECT_EQ(record.beyond, (storage::PartitionVectors{{joined, observed}}));
    EXPECT_FALSE(record.context.Covers(observed)) << "other partitions have not got that";
    EXPECT_GT(record.first_stamp, observed.entries().front()) << "it is stamped later";
    ASSERT_EQ(rig.Run({"SET", "elsewhere", "value"}), "+OK\r\n");
    EXPECT_TRUE(LastRecord(rig).beyond.empty());
  };
  expect_seen();
  rig.node->EndOfTurn();
  ASSERT_TRUE(rig.Start()) << "and after a restart";
  expect_seen();
}

// A delete here and an EXPIRE elsewhere had not seen each other: the time to live alone is left.
TEST(ShardNode, DropsATimeToLiveWithoutAKeyWhenItIsOver) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_EQ(rig.Run({"SET", "key", "value"}), "+OK\r\n");
  crdt::EffectList expire;
  expire.Begin(crdt::EffectKind::kExpire, 0, "key").Signed(rig.now_ms + 500);
  const Stamp stamp = Stamp::At(static_cast<std::uint64_t>(rig.now_ms), Writer(2, 1));
  const VersionVector seen = rig.node->floor();
  ASSERT_EQ(rig.Run({"DEL", "key"}), ":1\r\n");
  ASSERT_TRUE(rig.node->ApplyRecord(
      {.first_stamp = stamp, .effect_count = 1, .context = seen, .effects = expire.bytes()}));
  ASSERT_NE(rig.node->ExportKey("key"), "");
  EXPECT_EQ(rig.Run({"DBSIZE"}), ":0\r\n");
  ASSERT_TRUE(rig.Start());
  rig.now_ms += 400;
  rig.node->OnTick();
  EXPECT_NE(rig.node->ExportKey("key"), "") << "its time is not over";
  rig.now_ms += 200;
  rig.node->OnTick();
  EXPECT_EQ(rig.node->ExportKey("key"), "");
  EXPECT_NE(rig.Run({"INFO", "stats"}).find("expired_keys:0\r\n"), std::string::npos);
}

TEST(ShardNode, ARepairedKeyStaysSoOverRestarts) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  for (const char* key : {"key", "gone", "other"}) rig.Run({"SET", key, "wrong"});
  const std::string object = ForeignValue(Stamp::At(1'700'000'000'000, Writer(2, 1)));
  ASSERT_TRUE(rig.node->RepairKey("key", object));
  ASSERT_TRUE(rig.node->RepairKey("gone", ""));
  EXPECT_FALSE(rig.node->RepairKey("other", "what does not decode"));
  EXPECT_FALSE(rig.node->RepairKey("other", object + "x"));
  rig.Run({"CLIENT", "PAUSE", "10000", "WRITE"});
  EXPECT_FALSE(rig.node->RepairKey("other", object)) << "writes are paused";
  rig.Run({"CLIENT", "UNPAUSE"});
  const auto expect_repaired = [&] {
    EXPECT_EQ(rig.Run({"MGET", "key", "gone", "other"}),
              "*3\r\n$5\r\nthere\r\n$-1\r\n$5\r\nwrong\r\n");
    EXPECT_EQ(rig.node->ExportKey("key"), object);
    EXPECT_EQ(rig.node->DigestOf("gone", 0), 0U);
  };
  expect_repaired();
  rig.node->EndOfTurn();
  ASSERT_TRUE(rig.Start());
  expect_repaired();
  rig.Run({"SAVE"});
  ASSERT_TRUE(rig.Start()) << "from a checkpoint";
  expect_repaired();
  // Before what the checkpoint has of the key is loaded.
  rig.rows_loaded_at_start = 0;
  rig.rows_loaded_per_turn = 0;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.node->RepairKey("other", object));
  EXPECT_EQ(rig.Run({"GET", "other"}), "$5\r\nthere\r\n");
  rig.rows_loaded_at_start = 1000;
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.Run({"GET", "other"}), "$5\r\nthere\r\n");
}

TEST(ShardNode, TakesNoRecordFromAPeerThatClaimsToBeOfItsOwnEpoch) {
  NodeRig rig;
  ASSERT_TRUE(rig.Start());
  crdt::EffectList effects;
  crdt::PrepareSet(crdt::KeyView(), "key", "forged", {}, effects);
  const Writer own(1, EpochOf(rig));
  storage::RecordView record{.first_stamp = Stamp::At(1'900'000'000'000, own),
                             .effect_count = 1,
                             .effects = effects.bytes()};
  EXPECT_FALSE(rig.node->ApplyRecord(record));
  record.first_stamp = Stamp::At(1'700'000'000'000, Writer(2, 1));
  EXPECT_TRUE(rig.node->ApplyRecord(record));
}

TEST(ShardNode, SyncsAFinishedSegmentEvenWhereNoSyncIsAskedFor) {
  NodeRig rig;
  rig.config.appendfsync = geo_config::FsyncPolicy::kNo;
  ASSERT_TRUE(rig.Start());
  rig.Run({"SET", "first", "value"});
  EXPECT_EQ(rig.node->log_report().durable, 0U);
  const std::string big(rig.config.segment_bytes, 'x');
  rig.Run({"SET", "second", big});
  rig.Run({"SET", "third", big});
  EXPECT_GT(rig.node->log_report().durable, 0U);
}

}  // namespace
}  // namespace server
