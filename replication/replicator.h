// All conversations of a node: with the nodes of its region and, as a primary, with other regions.
//
// Decides whom to dial, who leads, what to subscribe to and how far records may leave; counts
// acknowledgements. Pure: bytes, connections and time come in; bytes and connections go out through
// PeerNetwork, records through ReplicatedShard, decisions about the role through RoleKeeper.
#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/result.h"
#include "geo-config/membership.h"
#include "geo-config/static_coordinator.h"
#include "geo-config/topology.h"
#include "replication/acknowledgements.h"
#include "replication/clock_majority.h"
#include "replication/comparisons.h"
#include "replication/complaints.h"
#include "replication/network.h"
#include "replication/peer_link.h"
#include "replication/report.h"
#include "replication/role.h"

namespace replication {

struct ReplicatorOptions {
  Identity self;
  std::string secret;
  std::uint16_t client_port = 0;
  // Every region with every node, as this node's file has them; and what commands have changed.
  std::vector<geo_config::RegionEntry> regions;
  geo_config::Membership membership;
  bool ship_gate = true;
  std::int64_t ship_gate_timeout_ms = 200;
  std::int64_t peer_timeout_ms = 60000;  // repl-timeout.
  std::int64_t heartbeat_ms = 250;
  std::int64_t max_clock_skew_ms = 500;
  std::int64_t leader_grace_ms = 1500;  // How long a starting primary waits for colleagues.
  std::int64_t relay_after_ms = 1000;   // A region silent so long is read from others.
  // What this node once had may be gone, and has not come back since: its log was in memory, or its
  // directory was new or a copy.
  bool began_anew = false;
  // Before this start: what the others have is not known yet.
  bool began_anew_before = false;
  Compression compression = Compression::kOn;
};

// The part of the node that keeps its role and who its peers are.
class RoleKeeper {
 public:
  virtual ~RoleKeeper() = default;
  // Takes the lead: an epoch greater than all known ones (or the present one, if the node can prove
  // that it lost nothing under it), durable before anything is written under it.
  virtual crdt::Result<crdt::Epoch> Lead(const geo_config::KnownEpochs& known) = 0;
  // Follows another primary from now on, one that knows of epochs up to `known`; durable.
  virtual void Follow(crdt::Epoch known) = 0;
  // A node that began anew has got back what others had; durable.
  virtual void BecomeWhole() = 0;
  // Why this node may not lead, apart from other primaries: a new directory whose peers have not
  // told the greatest epoch yet. Empty: nothing.
  struct Told {
    bool by_all_peers = false;
    bool of_own_epochs = false;  // Somebody knows of an epoch of this region.
    bool refused = false;        // Somebody does not take this node for one of the deployment.
    bool time_is_up = false;     // Whoever can be reached had the time to tell.
  };
  virtual std::string WhyNotLead(Told told) = 0;
  // Who belongs to the deployment from now on; durable, or else nothing has changed.
  virtual crdt::Status KeepMembership(const geo_config::Membership& membership) = 0;
  virtual void Log(const std::string& line) = 0;
  // Something that an operator has to look at.
  virtual void Alarm(const std::string& line) = 0;
};

// Where the time comes from, for each call.
struct Now {
  std::int64_t steady_ms = 0;  // Timeouts.
  std::int64_t unix_ms = 0;    // Only compared with stamps.
};

struct LogProgress {
  storage::LogPosition written = 0;
  storage::LogPosition durable = 0;  // 0 where the log is not on disk.
  bool on_disk = true;
  // No fsync is asked for: written counts as durable between regions (fine print 15).
  bool written_is_enough = false;
  // Every later record of this node is stamped later than this.
  crdt::Stamp clock;
};

class Replicator {
 public:
  Replicator(ReplicatorOptions options, bool was_primary, crdt::Epoch epoch, ReplicatedShard& shard,
             PeerNetwork& network, RoleKeeper& keeper, std::function<std::string()> nonce);

  // --- What happens ------------------------------------------------------------------------------
  void Start(Now now);
  void OnConnected(LinkId link, Now now);  // One that was dialled.
  void OnAccepted(LinkId link, Now now);
  void OnBytes(LinkId link, std::string_view bytes, Now now);
  void OnClosed(LinkId link, const std::string& reason, Now now);
  void OnTick(Now now);
  // The log was handed to the kernel up to `written`, and is durable up to `durable`: sends what
  // may leave.
  void EndOfTurn(const LogProgress& progress, Now now);

