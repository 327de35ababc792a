#include "storage/changed_keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "crdt/encoding.h"

namespace storage {
namespace {

std::vector<std::string> Names(const ChangedKeys::Chunks& chunks) {
  std::vector<std::string> names;
  for (const std::string& chunk : chunks) {
    for (crdt::ByteReader in(chunk); !in.at_end();) names.emplace_back(in.Bytes());
  }
  return names;
}

TEST(ChangedKeys, AreToldInTheirOrderAndOnce) {
  ChangedKeys changed;
  for (const char* key : {"a", "a", "", "b", "a"}) changed.Note(key);
  EXPECT_EQ(Names(changed.Take()), (std::vector<std::string>{"a", "", "b", "a"}));
  EXPECT_TRUE(changed.empty());
  changed.Note("");
  EXPECT_EQ(Names(changed.Take()), std::vector<std::string>{""});
}

TEST(ChangedKeys, StayFewWhereNobodyAsks) {
  ChangedKeys changed;
  const std::string long_name(1 << 20, 'k');
  for (int i = 0; i < 300; ++i) changed.Note(long_name + std::to_string(i % 3));
  changed.Note("");
  const std::vector<std::string> names = Names(changed.Take());
  EXPECT_LT(names.size(), 70U);
  const std::set<std::string> distinct(names.begin(), names.end());
  EXPECT_EQ(distinct,
            (std::set<std::string>{long_name + "0", long_name + "1", long_name + "2", ""}));
}

// What grows must not be copied, nor given back, all at once.
TEST(ChangedKeys, StandInSmallChunks) {
  ChangedKeys changed;
  std::vector<std::string> noted;
  for (int i = 0; i < 100'000; ++i) changed.Note(noted.emplace_back("key:" + std::to_string(i)));
  const ChangedKeys::Chunks chunks = changed.Take();
  for (const std::string& chunk : chunks) EXPECT_LE(chunk.size(), std::size_t{64} << 10);
  EXPECT_EQ(Names(chunks), noted);
}

}  // namespace
}  // namespace storage
