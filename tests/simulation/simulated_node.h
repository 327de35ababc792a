// One machine: its clock and disk, and the process of the node with its clients' connections.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "geo-config/config.h"
#include "server/net/reply_hold.h"
#include "server/shard_node.h"
#include "storage/memory_disk.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/history.h"
#include "tests/simulation/planted_faults.h"
#include "tests/simulation/promises.h"
#include "tests/simulation/simulated_checkpoint_store.h"
#include "tests/simulation/simulated_clock.h"
#include "tests/simulation/simulated_network.h"
#include "tests/simulation/story.h"
#include "tests/simulation/write_step.h"

namespace simulation {

// Whoever has connected to a node as a client.
class ClientEnd {
 public:
  virtual ~ClientEnd() = default;
  // Bytes that have left the node.
  virtual void OnReply(std::string_view bytes) = 0;
  virtual void OnDisconnected() = 0;
};

// What all nodes of a run share.
struct World {
  EventQueue& events;
  Story& story;
  SimulatedNetwork& network;
  History& history;
  Promises& promises;
  Planted planted = Planted::kNone;
};

class SimulatedNode : public NetworkUser, public server::ClientRegistry, public server::EventLog {
 public:
  SimulatedNode(World world, NodeNumber number, std::string name, geo_config::Config config,
                std::int64_t skew_ms, Dice dice);

  const std::string& name() const { return name_; }
  NodeNumber number() const { return number_; }
  const geo_config::Config& config() const { return config_; }
  // From its next start on.
  void SetRegionsOfFile(std::vector<geo_config::RegionEntry> regions) {
    config_.regions = std::move(regions);
  }
  storage::MemoryDisk& disk() { return disk_; }
  SimulatedClock& clock() { return clock_; }
  bool running() const { return node_ != nullptr; }
  server::ShardNode& node() { return *node_; }
  bool leads() { return running() && node_->replicator().primary(); }

  // Null where none are made. REQUIRES: it runs.
  const SimulatedCheckpointStore* checkpoints() const { return checkpoints_.get(); }

  // The lines of its log, with their times.
  const std::vector<std::pair<std::int64_t, std::string>>& said() const { return said_; }

  // --- Process and machine -----------------------------------------------------------------------
  void Start();
  void Kill();  // kill -9: what the kernel has stays.
  void CrashMachine();
  void BootMachine() { machine_runs_ = true; }
  bool machine_runs() const { return machine_runs_; }
  void Freeze() { frozen_ = true; }
  void Thaw();
  void ShutDown();
  // Up to so much longer than usual.
  void SlowSyncs(std::int64_t most_ms) { slow_sync_ms_ = most_ms; }
  // Something that was durable is gone: what its disk promised binds no more, and the operator sets
  // the directory aside where the node does not start on it.
  void OnDirectoryDamaged();
  // Another directory, a sound one, takes the place of its own. REQUIRES: it does not run.
  void ReplaceDirectory(const storage::MemoryDisk& by);
  // A complete one.
  bool HasSnapshot();
  // A directory that is made of the newest one takes the place of its own. REQUIRES: HasSnapshot(),
  // and it does not run.
  void RestoreNewestSnapshot();
  // It could not start, for a reason that may pass.
  bool tries_again() const { return tries_again_; }
  // Ever, and with it perhaps its role.
  bool lost_directory() const { return lost_directory_; }
  // The next write that gets so far ends it: `end` is called in that moment.
  void StopAt(WriteStep step, std::function<void()> end);
  void DoNotStop() { planned_stop_.reset(); }

  // --- Clients -----------------------------------------------------------------------------------
  // 0 where nobody answers.
  std::uint64_t Connect(ClientEnd& client);
  void Disconnect(std::uint64_t id);
  // Null where the connection is gone.
  server::ClientSession* SessionOf(std::uint64_t id);
  void Execute(std::uint64_t id, const std::vector<std::string>& words);
  // What a client would be told that waits for nothing, in the bytes of the protocol.
  std::string Ask(const std::vector<std::string>& words);
  // Where replies leave too early if that is planted.
  void AfterCommands();