  // --- Role --------------------------------------------------------------------------------------
  bool primary() const { return primary_; }
  crdt::Epoch epoch() const { return epoch_; }
  // Why no primary takes writes here yet; empty where it does or where this is a replica.
  const std::string& waiting_to_lead() const { return waiting_to_lead_; }
  // Holds an unfinished join, its own or one that it follows.
  bool joining() const;
  // A primary that began anew and lacks what others had when it took the lead. That may be stable
  // already: what had removed it elsewhere may be forgotten, so that nothing must be written here
  // without having seen it (fine print 13).
  bool catching_up() const { return primary_ && began_anew_; }
  crdt::Result<std::string> TakeOver(Now now);

  // --- Who belongs to the deployment -------------------------------------------------------------
  // Takes no writes any more, and is removed once the others have all of its writes.
  bool leaving() const { return leaving_; }
  bool removed() const { return removed_; }
  const geo_config::Membership& membership() const { return membership_; }
  // All that can be reached hear of it at once, the others when they return. An error: nothing has
  // changed.
  crdt::Status AddRegion(geo_config::RegionEntry region, Now now);
  // It takes no writes from now on, and is removed once the others have all of its writes. By
  // force: removed at once, and what nobody else has of it is lost to them.
  crdt::Status RemoveRegion(crdt::RegionId id, bool by_force, Now now);
  // A region that is leaving stays.
  crdt::Status KeepRegion(crdt::RegionId id, Now now);

  // --- Counting ----------------------------------------------------------------------------------
  std::int64_t ReplicasAt(storage::LogPosition position) const;
  std::int64_t ReplicasDurableAt(storage::LogPosition position) const;
  std::int64_t RegionsDurableAt(crdt::Stamp stamp) const;
  const crdt::VersionVector& stable() const { return stable_; }
  // Every other region has confirmed that its clock and its writes are past `unix_ms` and here; or
  // it has been cut off for longer than `grace_ms`.
  bool RegionsArePast(std::int64_t unix_ms, std::int64_t grace_ms, Now now) const;
  // The link to a region has been down for longer than `grace_ms`.
  bool RegionSilent(crdt::RegionId region, std::int64_t grace_ms, Now now) const;
  // Our wall clock runs ahead of the majority of the peers (fine print 25): count logically.
  bool clock_too_fast() const { return clock_majority_.TooFast(); }

  // --- Commands ----------------------------------------------------------------------------------
  crdt::Status Pause(crdt::RegionId region);
  crdt::Status Resume(crdt::RegionId region);
  // Takes what is held for its time, up to what is held now. An error where nothing is.
  crdt::Status Release(crdt::RegionId region, Now now);
  // Whole partitions are sent to each node no faster than this; 0: as fast as it goes.
  void SetJoinRate(std::uint64_t bytes_per_second) { join_rate_ = bytes_per_second; }
  // How long after one check of what another region has the next one begins; 0: none does.
  void SetCheckInterval(std::int64_t interval_ms) { comparisons_.SetCheckInterval(interval_ms); }
  // Compares what is here with what another region has, and repairs this side where the scope says
  // so. Answers the number under which FindComparison() tells the end. An error says why not.
  crdt::Result<std::uint64_t> Compare(crdt::RegionId region, ComparisonScope scope,
                                      std::int64_t timeout_ms, Now now);
  // Null while it runs, and for one that ended long ago.
  const ComparisonReport* FindComparison(std::uint64_t number) const {
    return comparisons_.Find(number);
  }
  // A comparison or a join goes on in the next turn, also where nothing happens.
  bool has_work() const { return has_work_; }
  // The link leads to a node of the own region.
  bool IsLocal(LinkId id) const;
  ReplicationReport Report(Now now) const;
  std::vector<RegionReport> RegionReports(Now now) const;
  std::vector<NodeReport> NodeReports() const;
  // The log is still needed from here on by those who are sent a full synchronisation; `end` where
  // nobody is.
  storage::LogPosition JoinsGoOnFrom(storage::LogPosition end) const;
  // Bytes that wait in the process for links: shown, and bounded by their windows.
  std::size_t unsent_bytes() const;
  // Records that have come and wait at causal gates.
  std::size_t waiting_records() const;

