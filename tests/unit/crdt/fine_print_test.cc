// The numbered rules of the fine print that concern the merge rules, each with the counter-example
// that breaks the design without it.
#include "regions.h"

namespace crdt {
namespace {

using FinePrint = ThreeRegions;

TestRegion::Prepare Increments(std::string_view key, Writer writer, std::int64_t delta) {
  return [=](auto& view, auto& out) { PrepareIncrement(view, key, writer, delta, out); };
}
TestRegion::Prepare Adds(std::string_view key, std::string_view member) {
  return [=](auto& view, auto& out) { PrepareSetAdd(view, key, std::span(&member, 1), out); };
}
TestRegion::Prepare Removes(std::string_view key, std::string_view member) {
  return [=](auto& view, auto& out) {
    PrepareSetRemove(view, key, std::span(&member, 1), RemoveReason::kCommand, out);
  };
}

TEST_F(FinePrint, Rule1_TwoIncrementsInOneRecordAreTwo) {
  const auto step = Increments("n", one.writer(), 1);
  Everywhere(one.Write("n", {step, step}));
  ExpectEverywhere("n", "string 2");
}

TEST_F(FinePrint, Rule1_AnAddAndARemoveInOneRecordLeaveNothing) {
  Everywhere(one.Write("s", {Adds("s", "x"), Removes("s", "x")}));
  ExpectEverywhere("s", "none");
}

TEST_F(FinePrint, Rule1_OneEffectMayNameAnElementTwice) {
  Everywhere(one.HashSet("h", {{"f", "first"}, {"f", "last"}}));
  Everywhere(one.SetAdd("s", {"m", "m"}));
  ExpectEverywhere("h", "hash f=last");
  ExpectEverywhere("s", "set m");
  EXPECT_EQ(forward.Find("s").elements().size(), 1u);
}

TEST_F(FinePrint, Rule2_TheVectorCoversARecordUpToItsLastStamp) {
  const auto step = Increments("n", one.writer(), 1);
  const auto record = one.Write("n", {step, step, step});
  two.Receive(record);
  EXPECT_EQ(two.floor().Get(one.writer()), record.first_stamp.Plus(2));
}

TEST_F(FinePrint, Rule5_OnlyWhatTheAuthorHadObservedIsCovered) {
  const auto unseen = one.Set("k", "unseen");
  const auto later = two.Set("other", "v");
  forward.Receive(later);
  // A later stamp of the third region, whose context lacks the first region's write.
  const auto deleted =
      forward.Write("k", [](auto&, auto& out) { out.Begin(EffectKind::kDelete, 0, "k"); });
  two.Receive(unseen);
  two.Receive(deleted);
  EXPECT_EQ(two.Shows("k"), "string unseen");
}

TEST_F(FinePrint, Rule17_ASumThatIsNotANumberShowsZero) {
  const Float128 infinity = __builtin_inf();
  Concurrently(one.IncrementFloat("k", infinity), two.IncrementFloat("k", -infinity));
  ExpectEverywhere("k", "string 0");
}

TEST_F(FinePrint, Rule19_DeleteExpireAndAddEndInOneWay) {
  Everywhere(one.SetAdd("s", {"old"}));
  const auto deleted = one.Delete("s");
  const auto expired = two.Expire("s", 100);
  const auto added = forward.SetAdd("s", {"new"});
  const std::vector<std::vector<const WrittenRecord*>> orders = {
      {&deleted, &expired, &added}, {&deleted, &added, &expired}, {&expired, &deleted, &added},
      {&expired, &added, &deleted}, {&added, &deleted, &expired}, {&added, &expired, &deleted}};
  std::set<std::string> ends;
  for (const auto& order : orders) {
    TestRegion watcher(9);
    TestRegion author(1);
    watcher.Receive(author.SetAdd("s", {"old"}));
    for (const WrittenRecord* record : order) watcher.Receive(*record);
    ends.insert(watcher.MergedBytes());
    EXPECT_EQ(watcher.Shows("s"), "set new");
    EXPECT_EQ(watcher.Find("s").deadline(), 100);
  }
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(FinePrint, Rule19_ALaterKeyOfTheSameNameInheritsNoTimeToLive) {
  Everywhere(one.Set("k", "v"));
  Concurrently(one.Delete("k"), two.Expire("k", 100));
  ExpectEverywhere("k", "none");
  Everywhere(one.SetAdd("k", {"m"}));
  ExpectEverywhere("k", "set m");
  EXPECT_EQ(forward.Find("k").deadline(), std::nullopt);
}

TEST_F(FinePrint, Rule19_WhatEmptiesAKeyDropsItsTimeToLive) {
  Everywhere(one.SetAdd("s", {"m"}));
  Everywhere(two.Expire("s", 100));
  Everywhere(one.SetRemove("s", {"m"}));
  ExpectEverywhere("s", "none");
  EXPECT_EQ(forward.Find("s").cell(), nullptr);
}

TEST_F(FinePrint, Rule19_APersistWhereThereIsNoTimeToLiveIsAWrite) {
  Everywhere(one.SetAdd("s", {"m"}));
  EXPECT_FALSE(one.Expire("s", kInfinite).effects.empty());
}

TEST_F(FinePrint, Rule19_KeepTtlOnAKeyThatIsNotThereCreatesIt) {
  Everywhere(one.Set("k", "v"));
  Concurrently(one.Delete("k"), two.Expire("k", 100));
  Everywhere(one.Set("k", "w", {.ttl = Ttl::kKeep}));
  ExpectEverywhere("k", "string w");
  EXPECT_EQ(two.Find("k").deadline(), std::nullopt) << "the ghost's deadline is covered";
}

TEST_F(FinePrint, Rule19_KeepTtlKeepsIt) {
  Everywhere(one.Set("k", "v", {.ttl = Ttl::kDeadline, .deadline = 100}));
  Everywhere(two.Set("k", "w", {.ttl = Ttl::kKeep}));
  ExpectEverywhere("k", "string w");
  EXPECT_EQ(forward.Find("k").deadline(), 100);
}

TEST_F(FinePrint, Rule20_AnExpiryIsAnObservedDeleteSoThatAnUnseenExtensionLives) {
  Everywhere(one.Set("k", "v", {.ttl = Ttl::kDeadline, .deadline = 100}));
  const auto expired = one.Write(
      "k", [](auto& view, auto& out) { PrepareDelete(view, "k", DeleteReason::kExpired, out); });
  Concurrently(expired, two.Set("k", "extended", {.ttl = Ttl::kDeadline, .deadline = 900}));
  ExpectEverywhere("k", "string extended");
  EXPECT_EQ(one.Find("k").deadline(), 900);
}

TEST_F(FinePrint, Rule20_EqualDeadlinesBelongToTheGreatestStamp) {
  Everywhere(one.Set("k", "v"));
  Concurrently(one.Expire("k", 100), two.Expire("k", 100));
  ExpectEverywhere("k", "string v");
  EXPECT_EQ(forward.Find("k").deadline_stamp()->region(), 2);
  EXPECT_EQ(backward.Find("k").deadline_stamp()->region(), 2);
}

TEST_F(FinePrint, Rule22_SpentPartsAndTheTimeToLiveDoNotDecideAClash) {
  Everywhere(one.SetAdd("k", {"m"}));
  Concurrently(one.Expire("k", 100), two.Expire("k", 200));
  ExpectEverywhere("k", "set m");
  Everywhere(one.Delete("k"));
  Everywhere(one.Increment("k", 5));
  Everywhere(two.Delete("k"));
  ASSERT_TRUE(forward.Find("k").cell()->full().has_spent());
  Everywhere(two.SetAdd("k", {"n"}));
  ExpectEverywhere("k", "set n");
  EXPECT_FALSE(forward.Find("k").clashes());
}

TEST_F(FinePrint, Rule22_AWriteThatEndsAHiddenCounterCarriesItsBaseline) {
  Concurrently(one.Increment("k", 5), two.SetAdd("k", {"m"}));
  ExpectEverywhere("k", "set m");
  Concurrently(one.Increment("other", 1), two.SetAdd("k", {"n"}));
  ExpectEverywhere("k", "set m n");
  EXPECT_FALSE(forward.Find("k").clashes()) << "the counter is spent in every region";
  Everywhere(two.Delete("k"));
  ExpectEverywhere("k", "none");
}

TEST_F(FinePrint, Rule22_AHiddenCounterThatGoesOnUnseenSurvivesItsEndWithTheUnseenOnly) {
  Concurrently(one.Increment("k", 5), two.SetAdd("k", {"m"}));
  const auto unseen = one.Write("k", Increments("k", one.writer(), 2));
  Concurrently(unseen, two.SetAdd("k", {"n"}));
  Everywhere(two.SetRemove("k", {"m", "n"}));
  ExpectEverywhere("k", "string 2");
}

TEST_F(FinePrint, Rule22_ARemovalOrAnExpiryDoesNotEndTheHiddenContainer) {
  Concurrently(one.Set("k", "hidden"), two.SetAdd("k", {"m", "n"}));
  Everywhere(two.SetRemove("k", {"m"}));
  Everywhere(two.Expire("k", 100));
  ExpectEverywhere("k", "set n");
  EXPECT_TRUE(forward.Find("k").clashes());
  Everywhere(one.SetRemove("k", {"n"}));
  ExpectEverywhere("k", "string hidden");
}

TEST_F(FinePrint, Rule22_SetAndDeleteEndEveryContainer) {
  Concurrently(one.HashIncrement("k", "f", 5), two.SetAdd("k", {"m"}));
  Everywhere(one.Set("k", "v"));
  ExpectEverywhere("k", "string v");
  EXPECT_FALSE(forward.Find("k").clashes());
  Concurrently(one.HashIncrement("c", "f", 5), two.SetAdd("c", {"m"}));
  Everywhere(two.Delete("c"));
  ExpectEverywhere("c", "none");
}

TEST_F(FinePrint, Rule24_AConflictIsSeenWhereOneOfTheWritesIsStillThere) {
  Everywhere(one.Set("k", "old"));
  Concurrently(one.Delete("k"), two.Set("k", "new"));
  EXPECT_TRUE(forward.reports.rules.empty());
  EXPECT_EQ(backward.reports.rules, std::vector{ConflictRule::kWriteSurvivesDelete});
}

TEST_F(FinePrint, Rule24_TheAuthorsOwnApplyIsSilent) {
  const auto record = one.Set("k", "v");
  two.Set("k", "w");
  ByteReader in(record.effects);
  const EffectView effect = EffectView::Decode(in).value();
  ReportedConflicts reports;
  ApplyToTable(two.table(), KeyTable::Hash(effect.key), effect,
               Context::Everything(record.first_stamp), &reports);
  EXPECT_TRUE(reports.rules.empty());
}

}  // namespace
}  // namespace crdt
