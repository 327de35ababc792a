// Every row of the table of conflict rules about lists: two regions write, all four end alike,
// whichever record came first.
#include "regions.h"

namespace crdt {
namespace {

using ListRules = ThreeRegions;

TEST_F(ListRules, PushesToOneEndAreAllKeptInTheOrderOfTheirStamps) {
  Concurrently(one.Push("l", ListSide::kRight, {"a", "b"}),
               two.Push("l", ListSide::kRight, {"c", "d"}));
  ExpectEverywhere("l", "list a b c d");
  Concurrently(one.Push("l", ListSide::kLeft, {"e", "f"}),
               two.Push("l", ListSide::kLeft, {"g", "h"}));
  ExpectEverywhere("l", "list h g f e a b c d");
}

TEST_F(ListRules, InsertionsAtOnePivotAreAllKeptAndEachRegionsOwnStayInTheirOrder) {
  Everywhere(one.Push("l", ListSide::kRight, {"x", "y"}));
  Concurrently({one.Insert("l", 1, "a"), one.Insert("l", 2, "b")},
               {two.Insert("l", 1, "c"), two.Insert("l", 2, "d")});
  ExpectEverywhere("l", "list x a c b d y");
}

TEST_F(ListRules, AnInsertionStaysNextToItsPivotWhereAPushComesMeanwhile) {
  Everywhere(one.Push("l", ListSide::kRight, {"x"}));
  Concurrently(one.Push("l", ListSide::kRight, {"pushed"}), two.Insert("l", 1, "inserted"));
  ExpectEverywhere("l", "list x inserted pushed");
}

TEST_F(ListRules, AnInsertionIsKeptWhereItsPivotIsTaken) {
  Everywhere(one.Push("l", ListSide::kRight, {"a", "b", "c"}));
  Concurrently(one.Pop("l", 1, 1), two.Insert("l", 2, "new"));
  ExpectEverywhere("l", "list a new c");
  Everywhere(one.Insert("l", 1, "before"));
  ExpectEverywhere("l", "list a before new c");
}

TEST_F(ListRules, TwoPopsOfOneElementRemoveItOnceAndAreJournalled) {
  Everywhere(one.Push("l", ListSide::kRight, {"a", "b"}));
  Concurrently(one.Pop("l", 0, 1), two.Pop("l", 0, 1));
  ExpectEverywhere("l", "list b");
  ExpectReport(ConflictRule::kDoublePop, ConflictRule::kDoublePop);
  EXPECT_EQ(forward.reports.losers.back().region(), 2) << "the pop that came second";
  EXPECT_EQ(backward.reports.losers.back().region(), 1);
}

TEST_F(ListRules, OfTwoAssignmentsTheGreatestStampIsShown) {
  Everywhere(one.Push("l", ListSide::kRight, {"a", "b"}));
  Concurrently(one.SetAt("l", 0, "one"), two.SetAt("l", 0, "two"));
  ExpectEverywhere("l", "list two b");
  ExpectReport(ConflictRule::kLastWriterWins, ConflictRule::kLastWriterWins);
  Everywhere(one.SetAt("l", 0, "both seen"));
  ExpectEverywhere("l", "list both seen b");
  EXPECT_EQ(one.Find("l").list().At(0).Siblings().size(), 1u);
}

TEST_F(ListRules, APopWinsOverAnAssignment) {
  Everywhere(one.Push("l", ListSide::kRight, {"job", "other"}));
  Concurrently(one.Pop("l", 0, 1), two.SetAt("l", 0, "changed"));
  ExpectEverywhere("l", "list other");
}

TEST_F(ListRules, ATrimTakesOnlyWhatItHasSeen) {
  Everywhere(one.Push("l", ListSide::kRight, {"a", "b", "c", "d"}));
  Concurrently(one.Trim("l", 1, 2),
               two.Write("l", {[](auto& view, auto& out) {
                                 const std::string_view value = "left";
                                 PrepareListPush(view, "l", ListSide::kLeft, {&value, 1}, out);
                               },
                               [](auto& view, auto& out) {
                                 const std::string_view value = "right";
                                 PrepareListPush(view, "l", ListSide::kRight, {&value, 1}, out);
                               }}));
  ExpectEverywhere("l", "list left b c right");
}

TEST_F(ListRules, ATrimThatKeepsNothingTakesOnlyWhatItHasSeen) {
  Everywhere(one.Push("l", ListSide::kRight, {"a", "b"}));
  Concurrently(one.Trim("l", 0, 0), two.Push("l", ListSide::kRight, {"new"}));
  ExpectEverywhere("l", "list new");
}

TEST_F(ListRules, ADeleteTakesOnlyWhatItHasSeen) {
  Everywhere(one.Push("l", ListSide::kRight, {"a"}));
  Concurrently(one.Delete("l"), two.Push("l", ListSide::kRight, {"b"}));
  ExpectEverywhere("l", "list b");
  EXPECT_EQ(backward.reports.rules.back(), ConflictRule::kWriteSurvivesDelete);
}

TEST_F(ListRules, ATrimOfManyElementsIsASmallRecord) {
  std::vector<std::string> owned;
  for (int i = 0; i < 10'000; ++i) owned.push_back(std::to_string(i));
  Everywhere(one.Push("l", ListSide::kRight, {owned.begin(), owned.end()}));
  const WrittenRecord trimmed = one.Trim("l", 5000, 1);
  EXPECT_LT(trimmed.effects.size(), 60u);
  two.Receive(trimmed);
  EXPECT_EQ(two.Shows("l"), "list 5000");
}

TEST_F(ListRules, AListAndAStringOnOneKeyAreBothKeptAndTheNextWriteEndsTheHiddenOne) {
  Concurrently(one.Set("k", "text"), two.Push("k", ListSide::kRight, {"a"}));
  ExpectEverywhere("k", "list a");
  EXPECT_TRUE(forward.Find("k").clashes());
  Everywhere(one.Push("k", ListSide::kRight, {"b"}));
  ExpectEverywhere("k", "list a b");
  EXPECT_FALSE(forward.Find("k").clashes());
}

}  // namespace
}  // namespace crdt
