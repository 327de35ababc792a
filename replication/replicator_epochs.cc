// Replicator: which epochs of the own region are known, and which of them are over.
//
// A slot of the 64 is closed when nobody has a write of its epoch that is not here, nor will get
// one: every node of the region is connected and has told what it has, and every other region says
// the same of its nodes. The primary finds out, and tells its replicas: one of them needs to know
// when that primary is gone. It stays true until the node that the slot belongs to uses it again.
#include <algorithm>

#include "replication/replicator.h"

namespace replication {

using crdt::Stamp;
using crdt::VersionVector;

namespace {

// A link so old tells what its node has: what came over the one before it has been counted.
constexpr std::int64_t kSettledAfterMs = 1000;
// Whoever can be reached has told by then what it knows.
constexpr std::int64_t kMostWaitedForWordMs = 10000;

}  // namespace

crdt::Epoch Replicator::GreatestKnownEpoch() const {
  crdt::Epoch greatest = epoch_;
  const auto look = [&](const VersionVector& vector) {
    for (const Stamp stamp : vector.entries()) {
      if (stamp.region() != options_.self.region) continue;
      greatest = std::max(greatest, static_cast<crdt::Epoch>(stamp.writer().epoch_slot()));
    }
  };
  // Nobody may have all of an epoch's first writes but an unfinished join that brought some of
  // them.
  const auto look_beyond = [&](const storage::PartitionVectors& unfinished) {
    for (const auto& [partition, vector] : unfinished) look(vector);
  };
  look(shard_.floor());
  look_beyond(Unfinished());
  for (const auto& [key, peer] : peers_) {
    look(peer.last_state.floor);
    look_beyond(peer.last_state.unfinished);
    if (SameRegion(peer)) greatest = std::max(greatest, peer.last_state.epoch);
  }
  return greatest;
}

// A primary tells the epoch that it leads under, however great a one it has heard of: of two
// primaries the one with the newer epoch goes on, and both must see the same one in that.
crdt::Epoch Replicator::ToldEpoch() const {
  return primary_ ? epoch_ : GreatestKnownEpoch();
}

RoleKeeper::Told Replicator::WhatPeersTold(Now now) const {
  const std::int64_t waited_ms = now.steady_ms - started_ms_;
  RoleKeeper::Told told{.by_all_peers = true, .time_is_up = waited_ms >= options_.leader_grace_ms};
  for (const auto& [key, peer] : peers_) {
    told.by_all_peers = told.by_all_peers && peer.told;
    told.refused = told.refused || peer.refuses;
    // It is about to tell, or may be.
    const bool may_tell = !peer.told && !peer.refuses && (peer.link || !peer.answered);
    if (may_tell && waited_ms < kMostWaitedForWordMs) told.time_is_up = false;
    const auto knows_one = [this](const VersionVector& vector) {
      return std::ranges::any_of(vector.entries(), [this](const Stamp stamp) {
        return stamp.region() == options_.self.region;
      });
    };
    told.of_own_epochs = told.of_own_epochs || knows_one(peer.last_state.floor) ||
                         std::ranges::any_of(peer.last_state.unfinished, [&](const auto& entry) {
                           return knows_one(entry.second);
                         });
  }
  return told;
}

bool Replicator::HasSettled(const PeerLink* link, Now now) const {
  return link != nullptr && now.steady_ms - link->opened_ms() >= kSettledAfterMs;
}

bool Replicator::RegionIsComplete(Now now) const {
  return std::ranges::all_of(peers_, [&](const auto& entry) {
    if (!SameRegion(entry.second)) return true;
    const PeerLink* link = LinkOf(entry.second);
    return HasSettled(link, now) && shard_.floor().Covers(link->state().floor);
  });
}

geo_config::KnownEpochs Replicator::Epochs(Now now) const {
  geo_config::KnownEpochs known{.greatest = GreatestKnownEpoch()};
  known.closed.set();
  const auto close_nothing = [&known](const std::string& who, std::string_view why) {
    known.closed.reset();
    known.open_because += known.open_because.empty() ? "" : "; ";
    known.open_because.append(who).append(why);
  };
  const auto keep_open_of = [&](const VersionVector& vector) {
    for (const Stamp stamp : vector.entries()) {
      if (stamp.region() != options_.self.region || shard_.floor().Covers(stamp)) continue;
      known.closed.reset(static_cast<std::size_t>(stamp.writer().epoch_slot()));
    }
  };
  const auto keep_open = [&](const NodeState& state) {
    keep_open_of(state.floor);
    for (const auto& [partition, vector] : state.unfinished) keep_open_of(vector);
  };
  for (const auto& [partition, vector] : Unfinished()) keep_open_of(vector);
  for (const auto& [key, peer] : peers_) {
    if (!SameRegion(peer)) continue;
    const PeerLink* link = LinkOf(peer);
    if (!HasSettled(link, now)) {
      close_nothing("node " + std::to_string(key.second), " cannot be reached");
      continue;
    }
    if (link->state().primary) known.closed.reset(link->state().epoch % crdt::kEpochSlots);
    keep_open(link->state());
  }
  for (const auto& [id, region] : regions_) {
    const PeerLink* link = RegionLink(id);
    if (!HasSettled(link, now)) {
      close_nothing("region " + region.name, " cannot be reached");
    } else if (!link->state().complete) {
      close_nothing("region " + region.name, " lacks one of its nodes");
    } else {
      keep_open(link->state());
    }
  }
  known.closed |= closed_slots_;
  return known;
}

// Whatever a node of this region writes from now on, whoever leads and after what crash, has seen
// this; and what any of them wrote before it had seen it is here. Both stay true, also while nodes
// are away. Written is not enough, whatever the fsync policy: a machine that crashes forgets it.
void Replicator::LearnWhatAllHold(Now now) {
  if (!primary_ || !RegionIsComplete(now)) return;
  VersionVector held = held_floor_.durable();
  geo_config::RegionSet removed = membership_.removed();
  for (const auto& [key, peer] : peers_) {
    if (!SameRegion(peer)) continue;
    held = VersionVector::Minimum(held, LinkOf(peer)->state().held);
    removed &= LinkOf(peer)->state().removed;
  }
  held_by_all_.Merge(held);
  removed_by_all_ |= removed;
}

void Replicator::LearnClosedSlots(const PeerLink& link) {
  if (primary_ || !link.state().primary) return;
  closed_slots_ = link.state().closed_slots;
  // The primary has what was written under them; here it may be still to come.
  for (const Stamp stamp : link.state().floor.entries()) {
    if (stamp.region() != options_.self.region || shard_.floor().Covers(stamp)) continue;
    closed_slots_.reset(static_cast<std::size_t>(stamp.writer().epoch_slot()));
  }
}

}  // namespace replication
