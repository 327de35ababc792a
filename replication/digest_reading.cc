#include "replication/digest_reading.h"

#include "storage/key_location.h"

namespace replication {

bool DigestReading::Step(const ReplicatedShard& shard, std::uint64_t& budget) {
  if (!names_.empty()) return StepThroughNames(shard, budget);
  cursor_ = shard.ScanDigests(
      partition_, cursor_, budget, unix_ms_, [this](std::string_view key, std::uint64_t digest) {
        const std::size_t bucket = storage::LocationOf(key).hash % kDigestBuckets;
        sums_[bucket] += digest;
        if (buckets_.test(bucket)) keys_[std::string(key)] = digest;
      });
  return cursor_ == 0;
}

bool DigestReading::StepThroughNames(const ReplicatedShard& shard, std::uint64_t& budget) {
  for (; cursor_ < names_.size() && budget > 0; ++cursor_, --budget) {
    const std::uint64_t digest = shard.DigestOf(names_[cursor_], unix_ms_);
    if (digest != 0) keys_[names_[cursor_]] = digest;
  }
  return cursor_ == names_.size();
}

}  // namespace replication
