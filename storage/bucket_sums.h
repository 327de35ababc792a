// Sums of what keys hold, over buckets into which they fall by their hash: two nodes that have
// equal sums hold the same keys in that bucket, with the same bytes (but for a chance of one in
// 2^64).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace storage {

// By their numbers, a power of two of them.
using Buckets = std::vector<bool>;

class BucketSums {
 public:
  static constexpr std::size_t kLeastBuckets = 8;
  static constexpr std::size_t kMostBuckets = 1 << 16;
  // Fewer buckets cost fewer bytes to tell, more of them tell more finely which keys differ.
  static constexpr std::size_t kKeysPerBucket = 4;

  // REQUIRES: IsCount(buckets).
  explicit BucketSums(std::size_t buckets = kMostBuckets) : sums_(buckets) {}

  static bool IsCount(std::size_t buckets);
  static std::size_t BucketOf(std::string_view key, std::size_t buckets);

  // In any order. `object`: canonical bytes.
  void Add(std::string_view key, std::string_view object);
  // As if of so many fewer buckets from the beginning that about kKeysPerBucket of the keys that
  // were added fall into each.
  void Fold();
  std::vector<std::uint64_t> Take() { return std::move(sums_); }
  // REQUIRES: as many sums as there are buckets.
  Buckets EqualTo(const std::vector<std::uint64_t>& sums) const;

 private:
  std::vector<std::uint64_t> sums_;
  std::size_t keys_ = 0;
};

}  // namespace storage
