// The keys of one partition, with the index of those that expire.
//
// A partition is a fixed range of the 16,384 hash slots: the unit of causality, transfer, digest
// and repair. Its tables grow on their own, so that a rehash touches 1/256 of the data.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "crdt/conflict.h"
#include "crdt/context.h"
#include "crdt/effect.h"
#include "crdt/object.h"
#include "crdt/version_vector.h"

namespace storage {

using PartitionId = std::uint16_t;

class Partition {
 public:
  // `hash` is KeyTable::Hash(key).
  crdt::KeyView Find(std::string_view key, std::uint64_t hash) const {
    return crdt::KeyView(table_.Find(key, hash));
  }
  const crdt::KeyTable& table() const { return table_; }
  // Keys that show something, those included whose deadline has passed but which were not deleted.
  std::uint64_t visible_keys() const { return visible_keys_; }
  std::uint64_t keys_with_deadline() const { return visible_deadlines_; }

  // The clock of crdt::CellTable::MarkUsed.
  void SetUseClock(std::uint64_t seconds) { table_.SetClock(seconds); }

  // The only functions that change the state. Apply takes every effect but kClear; `hash` is that
  // of its key.
  void Apply(const crdt::EffectView& effect, std::uint64_t hash, const crdt::Context& context,
             crdt::ConflictSink* conflicts);
  // `resets`: of the keys of this partition that the effect names.
  void Clear(const crdt::ResetsByKey& resets, const crdt::Context& context);
  void Join(std::string_view key, crdt::Object&& other, const crdt::VersionVector& mine,
            const crdt::VersionVector& theirs);
  // One key's whole state, as a checkpoint holds it.
  crdt::Object Take(std::string_view key);
  void Put(std::string_view key, crdt::Object&& object);
  // The key's state holds what the reset with this stamp left: if that is a spent part, it waits
  // for the stamp to be stable.
  void NoteResets(std::string_view key, crdt::Stamp stamp);
  // Drops the spent counter parts whose resets are all covered: they are stable in every region.
  // Tells each key that it dropped some of.
  void Collect(const crdt::VersionVector& stable,
               const std::function<void(std::string_view)>& changed);

  // A reset has left spent counter parts that wait to be collected.
  bool has_pending_resets() const { return !pending_resets_.empty(); }
  // Keys whose deadline is at or before `now_ms`, the earliest first, until `visit` answers false;
  // also those of which nothing but that deadline is left.
  void VisitExpired(std::int64_t now_ms,
                    const std::function<bool(const std::string&)>& visit) const;

 private:
  // Reads what the indexes need to know of a key before a change, and corrects them after it.
  class Bookkeeping;

  void RebuildIndexes();

  crdt::KeyTable table_;
  std::uint64_t visible_keys_ = 0;
  std::uint64_t visible_deadlines_ = 0;
  absl::btree_set<std::pair<crdt::DeadlineMs, std::string>> deadlines_;
  // Resets that left a spent part behind, by the writer of the reset and in its order.
  std::map<crdt::Writer, std::map<crdt::Stamp, std::vector<std::string>>> resets_;
  // How many of them each key waits for.
  absl::flat_hash_map<std::string, std::uint32_t> pending_resets_;
};

}  // namespace storage
