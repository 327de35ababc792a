#include "replication/role.h"

#include <gtest/gtest.h>

#include "replication/clock_majority.h"
#include "stream_fixture.h"

namespace replication {
namespace {

Colleague Primary(std::uint32_t ordinal, crdt::Epoch epoch) {
  return {.ordinal = ordinal, .answered = true, .connected = true, .primary = true, .epoch = epoch};
}
Colleague Replica(std::uint32_t ordinal, crdt::Epoch epoch) {
  return {.ordinal = ordinal, .answered = true, .connected = true, .epoch = epoch};
}

TEST(Role, TheConnectedPrimaryOfTheGreatestEpochIsFollowed) {
  EXPECT_EQ(PrimaryToFollow({Primary(1, 3), Primary(2, 5), Replica(3, 7)}), 2U);
  Colleague gone = Primary(2, 9);
  gone.connected = false;
  EXPECT_EQ(PrimaryToFollow({Primary(1, 3), gone}), 1U);
  EXPECT_FALSE(PrimaryToFollow({Replica(1, 3)}).has_value());
}

TEST(Role, APrimaryStepsDownForANewerEpochOnly) {
  const OwnRole self{.ordinal = 1, .primary = true, .epoch = 4};
  EXPECT_TRUE(MustStepDown(self, {Primary(0, 5)}));
  EXPECT_FALSE(MustStepDown(self, {Primary(0, 3)}));
  EXPECT_FALSE(MustStepDown(self, {Replica(0, 9)})) << "a replica leads nobody";
}

TEST(FinePrint, Rule10AStartingPrimaryAsksItsColleaguesFirst) {
  const OwnRole self{.ordinal = 0, .primary = true, .epoch = 2};
  const Colleague silent{.ordinal = 1};
  EXPECT_FALSE(MayLead(self, {silent}, /*grace_over=*/false));
  EXPECT_TRUE(MayLead(self, {silent}, /*grace_over=*/true));
  EXPECT_TRUE(MayLead(self, {Replica(1, 2)}, /*grace_over=*/false));
  EXPECT_FALSE(MayLead(self, {Primary(1, 3)}, /*grace_over=*/true));
}

TEST(FinePrint, Rule12WhatTheOthersLackIsSaidAtAFailover) {
  EXPECT_EQ(DescribeLack(Having({WriteOf(1, 1)}), Having({WriteOf(1, 1)})), "");
  EXPECT_EQ(DescribeLack({}, Having({WriteOf(1, 1)})), "everything of writer 1.1");
  const auto later = crdt::Stamp::At(kUnixMs + 250, crdt::Writer(1, 1));
  EXPECT_EQ(DescribeLack(Having({WriteOf(1, 1)}), Having({later, WriteOf(2, 1)})),
            "250 ms of writer 1.1, everything of writer 2.1");
}

// --- Clocks --------------------------------------------------------------------------------------

TEST(FinePrint, Rule25AClockAheadOfTheMajorityIsTheWrongOne) {
  ClockMajority clock(/*bound_ms=*/500);
  EXPECT_FALSE(clock.TooFast()) << "nobody to compare with";
  clock.Hear({2, 0}, /*peer=*/1000, /*own=*/2000);
  EXPECT_FALSE(clock.TooFast()) << "of two nobody can tell";
  clock.Hear({3, 0}, 1000, 2000);
  EXPECT_TRUE(clock.TooFast());
  clock.Hear({1, 1}, 2000, 2000);
  EXPECT_TRUE(clock.TooFast()) << "two of three";
  clock.Hear({1, 2}, 2000, 2000);
  EXPECT_FALSE(clock.TooFast()) << "two of four are no majority";
}

TEST(FinePrint, Rule25ASlowClockIsNotBlamedForAFastOne) {
  ClockMajority clock(500);
  clock.Hear({2, 0}, 9000, 2000);
  clock.Hear({3, 0}, 2000, 2000);
  EXPECT_FALSE(clock.TooFast());
  clock.Hear({2, 0}, 1499, 2000);
  clock.Hear({3, 0}, 1500, 2000);
  EXPECT_FALSE(clock.TooFast()) << "half a second is allowed";
  clock.Hear({3, 0}, 1499, 2000);
  EXPECT_TRUE(clock.TooFast());
  clock.Forget({3, 0});
  EXPECT_FALSE(clock.TooFast());
}

}  // namespace
}  // namespace replication
