// Replicator: who belongs to the deployment, as commands change it.
//
// Every NodeState carries what its node knows of that, and comes before anything that its author
// says later: whoever hears that a node has something has heard which regions that node counts on.
// So a region that is added is not left out when something is collected that it lacks. One that was
// removed blocks nothing any more once no node would take a write of its from it: until then the
// others cannot know that they have all of its writes that will ever come (decision 23).
#include <algorithm>
#include <set>
#include <utility>

#include "replication/replicator.h"

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::RegionId;
using crdt::Status;
using geo_config::Membership;
using geo_config::RegionEntry;
using geo_config::Standing;

namespace {

// It goes into a greeting, beside version vectors.
constexpr std::size_t kMostMembershipBytes = 32 << 10;
// Of a region that can be reached.
constexpr std::int64_t kMostHeartbeatsMissed = 4;

}  // namespace

Status Replicator::ChangeMembership(Membership membership, Now now) {
  if (membership.Encode().size() > kMostMembershipBytes) {
    return Fail(ErrorCode::kTooLarge, "the names of all regions and nodes are too long together");
  }
  if (Status kept = keeper_.KeepMembership(membership); !kept) return kept;
  const bool was_removed = removed();
  const bool was_leaving = leaving();
  membership_ = std::move(membership);
  FollowMembership(now);
  if (removed() && !was_removed) {
    keeper_.Log("this region was removed from the deployment: no writes are taken any more");
  } else if (leaving() && !was_leaving) {
    keeper_.Log("this region is leaving the deployment: no writes are taken any more");
  }
  last_heartbeat_ms_ = 0;  // Everybody hears of it at once.
  DialPeers(now);
  return {};
}

// False: it could not be kept, and comes again with the next heartbeat.
bool Replicator::LearnMembership(const PeerLink& link, Now now) {
  const RegionId from = link.peer().region;
  const Membership& told = link.state().membership;
  // Also where it refuses this node now.
  if (Peer* peer = PeerOf(link)) peer->last_state = link.state();
  // Two halves of a deployment may have removed each other: each goes on by itself.
  if (membership_.HasRemoved(from)) return true;
  Membership merged = membership_;
  // Who was removed says so, and has no say in the others.
  const bool is_new = told.HasRemoved(from) ? merged.MergeOf(from, told) : merged.Merge(told);
  if (!is_new) return true;
  const Status changed = ChangeMembership(std::move(merged), now);
  if (changed) return true;
  const std::string& why = changed.error().detail;
  if (complaints_about_strangers_.IsNew(why, now.steady_ms)) {
    keeper_.Log("who belongs to the deployment could not be saved: " + why);
  }
  return false;
}

// Empty: nothing speaks against it. A region that was added begins with what some member has, and
// writes only then; what is stable here it has seen before its first write.
std::string Replicator::WhyNotLetIn(const PeerLink& link) const {
  const RegionId id = link.peer().region;
  const auto wrote = [id](const crdt::VersionVector& vector) {
    return std::ranges::any_of(vector.entries(),
                               [id](crdt::Stamp stamp) { return stamp.region() == id; });
  };
  const crdt::VersionVector& floor = link.state().floor;
  if (id == options_.self.region || membership_.StandingOf(id) != Standing::kAdded ||
      wrote(shard_.floor()) || !wrote(floor) || floor.Covers(stable_)) {
    return {};
  }
  return "region " + std::to_string(id) +
         " has written before it had what this deployment has: start it with an empty directory";
}

// --- Following -----------------------------------------------------------------------------------

