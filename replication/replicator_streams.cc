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
// Unfinished full synchronisations of others are fetched after so long without what they have.
constexpr std::int64_t kAwaitedMs = 2000;
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
  if (MustAskWhatItLacks()) {
    LearnWhatItLacks();
    if (!std::ranges::all_of(peers_, [](const auto& entry) { return entry.second.told; })) return;
  }
  const auto is_fetched = [this](const auto& entry) { return IsFetched(entry.second); };
  if (!shard_.floor().Covers(lacked_) &&
      !(NobodyHasMoreOf(lacked_, now) && std::ranges::all_of(peers_, is_fetched))) {
    return;
  }
  lacked_ = {};
  BecomeWhole();
}

void Replicator::LearnWhatItLacks() {
  for (const auto& [key, peer] : peers_) {
    lacked_.Merge(peer.last_state.floor);
    for (const auto& [partition, vector] : peer.last_state.unfinished) lacked_.Merge(vector);
  }
}

void Replicator::BecomeWhole() {
  if (std::exchange(began_anew_, false)) whole_at_ = shard_.log().end();
}

// --- Joins ---------------------------------------------------------------------------------------

// One at a time: what one brings the other one need not bring again.
void Replicator::OnJoinBegan(PeerLink& from, Now now) {
  keeper_.Log("full synchronisation from node " + std::to_string(from.peer().ordinal) +
              " of region " + std::string(RegionName(from.peer().region)) + " begins");
  if (from.gate()->request().follow) follows_in_step_ = false;
  if (from.joining() && JoinsFromElsewhere(from, now)) from.SubscribeTo({.have = shard_.floor()});
}

// Whose other end is there.
bool Replicator::JoinGoesOn(const PeerLink& link, Now now) const {
  return link.joining() && !link.paused() &&
         now.steady_ms - link.heard_ms() <= options_.relay_after_ms;
}

bool Replicator::JoinsNow(Now now) const {
  return std::ranges::any_of(links_,
                             [&](const auto& entry) { return JoinGoesOn(*entry.second, now); });
}

bool Replicator::JoinsFromElsewhere(const PeerLink& link, Now now) const {
  return std::ranges::any_of(links_, [&](const auto& entry) {
    return entry.second->id() != link.id() && JoinGoesOn(*entry.second, now);
  });
}

const storage::PartitionVectors& Replicator::Unfinished() const {
  return shard_.log().vectors().beyond_floor;
}

// Whether what partitions have of unfinished joins is here, or is known besides.
bool Replicator::HasAll(const storage::PartitionVectors& unfinished,
                        const storage::PartitionVectors& besides) const {
  const storage::LogVectors& here = shard_.log().vectors();
  return std::ranges::all_of(unfinished, [&](const auto& entry) {
    const auto& [partition, vector] = entry;
    const auto known = besides.find(partition);
    return here.Observed(partition).Covers(vector) ||
           (known != besides.end() && known->second.Covers(vector));
  });
}

// Notes for how long something has been missing here that others hold of unfinished joins. While
// one of these goes on there is more of it from time to time.
void Replicator::AwaitUnfinished(Now now) {
  for (auto& [key, peer] : peers_) {
    const PeerLink* link = LinkOf(peer);
    static const storage::PartitionVectors kNone;
    const storage::PartitionVectors& unfinished =
        link != nullptr ? link->state().unfinished : kNone;
    if (unfinished == peer.awaited && !JoinsNow(now) && !HasAll(unfinished)) continue;
    peer.awaited = unfinished;
    peer.awaited_since_ms = now.steady_ms;
  }
}

// What only an unfinished full synchronisation has is in no record. Mostly it comes by itself, from
// where that synchronisation has it.
bool Replicator::MustFetchUnfinished(const PeerLink& link, const Peer& peer, Now now) const {
  const storage::PartitionVectors& unfinished = link.state().unfinished;
  return !unfinished.empty() && unfinished == peer.awaited &&
         now.steady_ms - peer.awaited_since_ms >= kAwaitedMs && !HasAll(unfinished);
}

