// A collection's two forms: when it has which, and that nobody can tell them apart by what it
// holds.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "crdt/element_table.h"
#include "crdt/sorted_set.h"

namespace crdt {
namespace {

constexpr Writer kLondon{1, 1};
constexpr Writer kOslo{2, 1};
const std::string kLong(SmallElements::kMostBytes + 1, 'x');

Stamp At(std::uint64_t ms, Writer writer = kLondon) {
  return Stamp::At(Stamp::kEpochStartMs + ms, writer);
}

Context Seen(std::uint64_t ms) {
  return Context::Everything(At(ms));
}

std::string Bytes(const ElementTable& table) {
  std::string bytes;
  ByteWriter out(bytes);
  table.Encode(out);
  return bytes;
}

std::string MergedBytes(const ElementTable& table) {
  std::string bytes;
  ByteWriter out(bytes);
  table.EncodeMerged(out);
  return bytes;
}

std::string Name(int number) {
  return "field:" + std::to_string(number);
}

ElementTable Filled(int fields) {
  ElementTable table;
  for (int i = 0; i < fields; ++i) table.Assign(Name(i), Seen(i + 1), std::to_string(i));
  return table;
}

std::vector<std::string> Names(const ElementTable& table) {
  std::vector<std::string> names;
  table.ForEach([&](std::string_view name, std::string_view) { names.emplace_back(name); });
  return names;
}

TEST(SmallTable, HoldsAHundredAndTwentyEightAndMovesToATableWithTheNext) {
  ElementTable table = Filled(128);
  EXPECT_TRUE(table.is_small());
  table.Assign(Name(5), Seen(200), "again");
  EXPECT_TRUE(table.is_small());
  table.Assign(Name(128), Seen(201), "128");
  EXPECT_FALSE(table.is_small());
  EXPECT_EQ(table.size(), 129U);
  std::string scratch;
  for (int i = 0; i <= 128; ++i) {
    EXPECT_EQ(table.Text(Name(i), scratch), i == 5 ? "again" : std::to_string(i));
  }
}

TEST(SmallTable, StaysATableUntilItIsEmpty) {
  ElementTable table = Filled(129);
  for (int i = 0; i < 128; ++i) {
    table.Remove(Name(i), Seen(300));
    EXPECT_FALSE(table.is_small());
  }
  table.Remove(Name(128), Seen(300));
  EXPECT_TRUE(table.empty());
  table.Assign("anew", Seen(301), "v");
  EXPECT_TRUE(table.is_small());
  EXPECT_EQ(Names(table), std::vector<std::string>{"anew"});
}

TEST(SmallTable, MovesToATableForALongNameOrText) {
  for (const auto& [name, text] : std::map<std::string, std::string>{{kLong, "v"}, {"n", kLong}}) {
    for (const int fields : {0, 3}) {
      ElementTable table = Filled(fields);
      table.Assign(name, Seen(200), text);
      EXPECT_FALSE(table.is_small());
      std::string scratch;
      EXPECT_EQ(table.Text(name, scratch), text);
      EXPECT_EQ(table.size(), fields + 1U);
    }
  }
  ElementTable table = Filled(3);
  table.Assign(Name(1), Seen(200), kLong);
  EXPECT_FALSE(table.is_small());
  EXPECT_EQ(table.size(), 3U);
}

TEST(SmallTable, ShowsFieldsInTheOrderInWhichTheyCame) {
  ElementTable table;
  for (const std::string_view name : {"z", "m", "a", "q"}) table.Assign(name, Seen(1), "v");
  EXPECT_EQ(Names(table), (std::vector<std::string>{"z", "m", "a", "q"}));
  table.Assign("m", Seen(2), "a longer value");
  EXPECT_EQ(Names(table), (std::vector<std::string>{"z", "m", "a", "q"}));
  table.Remove("z", Seen(3));
  table.Assign("z", Seen(4), "v");
  EXPECT_EQ(Names(table), (std::vector<std::string>{"m", "a", "q", "z"}));
}

TEST(SmallTable, IsScannedAsAWholeWhateverTheCursor) {
  const ElementTable table = Filled(100);
  for (const std::uint64_t cursor : {std::uint64_t{0}, std::uint64_t{1} << 47}) {
    std::size_t visited = 0;
    EXPECT_EQ(table.Scan(cursor, 10, [&](std::string_view, std::string_view) { ++visited; }), 0U);
    EXPECT_EQ(visited, 100U);
  }
}

TEST(SmallTable, DrawsEveryElementEquallyOften) {
  const ElementTable table = Filled(10);
  std::map<std::string, int> drawn;
  std::uint64_t next = 0;
  for (int i = 0; i < 100; ++i) ++drawn[std::string(table.Random([&next] { return next++; }))];
  ASSERT_EQ(drawn.size(), 10U);
  for (const auto& [name, times] : drawn) EXPECT_EQ(times, 10) << name;
}

TEST(SmallTable, KeepsPlainCountersAndMovesToATableForOthers) {
  ElementTable table;
  table.Increase("visits", At(1), At(1), {.integer = 1});
  table.Increase("visits", At(1), At(2), {.integer = -7});
  EXPECT_TRUE(table.is_small());
  EXPECT_TRUE(table.has_counters());
  std::string scratch;
  EXPECT_EQ(table.Text("visits", scratch), "-7");
  table.Increase("visits", At(1), At(1), {.integer = 1});
  EXPECT_EQ(table.Text("visits", scratch), "-7") << "an older total changes nothing";
  EXPECT_TRUE(table.is_small());
  table.Increase("visits", At(3, kOslo), At(3, kOslo), {.integer = 10});
  EXPECT_FALSE(table.is_small());
  EXPECT_EQ(table.Text("visits", scratch), "3");

  ElementTable floats;
  floats.Increase("ratio", At(1), At(1), {.integer = 0, .floating = 0.5});
  EXPECT_FALSE(floats.is_small());
  EXPECT_EQ(floats.Text("ratio", scratch), "0.5");
}

TEST(SmallTable, MovesToATableForConcurrentValuesAndForResetCounters) {
  ElementTable table = Filled(2);
  const VersionVector nothing;
  table.Assign(Name(0), Context::Of(nothing, At(50, kOslo)), "theirs");
  EXPECT_FALSE(table.is_small());
  EXPECT_EQ(table.FindStored(Name(0)).full().siblings().size(), 2U);
  EXPECT_EQ(table.size(), 2U);

  ElementTable counter;
  counter.Increase("visits", At(1), At(1), {.integer = 4});
  counter.Change("visits", [](StringValue& value) {
    value.counters().Reset({.start = At(1), .last = At(1), .total = {.integer = 4}});
  });
  EXPECT_FALSE(counter.is_small());
  EXPECT_TRUE(counter.has_spent());
  EXPECT_EQ(counter.size(), 0U);
  EXPECT_EQ(counter.stored(), 1U);
  counter.DropSpent();
  EXPECT_TRUE(counter.empty());
}

TEST(SmallTable, AWriteThatTheRemovalHadNotSeenStays) {
  ElementTable table;
  table.Assign("mine", Seen(1), "v");
  table.Assign("theirs", Context::Of({}, At(2, kOslo)), "v");
  table.Remove("theirs", Context::Of({}, At(3)));
  EXPECT_EQ(table.size(), 2U);
  table.RemoveAll(Context::Of({}, At(4)));
  EXPECT_EQ(Names(table), std::vector<std::string>{"theirs"});
  table.RemoveAll(Seen(5));
  EXPECT_TRUE(table.empty());
}

// The same changes, to a table that is small if it can be and to one that holds a long element.
class Twins {
 public:
  Twins() { large_.Assign(kLong, Seen(1), "keeps it large"); }

