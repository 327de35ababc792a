// Snapshots of a whole node: what is in them, when they are made, and what a node finds in one.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/snapshot/snapshot_restore.h"
#include "tests/support/node_rig.h"

namespace server {
namespace {

using storage::SnapshotManifest;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::uint64_t kRoom = 256 << 20;

// A node whose checkpoints begin only when they are asked for.
class NodeSnapshots : public ::testing::Test {
 protected:
  NodeSnapshots() {
    rig.config.checkpoint_interval = std::chrono::milliseconds(0);
    rig.config.checkpoint_log_bytes = 0;
    // On the full hour.
    rig.now_ms -= rig.now_ms % kHour;
  }

  void Start() {
    const crdt::Status started = rig.Start();
    ASSERT_TRUE(started) << started.error().detail;
  }
  void Turns(int turns = 5) {
    for (int i = 0; i < turns; ++i) rig.node->EndOfTurn();
  }
  void Checkpoint() {
    rig.node->RequestCheckpoint();
    Turns(20);
  }
  // The reply.
  std::string Create() {
    ClientSession session(2);
    Dispatch(*rig.node, session, std::vector<std::string_view>{"SNAPSHOT", "CREATE"});
    Turns();
    rig.node->OnClientGone(session);
    return session.output;
  }
  void Pass(std::int64_t ms) {
    rig.now_ms += ms;
    rig.node->OnTick();
    Turns();
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    const auto found = rig.node->ListSnapshots();
    for (const storage::FoundSnapshot& snapshot : *found) names.push_back(snapshot.name);
    return names;
  }
  std::string Newest() const {
    return storage::SnapshotsIn("/data") + "/" + rig.node->snapshot_report()->newest;
  }
  // Starts the node on what was made of the newest snapshot.
  void Restore(const std::optional<storage::NewDeployment>& deployment = std::nullopt) {
    const std::string snapshot = Newest();
    const auto manifest = storage::ReadSnapshotManifest(rig.disk, snapshot);
    ASSERT_TRUE(manifest) << manifest.error().detail;
    const crdt::Status restored =
        storage::RestoreSnapshot(rig.disk, snapshot, *manifest, "/restored", deployment);
    ASSERT_TRUE(restored) << restored.error().detail;
    rig.config.dir = "/restored";
    Start();
  }
  void Set(int number, const std::string& value) {
    const std::string key = "key " + std::to_string(number);
    rig.Run({"SET", key, value});
  }
  std::string Get(std::string_view key) { return rig.Run({"GET", key}); }

