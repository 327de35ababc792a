// The rows of the table of conflict rules about HyperLogLogs: two regions write, all four end
// alike, whichever record came first.
#include <array>
#include <string>
#include <vector>

#include "crdt/cardinality.h"
#include "crdt/explain.h"
#include "crdt/hyperloglog_text.h"
#include "crdt/prepare_hyperloglog.h"
#include "regions.h"

namespace crdt {
namespace {

class HyperLogLogRules : public ThreeRegions {
 protected:
  static std::vector<RegisterValue> ValuesOf(const std::vector<std::string>& elements) {
    std::vector<RegisterValue> values;
    for (const std::string& element : elements) values.push_back(RegisterOf(element));
    return values;
  }
  static WrittenRecord Add(TestRegion& region, const std::vector<std::string>& elements) {
    return region.Write("k", [&](auto& view, auto& out) {
      PrepareHyperLogLogAdd(view, "k", ValuesOf(elements), out);
    });
  }
  // As PFMERGE does, of something that holds the elements.
  static WrittenRecord Merge(TestRegion& region, const std::vector<std::string>& elements) {
    HyperLogLogRegisters registers;
    for (const RegisterValue value : ValuesOf(elements)) registers.Raise(value);
    return region.Write(
        "k", [&](auto& view, auto& out) { PrepareHyperLogLogMerge(view, "k", registers, out); });
  }
};

TEST_F(HyperLogLogRules, RegistersOfAllRegionsMerge) {
  Concurrently(Add(one, {"a", "b", "same"}), Add(two, {"c", "same"}));
  ExpectEverywhere("k", "hyperloglog 4");
  Concurrently(Merge(one, {"a", "d"}), Add(two, {"d", "e"}));
  ExpectEverywhere("k", "hyperloglog 6");
  EXPECT_TRUE(forward.reports.rules.empty());
}

TEST_F(HyperLogLogRules, WhatChangesNothingIsNotWritten) {
  Everywhere(Add(one, {"a", "b"}));
  EXPECT_EQ(Add(one, {"b", "a", "a"}).effects, "");
  EXPECT_EQ(Merge(two, {"a"}).effects, "");
  EXPECT_EQ(Add(two, {}).effects, "");
}

TEST_F(HyperLogLogRules, OneThatNothingWasAddedToIsThere) {
  Everywhere(Add(one, {}));
  ExpectEverywhere("k", "hyperloglog 0");
}

TEST_F(HyperLogLogRules, OnlyRegistersThatAreRaisedTravel) {
  Everywhere(Add(one, {"a"}));
  const std::string again = Add(one, {"a", "b"}).effects;
  Everywhere(one.Delete("k"));
  EXPECT_EQ(again, Add(two, {"b"}).effects.replace(1, 1, 1, '\0'));  // But for "creates the key".
}

TEST_F(HyperLogLogRules, ADeleteWinsOverAnAddThatItHasNotSeen) {
  Everywhere(Add(one, {"a"}));
  Concurrently(one.Delete("k"), Add(two, {"b"}));
  ExpectEverywhere("k", "none");
  ExpectReport(ConflictRule::kDeleteWins, ConflictRule::kDeleteWins);
}

TEST_F(HyperLogLogRules, ADeleteWinsOverAMergeAndOverATimeToLive) {
  Everywhere(Add(one, {"a"}));
  Concurrently(one.Delete("k"), Merge(two, {"b"}));
  ExpectEverywhere("k", "none");
  Everywhere(Add(one, {"a"}));
  Concurrently(one.Delete("k"), two.Expire("k", 1'900'000'000'000));
  ExpectEverywhere("k", "none");
  Everywhere(Add(two, {"c"}));
  ExpectEverywhere("k", "hyperloglog 1");
  EXPECT_FALSE(one.Find("k").deadline());
}

TEST_F(HyperLogLogRules, AFlushAndASetWinToo) {
  Everywhere(Add(one, {"a"}));
  Concurrently(one.Flush(), Add(two, {"b"}));
  ExpectEverywhere("k", "none");
  Everywhere(Add(one, {"a"}));
  Concurrently(one.Set("k", "text"), Add(two, {"b"}));
  ExpectEverywhere("k", "string text");
}

TEST_F(HyperLogLogRules, ADeleteOfSomethingElseTakesNothing) {
  Everywhere(one.Set("k", "text"));
  Concurrently(one.Delete("k"), {two.Write("k", [](auto&, auto& out) {
                 PrepareHyperLogLogAdd(KeyView(), "k", ValuesOf({"a"}), out);
               })});
  ExpectEverywhere("k", "hyperloglog 1");
}

TEST_F(HyperLogLogRules, WhatIsAddedAfterTheDeleteLives) {
  Everywhere(Add(one, {"a"}));
  Concurrently({one.Delete("k"), Add(one, {"b", "c"})}, {Add(two, {"d"})});
  ExpectEverywhere("k", "hyperloglog 2");
}

TEST_F(HyperLogLogRules, FinePrint18_TwoDeletesAndAnAddEndTheSameInEveryOrder) {
  Everywhere(Add(one, {"a"}));
  Concurrently({one.Delete("k"), Add(one, {"b"})}, {two.Delete("k")});
  ExpectEverywhere("k", "none");  // The second region's delete has not seen the add.
}

TEST_F(HyperLogLogRules, GravesGoOnceTheyAreStable) {
  Everywhere(Add(one, {"a"}));
  Everywhere(one.Delete("k"));
  ASSERT_NE(forward.Find("k").cell(), nullptr);
  EXPECT_TRUE(forward.Find("k").cell()->full().has_spent());
  DropSpent(forward.table(), "k");
  EXPECT_EQ(forward.Find("k").cell(), nullptr);
}

TEST_F(HyperLogLogRules, OfTwoTypesTheGreatestStampIsShownAndTheNextAddEndsTheOther) {
  Concurrently(one.SetAdd("k", {"member"}), Add(two, {"a"}));
  ExpectEverywhere("k", "hyperloglog 1");
  ExpectReport(ConflictRule::kTypeClash, ConflictRule::kTypeClash);
  Everywhere(Add(one, {"b"}));
  ExpectEverywhere("k", "hyperloglog 2");
  EXPECT_FALSE(one.Find("k").clashes());
}

TEST_F(HyperLogLogRules, AHiddenOneIsEndedForGood) {
  Concurrently(Add(one, {"a"}), two.SetAdd("k", {"member"}));
  ExpectEverywhere("k", "set member");
  Concurrently(one.SetAdd("k", {"other"}), two.SetRemove("k", {"member"}));
  ExpectEverywhere("k", "set other");
  EXPECT_FALSE(one.Find("k").clashes());
}

TEST_F(HyperLogLogRules, AStringThatIsOneBecomesOneAndKeepsItsTimeToLive) {
  HyperLogLogRegisters registers;
  registers.Raise(RegisterOf("a"));
  Everywhere(one.Set("k", HyperLogLogText(registers),
                     {.ttl = Ttl::kDeadline, .deadline = 1'900'000'000'000}));
  Concurrently(Merge(one, {"a", "b"}), Merge(two, {"a", "c"}));
  ExpectEverywhere("k", "hyperloglog 3");
  EXPECT_FALSE(one.Find("k").clashes());
  EXPECT_EQ(one.Find("k").deadline(), 1'900'000'000'000);
}

TEST_F(HyperLogLogRules, ToCommandsOnStringsItIsTheTextThatRedisKeeps) {
  Everywhere(Add(one, {"a"}));
  std::string scratch;
  const auto parsed = ParseHyperLogLogText(one.Find("k").Text(scratch));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(*parsed, one.Find("k").hyperloglog().registers());
  EXPECT_FALSE(one.Find("k").Integer());
}

TEST_F(HyperLogLogRules, AnExplanationTellsWhoWrote) {
  Concurrently(Add(one, {"a"}), Add(two, {"b"}));
  const auto explanation = Explain(one.Find("k"), std::nullopt);
  ASSERT_TRUE(explanation.has_value());
  EXPECT_EQ(explanation->shown, "about 2 different elements");
  ASSERT_EQ(explanation->siblings.size(), 2u);
  EXPECT_EQ(explanation->siblings[0].stamp.region(), 1);
  EXPECT_EQ(explanation->siblings[1].stamp.region(), 2);
  EXPECT_FALSE(Explain(one.Find("k"), "element"));
}

}  // namespace
}  // namespace crdt
