#include "replication/rate_limit.h"

#include <gtest/gtest.h>

namespace replication {
namespace {

TEST(RateLimit, LetsPassWhatTheTimeAllows) {
  RateLimit limit;
  std::uint64_t passed = 0;
  for (std::int64_t now_ms = 1'000'000; now_ms <= 1'010'000; now_ms += 7) {
    const std::uint64_t allowed = limit.Allowed(5000, now_ms);
    limit.Take(allowed);
    passed += allowed;
  }
  EXPECT_GE(passed, 49'900U);
  EXPECT_LE(passed, 50'600U);
}

TEST(RateLimit, KeepsLittleOfWhatWasNotUsed) {
  RateLimit limit;
  EXPECT_LE(limit.Allowed(5000, 1'000'000), 500U);
  EXPECT_EQ(limit.Allowed(5000, 2'000'000), 500U);
  limit.Take(500);
  EXPECT_EQ(limit.Allowed(5000, 2'000'000), 0U);
  EXPECT_EQ(limit.Allowed(5000, 2'000'010), 50U);
}

TEST(RateLimit, MayBeSlowerThanAByteInAMillisecond) {
  RateLimit limit;
  std::uint64_t passed = 0;
  for (std::int64_t now_ms = 1'000'000; now_ms <= 1'010'000; now_ms += 10) {
    const std::uint64_t allowed = limit.Allowed(3, now_ms);
    limit.Take(allowed);
    passed += allowed;
  }
  EXPECT_GE(passed, 30U);
  EXPECT_LE(passed, 31U);
}

}  // namespace
}  // namespace replication
