#include "server/net/server_process.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "server/net/descriptor_limit.h"
#include "server/process_usage.h"
#include "storage/checkpoint/rocks_checkpoint_store.h"
#include "storage/log/segment.h"

namespace server {
namespace {

constexpr std::chrono::milliseconds kTick{10};
// Handlers that run before the log is handed over and replies are flushed.
constexpr int kHandlersPerTurn = 1000;
// Clients are served between the handlers of a peer that sends without end; each of those applies
// some 64 KiB of records. The time is looked at after every few handlers.
constexpr std::int64_t kMostTurnMs = 2;
constexpr int kHandlersPerLook = 4;
constexpr std::int64_t kClientTickMs = 1000;

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id;
}

}  // namespace

ServerProcess::ServerProcess(geo_config::Config config, Logging& logging)
    : config_(std::move(config)),
      logging_(logging),
      clients_(context_, logging),
      peers_(context_) {}

std::uint64_t ServerProcess::Dice() {
  std::uint64_t word = 0;
  crdt::Require(::getrandom(&word, sizeof word, 0) == sizeof word, "the kernel has random bytes");
  return word;
}

void ServerProcess::FitClientLimit() {
  const std::uint64_t descriptors = RaiseDescriptorLimit(config_.maxclients + kOwnDescriptors);
  if (descriptors >= config_.maxclients + kOwnDescriptors) return;
  const auto fits =
      static_cast<std::uint32_t>(descriptors > kOwnDescriptors ? descriptors - kOwnDescriptors : 1);
  logging_.Warn("maxclients is lowered from " + std::to_string(config_.maxclients) + " to " +
                std::to_string(fits) + ": the process may open " + std::to_string(descriptors) +
                " files");
  config_.maxclients = fits;
}

crdt::Status ServerProcess::OpenDirectory() {
  if (disk_.Exists(config_.dir + "/" + storage::kSnapshotManifestName)) {
    return crdt::Fail(crdt::ErrorCode::kRefused,
                      config_.dir +
                          " is a snapshot: `meridian snapshot restore` makes a data "
                          "directory of it");
  }
  auto directory = storage::DataDirectory::Open(
      config_.dir, config_.deployment + " region " + std::to_string(config_.region) + " node " +
                       std::to_string(config_.ordinal) + ", port " + std::to_string(config_.port));
  if (!directory) return std::unexpected(directory.error());
  directory_.emplace(*std::move(directory));
  // RocksDB makes files and directories as the process may.
  ::umask(S_IRWXG | S_IRWXO);
  const std::string path = config_.dir + "/" + storage::kCheckpointName;
  auto checkpoints = storage::OpenRocksCheckpointStore(path);
  if (!checkpoints && checkpoints.error().code == crdt::ErrorCode::kCorrupt &&
      storage::LogHasAll(disk_, config_.dir)) {
    logging_.Warn("the checkpoint is damaged, set aside and made anew: " +
                  checkpoints.error().detail);
    std::error_code error;
    std::filesystem::remove_all(path + "-damaged", error);
    std::filesystem::rename(path, path + "-damaged", error);
    checkpoints = storage::OpenRocksCheckpointStore(path);
  }
  if (!checkpoints) return std::unexpected(checkpoints.error());
  checkpoints_ = *std::move(checkpoints);
  return {};
}

