#include "replication/complaints.h"

#include <gtest/gtest.h>

namespace replication {
namespace {

TEST(Complaints, TheSameReasonIsSaidOnceAMinute) {
  Complaints complaints;
  EXPECT_TRUE(complaints.IsNew("no", 1000));
  EXPECT_FALSE(complaints.IsNew("no", 2000));
  EXPECT_FALSE(complaints.IsNew("no", 1000 + Complaints::kPauseMs));
  EXPECT_TRUE(complaints.IsNew("no", 1001 + Complaints::kPauseMs));
  EXPECT_FALSE(complaints.IsNew("no", 1002 + Complaints::kPauseMs));
}

TEST(Complaints, AnotherReasonIsSaidAtOnceAndTwoThatAlternateAreSaidOnceEach) {
  Complaints complaints;
  EXPECT_TRUE(complaints.IsNew("no", 1000));
  EXPECT_TRUE(complaints.IsNew("never", 1001));
  EXPECT_FALSE(complaints.IsNew("no", 1002));
  EXPECT_FALSE(complaints.IsNew("never", 1003));
}

TEST(Complaints, AfterBetterTimesEverythingIsNewAgain) {
  Complaints complaints;
  EXPECT_TRUE(complaints.IsNew("no", 1000));
  complaints.Clear();
  EXPECT_TRUE(complaints.IsNew("no", 1001));
}

TEST(Complaints, ManyDifferentReasonsAreNotRemembered) {
  Complaints complaints;
  for (std::size_t i = 0; i < Complaints::kMostReasons; ++i) {
    EXPECT_TRUE(complaints.IsNew(std::to_string(i), 1000));
  }
  EXPECT_FALSE(complaints.IsNew("one more", 1000));
}

}  // namespace
}  // namespace replication
