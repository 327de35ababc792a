// The histories find what they are there to find: every fault is planted on purpose, and seen.
#include <gtest/gtest.h>

#include "history.h"

namespace properties {
namespace {

constexpr int kRunsAtMost = 2000;

const std::vector<Kind> kCounters = {Kind::kIncrement, Kind::kIncrement, Kind::kSet, Kind::kDelete};

void ExpectFound(Fault fault) {
  EXPECT_TRUE(FirstFailure({.kinds = kCounters, .fault = fault}, kRunsAtMost))
      << "not found in " << kRunsAtMost << " histories";
}

TEST(SeededFaults, ALoserThatIsDroppedAtMergeIsFound) {
  ExpectFound(Fault::kDroppedSibling);
}

TEST(SeededFaults, FinePrint13_ACollectionBeforeStabilityIsFound) {
  ExpectFound(Fault::kEarlyCollection);
}

TEST(SeededFaults, ALineageThatGoesOnAfterItsResetIsFound) {
  ExpectFound(Fault::kContinuedLineage);
}

TEST(SeededFaults, RecordsAheadOfTheirCausesAreFound) {
  ExpectFound(Fault::kNoCausality);
}

TEST(SeededFaults, APrimaryThatReusesALostWritersIdentityIsFound) {
  ExpectFound(Fault::kReusedWriter);
}

TEST(SeededFaults, FinePrint13_ALaggingRegionLeftOutOfStabilityIsFound) {
  ExpectFound(Fault::kLaggingLeftOut);
}

TEST(SeededFaults, AJoinThatTrustsWhatWasEqualBeforeIsFound) {
  EXPECT_TRUE(FirstFailure({.kinds = {Kind::kSetAdd, Kind::kSetRemove}, .fault = Fault::kStaleSums},
                           40000));
}

}  // namespace
}  // namespace properties
