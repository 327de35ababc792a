// A whole node over a disk in memory, without sockets, threads and peers, for tests of how it
// starts, recovers and leads. Time stands where the test puts it.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "server/dispatcher.h"
#include "server/shard_node.h"
#include "storage/memory_disk.h"
#include "tests/support/file_checkpoint_store.h"

namespace server {

class NodeRig {
 public:
  NodeRig() {
    config.deployment = "test";
    config.region = 1;
    config.dir = "/data";
    config.bootstrap = true;
    config.segment_bytes = 1 << 20;
    config.reserve_bytes = 0;
    config.appendfsync = geo_config::FsyncPolicy::kAlways;
    (void)disk.MakeDirectory(config.dir);
  }

  // Starts the node anew on what the disk holds; the one that ran before is gone.
  crdt::Status Start() {
    node.reset();
    exit_code.reset();
    jobs_.clear();
    snapshot_jobs.clear();
    checkpoints.emplace(disk, config.dir + "/checkpoint",
                        [this] { return flush_percent > dice_() % 100; });
    if (crdt::Status opened = checkpoints->Open(); !opened) return opened;
    node = std::make_unique<ShardNode>(
        config, Environment{.clock = clock_,
                            .dice = [this] { return dice_(); },
                            .disk = disk,
                            .network = network_,
                            .clients = clients_,
                            .log = log,
                            .sync =
                                [this](storage::SyncJob job) {
                                  const crdt::Status done = job.Run();
                                  node->OnSyncDone(job, done);
                                },
                            .checkpoints = with_checkpoints ? &*checkpoints : nullptr,
                            .checkpoint_slice = checkpoint_slice,
                            .rows_loaded_at_start = rows_loaded_at_start,
                            .rows_loaded_per_turn = rows_loaded_per_turn,
                            .checkpoint =
                                [this](storage::CheckpointJob job) {
                                  jobs_.push_back(std::move(job));
                                  if (!holds_jobs) RunJobs();
                                },
                            .snapshot =
                                [this](storage::SnapshotJob job) {
                                  snapshot_jobs.push_back(std::move(job));
                                  if (!holds_jobs) RunSnapshotJobs();
                                },
                            .exit = [this](int code) { exit_code = code; },
                            .boot_id = boot_id,
                            .directory_identity = identity});
    if (crdt::Status recovered = node->Recover(); !recovered) return recovered;
    node->Start();
    node->EndOfTurn();
    return {};
  }

  // A command, a turn of the loop, and the reply as it would go to the socket.
  std::string Run(const std::vector<std::string_view>& words) {
    ClientSession session(1);
    Dispatch(*node, session, words);
    node->EndOfTurn();
    node->OnClientGone(session);
    return session.output;
  }

  // What the checkpoint's thread would do.
  void RunJobs() {
    for (const storage::CheckpointJob& job : std::exchange(jobs_, {})) {
      const crdt::Status done = job.Run();
      node->OnCheckpointDone(job, done);
    }
  }

  void RunSnapshotJobs() {
    for (storage::SnapshotJob& job : std::exchange(snapshot_jobs, {})) {
      const crdt::Status done = job.Run();
      node->OnSnapshotDone(job, done);
    }
  }

  class Lines : public EventLog {
   public:
    void Info(const std::string& line) override { text += line + '\n'; }
    void Warn(const std::string& line) override { text += "warning: " + line + '\n'; }
    void Error(const std::string& line) override { text += "error: " + line + '\n'; }

    std::string text;
  };

  geo_config::Config config;
  storage::MemoryDisk disk;
  Lines log;
  std::string boot_id = "boot 1";
  std::uint64_t identity = 1;
  std::int64_t now_ms = 1'800'000'000'000;
  std::int64_t us_per_look =
      0;  // That pass with each look at the steady clock, to the microsecond.
  std::optional<int> exit_code;
  bool with_checkpoints = true;
  bool holds_jobs = false;  // RunJobs() is called by the test.
  storage::CheckpointSlice checkpoint_slice;
  std::size_t rows_loaded_at_start = 1000;
  std::size_t rows_loaded_per_turn = 1000;
  std::uint64_t flush_percent = 0;  // Of the batches that a checkpoint writes.
  std::optional<storage::FileCheckpointStore> checkpoints;
  std::vector<storage::SnapshotJob> snapshot_jobs;
  std::unique_ptr<ShardNode> node;

 private:
  class StandingClock : public Clock {
   public:
    explicit StandingClock(const NodeRig& rig) : rig_(rig) {}
    std::int64_t UnixMs() const override { return rig_.now_ms; }
    std::int64_t SteadyMs() const override { return rig_.now_ms; }
    std::int64_t SteadyUs() const override {
      return rig_.now_ms * 1000 + ++looks_ * rig_.us_per_look;
    }

   private:
    const NodeRig& rig_;
    mutable std::int64_t looks_ = 0;
  };

  // Nobody is there to be dialled.
  class NoNetwork : public replication::PeerNetwork {
   public:
    replication::LinkId Dial(const std::string&, std::uint16_t) override { return ++last_; }
    void Send(replication::LinkId, std::string) override {}
    std::size_t Unsent(replication::LinkId) const override { return 0; }
    void Close(replication::LinkId) override {}

   private:
    replication::LinkId last_ = 0;
  };

  class NoClients : public ClientRegistry {
   public:
    std::size_t size() const override { return 0; }
    void ForEach(const std::function<void(ClientSession&)>&) override {}
    ConnectionUse UseOf(const ClientSession&) const override { return {}; }
    bool Kill(std::uint64_t) override { return false; }
    void Wake(ClientSession&) override {}
  };

  std::vector<storage::CheckpointJob> jobs_;
  StandingClock clock_{*this};
  std::mt19937_64 dice_{1};
  NoNetwork network_;
  NoClients clients_;
};

}  // namespace server
