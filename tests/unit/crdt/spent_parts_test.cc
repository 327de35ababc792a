// Spent counter parts of hash fields: how a hash knows of them without looking at every field.
#include <gtest/gtest.h>

#include "crdt/element_table.h"

namespace crdt {
namespace {

constexpr Writer kLondon{1, 1};

Stamp At(std::uint64_t tick) {
  return Stamp::At(Stamp::kEpochStartMs + 1, kLondon).Plus(tick);
}

void Increase(ElementTable& hash, std::string_view field, Stamp stamp) {
  hash.Change(field,
              [&](StringValue& value) { value.counters().Increase(stamp, stamp, {.integer = 1}); });
}

void Reset(ElementTable& hash, std::string_view field, Stamp observed) {
  hash.Change(field, [&](StringValue& value) {
    value.counters().Reset({.start = observed, .last = observed, .total = {.integer = 1}});
  });
}

TEST(SpentParts, AFieldWhoseCounterWasResetHasThem) {
  ElementTable hash;
  hash.Assign("name", Context::Everything(At(0)), "value");
  Increase(hash, "visits", At(1));
  EXPECT_FALSE(hash.has_spent());
  Reset(hash, "visits", At(1));
  EXPECT_TRUE(hash.has_spent());
}

TEST(SpentParts, AnIncrementAfterTheResetMakesThemLive) {
  ElementTable hash;
  Increase(hash, "visits", At(1));
  Reset(hash, "visits", At(1));
  Increase(hash, "visits", At(2));
  EXPECT_FALSE(hash.has_spent());
}

TEST(SpentParts, AreGoneWhenTheyWereDroppedInEveryField) {
  ElementTable hash;
  Increase(hash, "visits", At(1));
  Increase(hash, "likes", At(2));
  Reset(hash, "visits", At(1));
  Reset(hash, "likes", At(2));
  hash.DropSpent();
  EXPECT_FALSE(hash.has_spent());
  EXPECT_TRUE(hash.empty());
}

TEST(SpentParts, AreKnownOfAHashThatWasReadFromBytes) {
  ElementTable hash;
  Increase(hash, "visits", At(1));
  Reset(hash, "visits", At(1));
  std::string bytes;
  ByteWriter out(bytes);
  hash.Encode(out);
  ByteReader in(bytes);
  EXPECT_TRUE(ElementTable::Decode(in)->has_spent());
}

}  // namespace
}  // namespace crdt
