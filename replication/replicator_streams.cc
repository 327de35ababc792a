// Replicator: what is read from whom, and what is sent to whom.
#include <algorithm>
#include <utility>

#include "replication/replicator.h"

namespace replication {

using crdt::RegionId;
using crdt::Stamp;
using crdt::Status;
using crdt::VersionVector;
using storage::LogPosition;

namespace {

// Between two acknowledgements to a region, where nothing is urgent: keeps the bytes per write low.
constexpr std::int64_t kRegionAckPauseMs = 5;
constexpr std::int64_t kStabilityPauseMs = 1000;
// Later than what was on its way when a full synchronisation went no further.
constexpr std::int64_t kToldAfterMs = 1000;
// A joining replica is not sent more than this before its socket took what was there.
constexpr std::size_t kMostUnsent = 8 << 20;

}  // namespace

// --- Subscriptions -------------------------------------------------------------------------------

void Replicator::SubscribeAll(Now now) {
  for (const auto& [id, link] : links_) {
    if (link->established()) Subscribe(*link, now);
  }
}

std::set<RegionId> Replicator::RelaysFor(const PeerLink& link, Now now) const {
  std::set<RegionId> relays;
  for (const Stamp stamp : link.state().floor.entries()) {
    const RegionId author = stamp.region();
    if (author == link.peer().region || shard_.floor().Covers(stamp)) continue;
    if (IsRelayed(author, link, now)) relays.insert(author);
  }
  return relays;
}

// Whether records of `author` are to be read from the region of `link`.
bool Replicator::IsRelayed(RegionId author, const PeerLink& link, Now now) const {
  // Our own region's: a tail that was lost here comes home. Another's: its own link is silent.
  if (author == options_.self.region || RegionSilent(author, options_.relay_after_ms, now)) {
    return true;
  }
  // What stands first in this stream needs what another stream brings, and that does not come: it
  // may wait for this one. The logs of two regions may have each other's writes in orders that
  // cannot be interleaved, once a lost tail came home behind what was written after it. One log as
  // a whole never waits: whatever a record had seen stands before it.
  return link.WaitedMs(now.steady_ms) >= options_.relay_after_ms;
}

// All are there, and what is missing here of `wanted` is nowhere any more.
bool Replicator::NobodyHasMoreOf(const VersionVector& wanted, Now now) const {
  const auto has_none = [&](const PeerLink* link) {
    return HasSettled(link, now) &&
           shard_.floor().Covers(VersionVector::Minimum(wanted, link->state().floor));
  };
  return std::ranges::all_of(peers_,
                             [&](const auto& entry) {
                               return !SameRegion(entry.second) || has_none(LinkOf(entry.second));
                             }) &&
         std::ranges::all_of(regions_,
                             [&](const auto& entry) { return has_none(RegionLink(entry.first)); });
}

void Replicator::CatchUp(Now now) {
  if (!shard_.floor().Covers(lacked_) && !NobodyHasMoreOf(lacked_, now)) return;
  lacked_ = {};
  began_anew_ = false;
}

VersionVector Replicator::Unfinished() const {
  VersionVector unfinished;
  for (const auto& [partition, vector] : shard_.log().vectors().beyond_floor) {
    unfinished.Merge(vector);
  }
  return unfinished;
}

// What only an unfinished full synchronisation has is in no record.
bool Replicator::MustFetchUnfinished(const Peer& peer, const VersionVector& unfinished) const {
  return regions_.empty() && !shard_.floor().Covers(unfinished) && !peer.fetched.Covers(unfinished);
}

// Full synchronisations went no further, and the node that they came from has lost what it had, as
// has everybody else. The primary fetches what came of them and goes on from there: an EXEC that
// touched keys of several partitions may show in some of them only. Nobody else may, since of two
// nodes each would take for applied what only the other one has. Other regions may have the rest,
// so that it is not for nodes that have some.
void Replicator::TakeForWholeWhatNobodyHas(Now now) {
  VersionVector reached = Unfinished();
  const bool goes_on =
      std::ranges::any_of(links_, [](const auto& link) { return link.second->joining(); });
  if (goes_on || reached != unfinished_) {
    unfinished_ = std::move(reached);
    unfinished_since_ms_ = now.steady_ms;
    return;
  }
  if (!primary_ || unfinished_.empty() || !regions_.empty()) return;
  // What the others said before may be older than what came from them.
  const bool all_is_here = std::ranges::all_of(peers_, [&](const auto& entry) {
    const Peer& peer = entry.second;
    return peer.told_ms - unfinished_since_ms_ >= kToldAfterMs &&
           !MustFetchUnfinished(peer, peer.last_state.unfinished);
  });
  if (!all_is_here || !NobodyHasMoreOf(unfinished_, now)) return;
  keeper_.Log("the source of the full synchronisation is gone: what it brought is taken for whole");
  shard_.JumpFloor(unfinished_);
}

void Replicator::Subscribe(PeerLink& link, Now now) {
  Peer& peer = *PeerOf(link);
  bool follow = false;
  bool whole = false;
  std::set<RegionId> wanted;
  if (SameRegion(peer)) {
    follow = !primary_ && following_ == peer.address.ordinal;
    whole = primary_ && MustFetchUnfinished(peer, link.state().unfinished);
    // A node that returns with writes that nobody else has offers them (fine print 12).
    if (whole || (primary_ && !shard_.floor().Covers(link.state().floor))) {
      wanted.insert(options_.self.region);
      for (const auto& [id, region] : regions_) wanted.insert(id);
    }
  } else if (primary_ && link.state().primary) {
    RegionMemory& region = regions_.at(peer.address.region);
    region.relays.merge(RelaysFor(link, now));
    std::erase_if(region.relays, [&](RegionId relay) { return !IsRelayed(relay, link, now); });
    wanted = region.relays;
    wanted.insert(peer.address.region);
  }
  if (!follow && wanted.empty()) return;
  const CausalGate* gate = link.gate();
  if (whole && gate != nullptr && gate->request().whole &&
      peer.asked.Covers(link.state().unfinished)) {
    return;
  }
  if (gate != nullptr && gate->request().follow == follow && !whole) {
    const std::vector<RegionId>& regions = gate->request().regions;
    const bool brings_all = std::ranges::all_of(wanted, [&](RegionId region) {
      return std::ranges::find(regions, region) != regions.end();
    });
    // More than is wanted goes on until it is all here: then nothing is read twice.
    const bool all_here = gate->waiting() == 0 && shard_.floor().Covers(link.state().floor);
    if (brings_all && (regions.size() == wanted.size() || !all_here)) return;
  }
  if (follow) followed_ = {};
  if (whole) peer.asked = link.state().unfinished;
  link.SubscribeTo({.have = shard_.floor(),
                    .follow = follow,
                    .regions = {wanted.begin(), wanted.end()},
                    .whole = whole});
}

void Replicator::DeliverAll(Now now) {
  // Each pass may complete what another stream waits for; bounded by the number of links.
  for (std::size_t pass = 0; pass < links_.size(); ++pass) {
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    std::vector<std::pair<LinkId, std::string>> broken;
    for (const auto& [id, link] : links_) {
      if (link->gate() == nullptr || link->gate()->waiting() == 0) continue;
      before += link->gate()->consumed();
      const bool local = SameRegion(*PeerOf(*link));
      const Status delivered = link->Deliver(
          shard_, local ? std::nullopt : std::optional(now.unix_ms + options_.max_clock_skew_ms));
      after += link->gate()->consumed();
      if (!delivered) broken.emplace_back(id, delivered.error().detail);
    }
    for (const auto& [id, reason] : broken) Drop(id, reason, /*tell=*/true, now);
    if (before == after) return;
  }
}

// --- Sending -------------------------------------------------------------------------------------

LogPosition Replicator::ShipLimit(Now now) const {
  if (!options_.ship_gate || !primary_) return progress_.written;
  return replicas_.ShipLimit(progress_.written, now.steady_ms, options_.ship_gate_timeout_ms);
}

void Replicator::EndOfTurn(const LogProgress& progress, Now now) {
  progress_ = progress;
  if (catching_up()) CatchUp(now);
  replicas_.NoteLogEnd(progress.written, now.steady_ms);
  // On a full disk the log's end is beyond what is written, and the floor speaks of the end.
  durable_floor_.Note(shard_.log().end(), shard_.floor());
  const LogPosition own = progress.written_is_enough ? progress.written : progress.durable;
  durable_floor_.Advance(
      progress.written_is_enough
          ? replicas_.LeastApplied(own, now.steady_ms, options_.ship_gate_timeout_ms)
          : replicas_.LeastDurable(own, now.steady_ms, options_.ship_gate_timeout_ms));
  held_floor_.Note(shard_.log().end(), shard_.floor());
  held_floor_.Advance(progress.on_disk ? progress.durable : progress.written);
  PumpAll(now);
  Acknowledge(now);
  if (now.steady_ms - last_heartbeat_ms_ >= options_.heartbeat_ms) SendHeartbeats(now);
  if (primary_ && now.steady_ms - last_stability_ms_ >= kStabilityPauseMs) {
    last_stability_ms_ = now.steady_ms;
    UpdateStability(now);
  }
  FlushOutput();
}

void Replicator::PumpAll(Now now) {
  const LogPosition ship_limit = ShipLimit(now);
  std::vector<std::pair<LinkId, std::string>> broken;
  for (const auto& [id, link] : links_) {
    if (!link->feeding()) continue;
    const bool local = SameRegion(*PeerOf(*link));
    if (link->feeds_follower()) {
      if (!local || !primary_) {
        broken.emplace_back(id, "only the replicas of a primary may follow its log");
        continue;
      }
      const auto ordinal = link->peer().ordinal;
      if (link->sending_join()) {
        replicas_.Disconnect(ordinal);  // Also where it followed until its stream had to end.
      } else if (!replicas_.replicas().contains(ordinal)) {
        replicas_.Connect(ordinal, now.steady_ms);
        stable_ = {};  // Told again: what the replica kept while it was away waits for it.
      }
    }
    if (network_.Unsent(id) > kMostUnsent) continue;
    const Status pumped = link->Pump(shard_, local ? progress_.written : ship_limit);
    if (pumped) continue;
    if (link->feeds_follower()) {
      // What cannot be read any more is still in the state.
      keeper_.Log(pumped.error().detail + ": a replica that needs it gets everything anew");
      link->SendJoin(shard_);
    } else {
      broken.emplace_back(id, pumped.error().detail);
    }
  }
  for (const auto& [id, reason] : broken) Drop(id, reason, /*tell=*/true, now);
}

void Replicator::Acknowledge(Now now) {
  const bool regions_due = now.steady_ms - last_region_ack_ms_ >= kRegionAckPauseMs;
  for (const auto& [id, link] : links_) {
    CausalGate* gate = link->gate();
    if (gate == nullptr) continue;
    if (gate->request().follow) {
      // Of two primaries: positions in the log of the other one would count as this one's.
      if (following_ != PeerOf(*link)->address.ordinal) continue;
      if (gate->applied_position() != 0) followed_position_ = gate->applied_position();
      followed_.Note(shard_.log().end(), gate->applied_position());
      followed_.Advance(progress_.durable);
      link->AcknowledgeFollow(progress_.durable == 0 ? 0 : followed_.durable());
    } else if (regions_due || link->WindowUrgent()) {
      link->AcknowledgeRegion(shard_.floor(), durable_floor_.durable());
    }
  }
  if (regions_due) last_region_ack_ms_ = now.steady_ms;
}

LogPosition Replicator::OwnPosition() const {
  // Of a replica: where it stands in its primary's log, also when that primary is gone.
  const bool followed = !primary_ && followed_position_ != 0;
  return followed ? followed_position_ : progress_.written;
}

NodeState Replicator::OwnState(Now now) const {
  return {.primary = primary_,
          .epoch = ToldEpoch(),
          .floor = shard_.floor(),
          .position = OwnPosition(),
          .client_port = options_.client_port,
          .joining = joining(),
          .complete = RegionIsComplete(now),
          .closed_slots = primary_ ? Epochs(now).closed.to_ullong() : 0,
          .held = primary_ ? held_by_all_ : held_floor_.durable(),
          .unfinished = Unfinished()};
}

void Replicator::SendHeartbeats(Now now) {
  last_heartbeat_ms_ = now.steady_ms;
  LearnWhatAllHold(now);
  const NodeState state = OwnState(now);
  for (const auto& [id, link] : links_) {
    if (!link->established()) continue;
    const OutgoingStream* outgoing = link->outgoing();
    const bool all_sent =
        outgoing != nullptr && outgoing->position() >= shard_.log().end() && !link->paused();
    link->Queue(
        Heartbeat{.wall_ms = now.unix_ms,
                  .safe_stamp = all_sent ? progress_.clock
                                         : (outgoing != nullptr ? outgoing->last_stamp() : Stamp()),
                  .state = state,
                  .durable = durable_floor_.durable()});
  }
}

// What is stable is forgotten: spent counter parts, graves. A node that has not seen it may lead
// and write, or hold writes that nobody has seen; they would come to where nothing tells any more
// what had been reset.
void Replicator::UpdateStability(Now now) {
  LearnWhatAllHold(now);
  const VersionVector stable = region_acknowledgements_.Stable(shard_.floor(), held_by_all_);
  if (stable.empty() || stable_.Covers(stable)) return;
  stable_.Merge(stable);
  shard_.ApplyStable(stable_);
}

void Replicator::FlushOutput() {
  for (const auto& [id, link] : links_) {
    if (link->has_output()) network_.Send(id, link->TakeOutput());
  }
}

}  // namespace replication