  template <class Change>
  void Do(Change change) {
    change(either_);
    change(large_);
  }

  void ExpectSame(const std::string& when) const {
    ASSERT_FALSE(large_.is_small());
    const std::string bytes = Bytes(large_);
    ByteReader in(bytes);
    Result<ElementTable> large = ElementTable::Decode(in);
    ASSERT_TRUE(large.has_value());
    large->Remove(kLong, Seen(1'000'000));
    ASSERT_EQ(Bytes(either_), Bytes(*large)) << when;
    ASSERT_EQ(MergedBytes(either_), MergedBytes(*large)) << when;
    ASSERT_EQ(either_.size(), large_.size() - 1) << when;
    ASSERT_EQ(either_.stored(), large_.stored() - 1) << when;
    ASSERT_EQ(either_.has_counters(), large_.has_counters()) << when;
    ASSERT_EQ(either_.has_spent(), large_.has_spent()) << when;
    std::string one;
    std::string other;
    for (const std::string& name : Names(large_)) {
      if (name == kLong) continue;
      ASSERT_EQ(either_.Text(name, one), large_.Text(name, other)) << when;
    }
    // What was read from bytes is the same again.
    const std::string own = Bytes(either_);
    ByteReader own_in(own);
    const Result<ElementTable> read = ElementTable::Decode(own_in);
    ASSERT_TRUE(read.has_value());
    ASSERT_TRUE(*read == either_) << when;
  }
  bool is_small() const { return either_.is_small(); }

