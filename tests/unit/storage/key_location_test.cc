#include "storage/key_location.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/keyspace.h"

namespace storage {
namespace {

// CRC-16/XMODEM bit by bit, as its definition says.
int SlotBitByBit(std::string_view key) {
  unsigned crc = 0;
  for (const char byte : key) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(byte)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return static_cast<int>(crc % kSlots);
}

TEST(SlotOf, IsTheCheckValueOfTheAlgorithmAndThatOfRedisCluster) {
  EXPECT_EQ(SlotOf("123456789"), 0x31c3);
  EXPECT_EQ(SlotOf("foo"), 12182);
  EXPECT_EQ(SlotOf("user1000"), 3443);
}

TEST(SlotOf, IsTheSameForEveryLengthAsComputedBitByBit) {
  std::string key;
  for (int length = 0; length < 70; ++length) {
    EXPECT_EQ(SlotOf(key), SlotBitByBit(key)) << key;
    key += static_cast<char>(0xff - 37 * length % 0x80);
  }
}

TEST(SlotOf, CountsOnlyTheTagBetweenTheFirstBraces) {
  EXPECT_EQ(SlotOf("{user1000}.following"), SlotOf("user1000"));
  EXPECT_EQ(SlotOf("foo{bar}{zap}"), SlotOf("bar"));
  EXPECT_EQ(SlotOf("foo{{bar}}zap"), SlotOf("{bar"));
  EXPECT_EQ(SlotOf("foo{}{bar}"), SlotBitByBit("foo{}{bar}")) << "an empty tag is none";
}

TEST(KeyLocator, FindsEveryKeyWhereItIsWhateverWasFoundBefore) {
  const std::vector<std::string> keys = {"",
                                         "a",
                                         "b",
                                         "ab",
                                         std::string(64, 'k'),
                                         std::string(64, 'l'),
                                         std::string(65, 'k'),
                                         std::string(1000, 'k')};
  KeyLocator locator;
  for (const std::string& before : keys) {
    for (const std::string& key : keys) {
      EXPECT_EQ(locator.Find(before), LocationOf(before)) << before;
      EXPECT_EQ(locator.Find(key), LocationOf(key)) << "'" << key << "' behind " << before;
      EXPECT_EQ(locator.Find(key), LocationOf(key)) << "'" << key << "' once more";
    }
  }
}

TEST(KeyLocator, NeedsTheBytesOfTheLastKeyNoMore) {
  KeyLocator locator;
  std::string key = "first";
  locator.Find(key);
  key = "other";
  EXPECT_EQ(locator.Find(key), LocationOf("other"));
}

TEST(Keyspace, PrefetchSaysWhereEachKeyIs) {
  std::vector<Lookup> lookups;
  for (const char* key : {"a", "a", "b", "a", "a", "c", "c"}) lookups.push_back({.key = key});
  // More than are fetched at once, over whose border a key comes again.
  while (lookups.size() < 33) lookups.push_back({.key = "d"});
  Keyspace().Prefetch(lookups);
  for (const Lookup& lookup : lookups) EXPECT_EQ(lookup.location, LocationOf(lookup.key));
}

}  // namespace
}  // namespace storage
