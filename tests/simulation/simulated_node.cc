#include "tests/simulation/simulated_node.h"

#include <algorithm>
#include <utility>

#include "server/dispatcher.h"
#include "storage/log/segment.h"
#include "storage/snapshot/snapshot_directory.h"
#include "storage/snapshot/snapshot_restore.h"

namespace simulation {

using replication::LinkId;

namespace {

constexpr std::int64_t kTickMs = 10;
constexpr std::int64_t kMostSyncMs = 12;

// Most processes write also small collections in pieces, and few of these in a turn.
storage::CheckpointSlice DrawSlice(Dice dice) {
  storage::CheckpointSlice slice;
  if (dice.Chance(30)) return slice;
  slice.bytes = 1 + dice.Below(400);
  slice.piece.elements = 1 + dice.Below(3);
  return slice;
}

}  // namespace

SimulatedNode::SimulatedNode(World world, NodeNumber number, std::string name,
                             geo_config::Config config, std::int64_t skew_ms, Dice dice)
    : world_(world),
      number_(number),
      name_(std::move(name)),
      config_(std::move(config)),
      clock_(world.events, skew_ms),
      dice_(dice),
      peers_(world.network, number) {}

storage::CheckpointStore* SimulatedNode::OpenCheckpoints() {
  checkpoints_.reset();
  if (!config_.appendonly) return nullptr;
  checkpoints_ = std::make_unique<SimulatedCheckpointStore>(disk_, config_.dir + "/checkpoint",
                                                            dice_.Split(), world_.planted);
  const crdt::Status opened = checkpoints_->Open();
  const bool replaced = !opened && opened.error().code == crdt::ErrorCode::kCorrupt &&
                        storage::LogHasAll(disk_, config_.dir) && checkpoints_->Clear();
  if (!opened && !replaced) checkpoints_.reset();
  return checkpoints_.get();
}

server::Environment SimulatedNode::MakeEnvironment() {
  const std::uint64_t process = process_;
  const bool reused = world_.planted == Planted::kIdentityReused;
  return {.clock = clock_,
          .dice = [this] { return dice_(); },
          .disk = disk_,
          .network = peers_,
          .clients = *this,
          .log = *this,
          .sync = [this](storage::SyncJob job) { RunSync(std::move(job)); },
          .checkpoints = OpenCheckpoints(),
          .checkpoint_slice = DrawSlice(dice_.Split()),
          .rows_loaded_at_start = 0,
          .rows_loaded_per_turn = 2,
          .checkpoint = [this](storage::CheckpointJob job) { RunCheckpoint(std::move(job)); },
          .snapshot = [this](storage::SnapshotJob job) { RunSnapshot(std::move(job)); },
          .exit =
              [this, process](int code) {
                if (process == process_) exit_code_ = exit_code_.value_or(code);
              },
          .boot_id = reused ? "boot" : "boot " + std::to_string(boots_),
          .directory_identity = 1 + static_cast<std::uint64_t>(number_) + (directories_ << 32)};
}

// --- Process and machine -------------------------------------------------------------------------

void SimulatedNode::Start() {
  if (running() || !machine_runs_) return;
  ++process_;
  exit_code_.reset();
  const std::string state_file = config_.dir + "/" + storage::kNodeStateName;
  state_file_.BeforeStart(world_.planted, disk_, state_file,
                          std::exchange(machine_crashed_, false));
  // The operator may say once that the deployment is new.
  if (process_ > 1) config_.bootstrap = false;
  server::Environment environment = MakeEnvironment();
  tries_again_ = config_.appendonly && environment.checkpoints == nullptr;
  if (tries_again_) return;
  node_ = MakeNode(world_.planted, config_, std::move(environment));
  storage::MemoryDisk before;
  if (damaged_) before.CopyFrom(disk_);
  if (const crdt::Status recovered = node_->Recover(); !recovered) {
    world_.story.Tell(name_ + " does not start: " + recovered.error().detail);
    node_.reset();
    return OnRefused(recovered.error(), before);
  }
  if (world_.history.HasWhatWasForgotten(node_->log())) {
    world_.story.Tell(name_ + " has writes of an epoch that was led again: set aside");
    node_.reset();
    ReplaceDirectory({});
    return Start();
  }
  damaged_ = false;
  tries_again_ = false;
  state_file_.AfterStart(disk_, state_file);
  world_.story.Tell(name_ + " starts");
  world_.history.OnRecovered(number_, node_->log());
  if (config_.appendonly) world_.promises.OnRecovered(number_, world_.history.floor(number_));
  node_->Start();
  touched_ = true;
  PlanTick(process_);
}

void SimulatedNode::OnRefused(const crdt::Error& error, const storage::MemoryDisk& before) {
  using enum crdt::ErrorCode;
  const bool for_its_directory =
      error.code == kCorrupt || error.code == kUnsupported || error.code == kRefused;
  tries_again_ = !for_its_directory;
  if (tries_again_) return;
  if (!damaged_) throw Violation(name_ + " takes its own directory for damaged: " + error.detail);
  if (!disk_.HoldsTheSameAs(before)) {
    throw Violation(name_ + " refused a damaged directory and changed it: " + error.detail);
  }
  world_.story.Tell("the directory of " + name_ + " is set aside");
  ReplaceDirectory({});
  Start();
}

void SimulatedNode::Error(const std::string& line) {
  Info(line);
  // Nobody changes what a region has but by writes.
  if (line.find("nothing that is under way explains") != std::string::npos) {
    throw Violation(name_ + " raises an alarm: " + line);
  }
}

void SimulatedNode::OnDirectoryDamaged() {
  damaged_ = true;
  lost_directory_ = true;
  world_.history.OnDiskLost(number_);
  world_.promises.OnDiskLost(number_);
}

void SimulatedNode::ReplaceDirectory(const storage::MemoryDisk& by) {
  ++directories_;
  disk_.CopyFrom(by);
  state_file_ = {};
  OnDirectoryDamaged();
  damaged_ = false;
}

namespace {

// Where the newest complete snapshot stands; empty where there is none.
std::string NewestSnapshot(storage::Disk& disk, const std::string& directory) {
  const auto found = storage::ListSnapshots(disk, directory);
  if (!found) return {};
  for (auto snapshot = found->rbegin(); snapshot != found->rend(); ++snapshot) {
    if (snapshot->manifest) return storage::SnapshotsIn(directory) + "/" + snapshot->name;
  }
  return {};
}

}  // namespace

bool SimulatedNode::HasSnapshot() {
  return !disk_.fails_reads() && !NewestSnapshot(disk_, config_.dir).empty();
}

void SimulatedNode::RestoreNewestSnapshot() {
  const std::string snapshot = NewestSnapshot(disk_, config_.dir);
  const std::string directory = "/restored-" + std::to_string(directories_ + 1);
  storage::MemoryDisk restored;
  restored.CopyFrom(disk_);
  const auto manifest = storage::ReadSnapshotManifest(restored, snapshot);
  const crdt::Status made =
      storage::RestoreSnapshot(restored, snapshot, manifest.value(), directory, std::nullopt);
  if (!made) throw Violation(name_ + ": a snapshot is not restored: " + made.error().detail);
  (void)restored.RemoveDirectory(std::exchange(config_.dir, directory));
  // It shares files with what was damaged before.
  const bool may_be_damaged = lost_directory_;
  ReplaceDirectory(restored);
  damaged_ = may_be_damaged;
}

void SimulatedNode::Observe() {
  const bool failing = disk_.fails_reads();
  disk_.FailReads(false);
  world_.history.Observe(number_, node_->log());
  disk_.FailReads(failing);
}

void SimulatedNode::PlanTick(std::uint64_t process) {
  world_.events.After(kTickMs, [this, process] {
    if (process != process_ || !running()) return;
    if (!frozen_) {
      node_->OnTick();
      touched_ = true;
    }
    PlanTick(process);
  });
}

void SimulatedNode::RunSync(storage::SyncJob job) {
  const std::uint64_t process = process_;
  began_sync_ = true;
  const auto done = std::make_shared<storage::SyncJob>(std::move(job));
  world_.events.After(dice_.Between(0, kMostSyncMs + slow_sync_ms_), [this, process, done] {
    if (process != process_ || !running()) return;
    const crdt::Status status = world_.planted == Planted::kSyncLies ? crdt::Status() : done->Run();
    if (status && world_.planted != Planted::kSyncLies) {
      world_.history.OnSynced(number_, done->position);
    }
    if (status && StopsAt(WriteStep::kSynced)) return;
    node_->OnSyncDone(*done, status);
    touched_ = true;
    ExitIfAsked();
  });
}

void SimulatedNode::RunCheckpoint(storage::CheckpointJob job) {
  const std::uint64_t process = process_;
  const auto done = std::make_shared<storage::CheckpointJob>(std::move(job));
  world_.events.After(dice_.Between(0, kMostSyncMs), [this, process, done] {
    if (process != process_ || !running()) return;
    const crdt::Status status = done->Run();
    node_->OnCheckpointDone(std::move(*done), status);
    touched_ = true;
  });
}

void SimulatedNode::RunSnapshot(storage::SnapshotJob job) {
  const std::uint64_t process = process_;
  const auto done = std::make_shared<storage::SnapshotJob>(std::move(job));
  world_.events.After(dice_.Between(0, kMostSyncMs), [this, process, done] {
    if (process != process_ || !running()) return;
    const crdt::Status status = done->Run();
    node_->OnSnapshotDone(*done, status);
    touched_ = true;
  });
}

void SimulatedNode::EndProcess() {
  frozen_ = false;
  touched_ = false;
  peers_.Silence(false);
  const auto connections = std::exchange(connections_, {});
  node_.reset();
  checkpoints_.reset();
  world_.history.OnProcessEnded(number_);
  if (!config_.appendonly) world_.history.OnMemoryLost(number_);
  for (const auto& [id, connection] : connections) connection->client.OnDisconnected();
}

void SimulatedNode::Kill() {
  if (!running()) return;
  world_.story.Tell(name_ + " is killed");
  world_.network.ProcessEnded(number_);
  EndProcess();
}

void SimulatedNode::CrashMachine() {
  if (!machine_runs_) return;
  world_.story.Tell("the machine of " + name_ + " crashes");
  world_.network.MachineStopped(number_);
  EndProcess();
  machine_runs_ = false;
  machine_crashed_ = true;
  ++boots_;
  disk_.FailSyncs(false);
  // Often nothing survives that was not synced, else a part of it does.
  const bool all_lost = dice_.Chance(30);
  disk_.Crash([this, all_lost] { return all_lost ? 0 : dice_(); });
  world_.promises.OnMachineCrash(number_);
}

void SimulatedNode::Thaw() {
  if (!frozen_) return;
  frozen_ = false;
  world_.network.Thaw(number_);
}

void SimulatedNode::ShutDown() {
  if (!running()) return;
  world_.story.Tell(name_ + " is told to stop");
  node_->RequestShutdown({.by_signal = true});
  touched_ = true;
}

void SimulatedNode::ExitIfAsked() {
  if (!exit_code_ || !running()) return;
  world_.story.Tell(name_ + " exits with " + std::to_string(*exit_code_));
  world_.network.ProcessEnded(number_);
  EndProcess();
}

// --- Clients -------------------------------------------------------------------------------------

std::uint64_t SimulatedNode::Connect(ClientEnd& client) {
  if (!running() || frozen_) return 0;
  const std::uint64_t id = next_client_++;
  connections_[id] = std::make_unique<Connection>(id, client);
  connections_[id]->session.authenticated = true;
  return id;
}

void SimulatedNode::Disconnect(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  node_->OnClientGone(found->second->session);
  connections_.erase(found);
}

server::ClientSession* SimulatedNode::SessionOf(std::uint64_t id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : &found->second->session;
}

void SimulatedNode::Execute(std::uint64_t id, const std::vector<std::string>& words) {
  Connection& connection = *connections_.at(id);
  const std::vector<std::string_view> views(words.begin(), words.end());
  server::Dispatch(*node_, connection.session, views);
  Extend(connection);
  touched_ = true;
}

std::string SimulatedNode::Ask(const std::vector<std::string>& words) {
  server::ClientSession session(0);
  session.authenticated = true;
  const std::vector<std::string_view> views(words.begin(), words.end());
  server::Dispatch(*node_, session, views);
  touched_ = true;
  return session.output;
}

void SimulatedNode::AfterCommands() {
  if (running() && world_.planted == Planted::kRepliesAtOnce) Flush(node_->log_end());
}

void SimulatedNode::Extend(Connection& connection) {
  connection.hold.Extend(connection.left + connection.session.output.size(), node_->log_end());
}

void SimulatedNode::ForEach(const std::function<void(server::ClientSession&)>& visit) {
  for (const auto& [id, connection] : connections_) visit(connection->session);
}

void SimulatedNode::Wake(server::ClientSession& session) {
  const auto found = connections_.find(session.id);
  if (found != connections_.end()) Extend(*found->second);
}

void SimulatedNode::Flush(storage::LogPosition released) {
  // The client may disconnect meanwhile.
  std::vector<std::uint64_t> all;
  for (const auto& [id, connection] : connections_) all.push_back(id);
  for (const std::uint64_t id : all) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    Connection& connection = *found->second;
    const std::uint64_t may_leave = connection.hold.Release(released);
    if (may_leave == connection.left) continue;
    const std::size_t size = may_leave - connection.left;
    const std::string bytes = connection.session.output.substr(0, size);
    connection.session.output.erase(0, size);
    connection.left = may_leave;
    world_.story.Hash(bytes);
    connection.client.OnReply(bytes);
  }
}

