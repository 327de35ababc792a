// Every row of the table of conflict rules about streams: two regions write, all four end alike,
// whichever record came first.
#include <array>
#include <optional>

#include "crdt/prepare_stream.h"
#include "crdt/stream_reading.h"
#include "regions.h"

namespace crdt {
namespace {

class StreamRules : public ThreeRegions {
 protected:
  static WrittenRecord Add(TestRegion& region, StreamId id, std::string_view value = "v") {
    return region.Write("k", [&](auto& view, auto& out) {
      PrepareStreamAdd(view, "k", region.writer(), id, std::array<std::string_view, 2>{"f", value},
                       out);
    });
  }
  static WrittenRecord Remove(TestRegion& region, StreamId id) {
    return region.Write("k", [&](auto& view, auto& out) {
      PrepareStreamRemove(view, "k", region.writer(), std::array{id}, out);
    });
  }
  static WrittenRecord Trim(TestRegion& region, std::uint64_t count) {
    return region.Write("k",
                        [&](auto& view, auto& out) { PrepareStreamTrim(view, "k", count, out); });
  }
  static WrittenRecord SetId(TestRegion& region, StreamId last) {
    return region.Write("k", [&](auto& view, auto& out) {
      PrepareStreamSetId(view, "k", {.stamp = {}, .added = 7, .last = last, .deleted = {}}, out);
    });
  }
  static WrittenRecord Create(TestRegion& region, std::string_view group, StreamId start = {}) {
    return region.Write("k", [&](auto& view, auto& out) {
      PrepareGroupCreate(view, "k", group, {.everywhere = start, .regions = {}, .entries_read = {}},
                         out);
    });
  }
  static WrittenRecord CreateAtEnd(TestRegion& region, std::string_view group) {
    return region.Write("k", [&](auto& view, auto& out) {
      PrepareGroupCreate(view, "k", group, StartAtEnd(view.stream(), region.writer().region()),
                         out);
    });
  }
  static WrittenRecord SetPosition(TestRegion& region, std::string_view group, StreamId start) {
    return region.Write("k", [&](auto&, auto& out) {
      PrepareGroupSetPosition("k", group, {.everywhere = start, .regions = {}, .entries_read = {}},
                              out);
    });
  }
  static WrittenRecord Destroy(TestRegion& region, std::string_view group) {
    return region.Write("k",
                        [&](auto& view, auto& out) { PrepareGroupDestroy(view, "k", group, out); });
  }
  // Gives the consumer everything that the group has not delivered in this region.
  static WrittenRecord Read(TestRegion& region, std::string_view consumer = "c") {
    const std::vector<AuthoredId> entries = Undelivered(region);
    return region.Write("k", [&](auto& view, auto& out) {
      PrepareGroupDeliver("k",
                          {.group = "g",
                           .consumer = consumer,
                           .generation = view.stream().Group("g")->newest(),
                           .now_ms = 5,
                           .entries_read = {},
                           .entries = entries},
                          out);
    });
  }
  static WrittenRecord Acknowledge(TestRegion& region, AuthoredId entry) {
    return region.Write(
        "k", [&](auto&, auto& out) { PrepareGroupAcknowledge("k", "g", std::array{entry}, out); });
  }

