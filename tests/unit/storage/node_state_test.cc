#include "storage/node_state.h"

#include <gtest/gtest.h>

#include <string>

namespace storage {
namespace {

using Verdict = RecoveryReport::Verdict;

NodeState Stopped() {
  return {.deployment = "shop",
          .region = 2,
          .ordinal = 300,
          .log_id = "0123456789abcdef0123456789abcdef01234567",
          .primary = true,
          .epoch = 77,
          .clean = true,
          .clean_end = 123456,
          .boot_id = "boot-1",
          .identity = 0xfedcba9876543210,
          .membership = "regions"};
}

TEST(NodeState, ComesBackAsItWas) {
  const NodeState state = NodeState::Decode(Stopped().Encode()).value();
  EXPECT_EQ(state.Encode(), Stopped().Encode());
  EXPECT_EQ(state.deployment, "shop");
  EXPECT_EQ(state.ordinal, 300u);
  EXPECT_EQ(state.epoch, 77u);
  EXPECT_TRUE(state.primary);
  EXPECT_EQ(state.clean_end, 123456u);
  EXPECT_EQ(state.identity, 0xfedcba9876543210);
  EXPECT_EQ(state.membership, "regions");
}

TEST(NodeState, EveryFlippedBitAndEveryCutIsNoticed) {
  const std::string bytes = Stopped().Encode();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(NodeState::Decode(damaged).has_value()) << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(NodeState::Decode(bytes.substr(0, size)).has_value()) << size;
  }
}

TEST(NodeState, ANewerVersionIsNamed) {
  std::string bytes = Stopped().Encode();
  bytes[0] = 9;
  const auto state = NodeState::Decode(bytes);
  ASSERT_FALSE(state.has_value());
  EXPECT_EQ(state.error().code, crdt::ErrorCode::kUnsupported);
  EXPECT_NE(state.error().detail.find("version 9"), std::string::npos);
}

TEST(NodeState, ACleanMarkProvesThatNothingWasLostIfTheLogEndsThere) {
  const NodeState state = Stopped();
  EXPECT_TRUE(ProvesNothingLost(state, {.position = 123456}, "boot-2"));
  EXPECT_FALSE(ProvesNothingLost(state, {.position = 123455}, "boot-2"));
}

TEST(NodeState, WithoutTheMarkTheSameBootAndAWholeLogAreNeeded) {
  NodeState state = Stopped();
  state.clean = false;
  EXPECT_TRUE(ProvesNothingLost(state, {.position = 5}, "boot-1"));
  EXPECT_FALSE(ProvesNothingLost(state, {.position = 5}, "boot-2"));
  EXPECT_FALSE(ProvesNothingLost(state, {.verdict = Verdict::kTornTail, .position = 5}, "boot-1"));
  EXPECT_FALSE(ProvesNothingLost(state, {.verdict = Verdict::kDamaged, .position = 5}, "boot-1"));
}

TEST(NodeState, AMachineThatDoesNotTellItsBootProvesNothing) {
  NodeState state = Stopped();
  state.clean = false;
  state.boot_id.clear();
  EXPECT_FALSE(ProvesNothingLost(state, {.position = 5}, ""));
}

TEST(NodeState, ATornTailBehindACleanMarkProvesNothing) {
  EXPECT_FALSE(
      ProvesNothingLost(Stopped(), {.verdict = Verdict::kTornTail, .position = 123456}, "boot-1"));
}

}  // namespace
}  // namespace storage
