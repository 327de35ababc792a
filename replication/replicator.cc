#include "replication/replicator.h"

#include <algorithm>
#include <utility>

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::RegionId;
using crdt::Stamp;
using crdt::Status;
using crdt::VersionVector;
using storage::LogPosition;

namespace {

constexpr std::int64_t kLeastDialPauseMs = 50;
constexpr std::int64_t kMostDialPauseMs = 1000;
constexpr std::int64_t kGreetingTimeoutMs = 10000;
constexpr std::int64_t kJoinAgainMs = 1000;
// A region that has been silent so long is asked why, also by the side that does not dial it.
constexpr std::int64_t kAskAfterMs = 5000;

constexpr std::string_view kUnfinishedJoin = "this node holds an unfinished full synchronisation";

}  // namespace

Replicator::Replicator(ReplicatorOptions options, bool was_primary, crdt::Epoch epoch,
                       ReplicatedShard& shard, PeerNetwork& network, RoleKeeper& keeper,
                       std::function<std::string()> nonce)
    : options_(std::move(options)),
      shard_(shard),
      network_(network),
      keeper_(keeper),
      membership_(options_.membership),
      nonce_(std::move(nonce)),
      wants_to_lead_(was_primary),
      began_anew_(options_.began_anew),
      epoch_(epoch),
      clock_majority_(options_.max_clock_skew_ms),
      comparisons_([this](const std::string& line) { keeper_.Alarm(line); }) {
  FollowMembership({});
}

void Replicator::Start(Now now) {
  started_ms_ = now.steady_ms;
  link_down_since_ms_ = now.steady_ms;
  for (auto& [id, region] : regions_) region.first_ms = now.steady_ms;
  DialPeers(now);
  DecideRole(now);
}

// --- Connections ---------------------------------------------------------------------------------

bool Replicator::DialsByItself(const Peer& peer) const {
  return SameRegion(peer) ? options_.self.ordinal > peer.address.ordinal
                          : options_.self.region < peer.region;
}

bool Replicator::ShouldDial(const Peer& peer, Now now) const {
  if (peer.dialling || peer.link) return false;
  // One connection per pair: within a region the higher ordinal dials, between regions the primary
  // of the lower region id, and it dials every node, so that it sees at once which one leads.
  if (SameRegion(peer)) return DialsByItself(peer);
  if (removed()) return primary_ && !HasSaidThatItIsRemoved(peer);
  if (primary_ || wants_to_lead_) {
    if (DialsByItself(peer)) return true;
    // It may have removed this region and dial no more.
    if (RegionSilent(peer.region, kAskAfterMs, now)) return true;
  }
  // Who has to hear from everybody before it leads asks those too that dial nobody themselves.
  const bool asks_before_it_leads =
      !primary_ && (wants_to_lead_ || asked_to_lead_) && !keeper_.WhyNotLead({}).empty();
  return !peer.told && (asks_before_it_leads || MustAskWhatItLacks());
}

void Replicator::DialPeers(Now now) {
  for (auto& [key, peer] : peers_) {
    if (!ShouldDial(peer, now) || now.steady_ms < peer.next_dial_ms) continue;
    peer.dial_pause_ms = std::clamp(peer.dial_pause_ms * 2, kLeastDialPauseMs, kMostDialPauseMs);
    peer.next_dial_ms = now.steady_ms + peer.dial_pause_ms;
    peer.dialling = network_.Dial(peer.address.host, peer.address.peer_port);
    dialled_[*peer.dialling] = key;
  }
}

void Replicator::OnConnected(LinkId id, Now now) {
  const auto dialled = dialled_.find(id);
  if (dialled == dialled_.end()) {
    network_.Close(id);
    return;
  }
  const Peer& peer = peers_.at(dialled->second);
  const Expected expected{peer.region, peer.region_name, peer.address.ordinal};
  auto link = std::make_unique<PeerLink>(
      id, Handshake(options_.self, expected, options_.secret, nonce_()), now.steady_ms);
  link->Greet();
  network_.Send(id, link->TakeOutput());
  links_[id] = std::move(link);
}