crdt::Status ServerProcess::Prepare() {
  FitClientLimit();
  KeepNothingForNewThreads();
  if (config_.appendonly) {
    if (crdt::Status opened = OpenDirectory(); !opened) return opened;
  }
  sync_thread_ = std::make_unique<JobThread<storage::SyncJob>>(
      [this](storage::SyncJob job, crdt::Status status) {
        asio::post(context_, [this, job = std::move(job), status = std::move(status)] {
          node_->OnSyncDone(job, status);
        });
      });
  checkpoint_thread_ = std::make_unique<JobThread<storage::CheckpointJob>>(
      [this](storage::CheckpointJob job, crdt::Status status) {
        // Only what failed is written again; and what many batches and RocksDB's buffers took would
        // stay with the allocator.
        if (status) std::exchange(job.batch, {});
        const bool was_last = status && job.flush;
        asio::post(context_, [this, job = std::move(job), status = std::move(status)]() mutable {
          node_->OnCheckpointDone(std::move(job), status);
        });
        if (was_last) PurgeAllocator();
      });
  snapshot_thread_ = std::make_unique<JobThread<storage::SnapshotJob>>(
      [this](storage::SnapshotJob job, crdt::Status status) {
        asio::post(context_, [this, job = std::move(job), status = std::move(status)] {
          node_->OnSnapshotDone(job, status);
        });
      });
  node_ = std::make_unique<ShardNode>(
      config_,
      Environment{
          .clock = clock_,
          .dice = [this] { return Dice(); },
          .disk = disk_,
          .network = peers_,
          .clients = clients_,
          .log = logging_,
          .sync = [this](storage::SyncJob job) { sync_thread_->Run(std::move(job)); },
          .checkpoints = checkpoints_.get(),
          .checkpoint =
              [this](storage::CheckpointJob job) { checkpoint_thread_->Run(std::move(job)); },
          .snapshot = [this](storage::SnapshotJob job) { snapshot_thread_->Run(std::move(job)); },
          .exit = [this](int code) { exit_code_ = exit_code_.value_or(code); },
          .boot_id = BootId(),
          .directory_identity = directory_ ? directory_->identity() : 0});
  clients_.SetNode(*node_);
  if (crdt::Status recovered = node_->Recover(); !recovered) return recovered;
  replication::Replicator& replicator = node_->replicator();
  peers_.SetHandlers(
      {.connected = [&](replication::LinkId id) { replicator.OnConnected(id, node_->Times()); },
       .accepted = [&](replication::LinkId id) { replicator.OnAccepted(id, node_->Times()); },
       .bytes = [&](replication::LinkId id,
                    std::string_view bytes) { replicator.OnBytes(id, bytes, node_->Times()); },
       .closed =
           [&](replication::LinkId id, const std::string& reason) {
             replicator.OnClosed(id, reason, node_->Times());
           },
       .output_limit = [&](replication::LinkId id) -> const geo_config::OutputLimit& {
         return replicator.IsLocal(id) ? config_.output_limit_replica : config_.output_limit_peer;
       }});
  if (!config_.regions.empty()) {
    const std::vector<std::string> addresses =
        ListenAddresses(config_.peer_bind.empty() ? config_.bind : config_.peer_bind);
    if (crdt::Status status = peers_.Listen(addresses, config_.PeerPort()); !status) return status;
  }
  return listener_.Listen(config_);
}

void ServerProcess::Stop() {
  listener_.Stop();
  // A full disk keeps nothing back that was acknowledged: a signal is obeyed all the same.
  node_->RequestShutdown({.force = true, .by_signal = true});
}

void ServerProcess::Tick() {
  timer_.expires_after(kTick);
  timer_.async_wait([this](std::error_code error) {
    if (error) return;
    node_->OnTick();
    Tick();
  });
}

void ServerProcess::Loop() {
  // Clients of the first turn would else seem to have been idle since the machine started.
  clients_.SetTime(clock_.SteadyMs());
  std::int64_t clients_ticked = 0;
  while (!exit_code_) {
    const bool wait = !clients_.has_more() && !node_->has_more();
    bool busy = (wait ? context_.run_one() : context_.poll_one()) > 0;
    clock_.BeginTurn();
    const std::int64_t began = clock_.SteadyMs();
    // Asking the reactor for more is a system call. Clients are served first: what else is ready by
    // then stands before them in the next turn.
    for (int i = 1; i < kHandlersPerTurn && !clients_.woken() && context_.poll_one() > 0; ++i) {
      if (i % kHandlersPerLook == 0 && clock_.SteadyMs() - began >= kMostTurnMs) break;
    }
    const std::int64_t now = clock_.SteadyMs();
    clients_.SetTime(now);
    clients_.Receive();
    clients_.Execute();
    if (now - clients_ticked >= kClientTickMs) {
      clients_ticked = now;
      clients_.OnTick();
    }
    busy = busy || clients_.has_more();
    node_->EndOfTurn(busy ? ShardNode::Loop::kBusy : ShardNode::Loop::kIdle);
    clients_.Flush();
  }
}

int ServerProcess::Run() {
  // Signals that come while the log is recovered are heard afterwards.
  signals_.emplace(context_, StopSignals::Handlers{.stop = [this] { Stop(); },
                                                   .reopen_log = [this] { logging_.Reopen(); }});
  if (const crdt::Status prepared = Prepare(); !prepared) {
    logging_.Error(prepared.error().detail);
    return 1;
  }
  logging_.Info("serving clients on port " + std::to_string(config_.port) + ", process " +
                std::to_string(::getpid()));
  node_->Start();
  Tick();
  try {
    Loop();
  } catch (const storage::LoadFailure& failure) {
    // Who asked for the key gets no answer rather than a wrong one.
    logging_.Error(failure.what());
    return 1;
  }
  listener_.Stop();
  clients_.CloseAll();
  peers_.Shutdown();
  // What is queued for clients and peers still leaves.
  context_.run_for(std::chrono::milliseconds(50));
  return *exit_code_;
}

}  // namespace server