// --- The loop ------------------------------------------------------------------------------------

void SimulatedNode::EndTurn() {
  if (!running() || frozen_ || !std::exchange(touched_, false)) return;
  RunTurn();
  if (running()) ExitIfAsked();
}

void SimulatedNode::RunTurn() {
  // Before too: a log in memory may let go of it at once.
  Observe();
  if (StopsAt(WriteStep::kExecuted)) return;
  began_sync_ = false;
  // What is written and not sent stays in a process that ends now.
  const bool sends_nothing = Reached(WriteStep::kWritten);
  peers_.Silence(sends_nothing);
  node_->EndOfTurn();
  Observe();
  if (node_->replicator().removed()) world_.history.OnRemoved(config_.region);
  if (sends_nothing) return Stop(WriteStep::kWritten);
  if (StopsAt(WriteStep::kSent)) return;
  if (began_sync_ && StopsAt(WriteStep::kSyncing)) return;
  const bool early = world_.planted == Planted::kRepliesBeforeSync;
  Flush(early ? node_->log().written() : node_->Released());
  if (StopsAt(WriteStep::kAnswered)) return;
  if (node_->ReplicasAt(node_->log_end()) > 0) StopsAt(WriteStep::kAcknowledged);
}

// --- Its end at a step of a write ----------------------------------------------------------------