// Who has lost all takes a state as it is before it reads records: between what single records tell
// and a state that has forgotten what removed it there is no telling.
bool Replicator::JoinsAnew(const PeerLink& link) const {
  if (!catching_up()) return false;
  const bool has_nothing = shard_.floor().empty() && Unfinished().empty();
  return (has_nothing && !link.state().floor.empty()) || !HasAll(link.state().unfinished);
}

// All that the peer holds of unfinished full synchronisations has been fetched, from a replica of
// another region by its primary.
bool Replicator::IsFetched(const Peer& peer) const {
  const storage::PartitionVectors& unfinished = peer.last_state.unfinished;
  if (HasAll(unfinished)) return true;
  const PeerLink* primary = SameRegion(peer) ? nullptr : RegionLink(peer.region);
  return primary != nullptr && LinkOf(peer) != primary &&
         HasAll(unfinished, primary->state().unfinished);
}

bool Replicator::IsFirstRegion() const {
  return regions_.empty() || options_.self.region < regions_.begin()->first;
}

// Full synchronisations went no further, and the node that they came from has lost what it had, as
// has everybody else. The first region's primary fetches what came of them and goes on from there:
// an EXEC that touched keys of several partitions may show in some of them only. Nobody else may,
// since of two nodes each would take for applied what only the other one has.
void Replicator::TakeForWholeWhatNobodyHas(Now now) {
  if (JoinsNow(now) || Unfinished() != unfinished_) {
    unfinished_ = Unfinished();
    unfinished_since_ms_ = now.steady_ms;
    return;
  }
  if (!primary_ || unfinished_.empty() || !IsFirstRegion()) return;
  // What the others said before may be older than what came from them.
  const bool all_is_here = RegionIsComplete(now) &&
                           std::ranges::all_of(regions_,
                                               [&](const auto& entry) {
                                                 const PeerLink* link = RegionLink(entry.first);
                                                 return link != nullptr && link->state().complete;
                                               }) &&
                           std::ranges::all_of(peers_, [&](const auto& entry) {
                             return entry.second.told_ms - unfinished_since_ms_ >= kToldAfterMs &&
                                    IsFetched(entry.second);
                           });
  VersionVector reached;
  for (const auto& [partition, vector] : unfinished_) reached.Merge(vector);
  if (!all_is_here || !NobodyHasMoreOf(reached, now)) return;
  keeper_.Log("the source of the full synchronisation is gone: what it brought is taken for whole");
  shard_.JumpFloor(reached);
}

