#include "storage/checkpoint/checkpoint_loader.h"

#include <limits>
#include <utility>

#include "crdt/encoding.h"
#include "crdt/object.h"

namespace storage {

using crdt::Stamp;
using crdt::Status;

CheckpointLoader::CheckpointLoader(CheckpointStore& store, Keyspace& keyspace, CheckpointMark mark,
                                   bool log_has_all, Found found)
    : store_(store),
      keyspace_(keyspace),
      mark_(std::move(mark)),
      log_has_all_(log_has_all),
      found_(std::move(found)) {
  keyspace_.SetVectors(mark_.vectors);
  keyspace_.SetSource(this);
}

// --- While the log is replayed -------------------------------------------------------------------

bool CheckpointLoader::IsLoaded(std::string_view key) const {
  const PartitionId id = PartitionOf(key);
  if (loaded_[id]) return true;
  const Progress& progress = progress_[id];
  return (progress.reached && key <= *progress.reached) || progress.early.contains(key);
}

void CheckpointLoader::Defer(const crdt::EffectView& effect, Stamp stamp, const RecordView& record,
                             LogPosition end) {
  const PartitionId partition = PartitionOf(effect.key);
  std::shared_ptr<const crdt::VersionVector> kept;
  if (!record.implied) {
    crdt::VersionVector context = record.ContextIn(partition);
    // Most records of a log have seen what the one before them had seen.
    if (last_context_ == nullptr || *last_context_ != context) {
      last_context_ = std::make_shared<crdt::VersionVector>(std::move(context));
    }
    kept = last_context_;
  }
  progress_[partition].deferred[effect.key].push_back(
      {end, stamp, std::move(kept), std::string(effect.bytes)});
}

void CheckpointLoader::EndReplay() {
  replays_ = false;
  ahead_ = {};
  last_context_ = nullptr;
}

// --- Loading -------------------------------------------------------------------------------------

void CheckpointLoader::Need(std::string_view key) {
  if (IsLoaded(key)) return;
  progress_[PartitionOf(key)].early.emplace(key);
  const auto row = store_.Row(key);
  if (!row) Fail(row.error());
  if (Status placed = Place(key, *row); !placed) Fail(placed.error());
}

void CheckpointLoader::NeedPartition(PartitionId id) {
  LoadRows(id, std::numeric_limits<std::size_t>::max());
}

void CheckpointLoader::NeedAll() {
  for (int id = 0; id < kPartitions; ++id) NeedPartition(static_cast<PartitionId>(id));
}

void CheckpointLoader::LoadSlice(std::size_t rows) {
  const std::uint64_t end = rows_ + rows;
  for (int id = 0; id < kPartitions && rows_ < end; ++id) {
    LoadRows(static_cast<PartitionId>(id), end - rows_);
  }
}

void CheckpointLoader::LoadRows(PartitionId id, std::size_t rows) {
  if (loaded_[id]) return;
  Progress& progress = progress_[id];
  bool all = true;
  const std::optional<std::string> after = progress.reached;
  const Status visited = store_.VisitRows(
      id, after, [&](std::string_view key, std::string_view row) -> crdt::Result<bool> {
        if (rows == 0) return all = false;
        --rows;
        ++rows_;
        progress.reached = key;
        if (progress.early.contains(key)) return true;
        if (Status placed = Place(key, row); !placed) return std::unexpected(placed.error());
        return true;
      });
  if (!visited) Fail(visited.error());
  if (all) Finish(id);
}

void CheckpointLoader::Finish(PartitionId id) {
  loaded_.set(id);
  const Progress progress = std::exchange(progress_[id], {});
  // Of keys that came to be behind the mark.
  for (const auto& [key, effects] : progress.deferred) {
    if (Status applied = Apply(key, effects, 0); !applied) Fail(applied.error());
  }
  if (done()) keyspace_.SetSource(nullptr);
}

Status CheckpointLoader::Place(std::string_view key, std::optional<std::string_view> row) {
  LogPosition position = 0;
  if (row) {
    const auto placed = PlaceRow(key, *row);
    if (!placed) return std::unexpected(placed.error());
    position = *placed;
  }
  auto& deferred = progress_[PartitionOf(key)].deferred;
  const auto found = deferred.find(key);
  if (found == deferred.end()) return {};
  const std::vector<Deferred> effects = std::move(found->second);
  deferred.erase(found);
  return Apply(key, effects, position);
}

crdt::Result<LogPosition> CheckpointLoader::PlaceRow(std::string_view key, std::string_view bytes) {
  const auto row = DecodeCheckpointRow(key, bytes);
  if (!row) return std::unexpected(row.error());
  const bool is_void = row->position < mark_.void_below;
  const bool is_gone = row->object.empty() && row->pieces == 0;
  if (row->pieces > 0) found_.in_pieces(key, row->cycle);
  if (is_void || is_gone) found_.gone(key);
  if (is_void) return 0;
  if (replays_ && row->position > mark_.begin) ahead_.emplace(key, row->position);
  if (is_gone) return row->position;
  auto object = ObjectOf(*row);
  if (!object) return std::unexpected(object.error());
  const bool has_spent = object->has_spent();
  keyspace_.Restore(key, *std::move(object));
  ++keys_;
  if (has_spent) {
    // The stamps of the resets are not in the state: collected when all that it had seen is stable.
    const crdt::VersionVector seen = mark_.vectors.Observed(PartitionOf(key));
    for (const Stamp stamp : seen.entries()) keyspace_.NoteResets(key, stamp);
  }
  return row->position;
}

crdt::Result<crdt::Object> CheckpointLoader::ObjectOf(const CheckpointRow& row) {
  crdt::ByteReader in(row.object);
  if (row.pieces == 0) return crdt::Object::Decode(in);
  crdt::Object object;
  std::uint64_t pieces = 0;
  // The seed: the tables that the pieces were made of may have been filled from earlier pieces, of
  // another position.
  const Status visited = store_.VisitPieces(row.key, row.cycle, [&](std::string_view piece) {
    crdt::ByteReader bytes(piece);
    ++pieces;
    return object.AddPiece(bytes, row.position);
  });
  if (!visited) return std::unexpected(visited.error());
  if (pieces == row.pieces) return object;
  return crdt::Fail(crdt::ErrorCode::kCorrupt, "a row of a checkpoint lacks pieces");
}

Status CheckpointLoader::Apply(std::string_view key, const std::vector<Deferred>& effects,
                               LogPosition position) {
  for (const Deferred& deferred : effects) {
    if (position >= deferred.end) {
      keyspace_.NoteResets(key, deferred.stamp);
      continue;
    }
    crdt::ByteReader in(deferred.effect);
    const auto effect = crdt::EffectView::Decode(in);
    if (!effect) return std::unexpected(effect.error());
    keyspace_.Apply(*effect,
                    deferred.context == nullptr
                        ? crdt::Context::Everything(deferred.stamp)
                        : crdt::Context::Of(*deferred.context, deferred.stamp),
                    nullptr);
  }
  return {};
}

void CheckpointLoader::Fail(const crdt::Error& error) {
  const bool removed =
      log_has_all_ && error.code == crdt::ErrorCode::kCorrupt && store_.Clear().has_value();
  throw LoadFailure(
      removed
          ? "the checkpoint is damaged and removed; a start reads the whole log: " + error.detail
          : "the checkpoint cannot be read: " + error.detail,
      removed);
}

}  // namespace storage
