#include "replication/acknowledgements.h"

#include <algorithm>

namespace replication {

using storage::LogPosition;

void ReplicaAcknowledgements::Acknowledge(std::uint32_t ordinal, LogPosition applied,
                                          LogPosition durable, LogPosition log_end,
                                          std::int64_t now_ms) {
  const auto found = replicas_.find(ordinal);
  if (found == replicas_.end()) return;
  Replica& replica = found->second;
  const bool progress = applied > replica.applied;
  replica.applied = std::max(replica.applied, applied);
  replica.durable = std::max(replica.durable, durable);
  replica.heard_ms = now_ms;
  // A replica under steady load is never quite at the end; what counts is that it keeps moving.
  if (replica.applied >= log_end) {
    replica.behind_since_ms = 0;
  } else if (progress || replica.behind_since_ms == 0) {
    replica.behind_since_ms = now_ms;
  }
}

void ReplicaAcknowledgements::NoteLogEnd(LogPosition log_end, std::int64_t now_ms) {
  for (auto& [ordinal, replica] : replicas_) {
    if (replica.applied >= log_end) {
      replica.behind_since_ms = 0;  // Also of an empty log, of which nothing is ever acknowledged.
    } else if (replica.behind_since_ms == 0) {
      replica.behind_since_ms = now_ms;
    }
  }
}

std::int64_t ReplicaAcknowledgements::CountApplied(LogPosition position) const {
  return std::ranges::count_if(
      replicas_, [position](const auto& entry) { return entry.second.applied >= position; });
}

std::int64_t ReplicaAcknowledgements::CountDurable(LogPosition position) const {
  return std::ranges::count_if(
      replicas_, [position](const auto& entry) { return entry.second.durable >= position; });
}

LogPosition ReplicaAcknowledgements::ShipLimit(LogPosition log_end, std::int64_t now_ms,
                                               std::int64_t timeout_ms) const {
  LogPosition limit = 0;
  bool any = false;
  for (const auto& [ordinal, replica] : replicas_) {
    if (!InSync(replica, now_ms, timeout_ms)) continue;
    any = true;
    limit = std::max(limit, replica.applied);
  }
  return any ? std::min(limit, log_end) : log_end;
}

LogPosition ReplicaAcknowledgements::LeastDurable(LogPosition own, std::int64_t now_ms,
                                                  std::int64_t timeout_ms) const {
  LogPosition least = own;
  for (const auto& [ordinal, replica] : replicas_) {
    if (InSync(replica, now_ms, timeout_ms)) least = std::min(least, replica.durable);
  }
  return least;
}

LogPosition ReplicaAcknowledgements::LeastApplied(LogPosition own, std::int64_t now_ms,
                                                  std::int64_t timeout_ms) const {
  LogPosition least = own;
  for (const auto& [ordinal, replica] : replicas_) {
    if (InSync(replica, now_ms, timeout_ms)) least = std::min(least, replica.applied);
  }
  return least;
}

void RegionAcknowledgements::Acknowledge(crdt::RegionId region, const crdt::VersionVector& applied,
                                         const crdt::VersionVector& durable) {
  const auto found = regions_.find(region);
  if (found == regions_.end()) return;
  found->second.applied.Merge(applied);
  found->second.durable.Merge(durable);
}

std::int64_t RegionAcknowledgements::CountDurable(crdt::Stamp stamp) const {
  return std::ranges::count_if(
      regions_, [stamp](const auto& entry) { return entry.second.durable.Covers(stamp); });
}

void RegionAcknowledgements::NoteHeldByAll(crdt::RegionId region, const crdt::VersionVector& held) {
  const auto found = regions_.find(region);
  if (found != regions_.end()) found->second.held_by_all.Merge(held);
}

void RegionAcknowledgements::NoteRemoved(crdt::RegionId region, geo_config::RegionSet removed) {
  const auto found = regions_.find(region);
  if (found != regions_.end()) found->second.removed |= removed;
}

geo_config::RegionSet RegionAcknowledgements::RemovedEverywhere(geo_config::RegionSet own) const {
  for (const auto& [id, region] : regions_) own &= region.removed;
  return own;
}

void RegionAcknowledgements::ForgetWhatWasLost(crdt::RegionId region,
                                               const crdt::VersionVector& floor) {
  const auto found = regions_.find(region);
  if (found != regions_.end()) found->second.applied = floor;
}

crdt::VersionVector RegionAcknowledgements::Stable(
    const crdt::VersionVector& own_floor, const crdt::VersionVector& own_held_by_all) const {
  crdt::VersionVector stable = own_held_by_all;
  for (const auto& [id, region] : regions_) {
    // An acknowledgement may overtake the records that it speaks of, since those wait at the ship
    // gate: it counts once everything that the region had then is here too.
    if (!own_floor.Covers(region.applied)) return {};
    stable = crdt::VersionVector::Minimum(stable, region.held_by_all);
  }
  return stable;
}

}  // namespace replication