 private:
  ElementTable either_;
  ElementTable large_;
};

// One random change, as effects make them; `plain` ones leave the table small.
void ChangeBoth(Twins& twins, std::mt19937_64& random, std::uint64_t ms, bool plain) {
  const std::string name = random() % 8 == 0 ? "" : "n" + std::to_string(random() % 40);
  const bool remote = !plain && random() % 8 == 0;
  const Writer writer = remote ? kOslo : kLondon;
  const VersionVector nothing;
  const Context context =
      remote ? Context::Of(nothing, At(ms, writer)) : Context::Everything(At(ms, writer));
  const std::uint64_t dice = random() % 20;
  if (dice < 10) {
    const std::string text = std::to_string(static_cast<std::int64_t>(random()) >> random() % 64) +
                             (random() % 2 == 0 ? "" : "x");
    twins.Do([&](ElementTable& table) { table.Assign("t" + name, context, text); });
  } else if (dice < 13) {
    const auto total = static_cast<std::int64_t>(random() % 100);
    const Stamp start = random() % 4 == 0 && !plain ? At(ms, writer) : At(1, writer);
    twins.Do([&](ElementTable& table) {
      table.Increase("c" + name, start, At(ms, writer), {.integer = total});
    });
  } else if (dice < 17) {
    twins.Do([&](ElementTable& table) { table.Remove("t" + name, context); });
  } else if (!plain && dice == 17) {
    twins.Do([&](ElementTable& table) {
      table.Change("c" + name, [](StringValue& value) {
        const std::vector<CounterPart> parts = value.counters().parts();
        for (const CounterPart& part : parts) {
          value.counters().Reset({part.start, part.last, part.total});
        }
      });
    });
  } else if (dice == 18) {
    twins.Do([](ElementTable& table) { table.DropSpent(); });
  } else if (!plain) {
    twins.Do([&](ElementTable& table) { table.Assign("c" + name, context, "5"); });
  }
}

TEST(SmallTable, HoldsWhatATableHoldsAfterAnyPlainChanges) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random(seed);
    Twins twins;
    for (std::uint64_t step = 1; step <= 200; ++step) {
      ChangeBoth(twins, random, 1 + step * (random() % 3 + 1) * 100, true);
      ASSERT_TRUE(twins.is_small());
      if (step % 10 == 0) {
        ASSERT_NO_FATAL_FAILURE(twins.ExpectSame("seed " + std::to_string(seed)));
      }
    }
  }
}

TEST(SmallTable, HoldsWhatATableHoldsAfterAnyChanges) {
  int moved = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    std::mt19937_64 random(seed);
    Twins twins;
    for (std::uint64_t step = 1; step <= 30; ++step) {
      ChangeBoth(twins, random, 1 + step, false);
      ASSERT_NO_FATAL_FAILURE(twins.ExpectSame("seed " + std::to_string(seed)));
    }
    moved += twins.is_small() ? 0 : 1;
  }
  EXPECT_GT(moved, 100);
  EXPECT_LT(moved, 500);
}

TEST(SmallTable, JoinsInBothForms) {
  VersionVector mine;
  VersionVector theirs;
  mine.Advance(At(500));
  theirs.Advance(At(500, kOslo));
  for (const int left : {3, 200}) {
    for (const int right : {3, 200}) {
      ElementTable here = Filled(left);
      ElementTable there;
      for (int i = 0; i < right; ++i) {
        there.Assign("there:" + std::to_string(i), Context::Everything(At(i + 1, kOslo)), "t");
      }
      there.Assign(Name(0), Context::Everything(At(400, kOslo)), "theirs");
      here.Join(there, mine, theirs);
      EXPECT_EQ(here.size(), static_cast<std::size_t>(left + right));
      EXPECT_EQ(here.FindStored(Name(0)).full().siblings().size(), 2U);
      std::string scratch;
      EXPECT_EQ(here.Text("there:2", scratch), "t");
      EXPECT_EQ(here.Text(Name(2), scratch), "2");
    }
  }
}

// --- Sorted sets ---------------------------------------------------------------------------------

std::string Order(const SortedSet& set) {
  std::string order;
  ScoreBuffer buffer;
  set.Ascend(0, [&](const RankedMember& member) {
    order.append(member.name).append("=").append(FormatScore(member.score, buffer)).append(" ");
    return true;
  });
  return order;
}

