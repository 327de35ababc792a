#include "crdt/cell_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "crdt/string_value.h"

namespace crdt {
namespace {

using Table = CellTable<StringValue>;

Stamp StampNumber(std::uint64_t number) {
  return Stamp::FromValue(number << Stamp::kWriterBits | Writer(1, 1).bits());
}

std::string ValueOf(const Table::Cell& cell) {
  return std::string(cell.is_text() ? cell.text() : cell.full().siblings().back().value);
}

TEST(CellTable, DoesWhatAMapDoes) {
  std::mt19937_64 random(1);
  Table table;
  std::map<std::string, std::string> expected;
  for (int step = 0; step < 20000; ++step) {
    // Grows to a few hundred cells, shrinks to nothing, and grows again.
    const bool growing = step / 2500 % 2 == 0;
    const std::string name = "name" + std::to_string(random() % 400);
    const std::uint64_t hash = Table::Hash(name);
    const std::uint64_t roll = random() % 10;
    if (roll < (growing ? 6 : 1)) {
      const std::string value(random() % 40, static_cast<char>('a' + step % 26));
      table.PutPacked(name, hash,
                      {.stamp = StampNumber(static_cast<std::uint64_t>(step) + 1), .text = value});
      expected[name] = value;
    } else if (roll < (growing ? 7 : 9)) {
      EXPECT_EQ(table.Erase(name, hash), expected.erase(name) == 1);
    } else if (expected.contains(name)) {
      StringValue& full = table.Unpack(name, hash);
      EXPECT_EQ(full.siblings().back().value, expected[name]);
    }
    ASSERT_EQ(table.size(), expected.size());
    const Table::Cell* cell = table.Find(name);
    ASSERT_EQ(cell != nullptr, expected.contains(name));
    if (cell != nullptr) {
      ASSERT_EQ(ValueOf(*cell), expected[name]);
    }
  }
  std::map<std::string, std::string> actual;
  table.ForEach([&](const Table::Cell& cell) { actual[std::string(cell.name())] = ValueOf(cell); });
  EXPECT_EQ(actual, expected);
}

TEST(CellTable, AScanVisitsWhatIsThereAllTheWhileThoughTheTableGrowsAndShrinks) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    std::mt19937_64 random(seed);
    Table table;
    std::set<std::string> kept;
    for (int i = 0; i < 200; ++i) {
      const std::string name = "kept" + std::to_string(i);
      kept.insert(name);
      table.PutPacked(name, Table::Hash(name), {.stamp = StampNumber(1), .text = {}});
    }
    std::set<std::string> visited;
    std::uint64_t cursor = 0;
    int passing = 0;
    do {
      cursor = table.Scan(
          cursor, 10, [&](const Table::Cell& cell) { visited.insert(std::string(cell.name())); });
      const bool growing = random() % 2 == 0;
      for (int i = 0; i < 400; ++i) {
        const std::string name = "passing" + std::to_string(growing ? passing++ : --passing);
        if (growing) {
          table.PutPacked(name, Table::Hash(name), {.stamp = StampNumber(1), .text = {}});
        } else if (passing <= 0) {
          passing = 0;
          break;
        } else {
          table.Erase(name, Table::Hash(name));
        }
      }
    } while (cursor != 0);
    for (const std::string& name : kept) EXPECT_TRUE(visited.contains(name)) << name;
  }
}

TEST(CellTable, AScanOfATableAtRestVisitsEveryCellOnce) {
  Table table;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = std::to_string(i);
    table.PutPacked(name, Table::Hash(name), {.stamp = StampNumber(1), .text = {}});
  }
  std::map<std::string, int> visits;
  std::uint64_t cursor = 0;
  do {
    cursor =
        table.Scan(cursor, 7, [&](const Table::Cell& cell) { ++visits[std::string(cell.name())]; });
  } while (cursor != 0);
  EXPECT_EQ(visits.size(), 1000u);
  for (const auto& [name, times] : visits) EXPECT_EQ(times, 1) << name;
  EXPECT_EQ(table.Scan(~std::uint64_t{0}, 10, [](const Table::Cell&) { FAIL(); }), 0u)
      << "a cursor that nobody gave";
}

