// The node as it runs: one shard wired to its log, its conversations and its clients.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replication/replicated_shard.h"
#include "replication/replicator.h"
#include "server/blocked_clients.h"
#include "server/environment.h"
#include "server/node.h"
#include "server/shard_database.h"
#include "server/snapshot_keeper.h"
#include "server/waiting_clients.h"
#include "server/watch_index.h"
#include "storage/keyspace.h"
#include "storage/log/log.h"
#include "storage/node_state.h"

namespace server {

class ShardNode : public Node, public replication::ReplicatedShard, public replication::RoleKeeper {
 public:
  ShardNode(geo_config::Config config, Environment environment);

  // --- For the shell -----------------------------------------------------------------------------
  // Reads the node's state and replays its log. An error is a reason not to start.
  crdt::Status Recover();
  // Begins the conversations with other nodes. REQUIRES: Recover() succeeded.
  void Start();
  // Hands the log to the kernel, sends what may leave, answers waits that are over. Once per turn.
  // What else the loop has to do at once: decides whether more may join a group commit.
  enum class Loop { kIdle, kBusy };
  void EndOfTurn(Loop loop = Loop::kIdle);
  // The next turn has something to do, also where nothing happens: a sync waits until the loop is
  // idle, or a checkpoint is being written.
  bool has_more() const {
    return holds_sync_back_ || loader_ != nullptr || replicator_->has_work() ||
           (checkpointer_ != nullptr && !MakesSnapshot() && checkpointer_->has_more(*log_));
  }
  // A few dozen times a second.
  void OnTick();
  void OnSyncDone(const storage::SyncJob& job, const crdt::Status& status);
  void OnCheckpointDone(storage::CheckpointJob job, const crdt::Status& status);
  void OnSnapshotDone(const storage::SnapshotJob& job, const crdt::Status& status);
  replication::Replicator& replicator() { return *replicator_; }
  replication::Now Times() const {
    return {environment_.clock.SteadyMs(), environment_.clock.UnixMs()};
  }
  // Replies may leave that were made when the log ended at or before Released().
  storage::LogPosition log_end() const { return log_->end(); }
  storage::LogPosition Released() const;
  void OnClientGone(ClientSession& session);
  // Fetches what these need into the cache: they are about to be looked up.
  void Prefetch(std::span<storage::Lookup> lookups) const { keyspace_.Prefetch(lookups); }
  // The next command looks this up. REQUIRES: Prefetch() has seen it.
  void Expect(const storage::Lookup& lookup) const { keyspace_.Expect(lookup); }

