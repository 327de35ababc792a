#include "geo-config/static_coordinator.h"

#include <gtest/gtest.h>

#include <set>

namespace geo_config {
namespace {

// Fine print 10: two nodes of a region never share an epoch, whatever each of them has heard.
TEST(StaticCoordinator, NodesOfARegionNeverShareAnEpoch) {
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

TEST(StaticCoordinator, APromotedReplicaAndARestartedPrimaryTakeDifferentEpochs) {
  EXPECT_EQ(NextEpoch(2, 0, 2).value(), 4u);
  EXPECT_EQ(NextEpoch(2, 1, 2).value(), 3u);
}

TEST(StaticCoordinator, RefusesWhereTheSlotsAreUsedUp) {
  EXPECT_TRUE(NextEpoch(crdt::kEpochSlots - 2, 0, 1));
  EXPECT_FALSE(NextEpoch(crdt::kEpochSlots - 1, 0, 1));
}

}  // namespace
}  // namespace geo_config
