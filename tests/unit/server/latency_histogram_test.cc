#include "server/latency_histogram.h"

#include <gtest/gtest.h>

namespace server {
namespace {

TEST(LatencyHistogram, CountsWhatTookNoLongerThanAPowerOfTwo) {
  LatencyHistogram histogram;
  for (const std::uint64_t usec : {0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 1000, 1024, 1025}) {
    histogram.Add(usec, 1);
  }
  histogram.Add(100000, 10);
  EXPECT_EQ(histogram.AtMost(0), 2u);
  EXPECT_EQ(histogram.AtMost(1), 3u);
  EXPECT_EQ(histogram.AtMost(2), 5u);
  EXPECT_EQ(histogram.AtMost(3), 7u);
  EXPECT_EQ(histogram.AtMost(4), 9u);
  EXPECT_EQ(histogram.AtMost(10), 12u);
  EXPECT_EQ(histogram.AtMost(11), 13u);
  EXPECT_EQ(histogram.AtMost(20), 23u);
  EXPECT_EQ(histogram.total(), 23u);
}

TEST(LatencyHistogram, APercentileIsAtMostAnEighthTooLong) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.Percentile(99), 0u);
  for (std::uint64_t usec = 1; usec <= 10000; ++usec) histogram.Add(usec, 1);
  for (const double percent : {1.0, 50.0, 99.0, 99.9, 100.0}) {
    const double exact = percent * 100;
    const auto told = static_cast<double>(histogram.Percentile(percent));
    EXPECT_GE(told, exact);
    EXPECT_LE(told, exact * 9 / 8 + 1);
  }
}

}  // namespace
}  // namespace server
