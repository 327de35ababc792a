// Tables that are filled from each other must not have one order: who walks through one and adds to
// the other would fill the beginning of it far beyond its space, at a cost that grows with the
// square of the size.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "crdt/object.h"
#include "crdt/prepare.h"

namespace crdt {
namespace {

using Table = ElementTable::Table;

std::vector<std::string> Order(const Table& table) {
  std::vector<std::string> names;
  table.ForEach([&](const Table::Cell& cell) { names.emplace_back(cell.name()); });
  return names;
}

// How much of the order of `from` is still there in `to`: 0 where it is gone, 1 where it is whole.
double KeptOrder(const Table& from, const Table& to) {
  const std::vector<std::string> names = Order(to);
  std::vector<std::string> before = Order(from);
  std::size_t ascending = 0;
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < before.size(); ++i) place[before[i]] = i;
  for (std::size_t i = 1; i < names.size(); ++i) ascending += place[names[i - 1]] < place[names[i]];
  return 2 * static_cast<double>(ascending) / static_cast<double>(names.size() - 1) - 1;
}

void Fill(Object& object, Stamp stamp, int members) {
  EffectList effects;
  std::vector<std::string> names;
  for (int i = 0; i < members; ++i) names.push_back("member " + std::to_string(i));
  const std::vector<std::string_view> views(names.begin(), names.end());
  PrepareSetAdd(KeyView(), "key", views, effects);
  ByteReader in(effects.bytes());
  object.Apply(*EffectView::Decode(in), Context::Everything(stamp), nullptr);
}

constexpr int kMembers = 2000;
const Writer kWriter(1, 1);

TEST(TableOrder, TwoSetsOfTheSameMembersHaveDifferentOrders) {
  Object first;
  Object second;
  Fill(first, Stamp::At(Stamp::kEpochStartMs + 1000, kWriter), kMembers);
  Fill(second, Stamp::At(Stamp::kEpochStartMs + 1001, kWriter), kMembers);
  EXPECT_NEAR(KeptOrder(first.set()->table(), second.set()->table()), 0, 0.2);
  EXPECT_EQ(KeptOrder(first.set()->table(), first.set()->table()), 1);
}

TEST(TableOrder, ADecodedSetAndTheOneThatItIsJoinedIntoHaveDifferentOrders) {
  Object object;
  Fill(object, Stamp::At(Stamp::kEpochStartMs + 1000, kWriter), kMembers);
  std::string bytes;
  ByteWriter out(bytes);
  object.Encode(out);
  ByteReader in(bytes);
  const auto decoded = Object::Decode(in);
  ASSERT_TRUE(decoded.has_value());
  Object joined;
  joined.Join(*decoded, {}, {});
  EXPECT_EQ(joined, object);
  EXPECT_NEAR(KeptOrder(decoded->set()->table(), joined.set()->table()), 0, 0.2);
}

}  // namespace
}  // namespace crdt
