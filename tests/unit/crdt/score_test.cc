// The text of a score: what Redis 7.2 prints.
#include "crdt/score.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>

namespace crdt {
namespace {

std::string Text(double score) {
  ScoreBuffer buffer;
  return std::string(FormatScore(score, buffer));
}

TEST(Score, WholeNumbersHaveNoExponent) {
  EXPECT_EQ(Text(0), "0");
  EXPECT_EQ(Text(-0.0), "-0");
  EXPECT_EQ(Text(3), "3");
  EXPECT_EQ(Text(-1024), "-1024");
  EXPECT_EQ(Text(1e17), "100000000000000000");
  EXPECT_EQ(Text(4e18), "4000000000000000000");
  EXPECT_EQ(Text(4611686018427387904), "4611686018427387904");
  EXPECT_EQ(Text(5e18), "5e+18");
  EXPECT_EQ(Text(1e21), "1e+21");
  EXPECT_EQ(Text(-1.5e300), "-1.5e+300");
}

TEST(Score, FractionsHaveTheFewestDigits) {
  EXPECT_EQ(Text(0.1), "0.1");
  EXPECT_EQ(Text(3.1), "3.1");
  EXPECT_EQ(Text(-0.25), "-0.25");
  EXPECT_EQ(Text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(Text(123.456), "123.456");
  EXPECT_EQ(Text(0.000001), "0.000001");
  EXPECT_EQ(Text(1e-7), "1e-7");
  EXPECT_EQ(Text(1.5e-9), "1.5e-9");
  EXPECT_EQ(Text(12345.12345678), "1.234512345678e+4");  // Many digits behind the point.
  EXPECT_EQ(Text(5e-324), "5e-324");
}

TEST(Score, InfinitiesHaveNames) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Text(infinity), "inf");
  EXPECT_EQ(Text(-infinity), "-inf");
  EXPECT_EQ(ParseScore("inf"), infinity);
  EXPECT_EQ(ParseScore("-inf"), -infinity);
}

TEST(Score, OnlyTheOneTextOfADoubleIsAScore) {
  EXPECT_EQ(ParseScore("2.5"), 2.5);
  EXPECT_EQ(ParseScore("nan"), std::nullopt);
  EXPECT_EQ(ParseScore(""), std::nullopt);
  EXPECT_EQ(ParseScore("2.50"), std::nullopt);
  EXPECT_EQ(ParseScore("1e2"), std::nullopt);
  EXPECT_EQ(ParseScore("+1"), std::nullopt);
  EXPECT_EQ(ParseScore("1 "), std::nullopt);
  EXPECT_EQ(ParseScore("text"), std::nullopt);
}

TEST(Score, EveryTextReadsBackAsItsDouble) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t bits = random();
    double score = 0;
    std::memcpy(&score, &bits, sizeof score);
    if (std::isnan(score)) continue;
    ASSERT_EQ(ParseScore(Text(score)), score) << Text(score);
  }
}

TEST(Score, WholeStepsAreKeptExactly) {
  EXPECT_EQ(ScoreStep(3), (Total{.integer = 3, .floating = 0}));
  EXPECT_EQ(ScoreStep(-0.5), (Total{.integer = 0, .floating = -0.5}));
  EXPECT_EQ(ScoreStep(1e300).integer, 0);
}

}  // namespace
}  // namespace crdt