 private:
  // Another node, whether connected or not.
  struct Peer {
    crdt::RegionId region = 0;
    std::string region_name;
    geo_config::NodeEntry address;
    bool answered = false;
    std::optional<LinkId> dialling;
    std::optional<LinkId> link;  // Established.
    std::int64_t next_dial_ms = 0;
    std::int64_t dial_pause_ms = 0;
    std::string last_refusal;
    bool refuses = false;  // It does not take this node for one of the deployment.
    Complaints complaints;
    NodeState last_state;
    // Has taken this node for one of the deployment, and told its state, since we started.
    bool told = false;
    std::int64_t told_ms = 0;
    // What was asked for of its unfinished partitions.
    storage::PartitionVectors asked;
    // What it holds of them, since when: that has been missing here for so long.
    storage::PartitionVectors awaited;
    std::int64_t awaited_since_ms = 0;
    // A join from it was stamped too far ahead, and is asked for again then.
    std::int64_t join_again_ms = 0;
  };
  using PeerKey = std::pair<crdt::RegionId, std::uint32_t>;

  // What is remembered of another region, over reconnections.
  struct RegionMemory {
    std::string name;
    bool paused = false;
    std::int64_t up_ms = 0;     // When a link to it was last seen up; 0: never.
    std::int64_t first_ms = 0;  // When we began to look.
    crdt::Stamp safe_stamp;
    std::uint64_t bytes_sent = 0;  // By links that are gone.
    std::uint64_t bytes_received = 0;
    std::optional<std::int64_t> in_step_ms;  // When it was last known to have all of our writes.
    std::set<crdt::RegionId> relays;         // Regions whose records we ask it for.
  };

  bool SameRegion(const Peer& peer) const { return peer.region == options_.self.region; }
  bool ShouldDial(const Peer& peer, Now now) const;
  void DialPeers(Now now);
  void Drop(LinkId id, const std::string& reason, bool tell, Now now);
  void OnEstablished(PeerLink& link, Now now);
  void OnHeartbeat(PeerLink& link, Now now);
  void OnAcknowledged(PeerLink& link, Now now);
  crdt::Status ChangeMembership(geo_config::Membership membership, Now now);
  bool LearnMembership(const PeerLink& link, Now now);
  crdt::Status MayChangeMembership() const;
  std::string WhyNotLetIn(const PeerLink& link) const;
  bool DialsByItself(const Peer& peer) const;
  bool KeepsOldLink(const Peer& peer, LinkId link, Now now) const;
  void FollowMembership(Now now);
  void AddPeers(const geo_config::RegionEntry& region, Now now);
  void ForgetPeer(const PeerKey& key, Now now);
  void ForgetRegion(crdt::RegionId id, Now now);
  bool HasSaidThatItIsRemoved(const Peer& peer) const;
  bool TakesRecords(const PeerLink& link) const;
  bool Answers(const PeerLink& link, Now now) const;
  bool OthersHaveAll(Now now) const;
  void LeaveWhenOthersHaveAll(Now now);
  void DecideRole(Now now);
  RoleKeeper::Told WhatPeersTold(Now now) const;
  void BecomePrimary(crdt::Epoch epoch, Now now);
  void BecomeReplica(Now now);
  void SubscribeAll(Now now);
  void Subscribe(PeerLink& link, Now now);
  void CatchUp(Now now);
  // What it lacked when it took the lead was forgotten by a restart: all have to tell again.
  bool MustAskWhatItLacks() const { return catching_up() && options_.began_anew_before; }
  void LearnWhatItLacks();
  void BecomeWhole();
  void OnJoinBegan(PeerLink& from, Now now);
  bool JoinsFromElsewhere(const PeerLink& link, Now now) const;
  bool JoinGoesOn(const PeerLink& link, Now now) const;
  bool JoinsNow(Now now) const;
  void AwaitUnfinished(Now now);
  bool NobodyHasMoreOf(const crdt::VersionVector& wanted, Now now) const;
  const storage::PartitionVectors& Unfinished() const;
  bool HasAll(const storage::PartitionVectors& unfinished,
              const storage::PartitionVectors& besides = {}) const;
  bool MustFetchUnfinished(const PeerLink& link, const Peer& peer, Now now) const;
  bool JoinsAnew(const PeerLink& link) const;
  bool IsFetched(const Peer& peer) const;
  bool IsFirstRegion() const;
  void TakeForWholeWhatNobodyHas(Now now);
  std::set<crdt::RegionId> RelaysFor(const PeerLink& link, Now now) const;
  bool IsRelayed(crdt::RegionId author, const PeerLink& link, Now now) const;
  void DeliverAll(Now now);
  void SendHeartbeats(Now now);
  void Acknowledge(Now now);
  void NoteFollowsInStep(const PeerLink& link);
  void PumpAll(Now now);
  void WorkOnComparisons(Now now);
  void FlushOutput();
  storage::LogPosition ShipLimit(Now now) const;
  void UpdateStability(Now now);
  void SetPaused(crdt::RegionId id, bool paused);
  void NoteInStep(crdt::RegionId id, Now now);
  NodeState OwnState(Now now) const;
  storage::LogPosition OwnPosition() const;
  crdt::Epoch GreatestKnownEpoch() const;
  crdt::Epoch ToldEpoch() const;
  geo_config::KnownEpochs Epochs(Now now) const;
  bool HasSettled(const PeerLink* link, Now now) const;
  bool RegionIsComplete(Now now) const;
  void LearnClosedSlots(const PeerLink& link);
  void LearnWhatAllHold(Now now);
  std::vector<Colleague> Colleagues() const;
  PeerLink* LinkOf(const Peer& peer) const;
  PeerLink* RegionLink(crdt::RegionId region) const;
  Peer* PeerOf(const PeerLink& link);
  std::string_view RegionName(crdt::RegionId region) const;

