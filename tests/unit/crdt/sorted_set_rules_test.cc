// The rows of the table of conflict rules about sorted sets: two regions write, all four end alike,
// whichever record came first.
#include <limits>

#include "regions.h"

namespace crdt {
namespace {

using SortedSetRules = ThreeRegions;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST_F(SortedSetRules, MembersUniteAndOfTwoScoresTheGreatestStampIsShown) {
  Concurrently(one.SortedSetAdd("z", {{"a", 1}, {"same", 9}}),
               two.SortedSetAdd("z", {{"b", 2}, {"same", 1.5}}));
  ExpectEverywhere("z", "zset a=1 same=1.5 b=2");
  ExpectReport(ConflictRule::kLastWriterWins, ConflictRule::kLastWriterWins);
}

TEST_F(SortedSetRules, IncrementsAddUp) {
  Everywhere(one.SortedSetAdd("z", {{"m", 1.1}}));
  Concurrently(one.SortedSetIncrement("z", "m", 1), two.SortedSetIncrement("z", "m", 1));
  ExpectEverywhere("z", "zset m=3.1");
  EXPECT_TRUE(forward.reports.rules.empty());
}

TEST_F(SortedSetRules, AnAssignedScoreTakesTheIncrementsThatItHasSeenOnly) {
  Everywhere(one.SortedSetIncrement("z", "m", 100));
  Concurrently(one.SortedSetAdd("z", {{"m", 7}}), two.SortedSetIncrement("z", "m", 3));
  ExpectEverywhere("z", "zset m=10");
  ExpectReport(ConflictRule::kIncrementsAddToWrite, ConflictRule::kIncrementsAddToWrite);
}

TEST_F(SortedSetRules, ARemovedMemberLivesWithTheUnseenDeltaOnly) {
  Everywhere(one.SortedSetAdd("z", {{"m", 4.1}, {"n", 5}}));
  Concurrently(one.SortedSetRemove("z", {"m"}), two.SortedSetIncrement("z", "m", 2));
  ExpectEverywhere("z", "zset m=2 n=5");
  EXPECT_EQ(backward.reports.rules.back(), ConflictRule::kWriteSurvivesDelete);
}

TEST_F(SortedSetRules, ARemovedMemberKeepsAnUnseenScore) {
  Everywhere(one.SortedSetAdd("z", {{"m", 1}}));
  Concurrently(one.SortedSetRemove("z", {"m"}), two.SortedSetAdd("z", {{"m", 1}}));
  ExpectEverywhere("z", "zset m=1");  // The same score again is a new write.
}

TEST_F(SortedSetRules, DeletesOfTheKeyLeaveTheUnseenDeltaOnly) {
  Everywhere(one.SortedSetAdd("z", {{"m", 10}, {"n", 1}}));
  Everywhere(two.SortedSetIncrement("z", "m", 5));
  Concurrently(one.Delete("z"), two.SortedSetIncrement("z", "m", 2));
  ExpectEverywhere("z", "zset m=2");
  Everywhere(one.SortedSetIncrement("z", "n", 4));
  Concurrently(one.Flush(), two.SortedSetIncrement("z", "n", 3));
  ExpectEverywhere("z", "zset n=3");
  Everywhere(two.SortedSetIncrement("z", "n", 3));
  Concurrently(one.SortedSetIncrement("z", "n", 1), two.Set("z", "text"));
  ExpectEverywhere("z", "string text");
  ExpectReport(ConflictRule::kTypeClash, ConflictRule::kTypeClash);
  Everywhere(one.Delete("z"));
  ExpectEverywhere("z", "none");
}

TEST_F(SortedSetRules, ADeltaThatWasDeletedDoesNotComeBackWithTheNextOne) {
  Everywhere(one.SortedSetIncrement("z", "m", 5));
  Everywhere(one.SortedSetRemove("z", {"m"}));
  ExpectEverywhere("z", "none");
  Everywhere(one.SortedSetIncrement("z", "m", 2));
  ExpectEverywhere("z", "zset m=2");
}

TEST_F(SortedSetRules, TwoPopsOfOneMemberRemoveItOnce) {
  Everywhere(one.SortedSetAdd("z", {{"m", 1}, {"n", 2}}));
  Concurrently(one.SortedSetRemove("z", {"m"}, RemoveReason::kPopped),
               two.SortedSetRemove("z", {"m"}, RemoveReason::kPopped));
  ExpectEverywhere("z", "zset n=2");
  ExpectReport(ConflictRule::kDoublePop, ConflictRule::kDoublePop);
}

TEST_F(SortedSetRules, AnInfiniteSumIsAssigned) {
  Everywhere(one.SortedSetAdd("z", {{"m", 1}}));
  Concurrently(one.SortedSetIncrement("z", "m", kInfinity),
               two.SortedSetIncrement("z", "m", -kInfinity));
  ExpectEverywhere("z", "zset m=-inf");  // Equal times: the greater region. Never NaN.
  Everywhere(one.SortedSetIncrement("z", "m", 5));
  ExpectEverywhere("z", "zset m=-inf");
}

TEST_F(SortedSetRules, FractionsAreRoundedOnceAndTheSameEverywhere) {
  Everywhere(one.SortedSetAdd("z", {{"m", 0.1}}));
  Everywhere(one.SortedSetIncrement("z", "m", 0.2));
  ExpectEverywhere("z", "zset m=0.30000000000000004");  // As one addition of doubles.
  Concurrently(one.SortedSetIncrement("z", "m", 0.7), two.SortedSetIncrement("z", "m", 1e16));
  ExpectEverywhere("z", one.Shows("z"));
}

TEST_F(SortedSetRules, ScoresBeyond64BitsAreNoSaturation) {
  Everywhere(one.SortedSetAdd("z", {{"m", 4e18}}));
  Concurrently(one.SortedSetIncrement("z", "m", 4e18), two.SortedSetIncrement("z", "m", 4e18));
  ExpectEverywhere("z", "zset m=1.2e+19");
  EXPECT_TRUE(forward.reports.rules.empty());
}

TEST_F(SortedSetRules, TheHiddenOfTwoTypesComesBackWhenTheShownOneIsEmptied) {
  Concurrently(one.HashSet("k", {{"f", "v"}}), two.SortedSetAdd("k", {{"m", 1}}));
  ExpectEverywhere("k", "zset m=1");
  Everywhere(two.SortedSetRemove("k", {"m"}));
  ExpectEverywhere("k", "hash f=v");
}

TEST_F(SortedSetRules, AddingToTheShownTypeEndsTheHiddenOneWithItsCounters) {
  Concurrently(one.SortedSetIncrement("k", "m", 1), two.HashSet("k", {{"f", "v"}}));
  ExpectEverywhere("k", "hash f=v");
  Everywhere(one.Write("k", std::vector<TestRegion::Prepare>{[](auto& view, auto& out) {
                         const FieldValue field{"g", "w"};
                         PrepareHashSet(view, "k", {&field, 1}, Condition::kNone, out);
                       }}));
  Everywhere(one.HashDelete("k", {"f", "g"}));
  ExpectEverywhere("k", "none");
}

}  // namespace
}  // namespace crdt
