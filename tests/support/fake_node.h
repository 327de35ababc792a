// A node for tests of commands: a real keyspace, database and dispatcher, with a log in memory and
// without disk, peers and sockets. Time stands where the test puts it.
//
// Two of them with different regions exchange what they wrote by Receive, so that a test can say
// what a command leaves elsewhere.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/effect.h"
#include "geo-config/config.h"
#include "geo-config/setting.h"
#include "server/node.h"
#include "server/shard_database.h"
#include "server/waiting_clients.h"
#include "server/watch_index.h"
#include "storage/keyspace.h"
#include "storage/log/log.h"

namespace server {

class FakeNode : public Node {
 public:
  explicit FakeNode(crdt::RegionId region = 1) {
    config_.region = region;
    database_.SetWriter(crdt::Writer(region, 1));
  }

  // --- For tests ---------------------------------------------------------------------------------
  std::string refusal;  // What WriteRefusal answers.
  bool is_loading = false;
  bool is_stopping = false;
  bool is_leaving = false;
  bool is_removed = false;
  std::vector<RegionReport> regions;   // What region_reports answers.
  std::vector<crdt::RegionId> paused;  // What PauseRegion was asked for.
  struct Compared {
    crdt::RegionId region;
    ComparisonScope scope;
    std::int64_t timeout_ms;
  };
  std::vector<Compared> compared;              // What CompareRegion was asked for,
  std::vector<geo_config::RegionEntry> added;  // What AddRegion was asked for.
  struct Removed {
    crdt::RegionId region;
    bool by_force;
  };
  std::vector<Removed> removed;                // What RemoveRegion was asked for.
  std::string membership_refusal;              // What both answer instead.
  std::string comparison_refusal;              // what it answers instead,
  std::optional<ComparisonReport> comparison;  // and what FindComparison answers.
  std::int64_t replicas_applied = 0;           // How many replicas have everything.
  std::int64_t replicas_durable = 0;           // And have it on disk.
  bool locally_durable = false;                // As this node has.
  std::int64_t regions_durable = 0;            // And other regions.
  std::int64_t now_ms = 1'800'000'000'000;     // Wall clock and steady clock.
  // By how much the clock has moved on each time that it is read to time a call.
  mutable std::deque<std::int64_t> usec_of_calls;
  // Answers those whose wait is over.
  void Tick() { waiting_.AnswerThoseDone(); }

  // The database at the present time.
  Database& database() { return BeginCommand(); }
  // What the last command that wrote changed, an effect each, for people.
  std::vector<std::string> LastChanges() const {
    std::vector<std::string> changes;
    if (records_.empty()) return changes;
    for (const crdt::EffectView& effect : Decode(records_.back())) {
      changes.push_back(effect.ToString());
    }
    return changes;
  }
  std::size_t records_written() const { return records_.size(); }
  // Takes from another region all that it wrote itself and that is not here yet.
  void Receive(const FakeNode& other) {
    for (const Record& record : other.records_) {
      if (keyspace_.floor().Covers(record.first_stamp)) continue;
      crdt::Stamp stamp = record.first_stamp;
      for (const crdt::EffectView& effect : Decode(record)) {
        blocked_.Touch(effect.key);
        keyspace_.Apply(effect, crdt::Context::Of(record.context, stamp), &conflicts_);
        keyspace_.AdvanceFloor(stamp);
        database_.clock().Observe(stamp);
        stamp = stamp.Plus(1);
      }
    }
    ServeBlocked();
  }

