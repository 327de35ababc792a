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

}  // namespace
}  // namespace crdt
