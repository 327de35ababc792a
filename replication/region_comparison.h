// Compares all that two regions have, or a part of it: several partitions at a time, since each
// question takes as long as the way there and back.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "replication/partition_comparison.h"
#include "replication/report.h"

namespace replication {

class RegionComparison {
 public:
  static constexpr std::size_t kPartitionsAtOnce = 16;
  // Of these so many name their keys: that may be a lot.
  static constexpr int kListingAtOnce = 2;
  static constexpr std::size_t kMostKeysReported = 100;

  // `number`: greater than that of any earlier one with this region.
  RegionComparison(std::uint64_t number, crdt::RegionId region, ComparisonScope scope);

  // As PartitionComparison::Work.
  bool Work(const ReplicatedShard& shard, std::int64_t unix_ms, std::uint64_t& budget,
            std::vector<Message>& out);
  crdt::Status OnReply(DigestReply&& reply, ReplicatedShard& shard);
  // Ends it before its end.
  void Break(const std::string& why);

  bool done() const { return report_.ended; }
  const ComparisonScope& scope() const { return scope_; }
  const ComparisonReport& report() const { return report_; }
  // What it waits for, for people; empty while it works.
  std::string waits_for() const;

 private:
  void BeginMore();
  void Count(PartitionFindings&& findings);

  std::uint64_t number_;
  ComparisonScope scope_;
  ComparisonReport report_;
  std::deque<storage::PartitionId> left_;  // Not begun.
  std::deque<PartitionComparison> running_;
};

}  // namespace replication
