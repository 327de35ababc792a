#include "storage/bucket_sums.h"

#include <xxhash.h>

#include <bit>

#include "crdt/result.h"
#include "storage/key_location.h"

namespace storage {

bool BucketSums::IsCount(std::size_t buckets) {
  return std::has_single_bit(buckets) && buckets >= kLeastBuckets && buckets <= kMostBuckets;
}

std::size_t BucketSums::BucketOf(std::string_view key, std::size_t buckets) {
  return LocationOf(key).hash & (buckets - 1);
}

void BucketSums::Add(std::string_view key, std::string_view object) {
  const std::uint64_t hash = LocationOf(key).hash;
  sums_[hash & (sums_.size() - 1)] += XXH3_64bits_withSeed(object.data(), object.size(), hash);
  ++keys_;
}

void BucketSums::Fold() {
  while (sums_.size() > kLeastBuckets && sums_.size() / 2 * kKeysPerBucket >= keys_) {
    const std::size_t half = sums_.size() / 2;
    for (std::size_t i = 0; i < half; ++i) sums_[i] += sums_[half + i];
    sums_.resize(half);
  }
  sums_.shrink_to_fit();
}

Buckets BucketSums::EqualTo(const std::vector<std::uint64_t>& sums) const {
  crdt::Require(sums.size() == sums_.size(), "sums of as many buckets");
  Buckets equal(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) equal[i] = sums[i] == sums_[i];
  return equal;
}

}  // namespace storage
