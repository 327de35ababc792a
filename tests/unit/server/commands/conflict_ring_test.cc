#include "server/conflict_ring.h"

#include <gtest/gtest.h>

namespace server {
namespace {

using crdt::ConflictRule;
using crdt::Stamp;
using crdt::ValueType;
using crdt::Writer;

crdt::Conflict Sample(std::string_view key, ConflictRule rule, crdt::RegionId loser_region) {
  return {.key = key,
          .element = "f",
          .type = ValueType::kHash,
          .rule = rule,
          .winner = Stamp::At(1'800'000'000'000, Writer(1, 1)),
          .loser = Stamp::At(1'799'999'999'000, Writer(loser_region, 1)),
          .winner_value = "new",
          .loser_value = "old"};
}

TEST(ConflictRing, KeepsTheNewestAndCountsAll) {
  ConflictRing ring(2);
  for (const std::string_view key : {"a", "b", "c"}) {
    ring.OnConflict(Sample(key, ConflictRule::kLastWriterWins, 2));
  }
  EXPECT_EQ(ring.recorded(), 3u);
  EXPECT_EQ(ring.dropped(), 1u);
  const auto list = ring.List({});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]->key, "c");
  EXPECT_EQ(list[1]->key, "b");
  EXPECT_EQ(ring.Get(1), nullptr);
  ASSERT_NE(ring.Get(2), nullptr);
  EXPECT_EQ(ring.Get(2)->key, "b");
  EXPECT_EQ(ring.Get(4), nullptr);
}

TEST(ConflictRing, CutsLongValues) {
  ConflictRing ring(2);
  const std::string value(10'000, 'x');
  crdt::Conflict conflict = Sample("a", ConflictRule::kLastWriterWins, 2);
  conflict.winner_value = value;
  ring.OnConflict(conflict);
  EXPECT_EQ(ring.Get(1)->winner_value.size(), ConflictRing::kValueCap);
}

TEST(ConflictRing, Filters) {
  ConflictRing ring(10);
  ring.SetTime(100);
  ring.OnConflict(Sample("cart:1", ConflictRule::kLastWriterWins, 2));
  ring.SetTime(200);
  ring.OnConflict(Sample("cart:2", ConflictRule::kWriteSurvivesDelete, 3));
  EXPECT_EQ(ring.List({.key_pattern = "cart:*"}).size(), 2u);
  EXPECT_EQ(ring.List({.key_pattern = "*:1"}).size(), 1u);
  EXPECT_EQ(ring.List({.type = ValueType::kSet}).size(), 0u);
  EXPECT_EQ(ring.List({.type = ValueType::kHash}).size(), 2u);
  EXPECT_EQ(ring.List({.rule = ConflictRule::kWriteSurvivesDelete}).size(), 1u);
  EXPECT_EQ(ring.List({.region = 1}).size(), 2u);
  EXPECT_EQ(ring.List({.region = 3}).size(), 1u);
  EXPECT_EQ(ring.List({.since_unix_ms = 150}).size(), 1u);
  EXPECT_EQ(ring.List({.count = 1}).size(), 1u);
  EXPECT_EQ(ring.by_rule().at(ConflictRule::kLastWriterWins), 1u);
}

TEST(ConflictRing, KeepsNothingWithoutRoomButCounts) {
  ConflictRing ring(0);
  ring.OnConflict(Sample("a", ConflictRule::kDoublePop, 2));
  EXPECT_EQ(ring.recorded(), 1u);
  EXPECT_EQ(ring.dropped(), 1u);
  EXPECT_TRUE(ring.List({}).empty());
}

}  // namespace
}  // namespace server