void Replicator::OnAccepted(LinkId id, Now now) {
  auto link = std::make_unique<PeerLink>(
      id, Handshake(options_.self, std::nullopt, options_.secret, nonce_()), now.steady_ms);
  link->Greet();
  network_.Send(id, link->TakeOutput());
  links_[id] = std::move(link);
}

void Replicator::OnBytes(LinkId id, std::string_view bytes, Now now) {
  const auto found = links_.find(id);
  if (found == links_.end()) return;
  PeerLink& link = *found->second;
  const PeerLink::Times times{.steady_ms = now.steady_ms,
                              .latest_unix_ms = now.unix_ms + options_.max_clock_skew_ms};
  auto events = link.OnBytes(bytes, [&] { return OwnState(now); }, shard_, times);
  // Also of one that then refused this node.
  bool knows_members = true;
  if (link.established() && (!events || events->state_changed)) {
    knows_members = LearnMembership(link, now);
  }
  if (!links_.contains(id)) return;
  if (!events) {
    Drop(id, events.error().detail, /*tell=*/true, now);
    return;
  }
  if (events->established) OnEstablished(link, now);
  if (!links_.contains(id) || !link.established()) return;
  if (events->pause_changed) {
    keeper_.Log("link to region " + std::string(RegionName(link.peer().region)) +
                (link.paused_there() ? " was paused there" : " was resumed there"));
  }
  if (events->join_began) OnJoinBegan(link, now);
  if (events->join_held) PeerOf(link)->join_again_ms = now.steady_ms + kJoinAgainMs;
  if (events->join_held || events->join_again) {
    link.SubscribeTo({.have = shard_.floor()});
    Subscribe(link, now);
  }
  if (TakesRecords(link)) {
    if (const Status delivered = link.Deliver(shard_, times.latest_unix_ms); !delivered) {
      Drop(id, delivered.error().detail, /*tell=*/true, now);
      return;
    }
  }
  for (DigestReply& reply : events->digests) {
    const Status taken = comparisons_.OnReply(link, std::move(reply), shard_);
    if (taken) continue;
    Drop(id, taken.error().detail, /*tell=*/true, now);
    return;
  }
  // What the other side says it has, it says with regard to those whom it counts on.
  if (events->heartbeat && knows_members) OnHeartbeat(link, now);
  if (events->acknowledged) OnAcknowledged(link, now);
  if (events->joined) {
    keeper_.Log("full synchronisation is complete" +
                (events->percent_equal
                     ? ": " + std::to_string(*events->percent_equal) + " % was here already"
                     : std::string()));
    stable_ = {};  // Told again: what came may wait for what was stable before.
    SubscribeAll(now);
  }
  if (events->state_changed || events->established) {
    DecideRole(now);
    SubscribeAll(now);
  }
  // What arrived may be what another stream waited for.
  if (links_.size() > 1) DeliverAll(now);
}

void Replicator::OnClosed(LinkId id, const std::string& reason, Now now) {
  const auto dialled = dialled_.find(id);
  if (dialled != dialled_.end() && !links_.contains(id)) {
    Peer& peer = peers_.at(dialled->second);
    peer.dialling.reset();
    peer.answered = true;  // A refused connection is an answer: nobody is there.
    dialled_.erase(dialled);
    DecideRole(now);
    return;
  }
  if (links_.contains(id)) Drop(id, reason, /*tell=*/false, now);
}

