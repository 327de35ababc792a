#include "server/shard_node.h"

#include <algorithm>
#include <utility>

#include "geo-config/static_coordinator.h"
#include "server/wait.h"
#include "storage/log/sync_policy.h"

namespace server {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;
using crdt::VersionVector;
using storage::FrameKind;
using storage::LogPosition;
using storage::RecordView;

namespace {

// As long as others may join a group commit.
constexpr std::int64_t kMostGatheringMs = 1;
constexpr std::int64_t kDiskCheckMs = 1000;
// So many times as long as a slice of a checkpoint took none follows while clients are served.
constexpr std::int64_t kCheckpointRests = 12;
// Times checkpoint-log-bytes.
constexpr std::uint64_t kMostCheckpointLag = 4;
constexpr std::int64_t kExpiryPauseMs = 20;
// Expired keys looked at in one go: bounds the pause of the thread.
constexpr int kMostExpired = 500;
// How long a stopping primary waits for its replicas.
constexpr std::int64_t kShutdownGraceMs = 10000;

storage::SyncPolicy PolicyOf(geo_config::FsyncPolicy policy) {
  switch (policy) {
    case geo_config::FsyncPolicy::kAlways:
      return storage::SyncPolicy::kAlways;
    case geo_config::FsyncPolicy::kEverySecond:
      return storage::SyncPolicy::kEverySecond;
    case geo_config::FsyncPolicy::kNo:
      break;
  }
  return storage::SyncPolicy::kNo;
}

std::uint32_t NodesInRegion(const geo_config::Config& config) {
  const geo_config::RegionEntry* own = config.OwnRegion();
  return own == nullptr ? 1 : static_cast<std::uint32_t>(own->nodes.size());
}

// Without bytes: of a key that is absent.
std::string EncodedObject(std::string_view object) {
  std::string bytes(object);
  crdt::ByteWriter out(bytes);
  if (object.empty()) crdt::Object().Encode(out);
  return bytes;
}

}  // namespace

ShardNode::ShardNode(geo_config::Config config, Environment environment)
    : config_(std::move(config)),
      environment_(std::move(environment)),
      started_unix_ms_(environment_.clock.UnixMs()),
      conflicts_(config_.conflict_ring_entries),
      database_(keyspace_, watches_, blocked_, environment_.dice) {
  run_id_ = RandomHex(40);
  keyspace_.SetRegion(config_.region);
}

std::string ShardNode::RandomHex(int digits) {
  std::string text;
  while (static_cast<int>(text.size()) < digits) {
    std::uint64_t word = environment_.dice();
    for (int i = 0; i < 16 && static_cast<int>(text.size()) < digits; ++i, word >>= 4) {
      text += "0123456789abcdef"[word & 15];
    }
  }
  return text;
}

// --- Records from elsewhere ----------------------------------------------------------------------

Status ShardNode::ApplyEffects(const RecordView& record) {
  const auto effects = storage::DecodeEffects(record);
  if (!effects) return std::unexpected(effects.error());
  for (std::size_t i = 0; i < effects->size(); ++i) {
    const crdt::EffectView& effect = (*effects)[i];
    const crdt::Stamp stamp = record.first_stamp.Plus(i);
    if (!watches_.empty()) {
      if (effect.kind == crdt::EffectKind::kClear) {
        watches_.TouchAll([this](const std::string& key) { return keyspace_.Find(key).exists(); });
      } else {
        watches_.Touch(effect.key, effect.kind == crdt::EffectKind::kDelete &&
                                       effect.has(crdt::effect_flag::kExpired));
      }
    }
    if (!blocked_.empty()) {
      if (effect.kind == crdt::EffectKind::kClear) {
        blocked_.TouchAll();
      } else {
        blocked_.Touch(effect.key);
      }
    }
    keyspace_.Apply(effect, stamp, record, &conflicts_);
  }
  keyspace_.AdvanceFloor(record.last_stamp());
  return {};
}

Status ShardNode::ApplyRecord(const RecordView& record) {
  conflicts_.SetTime(environment_.clock.UnixMs());
  if (replicator_->primary() && record.first_stamp.writer() == database_.writer()) {
    return Fail(ErrorCode::kCorrupt, "a record of this node's own epoch that it did not write");
  }
  RecordView here = record;
  // On the wire "implied" speaks of the stream; here it would speak of this log.
  here.implied = storage::HasSeenJust(here, keyspace_.vectors());
  if (Status applied = ApplyEffects(here); !applied) return applied;
  database_.clock().Observe(here.last_stamp());
  log_->AppendRecord(here);
  return {};
}

void ShardNode::ApplyStable(const VersionVector& stable) {
  std::string payload;
  storage::EncodeVector(FrameKind::kStable, stable, payload);
  log_->Append(payload);
  keyspace_.Collect(stable);
  stable_.Merge(stable);
}

void ShardNode::ExportPartition(
    storage::PartitionId partition,
    const std::function<void(std::string_view, std::string_view)>& visit) const {
  std::string bytes;
  keyspace_.partition(partition).table().ForEach([&](const crdt::KeyCell& cell) {
    bytes.clear();
    crdt::ByteWriter out(bytes);
    crdt::EncodeCell(cell, out);
    visit(cell.name(), bytes);
  });
}

std::string ShardNode::ExportKey(std::string_view key) const {
  const crdt::KeyView view = keyspace_.Find(key);
  std::string bytes;
  crdt::ByteWriter out(bytes);
  if (view.cell() != nullptr) crdt::EncodeCell(*view.cell(), out);
  return bytes;
}

void ShardNode::VisitNames(storage::PartitionId partition,
                           const std::function<void(std::string_view)>& visit) const {
  keyspace_.partition(partition).table().ForEach(
      [&](const crdt::KeyCell& cell) { visit(cell.name()); });
}

Status ShardNode::RepairKey(std::string_view key, std::string_view object) {
  if (std::string refusal = WriteRefusal(); !refusal.empty()) {
    return Fail(ErrorCode::kRefused, std::move(refusal));
  }
  if (pause_.HoldsWrites(steady_ms())) return Fail(ErrorCode::kRefused, "writes are paused");
  const std::string bytes = EncodedObject(object);
  crdt::ByteReader in(bytes);
  if (const auto decoded = crdt::Object::Decode(in); !decoded || !in.at_end()) {
    return Fail(ErrorCode::kCorrupt, "the object of a repair does not decode");
  }
  Database& database = BeginCommand();
  database.effects().Begin(crdt::EffectKind::kRepair, 0, key).Bytes(bytes);
  database.Commit();
  database_.End(*log_);
  return {};
}

Status ShardNode::JoinPartition(storage::PartitionId partition,
                                const std::vector<replication::ExportedKey>& keys,
                                const VersionVector& observed, storage::UnnamedKeys unnamed) {
  const std::string absent = EncodedObject({});
  std::vector<storage::Keyspace::NamedObject> objects;
  objects.reserve(keys.size());
  for (const auto& [key, bytes] : keys) {
    crdt::ByteReader in(bytes.empty() ? absent : bytes);
    auto object = crdt::Object::Decode(in);
    if (!object) return std::unexpected(object.error());
    if (storage::PartitionOf(key) != partition) {
      return Fail(ErrorCode::kCorrupt, "a key in a partition that is not its own");
    }
    objects.emplace_back(key, *std::move(object));
  }
  // Logged before it is visible (fine print 6).
  std::string payload;
  for (const auto& [key, bytes] : keys) {
    payload.clear();
    storage::EncodeFragment({partition, key, bytes.empty() ? absent : bytes}, payload);
    log_->Append(payload);
  }
  payload.clear();
  storage::EncodeVectorJump({partition, keys.size(), observed, unnamed}, payload);
  log_->Append(payload);
  keyspace_.JoinPartition(partition, std::move(objects), observed, unnamed);
  // What is written to it from now on is stamped later.
  for (const crdt::Stamp stamp : observed.entries()) database_.clock().Observe(stamp);
  blocked_.TouchAll();
  return {};
}

void ShardNode::JumpFloor(const VersionVector& floor) {
  std::string payload;
  storage::EncodeVector(FrameKind::kFloorJump, floor, payload);
  log_->Append(payload);
  keyspace_.JumpFloor(floor);
  for (const crdt::Stamp stamp : floor.entries()) database_.clock().Observe(stamp);
}

// --- Role ----------------------------------------------------------------------------------------

std::string ShardNode::WhyNotLead(Told told) {
  if (!new_directory_ || told.by_all_peers) return {};
  // Left in a file it would let an emptied directory take an epoch that was used already. And whom
  // others do not know yet is no part of a new deployment, but a new part of one.
  if (config_.bootstrap && told.time_is_up && !told.of_own_epochs && !told.refused) return {};
  if (told.refused) {
    return "this node's data directory is new, and other nodes do not take it for one of their "
           "deployment: REGION ADD there adds its region";
  }
  return "this node's data directory is new, and not all other nodes have told the greatest epoch "
         "that they know; where the whole deployment is new, set bootstrap yes";
}

crdt::Result<crdt::Epoch> ShardNode::Lead(const geo_config::KnownEpochs& known) {
  const bool keep =
      state_.primary && state_.epoch != 0 && proved_whole_ && known.greatest <= state_.epoch;
  if (!keep) {
    const auto next = geo_config::NextEpoch(known, config_.ordinal, NodesInRegion(config_));
    if (!next) return next;
    state_.epoch = *next;
  }
  state_.primary = true;
  state_.boot_id = environment_.boot_id;
  state_.identity = environment_.directory_identity;
  if (Status saved = SaveState(); !saved) return std::unexpected(saved.error());
  if (!keep) {
    std::string payload;
    storage::EncodeEpoch(state_.epoch, payload);
    log_->Append(payload);
  }
  proved_whole_ = true;
  new_directory_ = false;
  database_.SetWriter(crdt::Writer(config_.region, state_.epoch));
  return state_.epoch;
}

void ShardNode::BecomeWhole() {
  if (!std::exchange(state_.began_anew, false)) return;
  if (Status saved = SaveState(); !saved) {
    environment_.log.Error("that the node is whole could not be saved: " + saved.error().detail);
  }
}

Status ShardNode::KeepMembership(const geo_config::Membership& membership) {
  const std::string before = std::exchange(state_.membership, membership.Encode());
  Status saved = SaveState();
  if (!saved) state_.membership = before;
  return saved;
}

void ShardNode::Follow(crdt::Epoch known) {
  waiting_.RefuseBlocked();
  state_.primary = false;
  state_.epoch = std::max(state_.epoch, known);
  new_directory_ = false;
  state_.identity = environment_.directory_identity;
  if (Status saved = SaveState(); !saved) {
    environment_.log.Error("the role could not be saved: " + saved.error().detail);
  }
}

// --- Commands ------------------------------------------------------------------------------------

Database& ShardNode::BeginCommand() {
  const std::int64_t now = environment_.clock.UnixMs();
  database_.Begin(now, clock_distrusted_ ? 0 : now);
  return database_;
}

void ShardNode::EndCommand(ClientSession& session) {
  const auto last = database_.End(*log_);
  if (!last) return;
  session.last_write = log_->end();
  session.last_stamp = *last;
}

std::string ShardNode::WriteRefusal() const {
  if (!replicator_->primary()) {
    if (!replicator_->waiting_to_lead().empty()) {
      return "MISCONF no writes are taken yet: " + replicator_->waiting_to_lead();
    }
    return "READONLY You can't write against a read only replica.";
  }
  if (replicator_->removed()) {
    return "MISCONF this region was removed from the deployment and takes no more writes";
  }
  if (replicator_->leaving()) {
    return "MISCONF this region is leaving the deployment and takes no more writes";
  }
  if (replicator_->catching_up()) {
    return "MISCONF no writes are taken while this node gets back what the others have";
  }
  if (log_->failed()) return "MISCONF the log could not be written or synced; see the server log.";
  if (log_->full()) {
    return "MISCONF the disk is full: writes are refused until there is space again. Reads go on.";
  }
  if (shutdown_) return "ERR this server is stopping and takes no more writes";
  return {};
}

Status ShardNode::Reconfigure(const std::string& name, const std::string& value) {
  const geo_config::Setting* setting = geo_config::FindSetting(name);
  if (setting == nullptr) return Fail(ErrorCode::kInvalid, "no such setting");
  if (!setting->at_run_time) {
    return Fail(ErrorCode::kRefused, "can't set immutable config");
  }
  return setting->set(config_, value);
}

Status ShardNode::AddRegion(geo_config::RegionEntry region) {
  if (config_.OwnRegion() == nullptr) {
    return Fail(ErrorCode::kRefused,
                "this node stands alone: its file has to name its own region and node in "
                "[[regions]] first");
  }
  if (!config_.appendonly) {
    return Fail(ErrorCode::kRefused,
                "'appendonly' has to be true where there are other regions: they catch up from the "
                "log on disk");
  }
  for (const geo_config::NodeEntry& node : region.nodes) {
    if (!config_.secret.empty() || geo_config::IsLoopback(node.host)) continue;
    return Fail(ErrorCode::kRefused, "'secret' or 'secret-file' is needed, since node " +
                                         node.host + " is beyond loopback");
  }
  return replicator_->AddRegion(std::move(region), Times());
}

LogReport ShardNode::log_report() const {
  const geo_config::Setting* policy = geo_config::FindSetting("appendfsync");
  return {.on_disk = log_->on_disk(),
          .fsync_policy = policy->get(config_),
          .end = log_->end(),
          .written = log_->written(),
          .durable = log_->durable(),
          .disk_bytes = log_->disk_bytes(),
          .segments = log_->segments(),
          .filesystem_free = space_.free,
          .filesystem_total = space_.total,
          .write_failing = log_->full(),
          .failed = log_->failed()};
}

std::optional<LoadProgress> ShardNode::load_progress() const {
  if (keyspace_.is_whole()) return std::nullopt;
  return LoadProgress{.began_unix_ms = loading_since_unix_ms_,
                      .partitions = loader_->partitions_loaded(),
                      .disk_bytes = environment_.checkpoints->disk_bytes()};
}

std::optional<CheckpointReport> ShardNode::checkpoint_report() const {
  if (checkpointer_ == nullptr) return std::nullopt;
  CheckpointReport report = checkpointer_->report();
  report.longest_turn_us = longest_checkpoint_turn_us_;
  return report;
}

std::uint64_t ShardNode::RequestCheckpoint() {
  checkpointer_->Request();
  return checkpointer_->cycles_until_now();
}

void ShardNode::OnClientGone(ClientSession& session) {
  watches_.Unwatch(session);
  waiting_.Remove(session);
}

// --- Turns ---------------------------------------------------------------------------------------

LogPosition ShardNode::Released() const {
  const bool wait_for_sync =
      log_->on_disk() && config_.appendfsync == geo_config::FsyncPolicy::kAlways;
  return wait_for_sync ? log_->durable() : log_->written();
}

void ShardNode::EndOfTurn(Loop loop) {
  ServeBlocked();
  const replication::Now now = Times();
  if (log_->written() < log_->end() && !log_->failed()) {
    const bool was_full = log_->full();
    const Status written = log_->WriteOut();
    if (log_->full() && !was_full) {
      environment_.log.Error("the disk is full: client writes are refused until there is space");
    }
    if (!written && written.error().code != ErrorCode::kDiskFull) {
      environment_.log.Error("the log cannot be written: " + written.error().detail);
      environment_.exit(1);
      return;
    }
  }
  if (snapshots_ != nullptr && snapshots_->wanted()) WorkOnSnapshot(now);
  SyncLog(now.steady_ms, loop);
  if (loader_ != nullptr) {
    LoadKeys(environment_.rows_loaded_per_turn);
  } else if (checkpointer_ != nullptr && !MakesSnapshot()) {
    WorkOnCheckpoint(loop, now);
  }
  const bool no_sync = config_.appendfsync == geo_config::FsyncPolicy::kNo || !log_->on_disk();
  // One millisecond less: a record of this millisecond may carry its first stamp.
  const std::uint64_t clock_ms = clock_distrusted_ ? database_.clock().now_unix_ms()
                                                   : static_cast<std::uint64_t>(now.unix_ms - 1);
  replicator_->EndOfTurn({.written = log_->written(),
                          .durable = log_->on_disk() ? log_->durable() : 0,
                          .on_disk = log_->on_disk(),
                          .written_is_enough = no_sync,
                          .clock = crdt::Stamp::At(clock_ms, database_.writer())},
                         now);
  if (!waiting_.empty()) waiting_.AnswerThoseDone();
  if (shutdown_) ContinueShutdown();
}

void ShardNode::WorkOnCheckpoint(Loop loop, const replication::Now& now) {
  const std::int64_t began_us = environment_.clock.SteadyUs();
  // Where clients keep the node busy they get most of it, unless a restart would take ever longer.
  const bool is_behind =
      config_.checkpoint_log_bytes > 0 &&
      log_->end() - checkpointer_->begin() > kMostCheckpointLag * config_.checkpoint_log_bytes;
  if (loop == Loop::kBusy && began_us < checkpoint_rests_until_us_ && !is_behind) return;
  checkpointer_->OnTurn(*log_,
                        {.interval_ms = config_.checkpoint_interval.count(),
                         .log_bytes = config_.checkpoint_log_bytes},
                        {now.steady_ms, now.unix_ms});
  const std::int64_t ended_us = environment_.clock.SteadyUs();
  longest_checkpoint_turn_us_ = std::max(longest_checkpoint_turn_us_, ended_us - began_us);
  checkpoint_rests_until_us_ = ended_us + kCheckpointRests * (ended_us - began_us);
}

void ShardNode::SyncLog(std::int64_t now_ms, Loop loop) {
  const bool checkpoint_waits =
      checkpointer_ != nullptr && checkpointer_->waits_for() > log_->durable();
  const bool snapshot_waits = MakesSnapshot() && snapshots_->waits_for() > log_->durable();
  const bool due = checkpoint_waits || snapshot_waits ||
                   storage::SyncIsDue(PolicyOf(config_.appendfsync), *log_, now_ms, last_sync_ms_);
  // Group commit: what comes in now joins. An fsync for each few of many clients would cost more
  // than their commands.
  if (!holds_sync_back_) sync_due_ms_ = now_ms;
  holds_sync_back_ = due && loop == Loop::kBusy && now_ms - sync_due_ms_ < kMostGatheringMs;
  if (holds_sync_back_ || (!due && !shutdown_)) return;
  if (auto job = log_->BeginSync()) {
    last_sync_ms_ = now_ms;
    environment_.sync(*std::move(job));
  }
}

void ShardNode::OnSyncDone(const storage::SyncJob& job, const Status& status) {
  log_->OnSyncDone(job, status);
  if (status) return;
  // What was acknowledged may be gone; nothing more is acknowledged, and a replica takes over.
  environment_.log.Error("fsync failed and is not tried again: " + status.error().detail);
  environment_.exit(1);
}

void ShardNode::OnCheckpointDone(storage::CheckpointJob job, const Status& status) {
  const bool failed_before = checkpointer_->report().last_failed;
  const replication::Now now = Times();
  checkpointer_->OnJobDone(std::move(job), status, {now.steady_ms, now.unix_ms});
  if (!status && !failed_before) {
    environment_.log.Error("the checkpoint cannot be written, and the log is kept: " +
                           status.error().detail);
  } else if (status && failed_before) {
    environment_.log.Info("the checkpoint is written again");
  }
}

void ShardNode::OnTick() {
  const replication::Now now = Times();
  SetUseClock();
  replicator_->SetCheckInterval(config_.region_check_interval.count());
  replicator_->SetJoinRate(config_.join_bytes_per_second);
  replicator_->OnTick(now);
  // What they wait for is to be taken, which is a write.
  if (!blocked_.empty() && (replicator_->leaving() || replicator_->removed())) {
    waiting_.RefuseBlocked();
  }
  JudgeClock();
  if (now.steady_ms - last_disk_check_ms_ >= kDiskCheckMs) {
    CheckDisk(now.steady_ms);
    DropOldLog();
    if (snapshots_ != nullptr) snapshots_->OnTick(config_.snapshot_schedule, now);
  }
  if (replicator_->primary() && now.steady_ms - last_expiry_ms_ >= kExpiryPauseMs) {
    last_expiry_ms_ = now.steady_ms;
    DeleteExpired();
  }
}

void ShardNode::JudgeClock() {
  if (clock_distrusted_ == replicator_->clock_too_fast()) return;
  clock_distrusted_ = !clock_distrusted_;
  if (clock_distrusted_) {
    environment_.log.Warn(
        "this node's clock is ahead of most other nodes': it is not taken for new stamps, which "
        "are counted on from the last one, until the clock is right");
  } else {
    environment_.log.Info("this node's clock agrees with most other nodes' again: it is taken");
  }
}

void ShardNode::CheckDisk(std::int64_t now_ms) {
  last_disk_check_ms_ = now_ms;
  if (!log_->on_disk()) return;
  if (const auto space = environment_.disk.Space(config_.dir)) space_ = *space;
  if (log_->full() && log_->written() == log_->end() && log_->RestoreReserve()) {
    environment_.log.Info("there is space on the disk again: writes are taken");
  }
  const bool nearly = space_.total > 0 && space_.free * 5 < space_.total;
  if (nearly && !warned_of_disk_) {
    environment_.log.Warn("the disk is more than 80 % full; of that the log takes " +
                          std::to_string(log_->disk_bytes()) + " bytes");
  }
  warned_of_disk_ = nearly;
}

void ShardNode::DropOldLog() {
  if (MakesSnapshot() || checkpointer_ == nullptr || log_->failed()) return;
  const auto wanted = log_->CursorFor(stable_);
  LogPosition needed = wanted ? wanted->position() : log_->begin().position();
  if (const std::uint64_t most = config_.geo_retention_bytes; most > 0 && log_->end() > most) {
    needed = std::max(needed, log_->end() - most);
  }
  if (const std::int64_t longest = config_.geo_retention_time.count(); longest > 0) {
    needed = std::max(needed, log_->BeginOfWhatIsNewerThan(Times().unix_ms - longest));
  }
  log_->DropBefore(
      std::min({needed, checkpointer_->begin(), replicator_->JoinsGoOnFrom(log_->end())}));
}

void ShardNode::DeleteExpired() {
  const replication::Now now = Times();
  if (!WriteRefusal().empty() || pause_.HoldsWrites(now.steady_ms)) return;
  const std::int64_t grace = config_.expire_grace.count();
  std::vector<std::string> due;
  int looked = 0;
  keyspace_.VisitExpired(now.unix_ms, [&](const std::string& key) {
    const crdt::KeyView view = keyspace_.Find(key);
    // The region that set the winning deadline deletes; another one does where the owner is silent.
    const crdt::RegionId owner = view.deadline_stamp()->region();
    const bool mine = owner == config_.region || replicator_->RegionSilent(owner, grace, now);
    if (mine && replicator_->RegionsArePast(*view.deadline(), grace, now)) due.push_back(key);
    return ++looked < kMostExpired;
  });
  if (due.empty()) return;
  Database& database = BeginCommand();
  for (const std::string& key : due) {
    if (keyspace_.Find(key).exists()) ++stats_.expired_keys;
    crdt::PrepareDelete(keyspace_.Find(key), key, crdt::DeleteReason::kExpired, database.effects());
    database.Commit();
  }
  database_.End(*log_);
}

// --- Stop ----------------------------------------------------------------------------------------

void ShardNode::RequestShutdown(ShutdownRequest request) {
  const std::int64_t now = environment_.clock.SteadyMs();
  if (!shutdown_) {
    shutdown_.emplace();
    shutdown_deadline_ms_ = now + kShutdownGraceMs;
    environment_.log.Info("stopping: taking no more writes, flushing, giving replicas time");
  }
  shutdown_->force |= request.force;
  shutdown_->by_signal |= request.by_signal;
  if (request.now) shutdown_deadline_ms_ = now;
}

bool ShardNode::AbortShutdown() {
  if (!shutdown_ || shutdown_->by_signal) return false;
  environment_.log.Info("not stopping after all");
  shutdown_.reset();
  return true;
}

void ShardNode::ContinueShutdown() {
  const bool late = environment_.clock.SteadyMs() >= shutdown_deadline_ms_;
  const bool flushed = log_->failed() || log_->written() == log_->end();
  const bool durable = !log_->on_disk() || log_->failed() || log_->durable() == log_->written();
  if (!flushed && late && log_->full() && !shutdown_->force) {
    environment_.log.Error("not stopping: the disk is full and the log is not written");
    shutdown_.reset();
    return;
  }
  // What a full disk did not take was not acknowledged either.
  if (!(flushed || (late && log_->full())) || !durable) return;
  const std::int64_t replicas = replicator_->ReplicasAt(0);
  if (!late && replicator_->ReplicasAt(log_->written()) < replicas) return;
  if (!log_->failed() && log_->durable() == log_->end()) {
    state_.clean = proved_whole_;
    state_.clean_end = log_->end();
    if (Status saved = SaveState(); !saved) {
      environment_.log.Error("the clean mark could not be written: " + saved.error().detail);
    }
  }
  environment_.log.Info("stopped");
  environment_.exit(0);
}

}  // namespace server
