// Every row of the table of conflict rules about strings, counters, hashes, sets, times to live and
// types: two regions write, all four end alike, whichever record came first.
#include "regions.h"

namespace crdt {
namespace {

using ConflictRules = ThreeRegions;

TEST_F(ConflictRules, OfTwoSetsTheGreatestStampIsShown) {
  Concurrently(one.Set("k", "first"), two.Set("k", "second"));
  ExpectEverywhere("k", "string second");  // Equal times: the greater region.
  ExpectReport(ConflictRule::kLastWriterWins, ConflictRule::kLastWriterWins);
  EXPECT_EQ(forward.reports.winners, backward.reports.winners);
  EXPECT_EQ(forward.reports.losers, backward.reports.losers);
}

TEST_F(ConflictRules, TheHiddenLoserComesBackWhenOnlyTheWinnerIsDeleted) {
  const auto lost = one.Set("k", "lost");
  const auto won = two.Set("k", "won");
  const auto deleted = two.Delete("k");
  Concurrently({lost}, {won, deleted});
  ExpectEverywhere("k", "string lost");
}

TEST_F(ConflictRules, IncrementsAddUp) {
  Concurrently(one.Increment("k", 5), two.Increment("k", -2));
  ExpectEverywhere("k", "string 3");
  EXPECT_TRUE(forward.reports.rules.empty());
}

TEST_F(ConflictRules, ASetTakesTheIncrementsThatItHasSeenOnly) {
  Everywhere(one.Increment("k", 100));
  Concurrently(one.Set("k", "7"), two.Increment("k", 3));
  ExpectEverywhere("k", "string 10");
  ExpectReport(ConflictRule::kIncrementsAddToWrite, ConflictRule::kIncrementsAddToWrite);
}

TEST_F(ConflictRules, ADeleteLeavesTheUnseenIncrementsOnly) {
  Everywhere(one.Set("k", "100"));
  Everywhere(two.Increment("k", 10));
  Concurrently(one.Delete("k"), two.Increment("k", 3));
  ExpectEverywhere("k", "string 3");
  EXPECT_EQ(backward.reports.rules.back(), ConflictRule::kWriteSurvivesDelete);
}

TEST_F(ConflictRules, ADeleteTakesOnlyTheSetThatItHasSeen) {
  Everywhere(one.Set("k", "old"));
  Concurrently(one.Delete("k"), two.Set("k", "new"));
  ExpectEverywhere("k", "string new");
  EXPECT_TRUE(forward.reports.rules.empty()) << "of the deleted value nothing is there any more";
  EXPECT_EQ(backward.reports.rules.back(), ConflictRule::kWriteSurvivesDelete);
}

TEST_F(ConflictRules, IncrementsWaitBehindABaseThatIsNoNumber) {
  Everywhere(one.Set("k", "5"));
  Concurrently(one.Set("k", "text"), two.Increment("k", 3));
  ExpectEverywhere("k", "string text");
  ExpectReport(ConflictRule::kIncrementsMasked, ConflictRule::kIncrementsMasked);
}

TEST_F(ConflictRules, AMergedSumBeyond64BitsIsShownAtTheBound) {
  Everywhere(one.Set("k", "9223372036854775800"));
  Concurrently(one.Increment("k", 7), two.Increment("k", 7));
  ExpectEverywhere("k", "string 9223372036854775807");
  ExpectReport(ConflictRule::kSaturated, ConflictRule::kSaturated);
  // The sum itself is exact: it comes back from the bound.
  Everywhere(one.Increment("k", -10));
  ExpectEverywhere("k", "string 9223372036854775804");
}

TEST_F(ConflictRules, FloatsAreSummedInTheOrderOfTheWriters) {
  Everywhere(one.Set("k", "0.1"));
  Concurrently(one.IncrementFloat("k", 0.2L), two.IncrementFloat("k", 0.3L));
  ExpectEverywhere("k", one.Shows("k"));
  EXPECT_EQ(one.Shows("k"), "string 0.6");
}

TEST_F(ConflictRules, DifferentFieldsUniteAndTheSameFieldIsAsSet) {
  Concurrently(one.HashSet("h", {{"a", "1"}, {"same", "one"}}),
               two.HashSet("h", {{"b", "2"}, {"same", "two"}}));
  ExpectEverywhere("h", "hash a=1 b=2 same=two");
  ExpectReport(ConflictRule::kLastWriterWins, ConflictRule::kLastWriterWins);
}

TEST_F(ConflictRules, AFieldThatIsDeletedKeepsAnUnseenWrite) {
  Everywhere(one.HashSet("h", {{"f", "old"}}));
  Concurrently(one.HashDelete("h", {"f"}), two.HashSet("h", {{"f", "new"}}));
  ExpectEverywhere("h", "hash f=new");
  EXPECT_EQ(backward.reports.rules.back(), ConflictRule::kWriteSurvivesDelete);
}

TEST_F(ConflictRules, AFieldThatIsDeletedKeepsTheUnseenDelta) {
  Everywhere(one.HashSet("h", {{"f", "40"}}));
  Everywhere(two.HashIncrement("h", "f", 2));
  Concurrently(one.HashDelete("h", {"f"}), two.HashIncrement("h", "f", 3));
  ExpectEverywhere("h", "hash f=3");
}

TEST_F(ConflictRules, AnAddWinsOverARemove) {
  Everywhere(one.SetAdd("s", {"m"}));
  Concurrently(one.SetRemove("s", {"m"}), two.SetAdd("s", {"m"}));
  ExpectEverywhere("s", "set m");  // Adding what is there is a new write.
  EXPECT_EQ(backward.reports.rules.back(), ConflictRule::kWriteSurvivesDelete);
}

TEST_F(ConflictRules, TwoPopsOfOneMemberRemoveItOnce) {
  Everywhere(one.SetAdd("s", {"m", "n"}));
  Concurrently(one.SetRemove("s", {"m"}, RemoveReason::kPopped),
               two.SetRemove("s", {"m"}, RemoveReason::kPopped));
  ExpectEverywhere("s", "set n");
  ExpectReport(ConflictRule::kDoublePop, ConflictRule::kDoublePop);
  EXPECT_EQ(forward.reports.losers.back().region(), 2) << "the pop that came second";
  EXPECT_EQ(backward.reports.losers.back().region(), 1);
}

TEST_F(ConflictRules, TheLongestLifeWins) {
  Everywhere(one.Set("k", "v"));
  Concurrently(one.Expire("k", 500), two.Expire("k", 100));
  ExpectEverywhere("k", "string v");
  EXPECT_EQ(forward.Find("k").deadline(), 500);
  ExpectReport(ConflictRule::kLongestExpiry, ConflictRule::kLongestExpiry);
  EXPECT_EQ(forward.reports.winners, backward.reports.winners);
}

TEST_F(ConflictRules, APersistIsALifeWithoutEnd) {
  Everywhere(one.Set("k", "v"));
  Concurrently(one.Expire("k", kInfinite), two.Expire("k", 100));
  ExpectEverywhere("k", "string v");
  EXPECT_EQ(forward.Find("k").deadline(), std::nullopt);
  ExpectReport(ConflictRule::kLongestExpiry, ConflictRule::kLongestExpiry);
}

TEST_F(ConflictRules, APlainSetIsALifeWithoutEndWhicheverComesFirst) {
  Everywhere(one.Set("k", "v"));
  Concurrently(one.Set("k", "w"), two.Expire("k", 100));
  ExpectEverywhere("k", "string w");
  EXPECT_EQ(forward.Find("k").deadline(), std::nullopt);
  ExpectReport(ConflictRule::kLongestExpiry, ConflictRule::kLongestExpiry);
}

TEST_F(ConflictRules, OfTwoTypesTheGreatestStampIsShownAndBothAreKept) {
  Concurrently(one.SetAdd("k", {"m"}), two.HashSet("k", {{"f", "v"}}));
  ExpectEverywhere("k", "hash f=v");
  ExpectReport(ConflictRule::kTypeClash, ConflictRule::kTypeClash);
  Everywhere(two.HashDelete("k", {"f"}));
  ExpectEverywhere("k", "set m");
}

TEST_F(ConflictRules, AFlushTakesOnlyWhatItHasSeen) {
  Everywhere(one.Set("old", "v"));
  Everywhere(one.Increment("n", 5));
  Everywhere(one.HashIncrement("h", "f", 5));
  Concurrently({one.Flush()},
               {two.Set("new", "v"), two.Increment("n", 2), two.HashIncrement("h", "f", 3)});
  ExpectEverywhere("old", "none");
  ExpectEverywhere("new", "string v");
  ExpectEverywhere("n", "string 2");
  ExpectEverywhere("h", "hash f=3");
}

TEST_F(ConflictRules, TwoConditionalSetsThatBothHeldAreReportedAsSuch) {
  const SetOptions condition{.condition = Condition::kDecidedLocally};
  Concurrently(one.Set("lock", "one", condition), two.Set("lock", "two", condition));
  ExpectEverywhere("lock", "string two");
  ExpectReport(ConflictRule::kConditionBothHeld, ConflictRule::kConditionBothHeld);
}

}  // namespace
}  // namespace crdt