  ReplicatorOptions options_;
  ReplicatedShard& shard_;
  PeerNetwork& network_;
  RoleKeeper& keeper_;
  geo_config::Membership membership_;
  std::vector<geo_config::RegionEntry> members_;  // The regions that belong to the deployment now.
  bool leaving_ = false;
  bool removed_ = false;
  std::function<std::string()> nonce_;

  bool primary_ = false;
  bool wants_to_lead_;
  bool asked_to_lead_ = false;  // By an operator, and could not yet.
  bool began_anew_;             // And has not been whole since.
  // It is whole, which is to be noted once the log is durable up to there.
  std::optional<storage::LogPosition> whole_at_;
  // A replica that has got by the log, or by a finished join, what its primary had: what it holds
  // of an unfinished join its primary holds too.
  bool follows_in_step_ = false;
  crdt::VersionVector lacked_;  // What the others had when it took the lead.
  // What single partitions have beyond the floor, and since when no more has come.
  storage::PartitionVectors unfinished_;
  std::int64_t unfinished_since_ms_ = 0;
  crdt::Epoch epoch_;
  std::string waiting_to_lead_;
  std::int64_t started_ms_ = 0;

  std::map<PeerKey, Peer> peers_;
  std::map<crdt::RegionId, RegionMemory> regions_;
  std::map<LinkId, std::unique_ptr<PeerLink>> links_;
  std::map<LinkId, PeerKey> dialled_;
  Complaints complaints_about_strangers_;
  std::optional<std::uint32_t> following_;
  std::int64_t link_down_since_ms_ = 0;

  ReplicaAcknowledgements replicas_;
  RegionAcknowledgements region_acknowledgements_;
  NotesByPosition<crdt::VersionVector> durable_floor_;
  ClockMajority clock_majority_;
  std::bitset<crdt::kEpochSlots> closed_slots_;  // As a primary that we followed told.
  // What this node still has after a crash, and what every node of the region has.
  NotesByPosition<crdt::VersionVector> held_floor_;
  crdt::VersionVector held_by_all_;
  geo_config::RegionSet removed_by_all_;  // No node of the region takes anything from these.
  crdt::VersionVector stable_;
  LogProgress progress_;
  // Which position of the followed primary was applied when our log ended where.
  NotesByPosition<storage::LogPosition> followed_;
  storage::LogPosition followed_position_ = 0;  // What was last applied of a primary's log.
  Comparisons comparisons_;
  bool has_work_ = false;
  std::uint64_t join_rate_ = 0;
  std::int64_t last_heartbeat_ms_ = 0;
  std::int64_t last_region_ack_ms_ = 0;
  std::int64_t last_stability_ms_ = 0;
};

}  // namespace replication