void SimulatedNode::StopAt(WriteStep step, std::function<void()> end) {
  planned_stop_ = PlannedStop{step, node_->log_end(), std::move(end)};
}

bool SimulatedNode::Reached(WriteStep step) const {
  return planned_stop_ && planned_stop_->step == step && node_->replicator().primary() &&
         node_->log_end() > planned_stop_->written_before;
}

void SimulatedNode::Stop(WriteStep step) {
  world_.story.Tell(name_ + " has a write that is " +
                    std::string(kWriteStepNames[static_cast<std::size_t>(step)]));
  std::exchange(planned_stop_, std::nullopt)->end();
}

bool SimulatedNode::StopsAt(WriteStep step) {
  if (!Reached(step)) return false;
  Stop(step);
  return true;
}

void SimulatedNode::OnConnected(LinkId link) {
  if (!running()) return;
  node_->replicator().OnConnected(link, node_->Times());
  touched_ = true;
}

void SimulatedNode::OnAccepted(LinkId link) {
  node_->replicator().OnAccepted(link, node_->Times());
  touched_ = true;
}

void SimulatedNode::OnBytes(LinkId link, std::string_view bytes) {
  if (!running()) return;
  node_->replicator().OnBytes(link, bytes, node_->Times());
  touched_ = true;
}

void SimulatedNode::OnClosed(LinkId link, const std::string& reason) {
  if (!running()) return;
  node_->replicator().OnClosed(link, reason, node_->Times());
  touched_ = true;
}

}  // namespace simulation