  // --- The loop ----------------------------------------------------------------------------------
  // What was begun in this millisecond is ended: the log goes to the kernel, then replies leave.
  void EndTurn();
  void Touch() { touched_ = true; }

  // --- NetworkUser -------------------------------------------------------------------------------
  bool listening() const override { return running(); }
  bool answering() const override { return machine_runs_; }
  bool frozen() const override { return frozen_; }
  void OnConnected(replication::LinkId link) override;
  void OnAccepted(replication::LinkId link) override;
  void OnBytes(replication::LinkId link, std::string_view bytes) override;
  void OnClosed(replication::LinkId link, const std::string& reason) override;

  // --- ClientRegistry ----------------------------------------------------------------------------
  std::size_t size() const override { return connections_.size(); }
  void ForEach(const std::function<void(server::ClientSession&)>& visit) override;
  server::ConnectionUse UseOf(const server::ClientSession&) const override { return {}; }
  bool Kill(std::uint64_t) override { return false; }
  void Wake(server::ClientSession& session) override;

  // --- EventLog ----------------------------------------------------------------------------------
  void Info(const std::string& line) override {
    said_.emplace_back(world_.events.now_ms(), line);
    world_.story.Tell(name_ + ": " + line);
  }
  void Warn(const std::string& line) override { Info(line); }
  void Error(const std::string& line) override;

 private:
  struct Connection {
    explicit Connection(std::uint64_t id, ClientEnd& client) : session(id), client(client) {}
    server::ClientSession session;
    ClientEnd& client;
    server::ReplyHold hold;
    std::uint64_t left = 0;  // Bytes that have left, all of them dropped from session.output.
  };

  // The step of a write at which it ends.
  struct PlannedStop {
    WriteStep step;
    storage::LogPosition written_before;
    std::function<void()> end;
  };

  server::Environment MakeEnvironment();
  // Null where it cannot be read, and none are made.
  storage::CheckpointStore* OpenCheckpoints();
  // The write has come to the step at which the node is to end.
  bool Reached(WriteStep step) const;
  void Stop(WriteStep step);
  // Both.
  bool StopsAt(WriteStep step);
  // A turn, or the part of it before such an end.
  void RunTurn();
  // What becomes of a start that its recovery refuses.
  void OnRefused(const crdt::Error& error, const storage::MemoryDisk& before);
  // All that the log has got is looked at, also where the node itself cannot read it.
  void Observe();
  void PlanTick(std::uint64_t process);
  void RunSync(storage::SyncJob job);
  void RunCheckpoint(storage::CheckpointJob job);
  void RunSnapshot(storage::SnapshotJob job);
  void EndProcess();
  void Extend(Connection& connection);
  // Lets leave what depends on the log up to `released`.
  void Flush(storage::LogPosition released);
  void ExitIfAsked();

  World world_;
  NodeNumber number_;
  std::string name_;
  geo_config::Config config_;
  SimulatedClock clock_;
  Dice dice_;
  storage::MemoryDisk disk_;
  SimulatedPeers peers_;
  std::unique_ptr<SimulatedCheckpointStore> checkpoints_;
  std::unique_ptr<server::ShardNode> node_;
  StateFileKeeper state_file_;
  std::uint64_t process_ = 0;     // Counts starts.
  bool machine_crashed_ = false;  // Since the last start.
  std::uint64_t boots_ = 1;
  bool machine_runs_ = true;
  bool frozen_ = false;
  bool touched_ = false;
  bool began_sync_ = false;  // In this turn.
  std::optional<PlannedStop> planned_stop_;
  std::int64_t slow_sync_ms_ = 0;
  std::uint64_t directories_ = 0;  // That it had before this one.
  bool damaged_ = false;           // This one, since it was last read.
  bool lost_directory_ = false;
  bool tries_again_ = false;
  std::optional<int> exit_code_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t next_client_ = 1;
  std::vector<std::pair<std::int64_t, std::string>> said_;
};

}  // namespace simulation
