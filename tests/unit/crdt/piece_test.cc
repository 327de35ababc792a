// Objects in pieces, and that they may change while these are made.
#include "crdt/piece.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "crdt/prepare_stream.h"
#include "regions.h"

namespace crdt {
namespace {

constexpr PieceLimit kThreeElements = {.elements = 3, .bytes = 1 << 20};

class Pieces : public ::testing::Test {
 protected:
  // True: it was the last.
  bool MakePiece(const PieceLimit& limit) {
    ByteWriter out(made.emplace_back());
    return EncodeCellPiece(*here.Find("key").cell(), cursor, limit, out);
  }
  void MakeAll(const PieceLimit& limit) {
    for (bool all = false; !all;) all = MakePiece(limit);
  }
  Object Together() const {
    Object object;
    for (const std::string& piece : made) {
      ByteReader in(piece);
      EXPECT_TRUE(object.AddPiece(in, 7));
      EXPECT_TRUE(in.at_end());
    }
    return object;
  }
  void ExpectThemToBeTheKey() {
    std::string whole;
    ByteWriter out(whole);
    EncodeCell(*here.Find("key").cell(), out);
    std::string together;
    ByteWriter again(together);
    Together().Encode(again);
    EXPECT_EQ(together, whole);
  }
  static std::set<std::string> NamesIn(const ElementTable& table) {
    std::set<std::string> names;
    table.ForEachStored([&names](const Element& element) { names.emplace(element.name()); });
    return names;
  }
  static WrittenRecord AddEntry(TestRegion& region, std::uint64_t ms) {
    return region.Write("key", [&](auto& view, auto& out) {
      PrepareStreamAdd(view, "key", region.writer(), {ms, 0},
                       std::array<std::string_view, 2>{"name", "value"}, out);
    });
  }
  // Of a region that has seen nothing else of the key.
  template <class Write>
  void Concurrently(RegionId id, Write write) {
    TestRegion region(id);
    for (const WrittenRecord& record : write(region)) here.Receive(record);
  }

  TestRegion here{1};
  PieceCursor cursor;
  std::vector<std::string> made;
};

TEST_F(Pieces, OfAllTypesAtOnceAreTheKeyTogether) {
  for (int i = 0; i < 7; ++i) here.HashIncrement("key", "field" + std::to_string(i), i);
  here.HashSet("key", {{"long", std::string(200, 'x')}});
  here.Expire("key", 5'000'000'000'000);
  Concurrently(2, [](TestRegion& region) { return std::vector{region.Set("key", "text")}; });
  Concurrently(3, [](TestRegion& region) {
    return std::vector{region.SetAdd("key", {"a", "b", "c", "d"})};
  });
  Concurrently(4, [](TestRegion& region) {
    return std::vector{region.Push("key", ListSide::kRight, {"1", "2", "3", "4", "5"}),
                       region.Insert("key", 2, "between"), region.SetAt("key", 1, "assigned")};
  });
  Concurrently(5, [](TestRegion& region) {
    return std::vector{region.SortedSetAdd("key", {{"m", 1}, {"n", 2}, {"o", 0.5}, {"p", -1}})};
  });
  Concurrently(6, [](TestRegion& region) {
    std::vector<WrittenRecord> records;
    for (std::uint64_t ms = 1; ms < 6; ++ms) records.push_back(AddEntry(region, ms));
    records.push_back(region.Write("key", [](auto& view, auto& out) {
      PrepareGroupCreate(view, "key", "group",
                         {.everywhere = {2, 0}, .regions = {}, .entries_read = {}}, out);
    }));
    return records;
  });
  for (const std::size_t elements : {1, 2, 3, 5, 100}) {
    cursor = {};
    made.clear();
    MakeAll({.elements = elements, .bytes = 1 << 20});
    // 8 fields, 4 members, 6 values, 4 members and 5 entries; some come together.
    EXPECT_LE(made.size(), (27 + elements - 1) / elements);
    EXPECT_GE(made.size(), 27 / (elements + 1));
    ExpectThemToBeTheKey();
  }
}

TEST_F(Pieces, EndWithTheElementThatReachesTheBytes) {
  for (int i = 0; i < 300; ++i) {
    here.HashSet("key", {{"field" + std::to_string(i), std::string(100, 'x')}});
  }
  MakeAll({.elements = 1000, .bytes = 1000});
  for (const std::string& piece : made) EXPECT_LT(piece.size(), 1600U);
  EXPECT_LT(made.size(), 40U);
  ExpectThemToBeTheKey();
}

TEST_F(Pieces, OfAPlainStringAreOne) {
  here.Set("key", "text");
  EXPECT_TRUE(MakePiece({.elements = 1, .bytes = 1}));
  ExpectThemToBeTheKey();
}

// Whatever the table does meanwhile: it grows, shrinks, moves its elements and changes its form.
TEST_F(Pieces, HaveEveryElementThatIsThereAllTheWhile) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 dice(seed);
    TestRegion region(1);
    std::set<std::string> stay;
    // Sets that are one block of memory, and others that are tables.
    const int members = seed % 2 == 0 ? 40 : 400;
    for (int i = 0; i < members; ++i) {
      const std::string name = std::to_string(dice() % 1000);
      region.SetAdd("key", {name});
      if (dice() % 4 == 0) stay.insert(name);
    }
    PieceCursor at;
    Object together;
    for (bool all = false; !all;) {
      std::string piece;
      ByteWriter out(piece);
      all = EncodeCellPiece(*region.Find("key").cell(), at, {.elements = 7, .bytes = 1000}, out);
      ByteReader in(piece);
      ASSERT_TRUE(together.AddPiece(in, 7));
      const bool grows = dice() % 3 == 0;
      for (int i = 0; i < 10; ++i) {
        const std::string name = std::to_string(dice() % 1000);
        if (grows) {
          region.SetAdd("key", {name});
        } else if (!stay.contains(name)) {
          region.SetRemove("key", {name});
        }
      }
    }
    const std::set<std::string> names = NamesIn(*together.set());
    for (const std::string& name : stay) EXPECT_TRUE(names.contains(name)) << "seed " << seed;
  }
}

