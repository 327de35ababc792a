#include "storage/changed_keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "crdt/encoding.h"

namespace storage {
namespace {

std::vector<std::string> Names(const std::string& bytes) {
  std::vector<std::string> names;
  for (crdt::ByteReader in(bytes); !in.at_end();) names.emplace_back(in.Bytes());
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
  const std::string bytes = changed.Take();
  EXPECT_LT(bytes.size(), std::size_t{70} << 20);
  const std::vector<std::string> names = Names(bytes);
  const std::set<std::string> distinct(names.begin(), names.end());
  EXPECT_EQ(distinct,
            (std::set<std::string>{long_name + "0", long_name + "1", long_name + "2", ""}));
}

}  // namespace
}  // namespace storage
