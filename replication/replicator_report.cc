// What the replicator tells of itself and counts.
#include <algorithm>

#include "replication/replicator.h"
#include "storage/key_location.h"

namespace replication {

using crdt::RegionId;
using crdt::Stamp;
using storage::LogPosition;

namespace {

// Counting records behind reads the log at most this far; beyond, the rest is estimated from it.
constexpr std::uint64_t kMostCountedBytes = 16 << 20;

std::uint64_t CountRecords(const storage::Log& log, const OutgoingStream& stream) {
  if (stream.position() >= log.end()) return 0;
  // Only the position matters for counting.
  storage::LogCursor cursor(stream.position(), {});
  std::uint64_t count = 0;
  const std::uint64_t limit = std::min(log.end(), stream.position() + kMostCountedBytes);
  (void)log.Read(cursor, limit, kMostCountedBytes, [&](const storage::FrameView& frame) {
    if (frame.kind() == storage::FrameKind::kRecord) {
      const auto record = storage::DecodeRecord(frame.payload, frame.before);
      count +=
          record && std::ranges::find(stream.request().regions, record->first_stamp.region()) !=
                        stream.request().regions.end();
    }
    return true;
  });
  const std::uint64_t counted = std::max<std::uint64_t>(1, cursor.position() - stream.position());
  return count * (log.end() - stream.position()) / counted;
}

std::string Describe(const JoinProgress& progress, const char* what_they_do) {
  std::string text = std::to_string(100 * progress.partitions / storage::kPartitions) + " % " +
                     what_they_do + ", " + std::to_string(progress.bytes >> 20) + " MiB";
  if (progress.seconds_left) {
    text += ", " + std::to_string(*progress.seconds_left) + " s left";
  }
  return text;
}

void DescribeJoin(const PeerLink& link, std::int64_t now_ms, RegionReport& report) {
  if (link.join_held()) {
    report.detail = "whole partitions are held: its clock was ahead; REGION RELEASE lets them pass";
  }
  report.join_comes = link.JoinThatComes(now_ms);
  report.join_is_sent = link.JoinThatIsSent(now_ms);
  if (!report.join_comes && !report.join_is_sent) return;
  report.state = "catching-up";
  report.detail = "whole partitions: ";
  if (report.join_comes) report.detail += Describe(*report.join_comes, "came");
  if (report.join_comes && report.join_is_sent) report.detail += "; ";
  if (report.join_is_sent) report.detail += Describe(*report.join_is_sent, "were sent");
}

}  // namespace

ReplicationReport Replicator::Report(Now now) const {
  ReplicationReport report{.is_primary = primary_,
                           .leaving = leaving(),
                           .removed = removed(),
                           .epoch = epoch_,
                           .clock_too_fast = clock_too_fast(),
                           .log_id = options_.self.log_id,
                           .position = OwnPosition()};
  for (const auto& [ordinal, replica] : replicas_.replicas()) {
    const geo_config::NodeEntry& address = peers_.at({options_.self.region, ordinal}).address;
    report.replicas.push_back({.host = address.host,
                               .port = address.port,
                               .ordinal = static_cast<int>(ordinal),
                               .online = true,
                               .applied = replica.applied,
                               .durable = replica.durable,
                               .silent_ms = now.steady_ms - replica.heard_ms});
  }
  for (const auto& [key, peer] : peers_) {
    const PeerLink* link = LinkOf(peer);
    if (!SameRegion(peer) || link == nullptr) continue;
    if (link->sending_join()) {
      report.replicas.push_back({.host = peer.address.host,
                                 .port = peer.address.port,
                                 .ordinal = static_cast<int>(peer.address.ordinal)});
    }
  }
  if (primary_) return report;
  const auto followed =
      following_ ? peers_.find({options_.self.region, *following_}) : peers_.end();
  if (followed == peers_.end()) {
    report.link_down_ms = now.steady_ms - link_down_since_ms_;
    return report;
  }
  report.primary_host = followed->second.address.host;
  report.primary_port = followed->second.address.port;
  const PeerLink* link = LinkOf(followed->second);
  report.link_up = link != nullptr && link->gate() != nullptr && !link->joining() &&
                   link->gate()->applied_position() != 0;
  report.synchronising = link != nullptr && link->joining();
  if (link != nullptr) {
    report.link_silent_ms = now.steady_ms - link->heard_ms();
    // A primary whose log is empty has nothing to say, and its replica is in step with it.
    report.link_up = report.link_up ||
                     (link->gate() != nullptr && !link->joining() && link->state().position == 0);
  } else {
    report.link_down_ms = now.steady_ms - link_down_since_ms_;
  }
  return report;
}

std::vector<RegionReport> Replicator::RegionReports(Now now) const {
  std::vector<RegionReport> reports;
  for (const auto& [id, memory] : regions_) {
    RegionReport report{.id = id,
                        .name = memory.name,
                        .state = primary_ || wants_to_lead_ ? "connecting" : "replica",
                        .paused_here = memory.paused,
                        .bytes_sent = memory.bytes_sent,
                        .bytes_received = memory.bytes_received};
    if (const auto check = comparisons_.last_check(id)) {
      report.compared_ms_ago = now.steady_ms - check->steady_ms;
      report.differing_keys = check->differing;
    }
    if (removed()) {
      report.state = "cut-off";
      report.detail = "this node's region was removed from the deployment";
      reports.push_back(std::move(report));
      continue;
    }
    if (report.state == "replica") {
      report.detail = "this node is a replica; its primary keeps the links";
      reports.push_back(std::move(report));
      continue;
    }
    const RegionAcknowledgements::Region& said = region_acknowledgements_.Of(id);
    report.applied = said.applied;
    report.durable = said.durable;
    for (const auto& [key, peer] : peers_) {
      if (key.first != id || peer.last_refusal.empty()) continue;
      report.detail = peer.last_refusal;
      if (report.state == "connecting") report.state = "refused";
    }
    for (const auto& [link_id, link] : links_) {
      if (!link->established() || link->peer().region != id) continue;
      report.bytes_sent += link->bytes_sent();
      report.bytes_received += link->bytes_received();
    }
    const PeerLink* link = RegionLink(id);
    for (const Stamp stamp : shard_.floor().entries()) {
      if (stamp.region() == options_.self.region && !said.applied.Covers(stamp)) {
        // Older than the last write that it has, but never older than when it had everything.
        const Stamp has = said.applied.Get(stamp.writer());
        std::int64_t since =
            now.unix_ms - static_cast<std::int64_t>((has.is_zero() ? stamp : has).unix_ms());
        if (memory.in_step_ms) since = std::min(since, now.steady_ms - *memory.in_step_ms);
        report.lag_ms = std::max({report.lag_ms, since, std::int64_t{1}});
      }
    }
    if (link != nullptr) {
      const geo_config::NodeEntry& address = peers_.at({id, link->peer().ordinal}).address;
      report.address = address.host + ":" + std::to_string(address.port);
      report.detail.clear();
      report.paused_there = link->paused_there();
      report.protocol_version = std::min(kProtocolVersion, link->peer().protocol_version);
      report.server_version = link->peer().server_version;
      if (const OutgoingStream* outgoing = link->outgoing()) {
        report.records_behind =
            CountRecords(shard_.log(), *outgoing) + outgoing->unacknowledged_records();
        report.bytes_behind = shard_.log().end() -
                              std::min(shard_.log().end(), outgoing->position()) +
                              outgoing->unacknowledged_bytes();
      }
      const CausalGate* gate = link->gate();
      if (gate != nullptr) {
        if (const auto ahead = gate->HeldAheadMs(now.unix_ms)) {
          report.held_ahead_s = (*ahead + 999) / 1000;
          report.detail =
              "held: its clock is ahead by " + std::to_string(*report.held_ahead_s) + " s";
        }
      }
      report.state = link->outgoing() != nullptr && gate != nullptr ? "connected" : "connecting";
      DescribeJoin(*link, now.steady_ms, report);
    } else if (!report.applied.Covers(shard_.floor())) {
      report.bytes_behind = shard_.log().end();
    }
    if (report.paused_here || report.paused_there) report.state = "paused";
    if (membership_.IsLeaving(id)) {
      report.state = "leaving";
      report.detail = "it takes no writes, and is removed once the others have what it has written";
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

bool Replicator::IsLocal(LinkId id) const {
  const auto link = links_.find(id);
  return link != links_.end() && link->second->established() &&
         link->second->peer().region == options_.self.region;
}

std::vector<NodeReport> Replicator::NodeReports() const {
  std::vector<NodeReport> reports;
  const auto own =
      std::ranges::find(options_.regions, options_.self.region, &geo_config::RegionEntry::id);
  if (own == options_.regions.end()) return reports;
  for (const geo_config::NodeEntry& node : own->nodes) {
    NodeReport report{.ordinal = static_cast<int>(node.ordinal),
                      .host = node.host,
                      .port = node.port,
                      .role = "replica"};
    if (node.ordinal == options_.self.ordinal) {
      report.self = true;
      report.reachable = true;
      report.role = primary_ ? "primary" : "replica";
      report.epoch = ToldEpoch();
      report.position = OwnPosition();
    } else {
      const Peer& peer = peers_.at({options_.self.region, node.ordinal});
      const PeerLink* link = LinkOf(peer);
      const NodeState& state = link != nullptr ? link->state() : peer.last_state;
      report.reachable = link != nullptr;
      report.role = state.primary ? "primary" : "replica";
      report.epoch = state.epoch;
      report.position = state.position;
    }
    reports.push_back(report);
  }
  return reports;
}

// --- Counting ------------------------------------------------------------------------------------

std::int64_t Replicator::ReplicasAt(LogPosition position) const {
  return replicas_.CountApplied(position);
}

std::int64_t Replicator::ReplicasDurableAt(LogPosition position) const {
  return replicas_.CountDurable(position);
}

std::int64_t Replicator::RegionsDurableAt(Stamp stamp) const {
  return region_acknowledgements_.CountDurable(stamp);
}

bool Replicator::RegionSilent(RegionId id, std::int64_t grace_ms, Now now) const {
  const auto region = regions_.find(id);
  if (region == regions_.end()) return true;
  const PeerLink* link = RegionLink(id);
  if (link != nullptr && !link->paused()) return false;
  return now.steady_ms - std::max(region->second.up_ms, region->second.first_ms) > grace_ms;
}

bool Replicator::RegionsArePast(std::int64_t unix_ms, std::int64_t grace_ms, Now now) const {
  return std::ranges::all_of(regions_, [&](const auto& entry) {
    return static_cast<std::int64_t>(entry.second.safe_stamp.unix_ms()) > unix_ms ||
           RegionSilent(entry.first, grace_ms, now);
  });
}

}  // namespace replication
