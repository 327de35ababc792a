#include "tests/simulation/planted_faults.h"

#include <functional>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "replication/wire.h"

namespace simulation {

using crdt::Stamp;
using crdt::VersionVector;
using replication::Message;

std::span<const PlantedFault> PlantedFaults() {
  static constexpr PlantedFault kFaults[] = {
      {Planted::kIdentityReused, "identity-reused", 100},
      {Planted::kEpochNotDurable, "epoch-not-durable", 300},
      {Planted::kRepliesAtOnce, "replies-at-once", 60},
      {Planted::kRepliesBeforeSync, "replies-before-sync", 200},
      {Planted::kSyncLies, "sync-lies", 30},
      {Planted::kAppliedAheadOfItself, "applied-ahead-of-itself", 30},
      {Planted::kAppliedAsDurable, "applied-as-durable", 30},
      {Planted::kContextDropped, "context-dropped", 10},
      {Planted::kSiblingDropped, "sibling-dropped", 60},
      {Planted::kCollectedEarly, "collected-early", 200},
      {Planted::kResumedTooFar, "resumed-too-far", 40},
      {Planted::kAppliedTwice, "applied-twice", 10},
      {Planted::kJoinWithoutJump, "join-without-jump", 300},
      {Planted::kTailNotOffered, "tail-not-offered", 100},
      {Planted::kWaitCountsOneMore, "wait-counts-one-more", 10},
      {Planted::kRegionWaitCountsItself, "region-wait-counts-itself", 10},
      {Planted::kDeleteTakesUnseen, "delete-takes-unseen", 60},
      {Planted::kTransactionTorn, "transaction-torn", 20},
      {Planted::kJoinLosesAKey, "join-loses-a-key", 300},
      {Planted::kJoinKeepsWhatIsGone, "join-keeps-what-is-gone", 60},
      {Planted::kGateSkipped, "gate-skipped", 20},
      {Planted::kBeyondDropped, "beyond-dropped", 300},
      {Planted::kNeverCollected, "never-collected", 100},
      {Planted::kStableUnheard, "stable-unheard", 100},
      {Planted::kLogNeverCut, "log-never-cut", 300},
      {Planted::kCheckpointForgetsDeletes, "checkpoint-forgets-deletes", 200},
      {Planted::kCheckpointWithoutPositions, "checkpoint-without-positions", 200},
      {Planted::kCheckpointKeepsRows, "checkpoint-keeps-rows", 100},
      {Planted::kCheckpointForgetsMeanwhile, "checkpoint-forgets-meanwhile", 500},
  };
  return kFaults;
}

// --- In the node ---------------------------------------------------------------------------------

namespace {

// A node some of whose answers and deeds are wrong.
class FaultyNode : public server::ShardNode {
 public:
  FaultyNode(Planted planted, geo_config::Config config, server::Environment environment)
      : ShardNode(std::move(config), std::move(environment)), planted_(planted) {}

