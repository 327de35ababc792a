#include "storage/keyspace.h"

#include <xxhash.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "crdt/key_prefetch.h"

namespace storage {
namespace {

using crdt::Context;
using crdt::EffectKind;
using crdt::EffectView;
using crdt::KeyView;
using crdt::VersionVector;

// A scan cursor is the table's own cursor with the partition in the low bits, so that 0 is both the
// beginning and the end.
constexpr int kPartitionBits = 8;
static_assert(1 << kPartitionBits == kPartitions);

std::uint64_t DigestOfCell(const crdt::KeyCell& cell, std::int64_t now_ms, std::string& scratch) {
  scratch.clear();
  const auto deadline = KeyView(&cell).deadline();
  if (deadline && *deadline <= now_ms) return 0;
  crdt::ByteWriter out(scratch);
  out.Bytes(cell.name());
  const std::size_t name_size = out.size();
  crdt::EncodeMergedCell(cell, out);
  // Only spent parts are stored: nothing that the merge rules define.
  return scratch.size() == name_size ? 0 : XXH3_64bits(scratch.data(), scratch.size());
}

}  // namespace

void Keyspace::SetSource(KeySource* source) {
  source_ = source;
  if (source_ == nullptr) Collect(std::exchange(collected_meanwhile_, {}));
}

std::uint32_t Keyspace::IdleSeconds(std::string_view key) const {
  Need(key);
  const auto [partition, hash] = locator_.Find(key);
  const crdt::KeyTable& table = partitions_[partition].table();
  const crdt::KeyCell* const cell = table.Find(key, hash);
  crdt::Require(cell != nullptr, "the idle time of a key that is stored");
  return table.IdleSeconds(*cell);
}

void Keyspace::MarkIdle(std::string_view key, std::uint64_t seconds) const {
  Need(key);
  const auto [partition, hash] = locator_.Find(key);
  const crdt::KeyTable& table = partitions_[partition].table();
  if (const crdt::KeyCell* const cell = table.Find(key, hash)) table.MarkIdle(*cell, seconds);
}

void Keyspace::SetUseClock(std::uint64_t seconds) {
  if (std::exchange(use_clock_, seconds) == seconds) return;
  for (Partition& partition : partitions_) partition.SetUseClock(seconds);
}

void Keyspace::Prefetch(std::span<Lookup> lookups) const {
  constexpr std::size_t kAtOnce = 32;
  std::array<crdt::KeyPrefetch, kAtOnce> open;
  const Lookup* last = nullptr;
  for (std::size_t begin = 0; begin < lookups.size(); begin += kAtOnce) {
    std::size_t count = 0;
    for (Lookup& lookup : lookups.subspan(begin, std::min(kAtOnce, lookups.size() - begin))) {
      const bool again = last != nullptr && last->key == lookup.key;
      lookup.location = again ? last->location : LocationOf(lookup.key);
      last = &lookup;
      // Of a key that is being fetched already nothing is missing but the element.
      if (again && lookup.element.empty()) continue;
      const auto [partition, hash] = lookup.location;
      open[count++] = crdt::KeyPrefetch(partitions_[partition].table(), hash, lookup.element);
    }
    for (int step = 0; step < crdt::KeyPrefetch::kSteps && count > 0; ++step) {
      std::size_t left = 0;
      for (std::size_t i = 0; i < count; ++i) {
        if (open[i].Step(step)) open[left++] = open[i];
      }
      count = left;
    }
  }
}

std::uint64_t Keyspace::visible_keys() const {
  std::uint64_t sum = 0;
  for (const Partition& partition : partitions_) sum += partition.visible_keys();
  return sum;
}

std::uint64_t Keyspace::keys_with_deadline() const {
  std::uint64_t sum = 0;
  for (const Partition& partition : partitions_) sum += partition.keys_with_deadline();
  return sum;
}

std::uint64_t Keyspace::Scan(
    std::uint64_t cursor, std::uint64_t count,
    const std::function<void(std::string_view, const KeyView&)>& visit) const {
  NeedAll();
  auto partition = static_cast<std::size_t>(cursor & (kPartitions - 1));
  std::uint64_t inner = cursor >> kPartitionBits;
  std::uint64_t visited = 0;
  for (; partition < kPartitions; ++partition, inner = 0) {
    do {
      if (visited >= count) return inner << kPartitionBits | partition;
      inner = partitions_[partition].table().Scan(inner, count - visited,
                                                  [&](const crdt::KeyCell& cell) {
                                                    const KeyView view(&cell);
                                                    if (!view.exists()) return;
                                                    ++visited;
                                                    visit(cell.name(), view);
                                                  });
    } while (inner != 0);
  }
  return 0;
}

std::string_view Keyspace::Random(const std::function<std::uint64_t()>& dice) const {
  NeedAll();
  const std::uint64_t total = visible_keys();
  if (total == 0) return {};
  // Partitions in proportion to their keys, then a key of the drawn one.
  std::uint64_t ticket = dice() % total;
  for (const Partition& partition : partitions_) {
    if (ticket >= partition.visible_keys()) {
      ticket -= partition.visible_keys();
      continue;
    }
    for (int attempt = 0; attempt < 100; ++attempt) {
      const crdt::KeyCell* cell = partition.table().Random(dice);
      if (cell != nullptr && KeyView(cell).exists()) return cell->name();
    }
    // Almost everything stored there shows nothing: the first key that shows something.
    std::string_view found;
    partition.table().ForEach([&](const crdt::KeyCell& cell) {
      if (found.data() == nullptr && KeyView(&cell).exists()) found = cell.name();
    });
    return found;
  }
  return {};
}

void Keyspace::VisitExpired(std::int64_t now_ms,
                            const std::function<bool(const std::string&)>& visit) const {
  bool more = true;
  for (const Partition& partition : partitions_) {
    if (!more) return;
    partition.VisitExpired(now_ms, [&](const std::string& key) { return more = visit(key); });
  }
}

std::array<const crdt::KeyTable*, kPartitions> Keyspace::Tables() const {
  NeedAll();
  std::array<const crdt::KeyTable*, kPartitions> tables{};
  for (std::size_t i = 0; i < partitions_.size(); ++i) tables[i] = &partitions_[i].table();
  return tables;
}

std::uint64_t Keyspace::DigestOf(std::string_view key, std::int64_t now_ms) const {
  const KeyView view = Find(key);
  std::string scratch;
  return view.cell() == nullptr ? 0 : DigestOfCell(*view.cell(), now_ms, scratch);
}

std::uint64_t Keyspace::Digest(std::int64_t now_ms) const {
  NeedAll();
  std::uint64_t sum = 0;
  std::string scratch;
  for (const Partition& partition : partitions_) {
    partition.table().ForEach(
        [&](const crdt::KeyCell& cell) { sum += DigestOfCell(cell, now_ms, scratch); });
  }
  return sum;
}

std::uint64_t Keyspace::ScanDigests(
    PartitionId id, std::uint64_t cursor, std::uint64_t& budget, std::int64_t now_ms,
    const std::function<void(std::string_view, std::uint64_t)>& visit) const {
  constexpr std::uint64_t kKeysAtOnce = 4;
  const crdt::KeyTable& table = partition(id).table();
  std::string scratch;
  do {
    cursor = table.Scan(cursor, kKeysAtOnce, [&](const crdt::KeyCell& cell) {
      const std::uint64_t digest = DigestOfCell(cell, now_ms, scratch);
      budget -= std::min<std::uint64_t>(budget, 1 + scratch.size() / 1024);
      if (digest != 0) visit(cell.name(), digest);
    });
  } while (cursor != 0 && budget > 0);
  return cursor;
}

void Keyspace::Apply(const EffectView& effect, const Context& context,
                     crdt::ConflictSink* conflicts) {
  if (effect.kind == EffectKind::kClear) {
    return Clear(effect, context.stamp(), [&context](PartitionId) { return context; });
  }
  if (effect.kind == EffectKind::kRepair) [[unlikely]]
    return Repair(effect, context);
  Need(effect.key);
  const auto [id, hash] = locator_.Find(effect.key);
  if (!vectors_.beyond_floor.empty() && HasJoined(id, context.stamp())) [[unlikely]]
    return;
  partitions_[id].Apply(effect, hash, context, conflicts);
  NoteChange(effect.key);
  if (!watches_.empty()) [[unlikely]]
    watches_.Note(id, effect.key, context.stamp());
}

void Keyspace::Apply(const EffectView& effect, crdt::Stamp stamp, const RecordView& record,
                     crdt::ConflictSink* conflicts) {
  if (record.implied) return Apply(effect, Context::Everything(stamp), conflicts);
  if (record.beyond.empty()) return Apply(effect, Context::Of(record.context, stamp), conflicts);
  VersionVector seen;
  const auto context_in = [&](PartitionId partition) {
    seen = record.ContextIn(partition);
    return Context::Of(seen, stamp);
  };
  if (effect.kind == EffectKind::kClear) return Clear(effect, stamp, context_in);
  Apply(effect, context_in(PartitionOf(effect.key)), conflicts);
}

void Keyspace::Clear(const EffectView& effect, crdt::Stamp stamp, const ContextIn& context_in) {
  NeedAll();
  std::vector<crdt::ResetsByKey> resets(kPartitions);
  for (crdt::ElementReader key(effect); key.Next();) {
    resets[PartitionOf(key.name())][key.name()] = key.resets();
  }
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    const auto id = static_cast<PartitionId>(i);
    if (HasJoined(id, stamp)) continue;
    partitions_[i].Clear(resets[i], context_in(id));
    watches_.NoteAll(id, stamp);
  }
  NoteCleared();
}