void Replicator::Drop(LinkId id, const std::string& reason, bool tell, Now now) {
  const auto found = links_.find(id);
  if (found == links_.end()) return;
  PeerLink& link = *found->second;
  if (tell) {
    link.Queue(Refusal{reason});
    network_.Send(id, link.TakeOutput());
    network_.Close(id);
  }
  Peer* peer = nullptr;
  if (link.established()) {
    peer = PeerOf(link);
  } else if (dialled_.contains(id)) {
    peer = &peers_.at(dialled_.at(id));
  }
  if (peer != nullptr) {
    peer->answered = true;
    if (link.refused() && link.established()) peer->refuses = true;
    if (peer->link == id) {
      peer->link.reset();
      if (!SameRegion(*peer)) {
        RegionMemory& region = regions_.at(peer->region);
        region.bytes_sent += link.bytes_sent();
        region.bytes_received += link.bytes_received();
        region.relays.clear();
      } else {
        replicas_.Disconnect(peer->address.ordinal);
        if (following_ == peer->address.ordinal) link_down_since_ms_ = now.steady_ms;
      }
      clock_majority_.Forget({peer->region, peer->address.ordinal});
    }
    if (peer->dialling == id) peer->dialling.reset();
    peer->next_dial_ms = std::max(peer->next_dial_ms, now.steady_ms + kLeastDialPauseMs);
    if (tell || !link.established()) peer->last_refusal = reason;
  }
  Complaints& complaints = peer != nullptr ? peer->complaints : complaints_about_strangers_;
  if (complaints.IsNew(reason, now.steady_ms)) {
    keeper_.Log("peer connection closed: " + reason);
  }
  dialled_.erase(id);
  links_.erase(found);
}

void Replicator::OnEstablished(PeerLink& link, Now now) {
  const Hello& hello = link.peer();
  const auto found = peers_.find({hello.region, hello.ordinal});
  const std::string region = "region " + std::to_string(hello.region);
  if (membership_.HasRemoved(hello.region)) {
    Drop(link.id(), region + " was removed from this deployment", /*tell=*/true, now);
    return;
  }
  if (found == peers_.end()) {
    Drop(link.id(),
         "node " + std::to_string(hello.ordinal) + " of " + region +
             " is not known here: neither this node's file nor REGION ADD names it",
         /*tell=*/true, now);
    return;
  }
  Peer& peer = found->second;
  if (const std::string why = WhyNotLetIn(link); !why.empty()) {
    Drop(link.id(), why, /*tell=*/true, now);
    return;
  }
  if (KeepsOldLink(peer, link.id(), now)) {
    network_.Close(link.id());
    Drop(link.id(), "there is a connection already", /*tell=*/false, now);
    return;
  }
  // A reconnection that overtakes the end of the old connection.
  if (peer.link && *peer.link != link.id()) {
    const LinkId old = *peer.link;
    network_.Close(old);
    Drop(old, "replaced by a new connection", /*tell=*/false, now);
  }
  peer.link = link.id();
  peer.dialling.reset();
  peer.answered = true;
  peer.last_refusal.clear();
  peer.last_state = link.state();
  if (SameRegion(peer)) return;
  if (removed()) {
    Drop(link.id(), "this node's region was removed from the deployment", /*tell=*/true, now);
    return;
  }
  last_heartbeat_ms_ = 0;  // It hears what this side has at once.
  link.set_compression(options_.compression);
  if (regions_.at(peer.region).paused) link.SetPausedHere(true);
}

// Both sides have dialled at once, and have to keep the same one.
bool Replicator::KeepsOldLink(const Peer& peer, LinkId link, Now now) const {
  const PeerLink* old = LinkOf(peer);
  if (old == nullptr || old->id() == link || !Answers(*old, now)) return false;
  const bool is_old_ours = dialled_.contains(old->id());
  return is_old_ours != dialled_.contains(link) && is_old_ours == DialsByItself(peer);
}

