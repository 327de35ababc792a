#include "geo-config/static_coordinator.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace geo_config {
namespace {

// Two nodes of a region never share an epoch, whatever each of them has heard.
TEST(StaticCoordinator, FinePrint10NodesOfARegionNeverShareAnEpoch) {
  for (std::uint32_t nodes = 1; nodes <= 5; ++nodes) {
    std::set<std::pair<crdt::Epoch, std::uint32_t>> taken;
    for (std::uint32_t ordinal = 0; ordinal < nodes; ++ordinal) {
      for (crdt::Epoch known = 0; known < 40; ++known) {
        const auto epoch = NextEpoch(known, ordinal, nodes);
        ASSERT_TRUE(epoch);
        EXPECT_GT(*epoch, known);
        EXPECT_LE(*epoch, known + nodes);
        taken.emplace(*epoch, ordinal);
      }
    }
    std::set<crdt::Epoch> epochs;
    for (const auto& [epoch, ordinal] : taken) {
      EXPECT_TRUE(epochs.insert(epoch).second) << "epoch " << epoch << " of " << nodes << " nodes";
    }
  }
}

TEST(StaticCoordinator, FinePrint10APromotedReplicaAndARestartedPrimaryTakeDifferentEpochs) {
  EXPECT_EQ(NextEpoch(2, 0, 2).value(), 4u);
  EXPECT_EQ(NextEpoch(2, 1, 2).value(), 3u);
}

TEST(StaticCoordinator, RefusesWhereTheSlotsAreUsedUp) {
  EXPECT_TRUE(NextEpoch(crdt::kEpochSlots - 2, 0, 1));
  const auto refused = NextEpoch(crdt::kEpochSlots - 1, 0, 1);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("all 64 epoch slots are in use"), std::string::npos);
}

}  // namespace
}  // namespace geo_config
