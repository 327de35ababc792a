#include "server/latency_histogram.h"

#include <bit>
#include <numeric>

namespace server {

std::size_t LatencyHistogram::BucketOf(std::uint64_t usec) {
  // A bucket ends with its bound, so that powers of two are bounds.
  const std::uint64_t below = usec == 0 ? 0 : usec - 1;
  if (below < kSteps) return below;
  const int shift = std::bit_width(below) - 1 - kStepBits;
  return (static_cast<std::size_t>(shift) << kStepBits) + (below >> shift);
}

std::uint64_t LatencyHistogram::MostOf(std::size_t bucket) {
  if (bucket < 2 * kSteps) return bucket + 1;
  const std::size_t shift = (bucket >> kStepBits) - 1;
  return ((bucket & (kSteps - 1)) + kSteps + 1) << shift;
}

void LatencyHistogram::Add(std::uint64_t usec, std::uint64_t times) {
  const std::size_t bucket = BucketOf(usec);
  if (bucket >= counts_.size()) counts_.resize(bucket + 1);
  counts_[bucket] += times;
}

std::uint64_t LatencyHistogram::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::uint64_t LatencyHistogram::AtMost(int exponent) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counts_.size() && MostOf(i) <= std::uint64_t{1} << exponent; ++i) {
    sum += counts_[i];
  }
  return sum;
}

std::uint64_t LatencyHistogram::Percentile(double percent) const {
  const double wanted = static_cast<double>(total()) * percent / 100;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    sum += counts_[i];
    if (counts_[i] > 0 && static_cast<double>(sum) >= wanted) return MostOf(i);
  }
  return 0;
}

}  // namespace server