  server::Database& BeginCommand() override {
    // Whatever is spent goes at once, whether other regions have seen that it is or not.
    if (planted_ == Planted::kCollectedEarly && ++commands_ % 10 == 0) {
      ShardNode::ApplyStable(floor());
    }
    return ShardNode::BeginCommand();
  }
  crdt::Status ApplyRecord(const storage::RecordView& record) override {
    if (planted_ == Planted::kSiblingDropped && Loses(record)) {
      storage::RecordView emptied = record;
      emptied.effects = kNothing;
      return ShardNode::ApplyRecord(emptied);
    }
    if (planted_ == Planted::kDeleteTakesUnseen && IsDelete(record)) {
      storage::RecordView greedy = record;
      greedy.context.Merge(floor());
      greedy.implied = false;
      return ShardNode::ApplyRecord(greedy);
    }
    if (planted_ == Planted::kBeyondDropped && !record.beyond.empty()) {
      storage::RecordView forgetful = record;
      forgetful.beyond = {};
      return ShardNode::ApplyRecord(forgetful);
    }
    if (planted_ == Planted::kTransactionTorn && record.effect_count > 1) {
      storage::RecordView torn = record;
      // The stamps of all, the first change alone.
      torn_.assign(FirstOf(record));
      for (std::uint64_t i = 1; i < record.effect_count; ++i) torn_ += kNothing;
      torn.effects = torn_;
      return ShardNode::ApplyRecord(torn);
    }
    crdt::Status applied = ShardNode::ApplyRecord(record);
    if (applied && planted_ == Planted::kAppliedTwice && ++records_ % 50 == 0) {
      return ShardNode::ApplyRecord(record);
    }
    return applied;
  }
  void ApplyStable(const VersionVector& stable) override {
    if (planted_ != Planted::kNeverCollected) ShardNode::ApplyStable(stable);
  }
  crdt::Status JoinPartition(storage::PartitionId partition,
                             const std::vector<replication::ExportedKey>& keys,
                             const VersionVector& observed, storage::UnnamedKeys unnamed) override {
    auto fewer = keys;
    if (planted_ == Planted::kJoinLosesAKey && !fewer.empty()) fewer.pop_back();
    if (planted_ == Planted::kJoinKeepsWhatIsGone) {
      std::erase_if(fewer, [](const auto& key) { return key.second.empty(); });
    }
    return ShardNode::JoinPartition(partition, fewer, observed, unnamed);
  }
  void JumpFloor(const VersionVector& floor) override {
    if (planted_ != Planted::kJoinWithoutJump) ShardNode::JumpFloor(floor);
  }
  std::int64_t ReplicasAt(storage::LogPosition position) const override {
    return ShardNode::ReplicasAt(position) + (planted_ == Planted::kWaitCountsOneMore ? 1 : 0);
  }
  std::int64_t RegionsDurableAt(Stamp stamp) const override {
    return ShardNode::RegionsDurableAt(stamp) +
           (planted_ == Planted::kRegionWaitCountsItself ? 1 : 0);
  }

 private:
  // Removing no members of no key.
  static constexpr std::string_view kNothing{"\x06\x00\x00\x00", 4};

  static bool IsDelete(const storage::RecordView& record) {
    crdt::ByteReader in(record.effects);
    const auto effect = crdt::EffectView::Decode(in);
    return effect && effect->kind == crdt::EffectKind::kDelete;
  }
  static std::string_view FirstOf(const storage::RecordView& record) {
    crdt::ByteReader in(record.effects);
    const auto effect = crdt::EffectView::Decode(in);
    return effect ? effect->bytes : std::string_view();
  }

  // A single assignment that an assignment here, unseen by it, wins against.
  bool Loses(const storage::RecordView& record) {
    crdt::ByteReader in(record.effects);
    const auto effect = crdt::EffectView::Decode(in);
    if (!effect || record.effect_count != 1 || effect->kind != crdt::EffectKind::kSet) return false;
    const crdt::KeyView view = BeginCommand().keyspace().Find(effect->key);
    if (view.type() != crdt::ValueType::kString || !view.cell()->is_text()) return false;
    const Stamp shown = view.cell()->text_stamp();
    return shown > record.first_stamp && !record.context.Covers(shown);
  }