// What this node has of the key and the author had not seen, a write that came home later than the
// repair, stays.
void Keyspace::Repair(const EffectView& effect, const Context& context) {
  if (context.stamp().region() != region_) return;
  crdt::ByteReader in(effect.value);
  auto object = crdt::Object::Decode(in);
  crdt::Require(object.has_value(), "an effect was checked when it was decoded");
  crdt::Object before = Take(effect.key);
  Put(effect.key, *std::move(object));
  if (!context.covers_everything()) {
    VersionVector seen = context.vector();
    seen.Advance(context.stamp());
    partitions_[PartitionOf(effect.key)].Join(effect.key, std::move(before), seen, {});
  }
  NoteResets(effect.key, context.stamp());
  watches_.Note(PartitionOf(effect.key), effect.key, context.stamp());
}

void Keyspace::NoteCleared() {
  if (!tracks_changes_) return;
  cleared_ = true;
  ++changes_;
  for (const Partition& partition : partitions_) {
    partition.table().ForEach([this](const crdt::KeyCell& cell) { changed_.Note(cell.name()); });
  }
}

void Keyspace::JoinPartition(PartitionId id, std::vector<NamedObject>&& objects,
                             const VersionVector& theirs, UnnamedKeys unnamed) {
  if (source_ != nullptr) source_->NeedPartition(id);
  const VersionVector mine = Observed(id);
  Partition& partition = partitions_[id];
  // Keys that only this side has: absent there and covered means removed.
  std::vector<std::string> only_here;
  if (unnamed == UnnamedKeys::kAbsent && partition.table().size() > 0) {
    absl::flat_hash_set<std::string_view> there(objects.size());
    for (const auto& [key, object] : objects) there.insert(key);
    partition.table().ForEach([&](const crdt::KeyCell& cell) {
      if (!there.contains(cell.name())) only_here.emplace_back(cell.name());
    });
  }
  // What this side has is all known there. Then it is taken as it is: where this side began anew,
  // what had removed it there may be forgotten.
  const bool replaces = theirs.Covers(mine);
  const auto join = [&](const std::string& key, crdt::Object&& object) {
    if (replaces) (void)partition.Take(key);
    partition.Join(key, std::move(object), replaces ? VersionVector() : mine, theirs);
    NoteChange(key);
  };
  for (const std::string& key : only_here) join(key, crdt::Object());
  // They come in the order of another node's table: in that order they would fill the beginning of
  // this one far beyond its space.
  std::ranges::shuffle(objects, std::minstd_rand());
  for (auto& [key, object] : objects) join(key, std::move(object));
  vectors_.PassVectorJump(id, theirs);
  watches_.NoteUnknown(id);
}

void Keyspace::Collect(const VersionVector& stable) {
  if (source_ != nullptr) collected_meanwhile_.Merge(stable);
  for (Partition& partition : partitions_) {
    partition.Collect(stable, [this](std::string_view key) { NoteChange(key); });
  }
}

}  // namespace storage