void Replicator::FollowMembership(Now now) {
  members_ = membership_.Regions(options_.regions);
  leaving_ = membership_.IsLeaving(options_.self.region);
  removed_ = membership_.HasRemoved(options_.self.region);
  std::set<PeerKey> there;
  const auto note = [&](const RegionEntry& region) {
    for (const geo_config::NodeEntry& node : region.nodes) there.insert({region.id, node.ordinal});
    AddPeers(region, now);
  };
  std::ranges::for_each(members_, note);
  // Its nodes go on together, also where the region was removed.
  for (const RegionEntry& region : options_.regions) {
    if (region.id == options_.self.region) note(region);
  }
  std::vector<PeerKey> gone;
  for (const auto& [key, peer] : peers_) {
    if (!there.contains(key)) gone.push_back(key);
  }
  for (const PeerKey& key : gone) ForgetPeer(key, now);
  std::vector<RegionId> gone_regions;
  for (const auto& [id, region] : regions_) {
    if (std::ranges::find(members_, id, &RegionEntry::id) == members_.end()) {
      gone_regions.push_back(id);
    }
  }
  for (const RegionId id : gone_regions) ForgetRegion(id, now);
  if (!removed()) return;
  std::vector<LinkId> to_regions;
  for (const auto& [id, link] : links_) {
    if (link->established() && link->peer().region != options_.self.region) {
      // With what they have to know before they are left alone.
      link->Queue(OwnState(now));
      to_regions.push_back(id);
    }
  }
  for (const LinkId id : to_regions) {
    Drop(id, "this node's region was removed from the deployment", /*tell=*/true, now);
  }
}

void Replicator::AddPeers(const RegionEntry& region, Now now) {
  for (const geo_config::NodeEntry& node : region.nodes) {
    const bool is_self = region.id == options_.self.region && node.ordinal == options_.self.ordinal;
    if (is_self) continue;
    Peer& peer = peers_[{region.id, node.ordinal}];
    peer.region = region.id;
    peer.region_name = region.name;
    peer.address = node;
  }
  if (region.id == options_.self.region) return;
  const auto [memory, is_new] = regions_.try_emplace(region.id);
  memory->second.name = region.name;
  if (!is_new) return;
  memory->second.first_ms = now.steady_ms;
  region_acknowledgements_.Add(region.id);
}

void Replicator::ForgetPeer(const PeerKey& key, Now now) {
  std::vector<LinkId> links;
  for (const auto& [id, link] : links_) {
    const auto dialled = dialled_.find(id);
    const bool leads_there = link->established()
                                 ? PeerKey(link->peer().region, link->peer().ordinal) == key
                                 : dialled != dialled_.end() && dialled->second == key;
    if (leads_there) links.push_back(id);
  }
  const std::string reason =
      "region " + std::to_string(key.first) +
      (membership_.HasRemoved(key.first) ? " was removed from this deployment"
                                         : " does not have this node any more");
  for (const LinkId id : links) {
    PeerLink& link = *links_.at(id);
    // It hears so that it does not belong to the deployment any more.
    if (link.established()) link.Queue(OwnState(now));
    Drop(id, reason, /*tell=*/true, now);
  }
  std::erase_if(dialled_, [&](const auto& entry) {
    if (entry.second != key) return false;
    network_.Close(entry.first);
    return true;
  });
  peers_.erase(key);
}

void Replicator::ForgetRegion(RegionId id, Now now) {
  comparisons_.Forget(id, now.steady_ms);
  region_acknowledgements_.Remove(id);
  regions_.erase(id);
  keeper_.Log("region " + std::to_string(id) + " does not belong to the deployment any more");
}

bool Replicator::HasSaidThatItIsRemoved(const Peer& peer) const {
  return peer.last_state.membership.HasRemoved(options_.self.region);
}

// --- Commands ------------------------------------------------------------------------------------

Status Replicator::MayChangeMembership() const {
  if (!primary_) return Fail(ErrorCode::kRefused, "this node is a replica: ask its primary");
  if (removed()) return Fail(ErrorCode::kRefused, "this region was removed from the deployment");
  return {};
}

Status Replicator::AddRegion(RegionEntry region, Now now) {
  if (Status may = MayChangeMembership(); !may) return may;
  if (leaving()) {
    return Fail(ErrorCode::kRefused, "this region is leaving the deployment: ask another one");
  }
  if (Status check = CheckNewRegion(region, members_, membership_); !check) return check;
  Membership changed = membership_;
  changed.Note(Standing::kAdded, region);
  return ChangeMembership(std::move(changed), now);
}