void Replicator::OnHeartbeat(PeerLink& link, Now now) {
  Peer& peer = *PeerOf(link);
  peer.last_state = link.state();
  peer.told = true;
  peer.refuses = false;
  peer.told_ms = now.steady_ms;
  peer.dial_pause_ms = 0;
  peer.complaints.Clear();
  clock_majority_.Hear({peer.region, peer.address.ordinal}, link.heartbeat().wall_ms, now.unix_ms);
  if (SameRegion(peer)) LearnClosedSlots(link);
  if (SameRegion(peer) || !link.state().primary) return;
  RegionMemory& region = regions_.at(peer.region);
  if (!link.paused()) {
    region.up_ms = now.steady_ms;
    // What waits at the gate was sent before the heartbeat and is not here yet. A clock that is
    // ahead may be put right, and what is stamped then comes before what it has promised.
    const Stamp safe = link.heartbeat().safe_stamp;
    const bool ahead =
        static_cast<std::int64_t>(safe.unix_ms()) > now.unix_ms + options_.max_clock_skew_ms;
    if (link.gate() != nullptr && link.gate()->waiting() == 0 && !ahead) {
      region.safe_stamp = std::max(region.safe_stamp, safe);
    }
  }
  region_acknowledgements_.Acknowledge(peer.region, link.state().floor, link.heartbeat().durable);
  region_acknowledgements_.NoteHeldByAll(peer.region, link.state().held);
  region_acknowledgements_.NoteRemoved(peer.region, link.state().removed);
  if (link.state().complete) {
    region_acknowledgements_.ForgetWhatWasLost(peer.region, link.state().floor);
  }
  NoteInStep(peer.region, now);
}

void Replicator::OnAcknowledged(PeerLink& link, Now now) {
  Peer& peer = *PeerOf(link);
  const Acknowledgement& said = link.acknowledged();
  if (SameRegion(peer)) {
    replicas_.Acknowledge(peer.address.ordinal, said.applied_position, said.durable_position,
                          progress_.written, now.steady_ms);
    return;
  }
  region_acknowledgements_.Acknowledge(peer.region, said.applied, said.durable);
  NoteInStep(peer.region, now);
}

void Replicator::NoteInStep(RegionId id, Now now) {
  const VersionVector& applied = region_acknowledgements_.Of(id).applied;
  const bool has_all = std::ranges::all_of(shard_.floor().entries(), [&](Stamp stamp) {
    return stamp.region() != options_.self.region || applied.Covers(stamp);
  });
  if (has_all) regions_.at(id).in_step_ms = now.steady_ms;
}

void Replicator::OnTick(Now now) {
  std::vector<std::pair<LinkId, const char*>> dead;
  for (const auto& [id, link] : links_) {
    if (!link->established() && now.steady_ms - link->opened_ms() > kGreetingTimeoutMs) {
      dead.emplace_back(id, "the greeting took too long");
    } else if (now.steady_ms - link->heard_ms() > options_.peer_timeout_ms) {
      dead.emplace_back(id, "silent for longer than repl-timeout");
    }
  }
  for (const auto& [id, reason] : dead) Drop(id, reason, /*tell=*/true, now);
  DialPeers(now);
  AwaitUnfinished(now);
  TakeForWholeWhatNobodyHas(now);
  DecideRole(now);
  SubscribeAll(now);
  DeliverAll(now);
  for (const auto& [id, link] : links_) link->NoteProgress(now.steady_ms);
}

// --- Roles ---------------------------------------------------------------------------------------

std::vector<Colleague> Replicator::Colleagues() const {
  std::vector<Colleague> colleagues;
  for (const auto& [key, peer] : peers_) {
    if (!SameRegion(peer)) continue;
    const PeerLink* link = LinkOf(peer);
    colleagues.push_back({.ordinal = peer.address.ordinal,
                          .answered = peer.answered,
                          .connected = link != nullptr,
                          .primary = link != nullptr && link->state().primary,
                          .epoch = link != nullptr ? link->state().epoch : 0});
  }
  return colleagues;
}

