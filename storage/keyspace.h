// All keys of one shard: 256 partitions, and what has been applied to them.
//
// Two vectors (fine print 5). The *floor* is the shard's vector: of each writer, everything up to
// there is applied in all partitions. A partition's *observed* vector is the floor and what a join
// brought to that partition beyond it; it alone decides what is covered.
//
// Keys may be elsewhere still: a source brings them when they are asked for, also where the
// question is const. A view of one key does not outlive the first question for another one
// meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/conflict.h"
#include "crdt/effect.h"
#include "crdt/object.h"
#include "crdt/version_vector.h"
#include "storage/changed_keys.h"
#include "storage/key_location.h"
#include "storage/key_source.h"
#include "storage/log/log_vectors.h"
#include "storage/log/record.h"
#include "storage/partition.h"
#include "storage/partition_watch.h"

namespace storage {

class Keyspace {
 public:
  // --- Questions ---------------------------------------------------------------------------------
  crdt::KeyView Find(std::string_view key) const {
    Need(key);
    const auto [partition, hash] = locator_.Find(key);
    return partitions_[partition].Find(key, hash);
  }
  // As Find, for a client that reads or writes the key: it counts as used now.
  crdt::KeyView Use(std::string_view key) const {
    Need(key);
    const auto [id, hash] = locator_.Find(key);
    const Partition& partition = partitions_[id];
    const crdt::KeyView view = partition.Find(key, hash);
    if (view.cell() != nullptr) partition.table().MarkUsed(*view.cell());
    return view;
  }
  // Seconds since the key was used last, or came to be. REQUIRES: the key is stored.
  std::uint32_t IdleSeconds(std::string_view key) const;
  // The key counts as used that long ago. It may be absent.
  void MarkIdle(std::string_view key, std::uint64_t seconds) const;
  // Fetches what these need into the cache, for all at once, and says where their keys are: they
  // are about to be looked up.
  void Prefetch(std::span<Lookup> lookups) const;
  // The next key that is looked for is most probably this one. REQUIRES: Prefetch() has seen it.
  void Expect(const Lookup& lookup) const { locator_.Remember(lookup.key, lookup.location); }
  // Has the key in memory.
  void Need(std::string_view key) const {
    if (source_ != nullptr) [[unlikely]]
      source_->Need(key);
  }
  // All keys are in memory.
  bool is_whole() const { return source_ == nullptr; }
  // Keys in memory that show something, those included whose deadline has passed but which were not
  // deleted.
  std::uint64_t visible_keys() const;
  std::uint64_t keys_with_deadline() const;
  // Visits keys that show something, from `cursor` (0 at first), about `count` of them; returns the
  // next cursor, 0 at the end. A key that is there all the while is visited at least once.
  std::uint64_t Scan(
      std::uint64_t cursor, std::uint64_t count,
      const std::function<void(std::string_view, const crdt::KeyView&)>& visit) const;
  // A key that shows something, drawn at random; empty where there is none.
  std::string_view Random(const std::function<std::uint64_t()>& dice) const;
  // Keys in memory whose deadline is at or before `now_ms`; stops when `visit` answers false.
  void VisitExpired(std::int64_t now_ms,
                    const std::function<bool(const std::string&)>& visit) const;
  const Partition& partition(PartitionId id) const {
    if (source_ != nullptr) source_->NeedPartition(id);
    return partitions_[id];
  }
  std::array<const crdt::KeyTable*, kPartitions> Tables() const;

  const LogVectors& vectors() const { return vectors_; }
  const crdt::VersionVector& floor() const { return vectors_.floor; }
  const PartitionVectors& beyond_floor() const { return vectors_.beyond_floor; }
  crdt::VersionVector Observed(PartitionId partition) const { return vectors_.Observed(partition); }
  // A join has brought the partition what was written under this stamp.
  bool HasJoined(PartitionId partition, crdt::Stamp stamp) const {
    const auto beyond = vectors_.beyond_floor.find(partition);
    return beyond != vectors_.beyond_floor.end() && beyond->second.Covers(stamp);
  }

  // A hash of what the merge rules define of a key, name included: equal at regions whose data is
  // equal. 0 where that is nothing, or where its deadline is at or before `now_ms` (fine print 16).
  std::uint64_t DigestOf(std::string_view key, std::int64_t now_ms) const;
  // The sum of the digests of all keys.
  std::uint64_t Digest(std::int64_t now_ms) const;
  // Visits the digests of a partition's keys that are not 0, from `cursor` (0 at first), until the
  // budget is spent, which they are taken from: each counts as one and as one more for each KiB.
  // Returns the next cursor, 0 at the end. A key that is there all the while is visited at least
  // once.
  std::uint64_t ScanDigests(
      PartitionId id, std::uint64_t cursor, std::uint64_t& budget, std::int64_t now_ms,
      const std::function<void(std::string_view key, std::uint64_t digest)>& visit) const;