  // --- Node --------------------------------------------------------------------------------------
  Database& BeginCommand() override {
    keyspace_.SetUseClock(static_cast<std::uint64_t>(now_ms) / 1000);
    database_.Begin(now_ms, now_ms);
    return database_;
  }
  void EndCommand(ClientSession& session) override {
    Record record{.context = keyspace_.floor(),
                  .effects = std::string(database_.effects().bytes())};
    const auto effect_count = database_.effects().count();
    const auto last = database_.End(log_);
    if (!last) return;
    record.first_stamp =
        crdt::Stamp::FromValue(last->value() - ((effect_count - 1) << crdt::Stamp::kWriterBits));
    records_.push_back(std::move(record));
    (void)log_.WriteOut();
    session.last_write = log_.end();
    session.last_stamp = *last;
  }
  std::string WriteRefusal() const override { return refusal; }
  bool loading() const override { return is_loading; }
  void Watch(ClientSession& session, std::string_view key) override {
    watches_.Watch(session, key);
  }
  void Unwatch(ClientSession& session) override { watches_.Unwatch(session); }
  geo_config::Config& config() override { return config_; }
  crdt::Status Reconfigure(const std::string& name, const std::string& value) override {
    const geo_config::Setting* setting = geo_config::FindSetting(name);
    if (setting == nullptr) return crdt::Fail(crdt::ErrorCode::kInvalid, "no such setting");
    return setting->set(config_, value);
  }
  ClientRegistry& clients() override { return clients_; }
  ServerStats& stats() override { return stats_; }
  SlowCalls& slow_calls() override { return slow_calls_; }
  ClientPause& pause() override { return pause_; }
  ConflictRing& conflicts() override { return conflicts_; }
  LogReport log_report() const override { return {}; }
  std::optional<LoadProgress> load_progress() const override { return std::nullopt; }
  std::optional<CheckpointReport> checkpoint_report() const override { return std::nullopt; }
  const SnapshotReport* snapshot_report() const override { return nullptr; }
  std::uint64_t RequestSnapshot() override { return 0; }
  crdt::Result<std::vector<storage::FoundSnapshot>> ListSnapshots() const override { return {}; }
  std::uint64_t RequestCheckpoint() override { return 0; }
  ReplicationReport replication_report() const override {
    return {.is_primary = refusal.empty(), .leaving = is_leaving, .removed = is_removed};
  }
  std::vector<RegionReport> region_reports() const override { return regions; }
  std::vector<NodeReport> node_reports() const override { return {}; }
  std::int64_t steady_ms() const override { return now_ms; }
  std::int64_t steady_us() const override {
    if (!usec_of_calls.empty()) {
      now_us_ += usec_of_calls.front();
      usec_of_calls.pop_front();
    }
    return now_us_;
  }
  std::int64_t started_unix_ms() const override { return 1'800'000'000'000; }
  const std::string& run_id() const override { return run_id_; }
  void RequestShutdown(ShutdownRequest) override { is_stopping = true; }
  bool stopping() const override { return is_stopping; }
  bool AbortShutdown() override { return std::exchange(is_stopping, false); }
  std::int64_t ReplicasAt(storage::LogPosition) const override { return replicas_applied; }
  std::int64_t ReplicasDurableAt(storage::LogPosition) const override { return replicas_durable; }
  bool LocallyDurableAt(storage::LogPosition) const override { return locally_durable; }
  std::int64_t RegionsDurableAt(crdt::Stamp) const override { return regions_durable; }
  void BeginWait(ClientSession& session, Wait wait) override {
    waiting_.Begin(session, std::move(wait));
  }
  void EndWait(ClientSession& session, std::string_view error) override {
    waiting_.End(session, error);
  }
  void ServeBlocked() override { blocked_.Serve(*this); }
  crdt::Status PauseRegion(crdt::RegionId region) override {
    paused.push_back(region);
    return {};
  }
  crdt::Status ResumeRegion(crdt::RegionId region) override {
    std::erase(paused, region);
    return {};
  }
  crdt::Result<std::uint64_t> CompareRegion(crdt::RegionId region, ComparisonScope scope,
                                            std::int64_t timeout_ms) override {
    if (!comparison_refusal.empty()) {
      return crdt::Fail(crdt::ErrorCode::kRefused, comparison_refusal);
    }
    compared.push_back({region, std::move(scope), timeout_ms});
    return compared.size();
  }
  const ComparisonReport* FindComparison(std::uint64_t) const override {
    return comparison ? &*comparison : nullptr;
  }
  crdt::Status ReleaseRegion(crdt::RegionId) override { return {}; }
  crdt::Status AddRegion(geo_config::RegionEntry region) override {
    if (!membership_refusal.empty()) {
      return crdt::Fail(crdt::ErrorCode::kRefused, membership_refusal);
    }
    added.push_back(std::move(region));
    return {};
  }
  crdt::Status RemoveRegion(crdt::RegionId region, bool by_force) override {
    if (!membership_refusal.empty()) {
      return crdt::Fail(crdt::ErrorCode::kRefused, membership_refusal);
    }
    removed.push_back({region, by_force});
    return {};
  }
  crdt::Status KeepRegion(crdt::RegionId region) override {
    std::erase_if(removed, [region](const Removed& gone) { return gone.region == region; });
    return {};
  }
  crdt::Result<std::string> TakeOver() override {
    return crdt::Fail(crdt::ErrorCode::kRefused, "this node is the primary already");
  }

 private:
  struct Record {
    crdt::Stamp first_stamp;
    crdt::VersionVector context;  // What was here before.
    std::string effects;
  };

  class NoClients : public ClientRegistry {
   public:
    std::size_t size() const override { return 0; }
    void ForEach(const std::function<void(ClientSession&)>&) override {}
    ConnectionUse UseOf(const ClientSession&) const override { return {}; }
    bool Kill(std::uint64_t) override { return false; }
    void Wake(ClientSession&) override {}
  };

  // Views into the record.
  static std::vector<crdt::EffectView> Decode(const Record& record) {
    std::vector<crdt::EffectView> effects;
    for (crdt::ByteReader in(record.effects); !in.at_end();) {
      effects.push_back(*crdt::EffectView::Decode(in));
    }
    return effects;
  }

  geo_config::Config config_;
  NoClients clients_;
  ServerStats stats_;
  SlowCalls slow_calls_;
  mutable std::int64_t now_us_ = 0;
  ConflictRing conflicts_{1000};
  const std::string run_id_ = std::string(40, '0');
  storage::Keyspace keyspace_;
  WatchIndex watches_;
  BlockedClients blocked_;
  ClientPause pause_;
  WaitingClients waiting_{*this, blocked_};
  std::mt19937_64 dice_{1};
  ShardDatabase database_{keyspace_, watches_, blocked_, [this] { return dice_(); }};
  storage::Log log_{storage::LogOptions{.memory_bytes = 1 << 20}, nullptr};
  std::vector<Record> records_;
};

}  // namespace server