void Replicator::DecideRole(Now now) {
  const std::vector<Colleague> colleagues = Colleagues();
  const OwnRole self{.ordinal = options_.self.ordinal, .primary = primary_, .epoch = epoch_};
  if (primary_ || wants_to_lead_) {
    if (MustStepDown(self, colleagues)) {
      keeper_.Log("another node leads under a newer epoch: following it");
      BecomeReplica(now);
      return;
    }
    if (primary_) return;
    const bool grace_over = now.steady_ms - started_ms_ >= options_.leader_grace_ms;
    waiting_to_lead_ = keeper_.WhyNotLead(WhatPeersTold(now));
    if (!waiting_to_lead_.empty()) return;
    if (!MayLead(self, colleagues, grace_over)) {
      waiting_to_lead_ = "waiting for the other nodes of this region to answer";
      return;
    }
    const auto epoch = keeper_.Lead(Epochs(now));
    if (!epoch) {
      waiting_to_lead_ = epoch.error().detail;
      return;
    }
    BecomePrimary(*epoch, now);
    return;
  }
  const std::optional<std::uint32_t> leader = PrimaryToFollow(colleagues);
  // Its region's epochs are known from now on, also after a restart without it.
  if (leader && leader != following_) {
    epoch_ = GreatestKnownEpoch();
    keeper_.Follow(epoch_);
    followed_ = {};
  }
  following_ = leader;
}

void Replicator::BecomePrimary(crdt::Epoch epoch, Now now) {
  primary_ = true;
  follows_in_step_ = false;
  wants_to_lead_ = true;
  asked_to_lead_ = false;
  if (began_anew_) {
    LearnWhatItLacks();
    CatchUp(now);
  }
  epoch_ = epoch;
  closed_slots_.reset();
  waiting_to_lead_.clear();
  following_.reset();
  followed_position_ = 0;
  keeper_.Log("leading under epoch " + std::to_string(epoch));
  // Everybody hears of it at once.
  last_heartbeat_ms_ = 0;
  DialPeers(now);
  SubscribeAll(now);
}

void Replicator::BecomeReplica(Now now) {
  primary_ = false;
  lacked_ = {};
  wants_to_lead_ = false;
  waiting_to_lead_.clear();
  epoch_ = GreatestKnownEpoch();
  keeper_.Follow(epoch_);
  // Streams were made for another role: begin anew with everybody.
  std::vector<LinkId> all;
  for (const auto& [id, link] : links_) all.push_back(id);
  for (const LinkId id : all) {
    network_.Close(id);
    Drop(id, "the role changed", /*tell=*/false, now);
  }
  DialPeers(now);
}

crdt::Result<std::string> Replicator::TakeOver(Now now) {
  if (primary_) return Fail(ErrorCode::kInvalid, "this node is the primary already");
  if (joining() && !follows_in_step_) {
    return Fail(ErrorCode::kRefused, std::string(kUnfinishedJoin));
  }
  if (std::string reason = keeper_.WhyNotLead(WhatPeersTold(now)); !reason.empty()) {
    // A replica speaks with its own region only: from now on it asks all others too.
    asked_to_lead_ = true;
    return Fail(ErrorCode::kRefused, std::move(reason));
  }
  const auto epoch = keeper_.Lead(Epochs(now));
  if (!epoch) return std::unexpected(epoch.error());
  std::string lacked;
  for (const auto& [key, peer] : peers_) {
    if (!SameRegion(peer)) continue;
    const PeerLink* link = LinkOf(peer);
    lacked += lacked.empty() ? "" : "; ";
    lacked += "node " + std::to_string(peer.address.ordinal);
    if (link == nullptr) {
      lacked += " cannot be reached: what only it has will come home when it returns";
      continue;
    }
    const std::string missing = DescribeLack(link->state().floor, shard_.floor());
    // Its last heartbeat tells; it may have received more since.
    lacked += " lacked, when last heard, " + (missing.empty() ? "nothing" : missing);
  }
  following_.reset();
  std::vector<LinkId> all;
  for (const auto& [id, link] : links_) all.push_back(id);
  for (const LinkId id : all) {
    network_.Close(id);
    Drop(id, "the role changed", /*tell=*/false, now);
  }
  BecomePrimary(*epoch, now);
  return lacked;
}