  // --- Changes -----------------------------------------------------------------------------------
  // Whose repairs are carried out here.
  void SetRegion(crdt::RegionId region) { region_ = region; }
  // The seconds by which uses of keys are remembered, from any beginning.
  void SetUseClock(std::uint64_t seconds);
  // Applies one effect, unless the partition's observed vector covers its stamp already.
  void Apply(const crdt::EffectView& effect, const crdt::Context& context,
             crdt::ConflictSink* conflicts);
  // An effect of a record, under its stamp.
  void Apply(const crdt::EffectView& effect, crdt::Stamp stamp, const RecordView& record,
             crdt::ConflictSink* conflicts);
  // Everything of the stamp's writer up to the stamp is applied now.
  void AdvanceFloor(crdt::Stamp last) { vectors_.PassRecord(last); }
  using NamedObject = std::pair<std::string, crdt::Object>;
  // A whole partition as another node has it under `theirs`, in one step (fine print 7).
  void JoinPartition(PartitionId partition, std::vector<NamedObject>&& objects,
                     const crdt::VersionVector& theirs, UnnamedKeys unnamed = UnnamedKeys::kAbsent);
  // Of what changes the partition from now on, other than Collect().
  std::shared_ptr<PartitionWatch> Watch(PartitionId partition, std::size_t buckets) {
    return watches_.Begin(partition, buckets);
  }
  // After every partition was joined up to `vector`.
  void JumpFloor(const crdt::VersionVector& vector) { vectors_.PassFloorJump(vector); }
  void Collect(const crdt::VersionVector& stable);

  // --- Checkpoints -------------------------------------------------------------------------------
  // Notes from now on which keys change.
  void TrackChanges() { tracks_changes_ = true; }
  bool has_changes() const { return cleared_ || !changed_.empty(); }
  // So many since the tracking began; those of a clear count as one.
  std::uint64_t changes() const { return changes_; }
  struct Changes {
    ChangedKeys::Chunks names;
    bool cleared = false;  // Keys that are neither here nor among the names may be gone.
  };
  Changes TakeChanges() { return {changed_.Take(), std::exchange(cleared_, false)}; }
  // From now on keys are asked for there, until that is null.
  void SetSource(KeySource* source);
  // One key's whole state: moved out, put in the place of whatever is there, and put there as it is
  // in the checkpoint.
  crdt::Object Take(std::string_view key) {
    Need(key);
    return partitions_[PartitionOf(key)].Take(key);
  }
  void Put(std::string_view key, crdt::Object&& object) {
    Restore(key, std::move(object));
    NoteChange(key);
  }
  void Restore(std::string_view key, crdt::Object&& object) {
    partitions_[PartitionOf(key)].Put(key, std::move(object));
  }
  // The key's state holds what the reset with this stamp left, if it left something.
  void NoteResets(std::string_view key, crdt::Stamp stamp) {
    partitions_[PartitionOf(key)].NoteResets(key, stamp);
  }
  // REQUIRES: nothing was applied yet.
  void SetVectors(LogVectors vectors) { vectors_ = std::move(vectors); }

 private:
  // What the author of a clear had seen of a partition.
  using ContextIn = std::function<crdt::Context(PartitionId)>;
  void Clear(const crdt::EffectView& effect, crdt::Stamp stamp, const ContextIn& context_in);
  void Repair(const crdt::EffectView& effect, const crdt::Context& context);
  void NoteChange(std::string_view key) {
    if (!tracks_changes_) return;
    ++changes_;
    changed_.Note(key);
  }
  void NoteCleared();

  void NeedAll() const {
    if (source_ != nullptr) source_->NeedAll();
  }

  std::array<Partition, kPartitions> partitions_;
  crdt::RegionId region_ = 0;
  KeySource* source_ = nullptr;
  // Collected from keys that the source brings when it has brought all.
  crdt::VersionVector collected_meanwhile_;
  std::uint64_t use_clock_ = 0;
  LogVectors vectors_;
  mutable KeyLocator locator_;
  bool tracks_changes_ = false;
  bool cleared_ = false;
  ChangedKeys changed_;
  std::uint64_t changes_ = 0;
  PartitionWatches watches_;
};

}  // namespace storage