  // --- Node --------------------------------------------------------------------------------------
  Database& BeginCommand() override;
  void EndCommand(ClientSession& session) override;
  std::string WriteRefusal() const override;
  bool loading() const override { return loading_; }
  std::optional<LoadProgress> load_progress() const override;
  void Watch(ClientSession& session, std::string_view key) override {
    watches_.Watch(session, key);
  }
  void Unwatch(ClientSession& session) override { watches_.Unwatch(session); }
  geo_config::Config& config() override { return config_; }
  crdt::Status Reconfigure(const std::string& name, const std::string& value) override;
  ClientRegistry& clients() override { return environment_.clients; }
  ServerStats& stats() override { return stats_; }
  SlowCalls& slow_calls() override { return slow_calls_; }
  ClientPause& pause() override { return pause_; }
  ConflictRing& conflicts() override { return conflicts_; }
  LogReport log_report() const override;
  std::optional<CheckpointReport> checkpoint_report() const override;
  std::uint64_t RequestCheckpoint() override;
  const SnapshotReport* snapshot_report() const override {
    return snapshots_ == nullptr ? nullptr : &snapshots_->report();
  }
  std::uint64_t RequestSnapshot() override { return snapshots_->Request(); }
  crdt::Result<std::vector<storage::FoundSnapshot>> ListSnapshots() const override {
    return storage::ListSnapshots(environment_.disk, config_.dir);
  }
  ReplicationReport replication_report() const override { return replicator_->Report(Times()); }
  std::vector<RegionReport> region_reports() const override {
    return replicator_->RegionReports(Times());
  }
  std::vector<NodeReport> node_reports() const override { return replicator_->NodeReports(); }
  std::int64_t steady_ms() const override { return environment_.clock.SteadyMs(); }
  std::int64_t steady_us() const override { return environment_.clock.SteadyUs(); }
  std::int64_t started_unix_ms() const override { return started_unix_ms_; }
  const std::string& run_id() const override { return run_id_; }
  void RequestShutdown(ShutdownRequest request) override;
  bool stopping() const override { return shutdown_.has_value(); }
  bool AbortShutdown() override;
  std::int64_t ReplicasAt(storage::LogPosition position) const override {
    return replicator_->ReplicasAt(position);
  }
  std::int64_t ReplicasDurableAt(storage::LogPosition position) const override {
    return replicator_->ReplicasDurableAt(position);
  }
  bool LocallyDurableAt(storage::LogPosition position) const override {
    return log_->on_disk() && log_->durable() >= position;
  }
  std::int64_t RegionsDurableAt(crdt::Stamp stamp) const override {
    return replicator_->RegionsDurableAt(stamp);
  }
  void BeginWait(ClientSession& session, Wait wait) override {
    waiting_.Begin(session, std::move(wait));
  }
  void EndWait(ClientSession& session, std::string_view error) override {
    waiting_.End(session, error);
  }
  void ServeBlocked() override { blocked_.Serve(*this); }
  crdt::Status PauseRegion(crdt::RegionId region) override { return replicator_->Pause(region); }
  crdt::Status ResumeRegion(crdt::RegionId region) override { return replicator_->Resume(region); }
  crdt::Status ReleaseRegion(crdt::RegionId region) override {
    return replicator_->Release(region, Times());
  }
  crdt::Result<std::uint64_t> CompareRegion(crdt::RegionId region, ComparisonScope scope,
                                            std::int64_t timeout_ms) override {
    return replicator_->Compare(region, std::move(scope), timeout_ms, Times());
  }
  const ComparisonReport* FindComparison(std::uint64_t number) const override {
    return replicator_->FindComparison(number);
  }
  crdt::Result<std::string> TakeOver() override { return replicator_->TakeOver(Times()); }
  crdt::Status AddRegion(geo_config::RegionEntry region) override;
  crdt::Status RemoveRegion(crdt::RegionId region, bool by_force) override {
    return replicator_->RemoveRegion(region, by_force, Times());
  }
  crdt::Status KeepRegion(crdt::RegionId region) override {
    return replicator_->KeepRegion(region, Times());
  }

  // --- ReplicatedShard ---------------------------------------------------------------------------
  const crdt::VersionVector& floor() const override { return keyspace_.floor(); }
  crdt::VersionVector Observed(storage::PartitionId partition) const override {
    return keyspace_.Observed(partition);
  }
  storage::Log& log() override { return *log_; }
  crdt::Status ApplyRecord(const storage::RecordView& record) override;
  void ApplyStable(const crdt::VersionVector& stable) override;
  void ExportPartition(
      storage::PartitionId partition,
      const std::function<void(std::string_view, std::string_view)>& visit) const override;
  std::uint64_t ScanDigests(
      storage::PartitionId partition, std::uint64_t cursor, std::uint64_t& budget,
      std::int64_t unix_ms,
      const std::function<void(std::string_view, std::uint64_t)>& visit) const override {
    return keyspace_.ScanDigests(partition, cursor, budget, unix_ms, visit);
  }
  std::uint64_t DigestOf(std::string_view key, std::int64_t unix_ms) const override {
    return keyspace_.DigestOf(key, unix_ms);
  }
  std::string ExportKey(std::string_view key) const override;
  void VisitNames(storage::PartitionId partition,
                  const std::function<void(std::string_view)>& visit) const override;
  std::shared_ptr<storage::PartitionWatch> Watch(storage::PartitionId partition,
                                                 std::size_t buckets) override {
    return keyspace_.Watch(partition, buckets);
  }
  crdt::Status RepairKey(std::string_view key, std::string_view object) override;
  crdt::Status JoinPartition(storage::PartitionId partition,
                             const std::vector<replication::ExportedKey>& keys,
                             const crdt::VersionVector& observed,
                             storage::UnnamedKeys unnamed) override;
  void JumpFloor(const crdt::VersionVector& floor) override;