  static std::vector<AuthoredId> Undelivered(const TestRegion& region) {
    std::vector<AuthoredId> entries;
    const StreamValue& stream = region.Find("k").stream();
    ForEachUndelivered(stream, *stream.Group("g"), region.writer().region(),
                       [&entries](const EntryView& entry) {
                         entries.push_back({entry.stamp.region(), entry.id});
                         return true;
                       });
    return entries;
  }
  static std::uint64_t Pending(const TestRegion& at, const TestRegion& of) {
    return at.Find("k").stream().Group("g")->members(of.writer().region()).pending();
  }
};

// --- Entries -------------------------------------------------------------------------------------

TEST_F(StreamRules, EntriesUniteInTheOrderOfTheirIds) {
  Concurrently({Add(one, {1, 1}), Add(one, {3, 1})}, {Add(two, {2, 2}), Add(two, {4, 2})});
  ExpectEverywhere("k", "stream 1-1 2-2 3-1 4-2");
  EXPECT_TRUE(forward.reports.rules.empty());
}

TEST_F(StreamRules, OneIdWrittenTwiceIsKeptTwice) {
  Concurrently(Add(one, {1, 1}, "one"), Add(two, {1, 1}, "two"));
  ExpectEverywhere("k", "stream 1-1 1-1");
  ExpectReport(ConflictRule::kSameEntryId, ConflictRule::kSameEntryId);
  EXPECT_EQ(forward.reports.winners, backward.reports.winners);
}

TEST_F(StreamRules, ADeleteTakesOnlyTheEntriesThatItHasSeen) {
  Everywhere(Add(one, {1, 1}));
  Concurrently(one.Delete("k"), Add(two, {2, 2}));
  ExpectEverywhere("k", "stream 2-2");
  EXPECT_EQ(backward.reports.rules.back(), ConflictRule::kWriteSurvivesDelete);
}

TEST_F(StreamRules, ARemoveOfAnIdLeavesTheEntryThatItHasNotSeen) {
  Everywhere(Add(one, {1, 1}));
  Concurrently({Remove(one, {1, 1}), Add(one, {2, 1})}, {Add(two, {2, 1}), Remove(two, {2, 1})});
  ExpectEverywhere("k", "stream 2-1");
  EXPECT_EQ(forward.reports.rules.back(), ConflictRule::kWriteSurvivesDelete);
}

TEST_F(StreamRules, ATrimTakesOnlyWhatItHasSeen) {
  Everywhere(Add(one, {1, 1}));
  Everywhere(Add(one, {5, 1}));
  Concurrently({Add(one, {7, 1}), Trim(one, 2)}, {Add(two, {6, 2})});
  ExpectEverywhere("k", "stream 6-2 7-1");
}

TEST_F(StreamRules, ATrimToNothingIsADeleteOfWhatWasThere) {
  Everywhere(Add(one, {1, 1}));
  Everywhere(Trim(one, 1));
  ExpectEverywhere("k", "none");
}

TEST_F(StreamRules, IdsGoOnWhereTheyWereWhenTheLastEntryIsRemoved) {
  Everywhere(Add(one, {9, 1}));
  Everywhere(Remove(one, {9, 1}));
  ExpectEverywhere("k", "none");
  EXPECT_EQ(LastStreamId(two.Find("k")), (StreamId{9, 1}));
  DropSpent(two.table(), "k");
  EXPECT_EQ(LastStreamId(two.Find("k")), StreamId());
  EXPECT_EQ(two.Find("k").cell(), nullptr) << "nothing is left once the remove is stable";
}

TEST_F(StreamRules, IdsBeginAnewAfterADelete) {
  Everywhere(Add(one, {9, 1}));
  Everywhere(one.Delete("k"));
  EXPECT_EQ(LastStreamId(one.Find("k")), StreamId());
  EXPECT_EQ(LastStreamId(forward.Find("k")), StreamId());
}

TEST_F(StreamRules, TheGreatestLastIdAndTheSumOfWhatWasAddedAreShown) {
  Everywhere(Add(one, {1, 1}));
  Concurrently({Add(one, {5, 1}), Remove(one, {5, 1})}, {Add(two, {3, 2})});
  for (const TestRegion* region : {&one, &two, &forward, &backward}) {
    const StreamValue& stream = region->Find("k").stream();
    EXPECT_EQ(stream.last_id(), (StreamId{5, 1}));
    EXPECT_EQ(stream.accounts().added(), 3u);
    EXPECT_EQ(stream.accounts().deleted(), (StreamId{5, 1}));
  }
}

TEST_F(StreamRules, XSetIdReplacesWhatItHasSeen) {
  Everywhere(Add(one, {1, 1}));
  Everywhere(Add(two, {9, 2}));
  Everywhere(Remove(two, {9, 2}));
  Everywhere(SetId(one, {4, 0}));
  for (const TestRegion* region : {&one, &two, &forward, &backward}) {
    EXPECT_EQ(region->Find("k").stream().last_id(), (StreamId{4, 0}));
    EXPECT_EQ(region->Find("k").stream().accounts().added(), 7u);
  }
}

TEST_F(StreamRules, AStreamClashesWithAString) {
  Concurrently(one.Set("k", "text"), Add(two, {1, 2}));
  ExpectEverywhere("k", "stream 1-2");
  ExpectReport(ConflictRule::kTypeClash, ConflictRule::kTypeClash);
  Everywhere(one.Set("k", "again"));
  ExpectEverywhere("k", "string again");
}

// --- Groups --------------------------------------------------------------------------------------

TEST_F(StreamRules, GroupsUnite) {
  Concurrently(Create(one, "g"), Create(two, "h"));
  ExpectEverywhere("k", "stream [g] [h]");
}

TEST_F(StreamRules, OneGroupCreatedTwiceReadsFromTheLeastStart) {
  Everywhere(Add(one, {5, 1}));
  Concurrently(Create(one, "g", {4, 0}), Create(two, "g", {9, 0}));
  ExpectEverywhere("k", "stream 5-1 [g]");
  EXPECT_EQ(Undelivered(two).size(), 1u);
  EXPECT_EQ(Undelivered(backward).size(), 1u);
}

TEST_F(StreamRules, ADestroyWinsOverACreateThatHasNotSeenIt) {
  Everywhere(Create(one, "g"));
  Concurrently(Destroy(one, "g"), SetPosition(two, "g", {1, 0}));
  ExpectEverywhere("k", "none");
  ExpectReport(ConflictRule::kDeleteWins, ConflictRule::kDeleteWins);
}

TEST_F(StreamRules, ADeleteOfTheKeyWinsOverAnyGroupThatItHasNotSeen) {
  Everywhere(Add(one, {1, 1}));
  Concurrently({one.Delete("k")}, {Create(two, "g"), Add(two, {2, 2})});
  ExpectEverywhere("k", "stream 2-2");
  ExpectReport(ConflictRule::kDeleteWins, ConflictRule::kWriteSurvivesDelete);
}

TEST_F(StreamRules, AFlushAndASetWinOverAGroupToo) {
  Everywhere(Add(one, {1, 1}));
  Concurrently(one.Flush(), Create(two, "g"));
  ExpectEverywhere("k", "none");
  Everywhere(Add(one, {3, 1}));
  Concurrently(one.Set("k", "text"), Create(two, "h"));
  ExpectEverywhere("k", "string text");
}

TEST_F(StreamRules, AGroupCreatedAfterTheDestroyLives) {
  Everywhere(Create(one, "g"));
  Everywhere(Destroy(one, "g"));
  Everywhere(Create(two, "g"));
  ExpectEverywhere("k", "stream [g]");
  Everywhere(one.Delete("k"));
  Everywhere(Create(one, "g"));
  ExpectEverywhere("k", "stream [g]");
}

TEST_F(StreamRules, GravesGoOnceTheyAreStable) {
  Everywhere(Create(one, "g"));
  Everywhere(Destroy(one, "g"));
  EXPECT_TRUE(forward.Find("k").cell()->full().has_spent());
  DropSpent(forward.table(), "k");
  const KeyCell* const cell = forward.Find("k").cell();
  EXPECT_TRUE(cell == nullptr || !cell->full().has_spent());
}

TEST_F(StreamRules, WhatIsReadFromADestroyedGroupIsVoid) {
  Everywhere(Add(one, {1, 1}));
  Everywhere(Create(one, "g"));
  Concurrently({Destroy(one, "g"), Create(one, "g")}, {Read(two)});
  ExpectEverywhere("k", "stream 1-1 [g]");
  for (const TestRegion* region : {&one, &two, &forward, &backward}) {
    EXPECT_EQ(Pending(*region, two), 0u);
    EXPECT_EQ(region->Find("k").stream().Group("g")->members(2).Find("c"), nullptr);
  }
  EXPECT_EQ(Undelivered(two).size(), 1u);
}

TEST_F(StreamRules, ALateEntryIsDeliveredAlthoughLaterOnesWereDeliveredBefore) {
  Everywhere(Create(one, "g"));
  const std::vector of_one = {Add(one, {110, 1}), Add(one, {120, 1}), Add(one, {130, 1}),
                              Read(one)};
  Concurrently(of_one, {Add(two, {115, 2})});
  EXPECT_EQ(Undelivered(one), (std::vector<AuthoredId>{{2, {115, 2}}}));
  Read(one);
  EXPECT_TRUE(Undelivered(one).empty());
}

TEST_F(StreamRules, AGroupAtTheEndGetsWhatArrivesLate) {
  Everywhere(Add(one, {130, 1}));
  Concurrently(CreateAtEnd(one, "g"), Add(two, {115, 2}));
  EXPECT_EQ(Undelivered(one), (std::vector<AuthoredId>{{2, {115, 2}}}));
}

TEST_F(StreamRules, AGroupAtTheEndOfANewStreamOfTheSameNameGetsLesserIds) {
  Everywhere(Add(two, {110, 2}));
  Everywhere(one.Delete("k"));
  Everywhere(Add(one, {5, 1}));
  Everywhere(CreateAtEnd(one, "g"));
  Everywhere(Add(two, {50, 2}));
  EXPECT_EQ(Undelivered(one), (std::vector<AuthoredId>{{2, {50, 2}}}));
}

TEST_F(StreamRules, ConsumersAndWhatIsPendingBelongToTheirRegion) {
  Everywhere(Add(one, {1, 1}));
  Everywhere(Create(one, "g"));
  Everywhere(Read(one));
  EXPECT_EQ(Pending(one, one), 1u);
  EXPECT_EQ(Pending(two, two), 0u);
  EXPECT_EQ(Undelivered(two).size(), 1u) << "not acknowledged: region two delivers it as well";
  EXPECT_EQ(one.MergedBytes(), two.MergedBytes());
}

TEST_F(StreamRules, WhatARegionHasAcknowledgedIsNotDeliveredElsewhere) {
  Everywhere(Create(one, "g"));
  for (const std::uint64_t ms : {110, 120, 130}) Everywhere(Add(one, {ms, 1}));
  Everywhere(Read(one));
  Everywhere(Acknowledge(one, {1, {110, 1}}));
  Everywhere(Acknowledge(one, {1, {130, 1}}));
  EXPECT_EQ(Undelivered(two).size(), 2u) << "120 is still pending in region one";
  Everywhere(Acknowledge(one, {1, {120, 1}}));
  EXPECT_TRUE(Undelivered(two).empty());
  Everywhere(Add(two, {140, 2}));
  EXPECT_EQ(Undelivered(two).size(), 1u);
}

TEST_F(StreamRules, SettingAGroupBackDeliversAgainEverywhere) {
  Everywhere(Add(one, {1, 1}));
  Everywhere(Create(one, "g"));
  Everywhere(Read(one));
  Everywhere(Acknowledge(one, {1, {1, 1}}));
  EXPECT_TRUE(Undelivered(two).empty());
  Everywhere(SetPosition(two, "g", {}));
  EXPECT_EQ(Undelivered(one).size(), 1u);
  EXPECT_EQ(Undelivered(two).size(), 1u);
}

TEST_F(StreamRules, WhatIsPendingOutlivesTheSettingOfAPosition) {
  Everywhere(Add(one, {1, 1}));
  Everywhere(Create(one, "g"));
  Concurrently(SetPosition(one, "g", {}), Read(two));
  for (const TestRegion* region : {&one, &two, &forward, &backward}) {
    EXPECT_EQ(Pending(*region, two), 1u);
  }
  EXPECT_EQ(Undelivered(two).size(), 1u);
}

}  // namespace
}  // namespace crdt