void Replicator::Subscribe(PeerLink& link, Now now) {
  Peer& peer = *PeerOf(link);
  // It waits for the end of a join from elsewhere, or for its time.
  const bool waits = JoinsFromElsewhere(link, now) || now.steady_ms < peer.join_again_ms;
  if (link.is_put_off() && waits) return;
  bool follow = false;
  bool whole = false;
  std::set<RegionId> wanted;
  if (SameRegion(peer)) {
    follow = !primary_ && following_ == peer.address.ordinal;
    whole = primary_ ? MustFetchUnfinished(link, peer, now) || JoinsAnew(link)
                     : follow && link.gate() != nullptr && link.gate()->must_join();
    // A node that returns with writes that nobody else has offers them (fine print 12).
    if (primary_ && (whole || !shard_.floor().Covers(link.state().floor))) {
      wanted.insert(options_.self.region);
      for (const auto& [id, region] : regions_) wanted.insert(id);
      // Also of regions that were removed.
      for (const Stamp stamp : link.state().floor.entries()) wanted.insert(stamp.region());
    }
  } else if (primary_ && link.state().primary) {
    RegionMemory& region = regions_.at(peer.region);
    region.relays.merge(RelaysFor(link, now));
    std::erase_if(region.relays, [&](RegionId relay) { return !IsRelayed(relay, link, now); });
    wanted = region.relays;
    wanted.insert(peer.region);
    whole = MustFetchUnfinished(link, peer, now) || JoinsAnew(link);
  }
  if (!follow && wanted.empty()) return;
  const CausalGate* gate = link.gate();
  // It brings what all regions wrote.
  if (link.joining() && gate->request().follow == follow) return;
  if (whole && gate != nullptr && gate->request().whole && !gate->must_join() &&
      HasAll(link.state().unfinished, peer.asked)) {
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
  replication::Subscribe request{.have = shard_.floor(),
                                 .follow = follow,
                                 .regions = {wanted.begin(), wanted.end()},
                                 .whole = whole};
  NoteWhatIsJoined(shard_.log().vectors(), request);
  link.SubscribeTo(std::move(request));
}

void Replicator::DeliverAll(Now now) {
  // Each pass may complete what another stream waits for; bounded by the number of links.
  for (std::size_t pass = 0; pass < links_.size(); ++pass) {
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    std::vector<std::pair<LinkId, std::string>> broken;
    for (const auto& [id, link] : links_) {
      if (link->gate() == nullptr || link->gate()->waiting() == 0 || !TakesRecords(*link)) continue;
      before += link->gate()->consumed();
      const Status delivered = link->Deliver(shard_, now.unix_ms + options_.max_clock_skew_ms);
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
  if (whole_at_ && (!progress.on_disk || progress.durable >= *whole_at_)) {
    whole_at_.reset();
    keeper_.BecomeWhole();
  }
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
  WorkOnComparisons(now);
  Acknowledge(now);
  if (now.steady_ms - last_heartbeat_ms_ >= options_.heartbeat_ms) SendHeartbeats(now);
  if (primary_ && now.steady_ms - last_stability_ms_ >= kStabilityPauseMs) {
    last_stability_ms_ = now.steady_ms;
    UpdateStability(now);
    LeaveWhenOthersHaveAll(now);
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
    const Status pumped = link->Pump(shard_, local ? progress_.written : ship_limit,
                                     {.bytes_per_second = join_rate_, .now_ms = now.steady_ms});
    if (pumped) continue;
    // What cannot be read any more is still in the state.
    keeper_.Log(pumped.error().detail + ": whoever needs it gets everything anew");
    link->SendJoin(shard_);
  }
  for (const auto& [id, reason] : broken) Drop(id, reason, /*tell=*/true, now);
}

// What is asked of the others, and what they ask for.
void Replicator::WorkOnComparisons(Now now) {
  has_work_ = false;
  for (const auto& [id, link] : links_) {
    if (link->established() && network_.Unsent(id) <= kMostUnsent) {
      has_work_ |= link->AnswerDigests(shard_);
      has_work_ |= link->TellSums(shard_);
    }
  }
  for (const auto& [id, region] : regions_) {
    if (!comparisons_.HasWork(id, now.steady_ms)) continue;
    PeerLink* link = primary_ ? RegionLink(id) : nullptr;
    if (link != nullptr && link->paused()) link = nullptr;
    has_work_ |= comparisons_.Work(id, link, shard_, now.steady_ms, now.unix_ms);
  }
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
      NoteFollowsInStep(*link);
      followed_.Note(shard_.log().end(), gate->applied_position());
      followed_.Advance(progress_.durable);
      link->AcknowledgeFollow(progress_.durable == 0 ? 0 : followed_.durable());
    } else if (regions_due || link->WindowUrgent()) {
      link->AcknowledgeRegion(shard_.floor(), durable_floor_.durable());
    }
  }
  if (regions_due) last_region_ack_ms_ = now.steady_ms;
}

// Of a replica, by what has come of its primary's log.
void Replicator::NoteFollowsInStep(const PeerLink& link) {
  const NodeState& primary = link.state();
  if (link.joining() || !shard_.floor().Covers(primary.floor)) return;
  follows_in_step_ = true;
  if (!primary.catching_up) BecomeWhole();
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
          .unfinished = Unfinished(),
          .catching_up = catching_up(),
          .membership = membership_,
          .removed = primary_ ? removed_by_all_ : membership_.removed()};
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
  // Some node would still take more of what a removed region wrote.
  const auto removed = region_acknowledgements_.RemovedEverywhere(removed_by_all_);
  if ((membership_.removed() & ~removed).any()) return;
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