  // --- RoleKeeper --------------------------------------------------------------------------------
  crdt::Result<crdt::Epoch> Lead(const geo_config::KnownEpochs& known) override;
  void Follow(crdt::Epoch known) override;
  void BecomeWhole() override;
  std::string WhyNotLead(Told told) override;
  crdt::Status KeepMembership(const geo_config::Membership& membership) override;
  void Log(const std::string& line) override { environment_.log.Info(line); }
  void Alarm(const std::string& line) override { environment_.log.Error(line); }

 private:
  crdt::Status LoadState();
  crdt::Status SaveState();
  crdt::Result<geo_config::Membership> KeptMembership() const;
  // Brings the keyspace to where the log ends, from the checkpoint on if there is one.
  crdt::Result<storage::RecoveryReport> RecoverKeyspace();
  crdt::Result<std::optional<storage::CheckpointMark>> OpenCheckpoint(bool log_has_all);
  crdt::Result<storage::RecoveryReport> ReadCheckpointAndLog();
  void OpenLog();
  // REQUIRES: loader_.
  void LoadKeys(std::size_t rows);
  crdt::Status ApplyEffects(const storage::RecordView& record);
  void SetUseClock() { keyspace_.SetUseClock(static_cast<std::uint64_t>(steady_ms()) / 1000); }
  void JudgeClock();
  void CheckDisk(std::int64_t now_ms);
  // Lets go of the log's beginning: what the checkpoint has and all nodes have durably, or what is
  // beyond retention.
  void DropOldLog();
  void WorkOnCheckpoint(Loop loop, const replication::Now& now);
  crdt::Status OpenSnapshots();
  // From its beginning on nothing is written to the checkpoint, and no log dropped.
  bool MakesSnapshot() const { return snapshots_ != nullptr && snapshots_->begun(); }
  // REQUIRES: one is wanted.
  void WorkOnSnapshot(const replication::Now& now);
  crdt::Status MayMakeSnapshot() const;
  storage::SnapshotJob PrepareSnapshot(const replication::Now& now) const;
  // `job` is null where it came to none.
  void EndSnapshot(const storage::SnapshotJob* job, const crdt::Status& status);
  void SyncLog(std::int64_t now_ms, Loop loop);
  void DeleteExpired();
  void ContinueShutdown();
  std::string RandomHex(int digits);

  geo_config::Config config_;
  Environment environment_;
  std::int64_t started_unix_ms_;
  std::string run_id_;
  ServerStats stats_;
  SlowCalls slow_calls_;
  ConflictRing conflicts_;
  storage::Keyspace keyspace_;
  WatchIndex watches_;
  BlockedClients blocked_;
  ShardDatabase database_;
  storage::NodeState state_;
  std::unique_ptr<storage::Log> log_;
  std::unique_ptr<storage::Checkpointer> checkpointer_;  // Null: none are made.
  std::unique_ptr<storage::CheckpointLoader> loader_;    // Null: all keys are in memory.
  std::unique_ptr<SnapshotKeeper> snapshots_;            // Null: nothing is on disk.
  std::int64_t loading_since_unix_ms_ = 0;
  std::int64_t longest_checkpoint_turn_us_ = 0;
  std::int64_t checkpoint_rests_until_us_ = 0;
  std::unique_ptr<replication::Replicator> replicator_;
  ClientPause pause_;
  WaitingClients waiting_{*this, blocked_};

  bool loading_ = true;
  bool new_directory_ =
      false;                   // Empty, restored or copied: the greatest epoch has to be asked for.
  bool proved_whole_ = false;  // Nothing was lost since the node last ran.
  std::int64_t last_sync_ms_ = 0;
  std::int64_t sync_due_ms_ = 0;
  bool holds_sync_back_ = false;
  std::int64_t last_disk_check_ms_ = 0;
  std::int64_t last_expiry_ms_ = 0;
  bool warned_of_disk_ = false;
  bool clock_distrusted_ = false;  // It runs ahead of the majority's (fine print 25).
  crdt::VersionVector stable_;     // As told since the start.
  storage::DiskSpace space_;
  std::optional<ShutdownRequest> shutdown_;
  std::int64_t shutdown_deadline_ms_ = 0;
};

}  // namespace server