TEST(SmallSortedSet, IsInOrderWhateverItsScoresAre) {
  SortedSet set;
  const std::vector<std::string> scores = {
      "5", "-inf", "0.5", "-3", "inf", "1e+100", "-0.25", "4503599627370496", "0"};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    set.Assign("m" + std::to_string(i), Seen(i + 1), scores[i]);
  }
  set.Increase("counted", At(20), At(20), {.integer = 2});
  EXPECT_TRUE(set.members().is_small());
  EXPECT_EQ(set.size(), 10U);
  const std::string sorted =
      "m1=-inf m3=-3 m6=-0.25 m8=0 m2=0.5 counted=2 m0=5 m7=4503599627370496 m5=1e+100 m4=inf ";
  EXPECT_EQ(Order(set), sorted);
  EXPECT_EQ(set.Rank("counted"), 5U);
  EXPECT_EQ(set.Score("m6"), -0.25);
  set.Increase("counted", At(20), At(21), {.integer = 6});
  set.Assign("m1", Seen(22), "8");
  set.Remove("m4", Seen(23));
  EXPECT_TRUE(set.members().is_small());
  EXPECT_EQ(Order(set),
            "m3=-3 m6=-0.25 m8=0 m2=0.5 m0=5 counted=6 m1=8 m7=4503599627370496 m5=1e+100 ");
}

TEST(SmallSortedSet, KeepsItsOrderWhenItMovesToATable) {
  SortedSet set;
  for (int i = 0; i < 128; ++i) set.Assign("m" + std::to_string(i), Seen(1), std::to_string(-i));
  EXPECT_TRUE(set.members().is_small());
  const std::string before = Order(set);
  set.Assign("one more", Seen(2), "1");
  EXPECT_FALSE(set.members().is_small());
  EXPECT_EQ(Order(set), before + "one more=1 ");
  EXPECT_EQ(set.size(), 129U);

  SortedSet concurrent;
  concurrent.Assign("a", Seen(1), "1");
  concurrent.Assign("b", Seen(1), "2");
  concurrent.Assign("a", Context::Of({}, At(9, kOslo)), "3");
  EXPECT_FALSE(concurrent.members().is_small());
  EXPECT_EQ(Order(concurrent), "b=2 a=3 ");
}

TEST(SmallSortedSet, GoesUpAndDownFromAnyRank) {
  SortedSet set;
  for (int i = 0; i < 10; ++i) set.Assign(std::to_string(i), Seen(1), std::to_string(i));
  for (std::uint64_t rank = 0; rank < 10; ++rank) {
    std::string up;
    set.Ascend(rank, [&up](const RankedMember& member) {
      up += member.name;
      return up.size() < 3;
    });
    EXPECT_EQ(up, std::string("0123456789").substr(rank, 3));
    std::string down;
    set.Descend(rank, [&down](const RankedMember& member) {
      down += member.name;
      return down.size() < 3;
    });
    EXPECT_EQ(down, std::string("9876543210").substr(9 - rank, 3));
  }
  const auto never = [](const RankedMember&) { return ADD_FAILURE(), true; };
  set.Ascend(10, never);
  set.Descend(10, never);
  EXPECT_EQ(set.CountWhile([](const RankedMember& member) { return member.score < 4; }), 4U);
  EXPECT_EQ(set.CountWhile([](const RankedMember&) { return true; }), 10U);
}

TEST(SmallSortedSet, IsInOrderAfterItWasReadOrJoinedOrCleared) {
  SortedSet set;
  set.Assign("a", Seen(1), "3");
  set.Assign("b", Seen(2), "2");
  set.Assign("c", Context::Of({}, At(3, kOslo)), "1");
  std::string bytes;
  ByteWriter out(bytes);
  set.Encode(out);
  ByteReader in(bytes);
  const Result<SortedSet> read = SortedSet::Decode(in);
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(read->members().is_small());
  EXPECT_EQ(Order(*read), "c=1 b=2 a=3 ");

  SortedSet joined(7);
  joined.Assign("d", Context::Everything(At(4, Writer(3, 1))), "2.5");
  VersionVector mine;
  mine.Advance(At(4, Writer(3, 1)));
  VersionVector theirs;
  theirs.Advance(At(3));
  theirs.Advance(At(3, kOslo));
  joined.Join(*read, mine, theirs);
  EXPECT_TRUE(joined.members().is_small());
  EXPECT_EQ(Order(joined), "c=1 b=2 d=2.5 a=3 ");

  joined.RemoveAll(Context::Of({}, At(9)));
  EXPECT_EQ(Order(joined), "c=1 d=2.5 ");
}

}  // namespace
}  // namespace crdt
