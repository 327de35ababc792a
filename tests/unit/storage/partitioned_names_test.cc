#include "storage/partitioned_names.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace storage {
namespace {

TEST(PartitionedNamesTest, GivesEachNameOnce) {
  PartitionedNames names;
  std::set<std::string> expected;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 1000; ++i) names.Insert(*expected.insert(std::to_string(i)).first);
  }
  names.Insert("");
  names.Erase("7");
  names.Erase("never there");
  expected.insert("");
  expected.erase("7");
  std::set<std::string> taken;
  while (!names.empty()) EXPECT_TRUE(taken.insert(names.Take()).second);
  EXPECT_EQ(taken, expected);
}

}  // namespace
}  // namespace storage
