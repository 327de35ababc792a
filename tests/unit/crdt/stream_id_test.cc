#include "crdt/stream_id.h"

#include <gtest/gtest.h>

namespace crdt {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(StreamIds, MadeByTwoRegionsInOneMillisecondNeverCollide) {
  StreamId one;
  StreamId two;
  for (int i = 0; i < 100; ++i) {
    one = NextId(7, one, 1).value();
    two = NextId(7, two, 2).value();
    EXPECT_EQ(one.sequence % 32, 1u);
    EXPECT_EQ(two.sequence % 32, 2u);
  }
  EXPECT_EQ(one, (StreamId{7, 1 + 99 * 32}));
}

TEST(StreamIds, FollowTheLastOneWhoeverMadeIt) {
  EXPECT_EQ(NextId(7, {7, 34}, 1), (StreamId{7, 65}));
  EXPECT_EQ(NextId(7, {7, 33}, 1), (StreamId{7, 65}));
  EXPECT_EQ(NextId(7, {7, 0}, 1), (StreamId{7, 1}));
  EXPECT_EQ(NextId(7, {9, 4}, 3), (StreamId{9, 35})) << "the clock is behind the last ID";
  EXPECT_EQ(NextId(7, {}, 31), (StreamId{7, 31}));
}

TEST(StreamIds, GoToTheNextMillisecondWhereASequenceIsUsedUp) {
  EXPECT_EQ(NextId(7, {7, kMost}, 1), (StreamId{8, 1}));
  EXPECT_EQ(NextId(7, {kMost, kMost}, 1), std::nullopt);
  EXPECT_EQ(NextIdWithin(7, {7, kMost}, 1), std::nullopt);
  EXPECT_EQ(NextIdWithin(6, {7, 0}, 1), std::nullopt);
}

TEST(StreamIds, AreReadAndWrittenAsText) {
  EXPECT_EQ(StreamId::Parse("110-7"), (StreamId{110, 7}));
  EXPECT_EQ(StreamId::Parse("110", 5), (StreamId{110, 5}));
  EXPECT_EQ(StreamId::Parse("18446744073709551615-18446744073709551615"), StreamId::Greatest());
  EXPECT_EQ((StreamId{110, 7}).ToString(), "110-7");
  for (const char* wrong :
       {"", "-", "+", "1-", "-1", "1-2-3", "1-*", "x", "1-x", " 1", "18446744073709551616"}) {
    EXPECT_EQ(StreamId::Parse(wrong), std::nullopt) << wrong;
  }
}

TEST(StreamIds, OfOneIdAreOrderedByRegion) {
  const Stamp early = Stamp::At(1'800'000'000'000, Writer(2, 1));
  const Stamp late = Stamp::At(1'900'000'000'000, Writer(1, 1));
  EXPECT_LT((EntryKey{{1, 1}, late}), (EntryKey{{1, 1}, early}));
  EXPECT_LT((EntryKey{{1, 1}, early}), (EntryKey{{1, 2}, late}));
}

}  // namespace
}  // namespace crdt