bool Replicator::joining() const {
  // Some partitions are further than the others: also after a restart in the middle of it.
  if (!Unfinished().empty()) return true;
  return std::ranges::any_of(links_, [](const auto& entry) { return entry.second->joining(); });
}

// --- Commands ------------------------------------------------------------------------------------

Status Replicator::Pause(RegionId id) {
  const auto region = regions_.find(id);
  if (region == regions_.end()) return Fail(ErrorCode::kInvalid, "no such region");
  region->second.paused = true;
  SetPaused(id, true);
  return {};
}

// All links: the one that counts may lead to another node by then, or to one that leads again soon.
void Replicator::SetPaused(RegionId id, bool paused) {
  for (const auto& [link_id, link] : links_) {
    if (link->established() && link->peer().region == id) link->SetPausedHere(paused);
  }
  FlushOutput();
}

Status Replicator::Resume(RegionId id) {
  const auto region = regions_.find(id);
  if (region == regions_.end()) return Fail(ErrorCode::kInvalid, "no such region");
  region->second.paused = false;
  SetPaused(id, false);
  return {};
}

crdt::Result<std::uint64_t> Replicator::Compare(RegionId region, ComparisonScope scope,
                                                std::int64_t timeout_ms, Now now) {
  if (!regions_.contains(region)) return Fail(ErrorCode::kInvalid, "no such region");
  if (!primary_) return Fail(ErrorCode::kRefused, "this node is a replica: ask its primary");
  PeerLink* link = RegionLink(region);
  if (link == nullptr || link->paused()) {
    return Fail(ErrorCode::kRefused, "there is no link to this region now");
  }
  has_work_ = true;
  return comparisons_.Begin(*link, std::move(scope), timeout_ms, now.steady_ms);
}

Status Replicator::Release(RegionId id, Now now) {
  PeerLink* link = RegionLink(id);
  if (link != nullptr && link->join_held()) {
    link->ReleaseJoin();
    return {};
  }
  if (link == nullptr || link->gate() == nullptr || !link->gate()->held_for_time()) {
    return Fail(ErrorCode::kInvalid, "nothing of that region is held for its time");
  }
  link->gate()->ReleaseHeld();
  DeliverAll(now);
  return {};
}

// --- Finding -------------------------------------------------------------------------------------

PeerLink* Replicator::LinkOf(const Peer& peer) const {
  if (!peer.link) return nullptr;
  const auto found = links_.find(*peer.link);
  return found == links_.end() ? nullptr : found->second.get();
}

PeerLink* Replicator::RegionLink(RegionId region) const {
  PeerLink* best = nullptr;
  for (const auto& [key, peer] : peers_) {
    if (key.first != region) continue;
    PeerLink* link = LinkOf(peer);
    if (link == nullptr || !link->state().primary) continue;
    if (best == nullptr || link->state().epoch > best->state().epoch) best = link;
  }
  return best;
}

Replicator::Peer* Replicator::PeerOf(const PeerLink& link) {
  const auto found = peers_.find({link.peer().region, link.peer().ordinal});
  return found == peers_.end() ? nullptr : &found->second;
}

std::string_view Replicator::RegionName(RegionId id) const {
  const auto region = regions_.find(id);
  return region == regions_.end() ? std::string_view(options_.self.region_name)
                                  : std::string_view(region->second.name);
}

LogPosition Replicator::JoinsGoOnFrom(LogPosition end) const {
  LogPosition from = end;
  for (const auto& [id, link] : links_) from = std::min(from, link->JoinGoesOnFrom(end));
  return from;
}

std::size_t Replicator::unsent_bytes() const {
  std::size_t sum = 0;
  for (const auto& [id, link] : links_) sum += network_.Unsent(id);
  return sum;
}

std::size_t Replicator::waiting_records() const {
  std::size_t sum = 0;
  for (const auto& [id, link] : links_)
    sum += link->gate() == nullptr ? 0 : link->gate()->waiting();
  return sum;
}

}  // namespace replication
