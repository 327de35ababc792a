#include "replication/comparisons.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "storage/key_location.h"

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::RegionId;
using crdt::Status;

namespace {

// Between two steps of a check: each reads some hundred keys.
constexpr std::int64_t kCheckPauseMs = 20;
// A check that broke off begins anew then, or after the usual interval where that is shorter.
constexpr std::int64_t kCheckAgainMs = 60000;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
// Who asked takes the report in the turn in which it is there, one for each region at the most.
constexpr std::size_t kMostReports = 2 * crdt::kMaxRegion;

// Most of what differed would only be under way.
bool IsFarBehind(const PeerLink& link, ReplicatedShard& shard) {
  if (link.joining() || link.sending_join() || link.outgoing() == nullptr) return true;
  return shard.log().end() > link.outgoing()->position() + PeerLink::kWindow;
}

}  // namespace

crdt::Result<std::uint64_t> Comparisons::Begin(PeerLink& link, ComparisonScope scope,
                                               std::int64_t timeout_ms, std::int64_t steady_ms) {
  OfRegion& of = regions_[link.peer().region];
  if (of.running && of.running->number != 0) {
    return Fail(ErrorCode::kRefused, "a comparison with this region runs already");
  }
  if (scope.key && scope.key->size() > PartitionComparison::kMostNameBytes) {
    return Fail(ErrorCode::kInvalid, "keys with names of more than 8 MiB are not compared");
  }
  if (scope.partition && *scope.partition >= storage::kPartitions) {
    return Fail(ErrorCode::kInvalid,
                "partitions are numbered from 0 to " + std::to_string(storage::kPartitions - 1));
  }
  // A check that runs begins anew afterwards.
  if (of.running) of.next_check_ms = steady_ms + std::min(check_interval_ms_, kCheckAgainMs);
  const std::uint64_t number = ++last_number_;
  of.running.emplace(Running{.comparison = {number, link.peer().region, std::move(scope)},
                             .link = link.id(),
                             .number = number,
                             .deadline_ms = timeout_ms == 0 ? kNever : steady_ms + timeout_ms});
  return number;
}

const ComparisonReport* Comparisons::Find(std::uint64_t number) const {
  const auto found =
      std::ranges::find(ended_, number, [](const auto& entry) { return entry.first; });
  return found == ended_.end() ? nullptr : &found->second;
}

Status Comparisons::OnReply(const PeerLink& link, DigestReply&& reply, ReplicatedShard& shard) {
  const auto of = regions_.find(link.peer().region);
  if (of == regions_.end() || !of->second.running || of->second.running->link != link.id()) {
    return {};
  }
  return of->second.running->comparison.OnReply(std::move(reply), shard);
}

bool Comparisons::CheckIsDue(OfRegion& of, std::int64_t steady_ms) const {
  if (check_interval_ms_ == 0) return false;
  // What the interval is changed to counts from now on.
  const std::int64_t latest = steady_ms + check_interval_ms_;
  if (of.next_check_ms == 0 || of.next_check_ms > latest) of.next_check_ms = latest;
  return steady_ms >= of.next_check_ms;
}

bool Comparisons::HasWork(RegionId region, std::int64_t steady_ms) {
  OfRegion& of = regions_[region];
  return of.running || CheckIsDue(of, steady_ms);
}

bool Comparisons::Work(RegionId region, PeerLink* link, ReplicatedShard& shard,
                       std::int64_t steady_ms, std::int64_t unix_ms) {
  OfRegion& of = regions_[region];
  if (!of.running) {
    if (link == nullptr || IsFarBehind(*link, shard)) return false;
    of.running.emplace(Running{.comparison = {++last_number_, region, {}}, .link = link->id()});
  }
  Running& running = *of.running;
  RegionComparison& comparison = running.comparison;
  const bool is_check = running.number == 0;
  if (link == nullptr || link->id() != running.link) {
    comparison.Break("the link to region " + std::to_string(region) + " broke off");
  } else if (!is_check && steady_ms >= running.deadline_ms) {
    const std::string waits_for = comparison.waits_for();
    comparison.Break("the time is over" + (waits_for.empty() ? "" : "; " + waits_for));
  } else if (is_check && steady_ms - of.last_step_ms < kCheckPauseMs) {
    return false;
  }
  of.last_step_ms = steady_ms;
  std::vector<Message> messages;
  std::uint64_t budget = PeerLink::kKeysComparedPerTurn;
  const bool worked = comparison.Work(shard, unix_ms, budget, messages);
  for (const Message& message : messages) link->Queue(message);
  if (comparison.done()) End(of, steady_ms);
  return worked && !is_check;
}

void Comparisons::End(OfRegion& of, std::int64_t steady_ms) {
  const Running& running = *of.running;
  const ComparisonReport& report = running.comparison.report();
  const bool of_all = !running.comparison.scope().partition;
  const bool is_complete = report.incomplete.empty();
  if (of_all && is_complete) {
    of.last_check = {.steady_ms = steady_ms, .differing = report.differing - report.repaired};
  }
  if (running.number == 0) {
    of.next_check_ms = steady_ms + (is_complete ? check_interval_ms_
                                                : std::min(check_interval_ms_, kCheckAgainMs));
    if (report.differing > 0) {
      const std::string region = std::to_string(report.region);
      alarm_(std::to_string(report.differing) + " keys are not as in region " + region +
             ", and nothing that is under way explains it: REGION DIFF " + region +
             " names them, REGION REPAIR takes them from there");
    }
  } else {
    ended_.emplace_back(running.number, report);
    if (ended_.size() > kMostReports) ended_.pop_front();
  }
  of.running.reset();
}

void Comparisons::Forget(RegionId region, std::int64_t steady_ms) {
  const auto found = regions_.find(region);
  if (found == regions_.end()) return;
  if (found->second.running) {
    found->second.running->comparison.Break("region " + std::to_string(region) + " was removed");
    End(found->second, steady_ms);
  }
  regions_.erase(found);
}

std::optional<Comparisons::LastCheck> Comparisons::last_check(RegionId region) const {
  const auto of = regions_.find(region);
  return of == regions_.end() ? std::nullopt : of->second.last_check;
}

}  // namespace replication
