// Values without an object of their own: which they are, and that nothing is lost on the way
// between the two forms.
#include "crdt/packed_value.h"

#include <gtest/gtest.h>

#include <limits>

#include "regions.h"

namespace crdt {
namespace {

bool IsPackedCounter(const TestRegion& region) {
  const KeyCell* cell = region.Find("key").cell();
  return cell != nullptr && cell->is_counter();
}

TEST(PackedCounter, IsWhatOneWritersIncrementsMake) {
  TestRegion london(1);
  london.Increment("key", 5);
  EXPECT_TRUE(IsPackedCounter(london));
  london.Increment("key", -7);
  EXPECT_TRUE(IsPackedCounter(london));
  EXPECT_EQ(london.Shows("key"), "string -2");
  EXPECT_EQ(london.Find("key").Integer(), -2);
}

TEST(PackedCounter, ShowsTheBoundsOf64Bits) {
  for (const std::int64_t bound :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    TestRegion london(1);
    london.Increment("key", bound);
    EXPECT_TRUE(IsPackedCounter(london));
    EXPECT_EQ(london.Shows("key"), "string " + std::to_string(bound));
  }
}

TEST(PackedCounter, GetsAnObjectWhenAnotherRegionAddsAndBothSumsStay) {
  TestRegion london(1);
  TestRegion paris(2);
  const WrittenRecord five = london.Increment("key", 5);
  const WrittenRecord three = paris.Increment("key", 3);
  london.Receive(three);
  paris.Receive(five);
  EXPECT_FALSE(IsPackedCounter(london));
  EXPECT_EQ(london.Shows("key"), "string 8");
  EXPECT_EQ(paris.Shows("key"), "string 8");
}

TEST(PackedCounter, IsTakenByADeleteThatHasSeenItAndNothingStays) {
  TestRegion london(1);
  london.Increment("key", 5);
  london.Delete("key");
  EXPECT_EQ(london.Shows("key"), "none");
}

TEST(PackedCounter, KeepsWhatADeleteElsewhereHadNotSeen) {
  TestRegion london(1);
  TestRegion paris(2);
  paris.Receive(london.Increment("key", 5));
  const WrittenRecord two_more = london.Increment("key", 2);
  const WrittenRecord removed = paris.Delete("key");
  london.Receive(removed);
  paris.Receive(two_more);
  EXPECT_EQ(london.Shows("key"), "string 2");
  EXPECT_EQ(paris.Shows("key"), "string 2");
}

TEST(PackedCounter, KeepsWhatAnAssignmentElsewhereHadNotSeen) {
  TestRegion london(1);
  TestRegion paris(2);
  const WrittenRecord five = london.Increment("key", 5);
  const WrittenRecord ten = paris.Set("key", "10");
  london.Receive(ten);
  paris.Receive(five);
  EXPECT_EQ(london.Shows("key"), "string 15");
  EXPECT_EQ(paris.Shows("key"), "string 15");
}

TEST(PackedCounter, IsReplacedByAnAssignmentThatHasSeenIt) {
  TestRegion london(1);
  TestRegion paris(2);
  paris.Receive(london.Increment("key", 5));
  paris.Receive(london.Set("key", "10"));
  EXPECT_EQ(london.Shows("key"), "string 10");
  EXPECT_EQ(paris.Shows("key"), "string 10");
}

TEST(PackedCounter, HasTheSameBytesAsItsObject) {
  TestRegion london(1);
  london.Increment("key", 5);
  std::string bytes;
  ByteWriter out(bytes);
  EncodeCell(*london.Find("key").cell(), out);
  ByteReader in(bytes);
  const Result<Object> object = Object::Decode(in);
  ASSERT_TRUE(object.has_value());
  const std::optional<PackedValue> packed = object->AsPacked();
  ASSERT_TRUE(packed.has_value());
  EXPECT_TRUE(packed->counts);
  EXPECT_EQ(packed->counter.total, 5);
  EXPECT_EQ(Object::FromPacked(*packed), *object);
}

TEST(PackedCounter, IsNotACounterThatHasNeverCounted) {
  // A part without a newest increment, as only a damaged peer could send it: it shows nothing.
  std::string bytes;
  ByteWriter out(bytes);
  out.Varint(1);
  out.Bytes("field");
  out.Varint(0);  // Nothing is assigned.
  out.Varint(1);
  out.PutStamp(Stamp::FromValue(65));
  out.PutStamp(Stamp());
  Total{.integer = 7}.Encode(out);
  out.PutStamp(Stamp());
  Total{}.Encode(out);
  ByteReader in(bytes);
  ElementTable table = ElementTable::Decode(in).value();
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.Contains("field"));
  table.Assign("field", Context::Everything(Stamp::FromValue(5000)), "value");
  EXPECT_EQ(table.size(), 1U);
}

TEST(PackedCounter, IsAlsoWhatAHashFieldIs) {
  TestRegion london(1);
  london.HashIncrement("key", "field", 4);
  london.HashIncrement("key", "field", 4);
  const ElementTable& hash = london.Find("key").elements();
  EXPECT_TRUE(hash.Find("field").is_counter());
  EXPECT_TRUE(hash.has_counters());
  std::string scratch;
  EXPECT_EQ(hash.Text("field", scratch), "8");
  london.Delete("key");
  EXPECT_EQ(london.Shows("key"), "none");
}

}  // namespace
}  // namespace crdt