  Planted planted_;
  std::uint64_t records_ = 0;
  std::uint64_t commands_ = 0;
  std::string torn_;
};

// --- On the wire ---------------------------------------------------------------------------------

void DropContexts(replication::Records& records) {
  std::string entries;
  crdt::ByteWriter out(entries);
  crdt::ByteReader in(records.entries);
  while (!in.at_end()) {
    const std::string_view payload = in.Bytes();
    auto record = storage::DecodeRecord(payload, {});
    std::string changed(payload);
    if (record && !record->implied && !record->context.empty()) {
      record->context = {};
      changed.clear();
      storage::EncodeRecord(*record, {}, changed);
    }
    out.Bytes(changed);
  }
  records.entries = std::move(entries);
}

void SwapFirstTwo(replication::Records& records) {
  crdt::ByteReader in(records.entries);
  std::vector<std::string_view> payloads;
  while (!in.at_end()) payloads.push_back(in.Bytes());
  if (payloads.size() < 2) return;
  std::swap(payloads[0], payloads[1]);
  std::string entries;
  crdt::ByteWriter out(entries);
  for (const std::string_view payload : payloads) out.Bytes(payload);
  records.entries = std::move(entries);
}

// Asks for what comes behind the next record.
void SkipOne(replication::Subscribe& subscribe) {
  if (subscribe.have.empty()) return;
  const Stamp last = subscribe.have.entries().back();
  subscribe.have.Advance(last.Plus(std::uint64_t{1} << Stamp::kCounterBits));
}

void Change(Planted planted, Message& message) {
  if (auto* said = std::get_if<replication::Acknowledgement>(&message)) {
    if (planted == Planted::kAppliedAheadOfItself) said->applied_position += 2000;
    if (planted == Planted::kAppliedAsDurable) {
      said->durable = said->applied;
      said->durable_position = said->applied_position;
    }
  } else if (auto* records = std::get_if<replication::Records>(&message)) {
    if (planted == Planted::kContextDropped) DropContexts(*records);
    if (planted == Planted::kGateSkipped) SwapFirstTwo(*records);
  } else if (auto* subscribe = std::get_if<replication::Subscribe>(&message)) {
    if (planted == Planted::kResumedTooFar) SkipOne(*subscribe);
  } else if (auto* beat = std::get_if<replication::Heartbeat>(&message)) {
    if (planted == Planted::kStableUnheard) beat->state.held = {};
    if (planted == Planted::kTailNotOffered && !beat->state.primary) beat->state.floor = {};
  } else if (auto* state = std::get_if<replication::NodeState>(&message)) {
    if (planted == Planted::kTailNotOffered && !state->primary) state->floor = {};
  }
}

}  // namespace

std::unique_ptr<server::ShardNode> MakeNode(Planted planted, geo_config::Config config,
                                            server::Environment environment) {
  if (planted == Planted::kNone) {
    return std::make_unique<server::ShardNode>(std::move(config), std::move(environment));
  }
  if (planted == Planted::kLogNeverCut) config.log_memory_bytes = std::uint64_t{1} << 40;
  return std::make_unique<FaultyNode>(planted, std::move(config), std::move(environment));
}

SimulatedNetwork::Tamper MakeTamper(Planted planted) {
  switch (planted) {
    case Planted::kAppliedAheadOfItself:
    case Planted::kAppliedAsDurable:
    case Planted::kContextDropped:
    case Planted::kResumedTooFar:
    case Planted::kTailNotOffered:
    case Planted::kGateSkipped:
    case Planted::kStableUnheard:
      break;
    default:
      return {};
  }
  // What a node sends at once are whole frames.
  return [planted](NodeNumber, NodeNumber, std::string bytes) {
    replication::FrameReader reader;
    reader.Append(bytes);
    std::string changed;
    for (;;) {
      const auto payload = reader.Next();
      if (!payload || !*payload) return changed;
      auto message = replication::DecodeMessage(**payload);
      if (!message) return bytes;
      Change(planted, *message);
      changed += replication::EncodeFrame(*message);
    }
  };
}

// --- On the disk ---------------------------------------------------------------------------------

void StateFileKeeper::BeforeStart(Planted planted, storage::MemoryDisk& disk,
                                  const std::string& path, bool machine_crashed) {
  if (planted == Planted::kEpochNotDurable && machine_crashed && !first_.empty()) {
    (void)disk.ReplaceFile(path, first_);
  }
}

void StateFileKeeper::AfterStart(storage::MemoryDisk& disk, const std::string& path) {
  if (!first_.empty() || !disk.Exists(path)) return;
  if (const auto bytes = disk.ReadFile(path)) first_ = *bytes;
}

}  // namespace simulation