TEST_F(Pieces, GoOnWhereTheyWereInAListWhoseEndsMove) {
  here.Push("key", ListSide::kRight, {"1", "2", "3", "4", "5", "6"});
  EXPECT_FALSE(MakePiece(kThreeElements));
  here.Pop("key", 0, 4);
  here.Push("key", ListSide::kLeft, {"0"});
  here.Push("key", ListSide::kRight, {"7"});
  EXPECT_TRUE(MakePiece(kThreeElements));
  std::string scratch;
  std::string values;
  const Object together = Together();
  together.list()->ForEach(0, 100, [&](const ListElementView& element) {
    values += element.Text(scratch);
    return true;
  });
  EXPECT_EQ(values, "123567");
}

// A key may be deleted, and come back as something else.
TEST_F(Pieces, GoOnWithWhatTheKeyHasBecome) {
  here.HashSet("key", {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
  EXPECT_FALSE(MakePiece(kThreeElements));
  here.Delete("key");
  here.Push("key", ListSide::kRight, {"1", "2", "3", "4"});
  EXPECT_FALSE(MakePiece(kThreeElements));
  EXPECT_TRUE(MakePiece(kThreeElements));
  EXPECT_EQ(Together().hash()->size(), 3U);
  EXPECT_EQ(Together().list()->size(), 4U);
}

// The seed of a table decides about its order: one that is filled in the order of another one
// wants other slots, or takes far more than it needs.
TEST_F(Pieces, FillATableOfAnotherOrder) {
  for (int i = 0; i < 2000; ++i) here.SetAdd("key", {"member " + std::to_string(i)});
  MakeAll({.elements = 20, .bytes = 1 << 20});
  std::vector<std::string> order;
  here.Find("key").elements().ForEach([&](auto name, auto) { order.emplace_back(name); });
  std::vector<std::string> together;
  const Object object = Together();
  object.set()->ForEach([&](auto name, auto) { together.emplace_back(name); });
  EXPECT_EQ(std::set(order.begin(), order.end()), std::set(together.begin(), together.end()));
  std::size_t same = 0;
  for (std::size_t i = 0; i < order.size(); ++i) same += order[i] == together[i] ? 1 : 0;
  EXPECT_LT(same, 20U);
}

TEST_F(Pieces, ThatAreDamagedAreRefused) {
  here.SortedSetAdd("key", {{"m", 1}});
  AddEntry(here, 1);
  Concurrently(2, [](TestRegion& region) { return std::vector{region.Set("key", "text")}; });
  MakeAll(kThreeElements);
  for (std::size_t size = 0; size < made[0].size(); ++size) {
    Object object;
    ByteReader in(std::string_view(made[0]).substr(0, size));
    EXPECT_FALSE(object.AddPiece(in, 7));
  }
  // What is no element is in the first one alone.
  Object object;
  ByteReader first(made[0]);
  EXPECT_TRUE(object.AddPiece(first, 7));
  ByteReader again(made[0]);
  EXPECT_FALSE(object.AddPiece(again, 7));
}

}  // namespace
}  // namespace crdt
