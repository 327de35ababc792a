// WAIT's arithmetic: who has acknowledged what, and what of the log is durable in a region.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "geo-config/membership.h"
#include "storage/log/log_position.h"

namespace replication {

// The local replicas of a primary, by ordinal. Never holds a region (fine print: WAIT covers only
// the local hops).
class ReplicaAcknowledgements {
 public:
  struct Replica {
    storage::LogPosition applied = 0;
    storage::LogPosition durable = 0;
    std::int64_t heard_ms = 0;         // Steady time of its last acknowledgement.
    std::int64_t behind_since_ms = 0;  // Steady time since which it lags behind the log's end.
  };

  void Connect(std::uint32_t ordinal, std::int64_t now_ms) {
    replicas_[ordinal] = {.heard_ms = now_ms, .behind_since_ms = now_ms};
  }
  void Disconnect(std::uint32_t ordinal) { replicas_.erase(ordinal); }
  // Positions never move backwards.
  void Acknowledge(std::uint32_t ordinal, storage::LogPosition applied,
                   storage::LogPosition durable, storage::LogPosition log_end, std::int64_t now_ms);

  // The log ends at `log_end` now: who does not have it all begins to lag.
  void NoteLogEnd(storage::LogPosition log_end, std::int64_t now_ms);

  const std::map<std::uint32_t, Replica>& replicas() const { return replicas_; }
  std::int64_t CountApplied(storage::LogPosition position) const;
  std::int64_t CountDurable(storage::LogPosition position) const;

  // How far records may leave for other regions: what an in-sync replica has, or the log's end
  // where none is in sync. In sync: not behind for longer than `timeout_ms`.
  storage::LogPosition ShipLimit(storage::LogPosition log_end, std::int64_t now_ms,
                                 std::int64_t timeout_ms) const;
  // The least durable position among the replicas in sync; `own` where there is none (fine print
  // 14).
  storage::LogPosition LeastDurable(storage::LogPosition own, std::int64_t now_ms,
                                    std::int64_t timeout_ms) const;
  storage::LogPosition LeastApplied(storage::LogPosition own, std::int64_t now_ms,
                                    std::int64_t timeout_ms) const;

 private:
  bool InSync(const Replica& replica, std::int64_t now_ms, std::int64_t timeout_ms) const {
    return replica.behind_since_ms == 0 || now_ms - replica.behind_since_ms <= timeout_ms;
  }

  std::map<std::uint32_t, Replica> replicas_;
};

// Translates "the log is durable up to here" into "this is durable": remembers a value that only
// grows, such as the floor, at some positions of the log.
template <class Value>
class NotesByPosition {
 public:
  // Bounds memory where nothing becomes durable for a long time.
  static constexpr std::size_t kMostNotes = 4096;

  // The value was `value` when the log ended at `position`. Positions never move backwards.
  void Note(storage::LogPosition position, const Value& value) {
    if (position <= position_) {
      durable_ = value;
    } else if (ReplacesLast(position)) {
      notes_.back() = {position, value};
    } else {
      if (notes_.size() >= kMostNotes) Thin();
      notes_.emplace_back(position, value);
    }
  }
  // Everything before `position` is durable.
  void Advance(storage::LogPosition position) {
    position_ = std::max(position_, position);
    while (!notes_.empty() && notes_.front().first <= position_) {
      durable_ = std::move(notes_.front().second);
      notes_.pop_front();
    }
    if (notes_.empty()) distance_ = 0;
  }
  const Value& durable() const { return durable_; }
  std::size_t notes() const { return notes_.size(); }

 private:
  bool ReplacesLast(storage::LogPosition position) const {
    if (notes_.empty()) return false;
    if (notes_.back().first == position) return true;
    return notes_.size() > 1 && position - notes_[notes_.size() - 2].first < distance_;
  }
  // Drops every second note and doubles their distance, so that they stay spread over all the way.
  void Thin() {
    std::size_t kept = 0;
    for (std::size_t i = 1; i < notes_.size(); i += 2) notes_[kept++] = std::move(notes_[i]);
    notes_.resize(kept);
    distance_ = (notes_.back().first - notes_.front().first) / kept;
  }

  std::deque<std::pair<storage::LogPosition, Value>> notes_;
  storage::LogPosition position_ = 0;
  std::uint64_t distance_ = 0;  // Of notes from each other, once they were thinned.
  Value durable_{};
};

// What the other regions have said they have. Counts regions, never nodes.
class RegionAcknowledgements {
 public:
  struct Region {
    crdt::VersionVector applied;
    crdt::VersionVector durable;
    crdt::VersionVector held_by_all;  // Durable at every node of the region.
    geo_config::RegionSet removed;    // No node of the region takes anything from these.
  };

  void Add(crdt::RegionId region) { regions_[region]; }
  void Remove(crdt::RegionId region) { regions_.erase(region); }
  void Acknowledge(crdt::RegionId region, const crdt::VersionVector& applied,
                   const crdt::VersionVector& durable);
  const Region& Of(crdt::RegionId region) const { return regions_.at(region); }
  std::int64_t CountDurable(crdt::Stamp stamp) const;
  void NoteHeldByAll(crdt::RegionId region, const crdt::VersionVector& held);
  void NoteRemoved(crdt::RegionId region, geo_config::RegionSet removed);
  // From which no node of any region takes anything; `own`: of this region.
  geo_config::RegionSet RemovedEverywhere(geo_config::RegionSet own) const;
  // All nodes of the region are together, and `floor` is all that they have: what it had beyond
  // that went with a disk or a memory, and will not come from there.
  void ForgetWhatWasLost(crdt::RegionId region, const crdt::VersionVector& floor);
  // Durable at every node of every region, this one's `own_held_by_all` included: what may be
  // collected. Empty as long as a region has not been heard of (fine print 13), or has something
  // that is missing here.
  crdt::VersionVector Stable(const crdt::VersionVector& own_floor,
                             const crdt::VersionVector& own_held_by_all) const;

 private:
  std::map<crdt::RegionId, Region> regions_;
};

}  // namespace replication
