#include "crdt/string_value.h"

#include <gtest/gtest.h>

namespace crdt {
namespace {

// What a state has that its vector does not cover: a start from a collection in pieces may join it
// before it comes to the records that brought it (piece.h).
TEST(StringValueTest, KeepsASiblingOnceThatBothSidesOfAJoinHave) {
  const Stamp stamp = Stamp::At(Stamp::kEpochStartMs + 1, Writer(1, 1));
  VersionVector seen;
  seen.Advance(stamp);
  StringValue value;
  value.Assign(Context::Everything(stamp), "value");
  const StringValue other = value;
  value.Join(other, {}, seen);
  EXPECT_EQ(value.siblings(), (std::vector<Sibling>{{stamp, "value"}}));
}

}  // namespace
}  // namespace crdt
