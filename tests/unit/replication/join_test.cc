#include "replication/join.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "replication/wire.h"
#include "stream_fixture.h"

namespace replication {
namespace {

// Hands a receiver what a sender says; true: goes on.
bool Step(JoinSender& sender, const FakeShard& from, std::unique_ptr<JoinReceiver>& receiver,
          FakeShard& to) {
  std::vector<Message> messages;
  const bool more = sender.Pump(from, messages);
  for (const Message& message : messages) {
    EXPECT_LE(EncodeFrame(message).size(), kMaxFrame);
    if (const auto* start = std::get_if<JoinStart>(&message)) {
      receiver = std::make_unique<JoinReceiver>(*start);
    } else if (const auto* entries = std::get_if<JoinEntries>(&message)) {
      EXPECT_TRUE(receiver->OnEntries(*entries).has_value());
    } else if (const auto* end = std::get_if<JoinPartitionEnd>(&message)) {
      EXPECT_TRUE(receiver->OnPartitionEnd(*end, to).has_value());
    } else if (std::holds_alternative<JoinEnd>(message)) {
      EXPECT_TRUE(receiver->OnEnd(to).has_value());
    }
  }
  return more;
}

class JoinTest : public ::testing::Test {
 protected:
  void WriteThirty() {
    for (std::uint64_t tick = 1; tick <= 30; ++tick) {
      primary_.Write(WriteOf(1, tick), "text " + std::to_string(tick));
    }
  }

  FakeShard primary_;
  FakeShard replica_;
  std::unique_ptr<JoinReceiver> receiver_;
};

TEST_F(JoinTest, BringsEveryPartitionAndTheFloorAtTheEnd) {
  WriteThirty();
  JoinSender sender(1, primary_.log().CursorAtEnd());
  while (Step(sender, primary_, receiver_, replica_)) {
    EXPECT_TRUE(replica_.floor().empty()) << "the floor moves at the end";
  }
  EXPECT_EQ(replica_.texts().size(), 30U);
  EXPECT_EQ(replica_.floor(), primary_.floor());
}

TEST_F(JoinTest, FinePrint7APartitionBecomesVisibleTogetherWithItsVector) {
  WriteThirty();
  JoinSender sender(1, primary_.log().CursorAtEnd());
  bool more = true;
  while (more) {
    more = Step(sender, primary_, receiver_, replica_);
    for (const auto& [stamp, text] : replica_.texts()) {
      const auto partition = storage::PartitionOf(std::to_string(stamp.value()));
      EXPECT_TRUE(replica_.Observed(partition).Covers(stamp));
    }
  }
}

// The log of the receiver holds the join before it shows, and tells its vectors alone.
TEST_F(JoinTest, FinePrint6AJoinIsInTheLogBeforeItIsVisible) {
  WriteThirty();
  JoinSender sender(1, primary_.log().CursorAtEnd());
  while (Step(sender, primary_, receiver_, replica_)) {
    for (storage::PartitionId partition = 0; partition < storage::kPartitions; ++partition) {
      EXPECT_EQ(replica_.log().vectors().Observed(partition), replica_.Observed(partition));
    }
  }
  EXPECT_EQ(replica_.log().floor(), primary_.floor());
}

TEST_F(JoinTest, WhatIsWrittenMeanwhileComesByTheLogBehindIt) {
  WriteThirty();
  JoinSender sender(1, primary_.log().CursorAtEnd());
  for (int i = 0; i < 100; ++i) Step(sender, primary_, receiver_, replica_);
  primary_.Write(WriteOf(1, 31), "meanwhile");
  ASSERT_TRUE(primary_.log().WriteOut().has_value());
  while (Step(sender, primary_, receiver_, replica_)) continue;
  const Subscribe request{.follow = true, .window = 1 << 20, .stream = 1};
  OutgoingStream stream(request, sender.cursor());
  CausalGate gate(request);
  for (const Message& message : PumpOnce(stream, primary_.log())) {
    ASSERT_TRUE(Give(gate, message).has_value());
  }
  ASSERT_TRUE(gate.Deliver(replica_, std::nullopt).has_value());
  EXPECT_EQ(replica_.texts().size(), 31U);
  EXPECT_EQ(replica_.floor(), primary_.floor());
}

TEST_F(JoinTest, ALongValueGoesInPiecesAFewATurn) {
  primary_.Write(WriteOf(1, 1), std::string(40 << 20, 'x'));
  JoinSender sender(1, primary_.log().CursorAtEnd());
  std::size_t turns = 0;
  while (Step(sender, primary_, receiver_, replica_)) ++turns;
  EXPECT_GT(turns, std::size_t{storage::kPartitions} + 3);
  EXPECT_EQ(replica_.texts().begin()->second.text.size(), std::size_t{40} << 20);
}

// --- What an honest peer never sends -------------------------------------------------------------

TEST_F(JoinTest, PartitionsComeInOrderAndAllOfThem) {
  JoinReceiver receiver(JoinStart{.stream = 1});
  EXPECT_FALSE(receiver.OnEntries({.stream = 1, .partition = 1}).has_value());
  EXPECT_FALSE(receiver.OnPartitionEnd({.stream = 1, .partition = 3}, replica_).has_value());
  EXPECT_TRUE(receiver.OnPartitionEnd({.stream = 1, .partition = 0}, replica_).has_value());
  EXPECT_FALSE(receiver.OnEnd(replica_).has_value());
}

TEST_F(JoinTest, EntriesThatDoNotDecodeAreRefused) {
  JoinReceiver receiver(JoinStart{.stream = 1});
  ASSERT_TRUE(
      receiver.OnEntries({.stream = 1, .partition = 0, .entries = "\x03key\x09short"}).has_value());
  EXPECT_FALSE(receiver.OnPartitionEnd({.stream = 1, .partition = 0}, replica_).has_value());
  EXPECT_TRUE(replica_.texts().empty());
}

}  // namespace
}  // namespace replication
