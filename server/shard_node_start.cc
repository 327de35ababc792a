// How a node starts: what it remembers of itself, its checkpoint, and the rest of its log.
#include <algorithm>
#include <utility>

#include "server/shard_node.h"
#include "server/version.h"
#include "storage/log/segment.h"
#include "storage/replay.h"

namespace server {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;

namespace {

// What is kept of the log for readers, of whom a node alone has none.
std::uint64_t LogMemory(const geo_config::Config& config) {
  return config.regions.empty() ? 0 : config.log_memory_bytes;
}

}  // namespace

Status ShardNode::LoadState() {
  const std::string path = config_.dir + "/" + storage::kNodeStateName;
  if (!config_.appendonly || !environment_.disk.Exists(path)) {
    new_directory_ = true;
    state_ = {.deployment = config_.deployment,
              .region = config_.region,
              .ordinal = config_.ordinal,
              .log_id = RandomHex(40),
              .primary = config_.ordinal == 0};
    return {};
  }
  const auto bytes = environment_.disk.ReadFile(path);
  if (!bytes) return std::unexpected(bytes.error());
  auto state = storage::NodeState::Decode(*bytes);
  if (!state) return Fail(state.error().code, path + ": " + state.error().detail);
  state_ = *std::move(state);
  if (state_.deployment != config_.deployment || state_.region != config_.region ||
      state_.ordinal != config_.ordinal) {
    return Fail(ErrorCode::kRefused,
                config_.dir + " belongs to deployment '" + state_.deployment + "' region " +
                    std::to_string(state_.region) + " node " + std::to_string(state_.ordinal) +
                    ", this is deployment '" + config_.deployment + "' region " +
                    std::to_string(config_.region) + " node " + std::to_string(config_.ordinal));
  }
  // Also where the node has run on this directory: it stays new until the node has led or followed.
  new_directory_ = state_.identity != environment_.directory_identity;
  if (new_directory_ && state_.identity != 0) {
    environment_.log.Warn(config_.dir + " is a copy or was restored: a new epoch will be taken");
  }
  return {};
}

crdt::Result<geo_config::Membership> ShardNode::KeptMembership() const {
  if (state_.membership.empty()) return geo_config::Membership();
  auto membership = geo_config::Membership::Decode(state_.membership);
  if (!membership) return membership;
  for (const geo_config::RegionEntry& region : config_.regions) {
    if (!membership->HasRemoved(region.id)) continue;
    environment_.log.Warn("region " + std::to_string(region.id) + " ('" + region.name +
                          "') was removed from this deployment, though the file has it still");
  }
  return membership;
}

Status ShardNode::SaveState() {
  if (!config_.appendonly) return {};
  return environment_.disk.ReplaceFile(config_.dir + "/" + storage::kNodeStateName,
                                       state_.Encode());
}

void ShardNode::OpenLog() {
  log_ = std::make_unique<storage::Log>(
      storage::LogOptions{.directory = config_.appendonly ? config_.dir : std::string(),
                          .log_id = state_.log_id,
                          .region = config_.region,
                          .ordinal = config_.ordinal,
                          .segment_bytes = config_.segment_bytes,
                          .memory_bytes = LogMemory(config_),
                          .reserve_bytes = config_.reserve_bytes},
      &environment_.disk);
  log_->SetPartitionVectors([this] { return keyspace_.beyond_floor(); });
}

Status ShardNode::Recover() {
  if (Status loaded = LoadState(); !loaded) return loaded;
  const auto report = RecoverKeyspace();
  if (!report) return std::unexpected(report.error());
  using Verdict = storage::RecoveryReport::Verdict;
  if (report->verdict == Verdict::kDamaged) {
    return Fail(ErrorCode::kCorrupt,
                "the log is damaged and was left as it is: " + report->detail +
                    ". Set the directory aside and start with an empty one: the data comes back "
                    "from a replica or another region");
  }
  if (report->verdict == Verdict::kTornTail) environment_.log.Warn(report->detail);
  environment_.log.Info("recovered " + std::to_string(report->frames) + " log frames, " +
                        (keyspace_.is_whole()
                             ? std::to_string(keyspace_.visible_keys()) + " keys"
                             : std::string("keys are loaded while clients are served")));
  const auto membership = KeptMembership();
  if (!membership) return std::unexpected(membership.error());
  proved_whole_ =
      !new_directory_ && storage::ProvesNothingLost(state_, *report, environment_.boot_id);
  if (Status opened = OpenSnapshots(); !opened) return opened;
  state_.clean = false;
  const bool began_anew_before = state_.began_anew && !new_directory_;
  state_.began_anew = state_.began_anew || new_directory_;
  // Where something may be lost that stays so until a new epoch is taken, however often the node
  // starts until then.
  state_.boot_id = proved_whole_ ? environment_.boot_id : std::string();
  // The clean mark goes durably before anything is written.
  if (Status saved = SaveState(); !saved) return saved;
  database_.SetWriter(crdt::Writer(config_.region, state_.epoch));
  loading_ = false;

  replication::ReplicatorOptions options{
      .self = {.deployment = config_.deployment,
               .region = config_.region,
               .region_name =
                   config_.OwnRegion() == nullptr ? std::string() : config_.OwnRegion()->name,
               .ordinal = config_.ordinal,
               .server_version = std::string(kVersion),
               .log_id = state_.log_id},
      .secret = config_.secret,
      .client_port = config_.port,
      .regions = config_.regions,
      .membership = *membership,
      .ship_gate = config_.geo_ship_gate,
      .ship_gate_timeout_ms = config_.geo_ship_gate_timeout.count(),
      .peer_timeout_ms = config_.repl_timeout.count(),
      .heartbeat_ms = config_.heartbeat.count(),
      .max_clock_skew_ms = config_.max_clock_skew.count(),
      .began_anew = state_.began_anew,
      .began_anew_before = began_anew_before,
      .compression =
          config_.geo_compression ? replication::Compression::kOn : replication::Compression::kOff};
  replicator_ = std::make_unique<replication::Replicator>(
      std::move(options), state_.primary, state_.epoch, *this, environment_.network, *this, [this] {
        std::string nonce(16, '\0');
        for (char& byte : nonce) byte = static_cast<char>(environment_.dice());
        return nonce;
      });
  return {};
}

crdt::Result<std::optional<storage::CheckpointMark>> ShardNode::OpenCheckpoint(bool log_has_all) {
  if (environment_.checkpoints == nullptr) return std::nullopt;
  checkpointer_ = std::make_unique<storage::Checkpointer>(
      *environment_.checkpoints, keyspace_, state_.log_id, environment_.checkpoint_slice,
      [this] { return environment_.clock.SteadyUs(); }, environment_.checkpoint);
  auto mark = checkpointer_->Open();
  if (mark || mark.error().code != ErrorCode::kCorrupt) return mark;
  if (!log_has_all) {
    return Fail(ErrorCode::kCorrupt,
                "the checkpoint is damaged, and the log does not reach back behind it; both were "
                "left as they are: " +
                    mark.error().detail +
                    ". Set the directory aside and start with an empty one: the data comes back "
                    "from a replica");
  }
  environment_.log.Warn("the checkpoint is damaged and made anew: " + mark.error().detail);
  if (Status cleared = environment_.checkpoints->Clear(); !cleared) {
    return std::unexpected(cleared.error());
  }
  return checkpointer_->Open();
}

crdt::Result<storage::RecoveryReport> ShardNode::RecoverKeyspace() {
  try {
    return ReadCheckpointAndLog();
  } catch (const storage::LoadFailure& failure) {
    if (!failure.source_is_gone()) return Fail(ErrorCode::kInputOutput, failure.what());
    environment_.log.Warn(failure.what());
  }
  keyspace_ = storage::Keyspace();
  loader_.reset();
  return ReadCheckpointAndLog();
}

crdt::Result<storage::RecoveryReport> ShardNode::ReadCheckpointAndLog() {
  OpenLog();
  SetUseClock();
  const bool log_has_all = storage::LogHasAll(environment_.disk, config_.dir);
  auto mark = OpenCheckpoint(log_has_all);
  if (!mark) return std::unexpected(mark.error());
  storage::RecoveryStart start;
  if (*mark) {
    const auto reach = environment_.checkpoints->Reach();
    if (!reach) return std::unexpected(reach.error());
    start = {.visit_from = (*mark)->begin,
             .durable = std::max((*mark)->begin, *reach),
             .begins_by = (*mark)->begin};
    loader_ = std::make_unique<storage::CheckpointLoader>(
        *environment_.checkpoints, keyspace_, *std::move(*mark), log_has_all,
        storage::CheckpointLoader::Found{
            .gone = [this](std::string_view key) { checkpointer_->NoteGone(key); },
            .in_pieces = [this](std::string_view key,
                                std::uint64_t cycle) { checkpointer_->NoteInPieces(key, cycle); }});
    loading_since_unix_ms_ = Times().unix_ms;
    environment_.log.Info("the log is replayed from position " + std::to_string(start.visit_from) +
                          " on, where the checkpoint ends");
    for (const crdt::Stamp stamp : keyspace_.floor().entries()) database_.clock().Observe(stamp);
    for (const auto& [partition, vector] : keyspace_.beyond_floor()) {
      for (const crdt::Stamp stamp : vector.entries()) database_.clock().Observe(stamp);
    }
  }
  storage::Replay replay(keyspace_, database_.clock(), loader_.get());
  auto report = log_->Recover(
      [&replay](const storage::FrameView& frame) { return replay.Pass(frame); }, start);
  replay.Finish();
  if (loader_ != nullptr) {
    loader_->EndReplay();
    LoadKeys(environment_.rows_loaded_at_start);
  }
  return report;
}

void ShardNode::LoadKeys(std::size_t rows) {
  loader_->LoadSlice(rows);
  if (!loader_->done()) return;
  environment_.log.Info("loaded " + std::to_string(loader_->keys()) + " keys from the checkpoint");
  loader_.reset();
}

void ShardNode::Start() {
  replicator_->Start(Times());
}

}  // namespace server
