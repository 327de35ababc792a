#include "crdt/prepare.h"
#include "history.h"

namespace properties {

using crdt::Context;
using crdt::Stamp;
using crdt::VersionVector;

namespace {

std::map<std::string, std::string> Export(const storage::Keyspace& keyspace,
                                          storage::PartitionId partition) {
  std::map<std::string, std::string> keys;
  keyspace.partition(partition).table().ForEach([&](const crdt::KeyCell& cell) {
    crdt::ByteWriter out(keys[std::string(cell.name())]);
    crdt::EncodeCell(cell, out);
  });
  return keys;
}

}  // namespace

Region::Region(crdt::RegionId id, Fault fault) : id_(id), fault_(fault) {}

std::shared_ptr<const Record> Region::Write(const crdt::EffectList& effects, Operation operation) {
  auto record = std::make_shared<Record>();
  record->first_stamp = clock_.Take(0, writer(), effects.count());
  record->last_stamp = record->first_stamp.Plus(effects.count() - 1);
  record->effects = effects.bytes();
  record->operation = std::move(operation);
  record->operation.stamp = record->last_stamp;
  record->operation.context = floor();
  Append({.record = record, .local = true});
  return record;
}

void Region::Receive(std::shared_ptr<const Record> record) {
  Append({.record = std::move(record)});
}

void Region::Join(const Region& other) {
  Entry entry{.vector = other.floor()};
  for (int id = 0; id < storage::kPartitions; ++id) {
    const auto partition = static_cast<storage::PartitionId>(id);
    const auto stored = [&](const Region& region) {
      return region.keyspace().partition(partition).table().size() > 0;
    };
    if (!stored(*this) && !stored(other)) continue;
    entry.joined[partition].keys = Export(other.keyspace(), partition);
    const auto told = told_.find(partition);
    if (told != told_.end()) LeaveOutEqual(partition, told->second, entry);
  }
  told_.clear();
  Append(std::move(entry));
}

void Region::TellSums() {
  told_.clear();
  for (int id = 0; id < storage::kPartitions; ++id) {
    const auto partition = static_cast<storage::PartitionId>(id);
    if (keyspace_->partition(partition).table().size() == 0) continue;
    storage::BucketSums sums(storage::BucketSums::kLeastBuckets);
    for (const auto& [key, bytes] : Export(*keyspace_, partition)) sums.Add(key, bytes);
    told_[partition] = {.sums = sums.Take(),
                        .watch = keyspace_->Watch(partition, storage::BucketSums::kLeastBuckets)};
  }
}

void Region::LeaveOutEqual(storage::PartitionId partition, const Told& told, Entry& entry) {
  Entry::Joined& joined = entry.joined[partition];
  storage::BucketSums sums(told.sums.size());
  for (const auto& [key, bytes] : joined.keys) sums.Add(key, bytes);
  const storage::Buckets equal = sums.EqualTo(told.sums);
  const auto is_equal = [&](const std::string& key) {
    return equal[storage::BucketSums::BucketOf(key, equal.size())];
  };
  // Comes whole: as where it is asked for once more.
  storage::BucketSums now(told.sums.size());
  for (const auto& [key, bytes] : Export(*keyspace_, partition)) now.Add(key, bytes);
  const storage::Buckets as_told = now.EqualTo(told.sums);
  const storage::Buckets changed = told.watch->ChangedBy(entry.vector);
  for (std::size_t i = 0; i < equal.size(); ++i) {
    if (fault_ != Fault::kStaleSums && equal[i] && changed[i] && !as_told[i]) return;
  }
  std::erase_if(joined.keys, [&](const auto& named) { return is_equal(named.first); });
  for (const auto& [key, bytes] : Export(*keyspace_, partition)) {
    if (!is_equal(key)) joined.keys.try_emplace(key);
  }
  joined.unnamed = storage::UnnamedKeys::kEqual;
}

void Region::Collect(const VersionVector& stable) {
  Append({.vector = stable, .collects = true});
}

void Region::FailOver() {
  log_.resize(durable_entries_);
  pieces_.reset();
  told_.clear();
  keyspace_ = std::make_unique<storage::Keyspace>();
  clock_ = {};
  for (const Entry& entry : log_) Play(entry);
  if (fault_ != Fault::kReusedWriter) ++epoch_;
}

void Region::MakePiece(const std::string& key) {
  const bool is_first = !pieces_;
  if (is_first) pieces_ = Pieces{.key = key, .begin = log_.size()};
  if (pieces_->all) return;
  const crdt::KeyCell* cell = keyspace_->Find(pieces_->key).cell();
  pieces_->all = cell == nullptr || cell->is_packed();
  if (!pieces_->all) {
    crdt::ByteWriter out(pieces_->made.emplace_back());
    pieces_->all =
        crdt::EncodeCellPiece(*cell, pieces_->cursor, {.elements = 1, .bytes = 100}, out);
  }
  // Nothing can happen within what is one piece.
  if (is_first && pieces_->all) pieces_.reset();
}

void Region::StartFromPieces() {
  if (!pieces_ || !pieces_->all) return;
  const Pieces pieces = *std::exchange(pieces_, std::nullopt);
  told_.clear();
  keyspace_ = std::make_unique<storage::Keyspace>();
  for (std::size_t i = 0; i < pieces.begin; ++i) Play(log_[i]);
  crdt::Object object;
  for (const std::string& piece : pieces.made) {
    crdt::ByteReader in(piece);
    const crdt::Status added = object.AddPiece(in, pieces.begin);
    crdt::Require(added && in.at_end(), "a piece decodes");
  }
  keyspace_->Restore(pieces.key, std::move(object));
  for (const Stamp stamp : floor().entries()) keyspace_->NoteResets(pieces.key, stamp);
  VersionVector stable;
  for (std::size_t i = pieces.begin; i < log_.size(); ++i) {
    if (log_[i].collects) {
      stable.Merge(log_[i].vector);
    } else {
      Play(log_[i]);
    }
  }
  keyspace_->Collect(stable);
}

void Region::Append(Entry entry) {
  Play(entry);
  log_.push_back(std::move(entry));
}

void Region::Play(const Entry& entry) {
  if (entry.collects) return keyspace_->Collect(entry.vector);
  if (entry.record == nullptr) {
    for (const auto& [partition, joined] : entry.joined) {
      std::vector<storage::Keyspace::NamedObject> objects;
      for (const auto& [key, bytes] : joined.keys) {
        crdt::ByteReader in(bytes);
        objects.emplace_back(key,
                             bytes.empty() ? crdt::Object() : crdt::Object::Decode(in).value());
      }
      keyspace_->JoinPartition(partition, std::move(objects), entry.vector, joined.unnamed);
    }
    keyspace_->JumpFloor(entry.vector);
    for (const Stamp stamp : entry.vector.entries()) clock_.Observe(stamp);
    return;
  }
  const Record& record = *entry.record;
  crdt::ByteReader in(record.effects);
  for (Stamp stamp = record.first_stamp; !in.at_end(); stamp = stamp.Plus(1)) {
    const crdt::EffectView effect = crdt::EffectView::Decode(in).value();
    const Context context =
        entry.local ? Context::Everything(stamp) : Context::Of(record.operation.context, stamp);
    keyspace_->Apply(effect, context, nullptr);
  }
  keyspace_->AdvanceFloor(record.last_stamp);
  clock_.Observe(record.last_stamp);
  if (fault_ == Fault::kDroppedSibling) DropLosers(record.operation.key);
}

// Joins a state that has seen everything and lost the hidden siblings of the key.
void Region::DropLosers(const std::string& key) {
  const crdt::KeyCell* cell = keyspace_->Find(key).cell();
  if (cell == nullptr || cell->is_packed() || cell->full().string() == nullptr) return;
  const crdt::StringValue& value = *cell->full().string();
  if (value.siblings().size() < 2) return;
  std::string bytes;
  crdt::ByteWriter out(bytes);
  cell->full().ttl().Encode(out);
  out.U8(1);
  out.Varint(1);
  out.PutStamp(value.siblings().back().stamp);
  out.Bytes(value.siblings().back().value);
  value.counters().Encode(out);
  crdt::ByteReader in(bytes);
  const storage::PartitionId partition = storage::PartitionOf(key);
  std::vector<storage::Keyspace::NamedObject> objects;
  objects.emplace_back(key, crdt::Object::Decode(in).value());
  keyspace_->JoinPartition(partition, std::move(objects), floor());
}

}  // namespace properties
