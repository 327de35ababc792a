#include "storage/replay.h"

#include <map>
#include <utility>

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Stamp;
using crdt::Status;

Status Replay::Pass(const FrameView& frame) {
  switch (frame.kind()) {
    case FrameKind::kRecord:
      return PassRecord(frame);
    case FrameKind::kFragment: {
      const auto fragment = DecodeFragment(frame.payload);
      if (!fragment) return std::unexpected(fragment.error());
      staged_.push_back({.partition = fragment->partition,
                         .key = std::string(fragment->key),
                         .object = std::string(fragment->object)});
      return {};
    }
    case FrameKind::kVectorJump: {
      const auto jump = DecodeVectorJump(frame.payload);
      if (!jump) return std::unexpected(jump.error());
      return PassJoin(*jump, frame.end);
    }
    case FrameKind::kStable:
    case FrameKind::kFloorJump: {
      const auto vector = DecodeVector(frame.payload);
      if (!vector) return std::unexpected(vector.error());
      if (frame.kind() == FrameKind::kStable) {
        stable_.Merge(*vector);
      } else {
        keyspace_.JumpFloor(*vector);
        for (const Stamp stamp : vector->entries()) clock_.Observe(stamp);
      }
      return {};
    }
    case FrameKind::kEpoch:
      return {};
  }
  return Fail(ErrorCode::kUnsupported, "the log holds a frame of an unknown kind");
}

Status Replay::PassRecord(const FrameView& frame) {
  const auto record = DecodeRecord(frame.payload, frame.before);
  if (!record) return std::unexpected(record.error());
  const auto effects = DecodeEffects(*record);
  if (!effects) return std::unexpected(effects.error());
  for (std::size_t i = 0; i < effects->size(); ++i) {
    Apply((*effects)[i], record->first_stamp.Plus(i), *record, frame.end);
  }
  keyspace_.AdvanceFloor(record->last_stamp());
  clock_.Observe(record->last_stamp());
  return {};
}

void Replay::Apply(const crdt::EffectView& effect, Stamp stamp, const RecordView& record,
                   LogPosition end) {
  if (effect.kind == crdt::EffectKind::kClear) {
    if (loader_ != nullptr) loader_->NeedAll();
    Around(end, std::nullopt, {stamp}, [&] { keyspace_.Apply(effect, stamp, record, nullptr); });
  } else if (loader_ != nullptr && !loader_->IsLoaded(effect.key)) {
    // When the key is loaded the floor may have passed what a join had brought before.
    if (keyspace_.HasJoined(PartitionOf(effect.key), stamp)) return;
    loader_->Defer(effect, stamp, record, end);
  } else if (IsAhead(effect.key, end)) {
    keyspace_.NoteResets(effect.key, stamp);
  } else {
    keyspace_.Apply(effect, stamp, record, nullptr);
  }
}

Status Replay::PassJoin(const VectorJump& jump, LogPosition end) {
  if (jump.fragments > staged_.size()) {
    return Fail(ErrorCode::kCorrupt, "the log lacks fragments of a join");
  }
  std::vector<Keyspace::NamedObject> objects;
  for (std::size_t i = staged_.size() - jump.fragments; i < staged_.size(); ++i) {
    if (staged_[i].partition != jump.partition) {
      return Fail(ErrorCode::kCorrupt, "the log mixes fragments of two joins");
    }
    crdt::ByteReader in(staged_[i].object);
    auto object = crdt::Object::Decode(in);
    if (!object) return std::unexpected(object.error());
    objects.emplace_back(std::move(staged_[i].key), *std::move(object));
  }
  staged_.clear();
  for (const Stamp stamp : jump.vector.entries()) clock_.Observe(stamp);
  if (loader_ != nullptr) loader_->NeedPartition(jump.partition);
  Around(end, jump.partition, jump.vector.entries(), [&] {
    keyspace_.JoinPartition(jump.partition, std::move(objects), jump.vector, jump.unnamed);
  });
  return {};
}

bool Replay::IsAhead(std::string_view key, LogPosition end) const {
  if (loader_ == nullptr) return false;
  const auto found = loader_->ahead().find(key);
  return found != loader_->ahead().end() && found->second >= end;
}

void Replay::Around(LogPosition end, std::optional<PartitionId> partition,
                    const std::vector<Stamp>& stamps, const std::function<void()>& change) {
  std::map<std::string_view, crdt::Object> kept;
  static const CheckpointedKeys kNone;
  for (const auto& [key, position] : loader_ == nullptr ? kNone : loader_->ahead()) {
    const bool changes = !partition || *partition == PartitionOf(key);
    if (changes && position >= end) kept[key] = keyspace_.Take(key);
  }
  change();
  for (auto& [key, object] : kept) {
    keyspace_.Put(key, std::move(object));
    for (const Stamp stamp : stamps) keyspace_.NoteResets(key, stamp);
  }
}

}  // namespace storage