TEST(CellTable, ARandomCellIsAnyOfThem) {
  Table table;
  std::mt19937_64 random(3);
  EXPECT_EQ(table.Random(random), nullptr);
  for (int i = 0; i < 20; ++i) {
    const std::string name = std::to_string(i);
    table.PutPacked(name, Table::Hash(name), {.stamp = StampNumber(1), .text = {}});
  }
  std::set<std::string> drawn;
  for (int i = 0; i < 2000; ++i) drawn.insert(std::string(table.Random(random)->name()));
  EXPECT_EQ(drawn.size(), 20u);
}

TEST(CellTable, KeepsNamesAndTextsOfAnyLength) {
  Table table;
  for (const std::size_t length : {0, 1, 65534, 65535, 65536, 70000}) {
    const std::string name(length, 'n');
    const std::uint64_t hash = Table::Hash(name);
    for (const std::size_t size : {3, 0, 100000}) {
      const std::string text(size, 't');
      table.PutPacked(name, hash, {.stamp = StampNumber(1), .text = text});
      EXPECT_EQ(table.Find(name)->name(), name);
      EXPECT_EQ(table.Find(name)->text(), text) << length;
    }
    table.PutPacked(name, hash, {.counts = true, .counter = {StampNumber(2), -7}});
    EXPECT_EQ(table.Find(name)->counter().total, -7);
    table.Unpack(name, hash);
    EXPECT_EQ(table.Find(name)->name(), name);
  }
  EXPECT_EQ(table.size(), 6u);
  const std::string longest(PackedValue::kMostTextBytes, 't');
  table.PutPacked("longest", Table::Hash("longest"), {.stamp = StampNumber(1), .text = longest});
  EXPECT_EQ(table.Find("longest")->text(), longest);
}

TEST(CellTable, RemembersWhenACellWasUsedThoughItMoves) {
  Table table;
  const auto put = [&table](std::string_view name, std::string_view text) {
    table.PutPacked(name, Table::Hash(name), {.stamp = StampNumber(1), .text = text});
  };
  table.SetClock(1000);
  put("a", "short");
  table.SetClock(1010);
  EXPECT_EQ(table.IdleSeconds(*table.Find("a")), 10u);
  put("a", std::string(1000, 'x'));
  EXPECT_EQ(table.IdleSeconds(*table.Find("a")), 10u) << "another cell, as it needs more space";
  table.Unpack("a", Table::Hash("a"));
  EXPECT_EQ(table.IdleSeconds(*table.Find("a")), 10u);
  for (int i = 0; i < 100; ++i) put(std::to_string(i), "filling");
  EXPECT_EQ(table.IdleSeconds(*table.Find("a")), 10u) << "the table has grown";
  EXPECT_EQ(table.IdleSeconds(*table.Find("7")), 0u) << "what is new is used now";
  table.MarkUsed(*table.Find("a"));
  EXPECT_EQ(table.IdleSeconds(*table.Find("a")), 0u);
}

TEST(CellTable, AnIdleTimeGoesOnWhereTheClockGoesRound) {
  constexpr std::uint64_t kRound = 1 << 24;
  Table table;
  table.SetClock(kRound - 5);
  table.PutPacked("a", Table::Hash("a"), {.stamp = StampNumber(1), .text = "v"});
  table.SetClock(kRound + 7);
  EXPECT_EQ(table.IdleSeconds(*table.Find("a")), 12u);
  table.MarkIdle(*table.Find("a"), 100);
  EXPECT_EQ(table.IdleSeconds(*table.Find("a")), 100u);
  table.MarkIdle(*table.Find("a"), kRound + 3);
  EXPECT_EQ(table.IdleSeconds(*table.Find("a")), kRound - 1) << "as long as can be told";
}

}  // namespace
}  // namespace crdt
