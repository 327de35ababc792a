#include "replication/region_comparison.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "storage/key_location.h"

namespace replication {

using crdt::Status;

RegionComparison::RegionComparison(std::uint64_t number, crdt::RegionId region,
                                   ComparisonScope scope)
    : number_(number), scope_(std::move(scope)) {
  report_.region = region;
  if (scope_.key) scope_.partition = storage::PartitionOf(*scope_.key);
  if (scope_.partition) {
    left_.push_back(*scope_.partition);
  } else {
    for (int id = 0; id < storage::kPartitions; ++id) {
      left_.push_back(static_cast<storage::PartitionId>(id));
    }
  }
}

void RegionComparison::Break(const std::string& why) {
  if (report_.ended) return;
  for (PartitionComparison& partition : running_) Count(partition.TakeFindings());
  report_.ended = true;
  report_.incomplete = why;
}

std::string RegionComparison::waits_for() const {
  for (const PartitionComparison& partition : running_) {
    if (std::string waits_for = partition.waits_for(); !waits_for.empty()) return waits_for;
  }
  return {};
}

void RegionComparison::BeginMore() {
  while (!left_.empty() && running_.size() < kPartitionsAtOnce) {
    running_.emplace_back(number_, left_.front(), scope_.key,
                          scope_.repairs ? Repairs::kYes : Repairs::kNo);
    left_.pop_front();
  }
}

bool RegionComparison::Work(const ReplicatedShard& shard, std::int64_t unix_ms,
                            std::uint64_t& budget, std::vector<Message>& out) {
  if (done()) return false;
  BeginMore();
  bool worked = false;
  for (auto partition = running_.begin(); partition != running_.end() && budget > 0;) {
    const bool lists_too =
        partition->is_about_to_list() &&
        std::ranges::count_if(running_, &PartitionComparison::lists) >= kListingAtOnce;
    if (!lists_too) worked |= partition->Work(shard, unix_ms, budget, out);
    if (!partition->done()) {
      ++partition;
      continue;
    }
    Count(partition->TakeFindings());
    ++report_.partitions;
    partition = running_.erase(partition);
  }
  report_.ended = left_.empty() && running_.empty();
  return worked;
}

void RegionComparison::Count(PartitionFindings&& findings) {
  report_.in_flight += findings.in_flight;
  report_.differing += findings.differing.size();
  report_.repaired += findings.repaired;
  if (report_.incomplete.empty()) report_.incomplete = std::move(findings.incomplete);
  const std::size_t space = kMostKeysReported - report_.keys.size();
  const auto shown = static_cast<std::ptrdiff_t>(std::min(space, findings.differing.size()));
  std::move(findings.differing.begin(), findings.differing.begin() + shown,
            std::back_inserter(report_.keys));
}

Status RegionComparison::OnReply(DigestReply&& reply, ReplicatedShard& shard) {
  if (done() || reply.comparison != number_) return {};
  for (PartitionComparison& partition : running_) {
    if (partition.partition() == reply.partition) {
      return partition.OnReply(std::move(reply), shard);
    }
  }
  return {};
}

}  // namespace replication