  NodeRig rig;
};

TEST_F(NodeSnapshots, HoldWhatWasThereWhenTheyBeganAndNothingLater) {
  Start();
  rig.Run({"SET", "before", "1"});
  rig.Run({"RPUSH", "list", "a", "b"});
  rig.holds_jobs = true;
  Create();
  rig.Run({"SET", "after", "1"});
  rig.Run({"DEL", "before"});
  rig.Run({"RPUSH", "list", "c"});
  rig.RunSnapshotJobs();
  rig.holds_jobs = false;
  ASSERT_EQ(rig.node->snapshot_report()->last_error, "");
  Restore();
  EXPECT_EQ(Get("before"), "$1\r\n1\r\n");
  EXPECT_EQ(Get("after"), "$-1\r\n");
  EXPECT_EQ(rig.Run({"LRANGE", "list", "0", "-1"}), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(rig.Run({"DBSIZE"}), ":2\r\n");
}

TEST_F(NodeSnapshots, TellWhatTheyHold) {
  Start();
  rig.Run({"SET", "key", "value"});
  const std::string reply = Create();
  EXPECT_TRUE(reply.contains("region1-node0")) << reply;
  const SnapshotManifest& manifest = rig.node->snapshot_report()->manifest;
  EXPECT_EQ(manifest.keys, 1U);
  EXPECT_EQ(manifest.position, rig.node->log_end());
  EXPECT_EQ(manifest.floor, rig.node->floor());
  EXPECT_EQ(manifest.unix_ms, rig.now_ms);
  EXPECT_EQ(storage::ReadSnapshotManifest(rig.disk, Newest()).value(), manifest);
}

TEST_F(NodeSnapshots, HoldWhatWasNeverToBeSynced) {
  rig.config.appendfsync = geo_config::FsyncPolicy::kNo;
  Start();
  rig.Run({"SET", "key", "value"});
  Create();
  rig.disk.Crash([] { return 0; });
  Restore();
  EXPECT_EQ(Get("key"), "$5\r\nvalue\r\n");
}

TEST_F(NodeSnapshots, TakeNothingTwiceThatTheCheckpointHas) {
  Start();
  rig.Run({"INCR", "counter"});
  rig.Run({"SET", "gone", "1"});
  Checkpoint();
  rig.Run({"INCR", "counter"});
  rig.Run({"DEL", "gone"});
  Create();
  Restore();
  EXPECT_EQ(Get("counter"), "$1\r\n2\r\n");
  EXPECT_EQ(rig.Run({"DBSIZE"}), ":1\r\n");
  EXPECT_TRUE(rig.log.text.contains("loaded 2 keys from the checkpoint")) << rig.log.text;
}

TEST_F(NodeSnapshots, GetNoRowsOfLaterMoments) {
  Start();
  rig.Run({"SET", "key", "1"});
  Checkpoint();
  rig.holds_jobs = true;
  Create();
  rig.Run({"SET", "key", "2"});
  rig.node->RequestCheckpoint();
  Turns();
  rig.RunJobs();
  rig.RunSnapshotJobs();
  rig.holds_jobs = false;
  Restore();
  EXPECT_EQ(Get("key"), "$1\r\n1\r\n");
}

TEST_F(NodeSnapshots, LetCheckpointsGoOnAfterwards) {
  Start();
  rig.holds_jobs = true;
  Create();
  rig.Run({"SET", "key", "1"});
  rig.node->RequestCheckpoint();
  rig.RunSnapshotJobs();
  rig.holds_jobs = false;
  Turns(20);
  EXPECT_EQ(rig.node->checkpoint_report()->finished, 1U);
}

TEST_F(NodeSnapshots, KeepTheSegmentsThatTheyNeed) {
  rig.config.segment_bytes = 4096;
  Start();
  const std::string value(1000, 'v');
  for (int i = 0; i < 20; ++i) Set(i, value);
  // The log that has its beginning is taken whole.
  Create();
  EXPECT_GT(rig.node->log().segments(), 4U);
  EXPECT_TRUE(rig.disk.Exists(Newest() + "/" + storage::SegmentName(0)));
  Checkpoint();
  rig.holds_jobs = true;
  rig.now_ms += 1;
  Create();
  rig.node->ApplyStable(rig.node->floor());
  Pass(2000);
  EXPECT_EQ(rig.node->log().begin().position(), 0U);
  rig.RunSnapshotJobs();
  rig.holds_jobs = false;
  Pass(2000);
  EXPECT_GT(rig.node->log().begin().position(), 0U);
  // Of one that has lost it the part behind the checkpoint.
  Create();
  EXPECT_FALSE(rig.disk.Exists(Newest() + "/" + storage::SegmentName(0)));
  Restore();
  EXPECT_EQ(rig.Run({"DBSIZE"}), ":20\r\n");
}

TEST_F(NodeSnapshots, ShareTheFilesOfTheLogThatAreFinished) {
  rig.config.segment_bytes = 100'000;
  Start();
  const std::string value(30'000, 'v');
  for (int i = 0; i < 20; ++i) rig.Run({"SET", "key", value});
  const std::uint64_t used = rig.disk.used_bytes();
  Create();
  EXPECT_GT(rig.node->snapshot_report()->manifest.bytes(), 600'000U);
  EXPECT_LT(rig.disk.used_bytes() - used, 150'000U);
}

// What is written by who starts from a snapshot must not reach the files of the other one.
TEST_F(NodeSnapshots, StayAsTheyAreWhereTheRestoredNodeWrites) {
  rig.config.segment_bytes = 4096;
  rig.config.snapshot_keep = 0;
  // So that it waits, and more is written meanwhile.
  rig.config.appendfsync = geo_config::FsyncPolicy::kNo;
  Start();
  const std::string value(1000, 'v');
  // Of some the position is where a segment ends, and the next one is there already.
  for (int i = 0; i < 10; ++i) {
    ClientSession asking(2);
    Dispatch(*rig.node, asking, std::vector<std::string_view>{"SNAPSHOT", "CREATE"});
    rig.node->EndOfTurn();
    rig.Run({"SET", "key", value});
    rig.now_ms += 1;
    Turns();
    rig.node->OnClientGone(asking);
  }
  storage::MemoryDisk before;
  before.CopyFrom(rig.disk);
  for (const std::string& name : Names()) {
    const std::string snapshot = storage::SnapshotsIn("/data") + "/" + name;
    const auto manifest = storage::ReadSnapshotManifest(rig.disk, snapshot);
    ASSERT_TRUE(storage::RestoreSnapshot(rig.disk, snapshot, *manifest, "/restored", {}));
    rig.config.dir = "/restored";
    Start();
    for (int i = 0; i < 5; ++i) rig.Run({"SET", "key", value});
    rig.node.reset();
    ASSERT_TRUE(rig.disk.RemoveDirectory("/restored"));
  }
  EXPECT_TRUE(rig.disk.HoldsTheSameAs(before));
}

TEST_F(NodeSnapshots, LeadUnderANewEpochWhenTheyAreRestored) {
  Start();
  rig.Run({"SET", "key", "1"});
  const crdt::Epoch epoch = rig.node->replication_report().epoch;
  Create();
  Restore();
  EXPECT_GT(rig.node->replication_report().epoch, epoch);
  EXPECT_EQ(rig.Run({"SET", "key", "2"}), "+OK\r\n");
}

// Inodes are used again: the new directory may have the number of the lost one.
TEST_F(NodeSnapshots, AreNewDirectoriesAlsoUnderAnOldIdentity) {
  Start();
  rig.Run({"SET", "key", "1"});
  Create();
  rig.config.regions = {{1, "eu", {{0, "one", 1, 2}}}, {2, "us", {{0, "other", 1, 2}}}};
  rig.config.bootstrap = false;
  Restore();
  Pass(10'000);
  EXPECT_EQ(Get("key"), "$1\r\n1\r\n");
  const std::string reply = rig.Run({"SET", "key", "2"});
  EXPECT_TRUE(reply.starts_with("-MISCONF no writes are taken yet")) << reply;
}

TEST_F(NodeSnapshots, BeginANewDeploymentUnderItsOwnName) {
  rig.config.regions = {{1, "eu", {{0, "one", 1, 2}}}};
  Start();
  rig.Run({"SET", "key", "1"});
  EXPECT_EQ(rig.Run({"REGION", "ADD", "2", "us", "127.0.0.1:7002"}), "+OK\r\n");
  Create();
  rig.config.deployment = "staging";
  rig.config.ordinal = 1;
  rig.config.regions = {{1, "eu", {{0, "one", 1, 2}, {1, "other", 1, 2}}}};
  Restore(storage::NewDeployment{"staging", 1});
  EXPECT_EQ(Get("key"), "$1\r\n1\r\n");
  EXPECT_TRUE(rig.node->region_reports().empty()) << "that was added to the other deployment";
}

// --- When ----------------------------------------------------------------------------------------

TEST_F(NodeSnapshots, AreMadeAtTheirMomentsAndTheNewestAreKept) {
  rig.config.snapshot_schedule = *geo_config::ParseSnapshotSchedule("6h");
  rig.config.snapshot_keep = 2;
  rig.now_ms -= rig.now_ms % (24 * kHour) - kHour;  // One o'clock.
  Start();
  Pass(2000);
  EXPECT_EQ(Names().size(), 0U) << "the schedule has only begun";
  Pass(5 * kHour - 3000);
  EXPECT_EQ(Names().size(), 0U);
  Pass(1000);
  ASSERT_EQ(Names().size(), 1U);
  const std::string first = Names()[0];
  EXPECT_TRUE(first.contains("T060000.000Z")) << first;
  Pass(6 * kHour - 1000);
  EXPECT_EQ(Names().size(), 1U) << "once for each moment";
  Pass(1000);
  Pass(6 * kHour);
  ASSERT_EQ(Names().size(), 2U);
  EXPECT_NE(Names()[0], first);
  EXPECT_TRUE(Names()[1].contains("T180000.000Z"));
  Pass(6 * kHour);
  EXPECT_TRUE(Names()[1].contains("T000000.000Z")) << "across midnight";
}

TEST_F(NodeSnapshots, ThatWereMissedAreMadeUpFor) {
  rig.config.snapshot_schedule = *geo_config::ParseSnapshotSchedule("1h");
  Start();
  Pass(1000);
  Pass(kHour);
  ASSERT_EQ(Names().size(), 1U);
  rig.now_ms += 30 * kMinute;
  Start();
  Pass(1000);
  EXPECT_EQ(Names().size(), 1U) << "none was missed";
  rig.now_ms += 5 * kHour;
  Start();
  Pass(1000);
  EXPECT_EQ(Names().size(), 2U);
  Pass(1000);
  EXPECT_EQ(Names().size(), 2U);
}

TEST_F(NodeSnapshots, OfAClockThatWasAheadKeepNoneFromBeingMade) {
  Start();
  rig.now_ms += 1000 * kHour;
  Create();
  rig.now_ms -= 1000 * kHour;
  rig.config.snapshot_schedule = *geo_config::ParseSnapshotSchedule("1h");
  Start();
  Pass(1000);
  Pass(kHour);
  EXPECT_EQ(Names().size(), 2U);
}

TEST_F(NodeSnapshots, AreMadeAfterTheOneThatRunsForWhoAsksMeanwhile) {
  Start();
  rig.holds_jobs = true;
  Create();
  rig.Run({"SET", "key", "1"});
  ClientSession asking(3);
  Dispatch(*rig.node, asking, std::vector<std::string_view>{"SNAPSHOT", "CREATE"});
  rig.now_ms += 1;
  rig.RunSnapshotJobs();
  Turns();
  EXPECT_EQ(asking.output, "");
  rig.RunSnapshotJobs();
  Turns();
  EXPECT_TRUE(asking.output.contains("region1-node0"));
  rig.holds_jobs = false;
  Restore();
  EXPECT_EQ(Get("key"), "$1\r\n1\r\n");
}

// --- When it cannot be done ----------------------------------------------------------------------

TEST_F(NodeSnapshots, OnAFullDiskAreRefusedAndLeaveNothing) {
  Start();
  rig.Run({"SET", "key", "1"});
  rig.disk.SetCapacity(rig.disk.used_bytes() + (1 << 20));
  const std::string reply = Create();
  EXPECT_TRUE(reply.starts_with("-ERR no snapshot is made: the disk is full")) << reply;
  EXPECT_TRUE(Names().empty());
  const std::string info = rig.Run({"INFO", "persistence"});
  EXPECT_TRUE(info.contains("snapshot_last_status:err\r\n")) << info;
  EXPECT_TRUE(info.contains("snapshot_last_error:the disk is full"));
  rig.disk.SetCapacity(rig.disk.used_bytes() + kRoom);
  EXPECT_TRUE(Create().starts_with("*18\r\n"));
  EXPECT_TRUE(rig.Run({"INFO", "persistence"}).contains("snapshot_last_status:ok\r\n"));
}

TEST_F(NodeSnapshots, ThatFailInTheMiddleLeaveNothing) {
  Start();
  rig.Run({"SET", "key", "1"});
  rig.holds_jobs = true;
  Create();
  rig.disk.FailWrites(true);
  rig.RunSnapshotJobs();
  rig.disk.FailWrites(false);
  EXPECT_EQ(rig.node->snapshot_report()->last_error, "the disk cannot be written");
  EXPECT_TRUE(Names().empty());
}

// At every step.
TEST_F(NodeSnapshots, OfAProcessThatEndedMeanwhileAreGoneOrComplete) {
  bool complete = false;
  for (int steps = 0; steps < 100 && !complete; ++steps) {
    Start();
    rig.holds_jobs = true;
    rig.now_ms += 1;
    Create();
    rig.disk.StopAfter(static_cast<std::uint64_t>(steps));
    rig.RunSnapshotJobs();
    rig.holds_jobs = false;
    rig.disk.Crash([] { return 0; });
    Start();
    const auto found = rig.node->ListSnapshots();
    for (const storage::FoundSnapshot& snapshot : *found) {
      ASSERT_TRUE(snapshot.manifest) << steps;
      complete = true;
    }
  }
  ASSERT_TRUE(complete);
  Restore();
  EXPECT_EQ(rig.Run({"PING"}), "+PONG\r\n");
}

TEST_F(NodeSnapshots, ThatWereDueAndFailedAreTriedAgainAMinuteLater) {
  rig.config.snapshot_schedule = *geo_config::ParseSnapshotSchedule("1h");
  Start();
  Pass(1000);
  rig.disk.SetCapacity(rig.disk.used_bytes() + (1 << 20));
  Pass(kHour);
  EXPECT_EQ(rig.node->snapshot_report()->finished, 1U);
  Pass(1000);
  EXPECT_EQ(rig.node->snapshot_report()->finished, 1U) << "not at once";
  rig.disk.SetCapacity(rig.disk.used_bytes() + kRoom);
  Pass(kMinute);
  EXPECT_EQ(Names().size(), 1U);
}

TEST_F(NodeSnapshots, WaitForTheKeysOfAStart) {
  Start();
  rig.Run({"MSET", "a", "1", "b", "2"});
  Checkpoint();
  rig.rows_loaded_at_start = 0;
  rig.rows_loaded_per_turn = 1;
  Start();
  Create();
  Turns(1000);
  EXPECT_EQ(rig.node->snapshot_report()->manifest.keys, 2U);
}

}  // namespace
}  // namespace server
