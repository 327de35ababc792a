// How long something took how often: counts by duration, with an error of at most an eighth.
//
// Eight buckets for every power of two, as in an HDR histogram (Tene, "HdrHistogram") of one
// significant digit; only as many as the longest duration needs are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace server {

class LatencyHistogram {
 public:
  // `times` calls took `usec` microseconds each.
  void Add(std::uint64_t usec, std::uint64_t times);
  void Clear() { counts_.clear(); }

  std::uint64_t total() const;
  // How many took no longer than 2^`exponent` microseconds.
  std::uint64_t AtMost(int exponent) const;
  // A duration that `percent` of all did not exceed, in microseconds; 0 where there are none.
  std::uint64_t Percentile(double percent) const;

 private:
  static constexpr int kStepBits = 3;
  static constexpr std::uint64_t kSteps = 1 << kStepBits;

  static std::size_t BucketOf(std::uint64_t usec);
  // The longest duration in it.
  static std::uint64_t MostOf(std::size_t bucket);

  std::vector<std::uint64_t> counts_;
};

}  // namespace server
