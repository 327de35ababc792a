#include "geo-config/static_coordinator.h"

#include <gtest/gtest.h>

#include <map>
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
        const auto epoch = NextEpoch({.greatest = known}, ordinal, nodes);
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
  EXPECT_EQ(NextEpoch({.greatest = 2}, 0, 2).value(), 4u);
  EXPECT_EQ(NextEpoch({.greatest = 2}, 1, 2).value(), 3u);
}

TEST(StaticCoordinator, RefusesWhereTheSlotsAreUsedUp) {
  const std::string why = "node 0 of region ap cannot be reached";
  EXPECT_TRUE(NextEpoch({.greatest = 62, .open_because = why}, 0, 1));
  const auto refused = NextEpoch({.greatest = 63, .open_because = why}, 0, 1);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find(why), std::string::npos);
}

TEST(StaticCoordinator, FinePrint11TakesASlotAgainOnlyWhenItIsClosed) {
  KnownEpochs known{.greatest = 70};
  known.closed.set(9);
  EXPECT_EQ(NextEpoch(known, 0, 1).value(), 73u);
  EXPECT_EQ(NextEpoch(known, 1, 2).value(), 73u);
  EXPECT_FALSE(NextEpoch(known, 0, 2)) << "slot 9 is the other node's";
  known.closed.set();
  EXPECT_EQ(NextEpoch(known, 0, 1).value(), 71u);
}

// Also beyond the first 64, and where their number does not divide the number of slots.
TEST(StaticCoordinator, FinePrint10NodesNeverShareASlot) {
  for (std::uint32_t nodes = 1; nodes <= 5; ++nodes) {
    std::map<crdt::Epoch, std::uint32_t> owners;
    for (std::uint32_t ordinal = 0; ordinal < nodes; ++ordinal) {
      for (crdt::Epoch greatest = 0; greatest < 300; ++greatest) {
        KnownEpochs known{.greatest = greatest};
        known.closed.set();
        const auto epoch = NextEpoch(known, ordinal, nodes);
        ASSERT_TRUE(epoch);
        EXPECT_GT(*epoch, greatest);
        const auto [owner, fresh] = owners.emplace(*epoch % crdt::kEpochSlots, ordinal);
        EXPECT_EQ(owner->second, ordinal);
      }
    }
  }
}

}  // namespace
}  // namespace geo_config