Status Replicator::RemoveRegion(RegionId id, bool by_force, Now now) {
  if (Status may = MayChangeMembership(); !may) return may;
  if (membership_.HasRemoved(id)) return Fail(ErrorCode::kInvalid, "it was removed already");
  const auto region = std::ranges::find(members_, id, &RegionEntry::id);
  if (region == members_.end()) return Fail(ErrorCode::kInvalid, "no such region");
  const bool is_own = id == options_.self.region;
  if (is_own && by_force) {
    return Fail(ErrorCode::kRefused, "a region is removed by force from another one");
  }
  if (!is_own && leaving()) {
    return Fail(ErrorCode::kRefused, "this region is leaving the deployment: ask another one");
  }
  const bool is_leaving = membership_.IsLeaving(id);
  const auto is_reached = [&](RegionId region_id) {
    const PeerLink* link = RegionLink(region_id);
    return link != nullptr && Answers(*link, now);
  };
  const bool can_leave = is_own || is_reached(id);
  if (by_force && can_leave && !is_leaving) {
    return Fail(ErrorCode::kRefused,
                "the region can be reached: without FORCE it leaves with nothing lost");
  }
  if (!by_force && !can_leave) {
    return Fail(ErrorCode::kRefused,
                "the region cannot be reached; FORCE removes it, and what nobody else has of its "
                "writes is lost to the others");
  }
  const auto stays = [&](const RegionEntry& other) {
    return other.id != id && !membership_.IsLeaving(other.id) && (!is_own || is_reached(other.id));
  };
  if (std::ranges::none_of(members_, stays)) {
    return Fail(ErrorCode::kRefused,
                is_own ? "no region that stays can be reached" : "no other region would stay");
  }
  Membership changed = membership_;
  changed.Note(by_force ? Standing::kRemoved : Standing::kLeaving, *region);
  return ChangeMembership(std::move(changed), now);
}

Status Replicator::KeepRegion(RegionId id, Now now) {
  if (Status may = MayChangeMembership(); !may) return may;
  if (membership_.HasRemoved(id)) return Fail(ErrorCode::kInvalid, "it was removed already");
  if (!membership_.IsLeaving(id)) return Fail(ErrorCode::kInvalid, "the region is not leaving");
  Membership changed = membership_;
  changed.Keep(id);
  return ChangeMembership(std::move(changed), now);
}

// --- Leaving -------------------------------------------------------------------------------------

// A region that leaves takes nothing from the others any more, besides the rest of a join: what it
// has comes to an end, and they can have all of it while they go on writing.
bool Replicator::TakesRecords(const PeerLink& link) const {
  return link.peer().region == options_.self.region || !leaving() || joining();
}

// The other end is there, as far as one can tell.
bool Replicator::Answers(const PeerLink& link, Now now) const {
  const std::int64_t most_ms =
      std::max(options_.relay_after_ms, kMostHeartbeatsMissed * options_.heartbeat_ms);
  return !link.paused() && now.steady_ms - link.heard_ms() <= most_ms;
}

// Who cannot be reached gets it from the others. Another one that leaves takes nothing any more.
bool Replicator::OthersHaveAll(Now now) const {
  bool one_stays = false;
  for (const auto& [id, region] : regions_) {
    const PeerLink* link = RegionLink(id);
    if (membership_.IsLeaving(id) || !HasSettled(link, now) || !Answers(*link, now)) continue;
    const bool has_all = link->state().floor.Covers(shard_.floor()) &&
                         region_acknowledgements_.Of(id).durable.Covers(shard_.floor());
    if (!has_all) return false;
    one_stays = true;
  }
  return one_stays;
}

void Replicator::LeaveWhenOthersHaveAll(Now now) {
  if (!leaving() || !RegionIsComplete(now) || joining() || !OthersHaveAll(now)) return;
  const auto is_fetched = [this](const auto& entry) {
    return !SameRegion(entry.second) || IsFetched(entry.second);
  };
  if (!std::ranges::all_of(peers_, is_fetched)) return;
  Membership changed = membership_;
  const auto own = std::ranges::find(members_, options_.self.region, &RegionEntry::id);
  changed.Note(Standing::kRemoved, *own);
  if (const Status left = ChangeMembership(std::move(changed), now); !left) {
    keeper_.Log("the region cannot leave yet: " + left.error().detail);
  }
}

}  // namespace replication
