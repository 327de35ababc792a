// Reads what this side has of a partition, as digests, in slices: the shard goes on serving between
// them. Asking and answering side read alike.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "replication/messages.h"
#include "replication/replicated_shard.h"

namespace replication {

class DigestReading {
 public:
  // Of the whole partition, or of the names where the request has some.
  explicit DigestReading(const DigestRequest& request)
      : partition_(request.partition),
        unix_ms_(request.unix_ms),
        buckets_(request.buckets),
        names_(request.names) {}

  // Reads about `budget` keys more, and takes from that how many it was. True: that was all.
  bool Step(const ReplicatedShard& shard, std::uint64_t& budget);

  // Of the keys of each bucket.
  const DigestSums& sums() const { return sums_; }
  // The keys that were asked for and are not absent, since they were last taken.
  std::map<std::string, std::uint64_t> TakeKeys() { return std::exchange(keys_, {}); }

 private:
  bool StepThroughNames(const ReplicatedShard& shard, std::uint64_t& budget);

  storage::PartitionId partition_;
  std::int64_t unix_ms_;
  DigestBuckets buckets_;
  std::vector<std::string> names_;
  std::uint64_t cursor_ = 0;  // Of the partition's table, or in names_.
  DigestSums sums_{};
  std::map<std::string, std::uint64_t> keys_;
};

}  // namespace replication
