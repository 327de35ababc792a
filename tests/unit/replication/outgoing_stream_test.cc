#include "replication/outgoing_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "replication/wire.h"
#include "stream_fixture.h"

namespace replication {
namespace {

constexpr std::uint64_t kWindow = 1 << 20;

class OutgoingStreamTest : public ::testing::Test {
 protected:
  void Write(std::uint64_t tick, const std::string& text) {
    shard_.Write(WriteOf(1, tick), text);
    ASSERT_TRUE(shard_.log().WriteOut().has_value());
  }
  void Relay(const storage::RecordView& record) {
    ASSERT_TRUE(shard_.ApplyRecord(record).has_value());
    ASSERT_TRUE(shard_.log().WriteOut().has_value());
  }
  OutgoingStream StreamFor(Subscribe request) {
    const auto cursor = shard_.log().CursorFor(request.have);
    const storage::LogVectors had{.floor = request.have};
    return OutgoingStream(std::move(request), *cursor, had);
  }
  // What another region makes of the rest of the stream, with a window that never closes.
  std::vector<std::string> Received(OutgoingStream& stream, FakeShard& receiver) {
    CausalGate gate(stream.request());
    const std::size_t before = receiver.order().size();
    for (;;) {
      const std::vector<Message> messages = PumpOnce(stream, shard_.log());
      if (messages.empty()) break;
      for (const Message& message : messages) {
        const crdt::Status taken = Give(gate, message);
        EXPECT_TRUE(taken.has_value()) << taken.error().detail;
        EXPECT_TRUE(gate.Deliver(receiver, std::nullopt).has_value());
      }
      stream.OnConsumed(gate.consumed());
    }
    const auto& order = receiver.order();
    return {order.begin() + static_cast<std::ptrdiff_t>(before), order.end()};
  }

  FakeShard shard_{{.memory_bytes = std::uint64_t{1} << 30}};
};

TEST_F(OutgoingStreamTest, ARegionGetsTheRecordsOfTheAuthorsItAskedFor) {
  Write(1, "ours");
  Relay(RecordOf(WriteOf(2, 1), "of 2"));
  Relay(RecordOf(WriteOf(3, 1), "of 3"));
  Write(2, "ours again");
  FakeShard receiver;
  OutgoingStream stream = StreamFor({.regions = {1, 3}, .window = kWindow, .stream = 1});
  ASSERT_TRUE(receiver.ApplyRecord(RecordOf(WriteOf(2, 1), "of 2")).has_value());
  EXPECT_EQ(Received(stream, receiver), (std::vector<std::string>{"ours", "of 3", "ours again"}));
  EXPECT_EQ(stream.last_stamp(), WriteOf(1, 2));
}

// Whatever of the log the receiver has, it gets the rest: once, in order, without holes.
TEST_F(OutgoingStreamTest, ItResumesAtAnyVector) {
  std::vector<std::string> all;
  for (std::uint64_t tick = 1; tick <= 20; ++tick) {
    all.push_back("write " + std::to_string(tick));
    Write(tick, all.back());
  }
  for (std::uint64_t has = 0; has <= 20; ++has) {
    FakeShard receiver;
    crdt::VersionVector have;
    for (std::uint64_t tick = 1; tick <= has; ++tick) {
      ASSERT_TRUE(receiver.ApplyRecord(RecordOf(WriteOf(1, tick), all[tick - 1])).has_value());
    }
    OutgoingStream stream =
        StreamFor({.have = receiver.floor(), .regions = {1}, .window = kWindow, .stream = 1});
    EXPECT_EQ(Received(stream, receiver).size(), 20 - has);
    EXPECT_EQ(receiver.order(), all) << has;
  }
}

// The connection breaks after each number of messages; the next one goes on from what was applied.
TEST_F(OutgoingStreamTest, AReconnectionLeavesNoHole) {
  std::vector<std::string> all;
  for (std::uint64_t tick = 1; tick <= 30; ++tick) {
    all.push_back(std::to_string(tick) + std::string(2000, '.'));
    Write(tick, all.back());
    Relay(RecordOf(WriteOf(2, tick), "of the receiver itself"));
  }
  for (std::size_t survive = 0; survive < 12; ++survive) {
    FakeShard receiver;
    for (std::uint64_t tick = 1; tick <= 30; ++tick) {
      ASSERT_TRUE(receiver.ApplyRecord(RecordOf(WriteOf(2, tick), "own")).has_value());
    }
    Subscribe request{.have = receiver.floor(), .regions = {1}, .window = 5000, .stream = 1};
    OutgoingStream broken = StreamFor(request);
    CausalGate gate(request);
    for (std::size_t given = 0; given < survive;) {
      for (const Message& message : PumpOnce(broken, shard_.log())) {
        if (given++ == survive) break;
        ASSERT_TRUE(Give(gate, message).has_value());
        ASSERT_TRUE(gate.Deliver(receiver, std::nullopt).has_value());
      }
      broken.OnConsumed(gate.consumed());
    }
    request.have = receiver.floor();
    request.window = kWindow;
    OutgoingStream again = StreamFor(request);
    Received(again, receiver);
    EXPECT_EQ(receiver.texts().size(), 60U) << survive;
  }
}

TEST_F(OutgoingStreamTest, NoMoreIsUnderWayThanTheWindowAllows) {
  for (std::uint64_t tick = 1; tick <= 50; ++tick) Write(tick, std::string(1000, 'x'));
  OutgoingStream stream = StreamFor({.regions = {1}, .window = 5000, .stream = 1});
  PumpOnce(stream, shard_.log());
  EXPECT_GE(stream.unacknowledged_bytes(), 5000U);
  EXPECT_LT(stream.unacknowledged_bytes(), 7000U);
  EXPECT_TRUE(PumpOnce(stream, shard_.log()).empty());
  const std::uint64_t sent = stream.sent_bytes();
  const std::uint64_t records = stream.unacknowledged_records();
  stream.OnConsumed(sent);
  EXPECT_EQ(stream.unacknowledged_records(), 0U);
  PumpOnce(stream, shard_.log());
  EXPECT_GT(stream.sent_bytes(), sent);
  EXPECT_EQ(stream.unacknowledged_records(), records);
  stream.OnConsumed(stream.sent_bytes() + 1'000'000);
  EXPECT_EQ(stream.unacknowledged_bytes(), 0U) << "nobody consumes what was not sent";
}

TEST_F(OutgoingStreamTest, ARecordLongerThanTheWindowStillGoesOut) {
  Write(1, std::string(9000, 'x'));
  OutgoingStream stream = StreamFor({.regions = {1}, .window = 5000, .stream = 1});
  FakeShard receiver;
  EXPECT_EQ(Received(stream, receiver).size(), 1U);
}

TEST_F(OutgoingStreamTest, NothingGoesOutBeyondTheLimit) {
  Write(1, "may leave");
  const storage::LogPosition limit = shard_.log().end();
  Write(2, "may not yet");
  OutgoingStream stream = StreamFor({.regions = {1}, .window = kWindow, .stream = 1});
  std::vector<Message> messages;
  ASSERT_TRUE(stream.Pump(shard_.log(), limit, messages).has_value());
  EXPECT_EQ(stream.unacknowledged_records(), 1U);
  EXPECT_EQ(stream.position(), limit);
}

// Longer than what a frame holds: in parts, a few a turn, between other records and in order.
TEST_F(OutgoingStreamTest, ALongRecordTravelsInPartsAFewATurn) {
  const std::string text = "long" + std::string(30 << 20, '.');
  Write(1, "before");
  Write(2, text);
  Write(3, "behind");
  OutgoingStream stream = StreamFor({.regions = {1}, .window = kWindow, .stream = 1});
  CausalGate gate(stream.request());
  FakeShard receiver;
  for (int turn = 0; turn < 10; ++turn) {
    std::size_t parts = 0;
    for (const Message& message : PumpOnce(stream, shard_.log())) {
      parts += std::holds_alternative<RecordPart>(message) ? 1 : 0;
      EXPECT_LE(EncodeFrame(message).size(), kMaxFrame);
      ASSERT_TRUE(Give(gate, message).has_value());
    }
    EXPECT_LE(parts, static_cast<std::size_t>(OutgoingStream::kPartsPerPump));
    ASSERT_TRUE(gate.Deliver(receiver, std::nullopt).has_value());
    stream.OnConsumed(gate.consumed());
  }
  EXPECT_EQ(receiver.order(), (std::vector<std::string>{"before", "long", "behind"}));
  EXPECT_EQ(receiver.texts().at(WriteOf(1, 2)).text.size(), text.size());
}

TEST_F(OutgoingStreamTest, PassingWhatNobodyWantsIsDoneInSmallBites) {
  for (std::uint64_t tick = 1; tick <= 40; ++tick) Write(tick, std::string(1 << 20, 'x'));
  Relay(RecordOf(WriteOf(3, 1), "wanted"));
  OutgoingStream stream = StreamFor({.regions = {3}, .window = kWindow, .stream = 1});
  EXPECT_TRUE(PumpOnce(stream, shard_.log()).empty());
  EXPECT_LE(stream.position(), OutgoingStream::kMostPassedBytes + (1 << 20) + 1000);
  std::vector<Message> messages;
  for (int turn = 0; turn < 10 && messages.empty(); ++turn) {
    messages = PumpOnce(stream, shard_.log());
  }
  EXPECT_EQ(messages.size(), 2U) << "the start and the record";
}

// --- Followers -----------------------------------------------------------------------------------

TEST_F(OutgoingStreamTest, AFollowerThatHasItAllLearnsWhereItStands) {
  Write(1, "a");
  OutgoingStream stream =
      StreamFor({.have = shard_.floor(), .follow = true, .window = kWindow, .stream = 1});
  const std::vector<Message> messages = PumpOnce(stream, shard_.log());
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<Records>(messages[0]).position, shard_.log().end());
  EXPECT_TRUE(std::get<Records>(messages[0]).entries.empty());
  EXPECT_TRUE(PumpOnce(stream, shard_.log()).empty()) << "once";
}

TEST_F(OutgoingStreamTest, AFollowersVectorsMoveWithAJumpOfTheLog) {
  Write(1, "a");
  const crdt::VersionVector joined = Having({WriteOf(2, 5)});
  shard_.JumpFloor(joined);
  Write(2, "b");
  FakeShard replica;
  ASSERT_TRUE(replica.ApplyRecord(RecordOf(WriteOf(2, 5), "joined there too")).has_value());
  OutgoingStream stream =
      StreamFor({.have = joined, .follow = true, .window = kWindow, .stream = 1});
  Received(stream, replica);
  EXPECT_EQ(replica.texts().at(WriteOf(1, 2)).context, Having({WriteOf(1, 1), WriteOf(2, 5)}));
}

TEST_F(OutgoingStreamTest, WhoLacksWhatTheLogBeganWithHasToJoin) {
  shard_.JumpFloor(Having({WriteOf(2, 5)}));
  Write(1, "a");
  OutgoingStream stream = StreamFor({.follow = true, .window = kWindow, .stream = 1});
  PumpOnce(stream, shard_.log());
  EXPECT_TRUE(stream.needs_join());
}

// It got from elsewhere what this log has let go of: that is no reason to send it everything.
TEST(OutgoingStream, GoesOnBehindWhatItsPeerHasWhereThatCannotBeReadAnyMore) {
  FakeShard sender({.memory_bytes = 1000});
  const Subscribe request{.regions = {1}, .window = 1 << 20, .stream = 1};
  OutgoingStream stream(request, *sender.log().CursorFor({}), {});
  for (std::uint64_t tick = 1; tick <= 5; ++tick) {
    sender.Write(WriteOf(1, tick), std::string(2000, '.'));
    ASSERT_TRUE(sender.log().WriteOut().has_value());
  }
  EXPECT_FALSE(stream.SkipWhatPeerHas(sender.log())) << "it may lack some";
  stream.NoteHas(Having({WriteOf(1, 4)}));
  ASSERT_TRUE(stream.SkipWhatPeerHas(sender.log()));
  (void)PumpOnce(stream, sender.log());
  EXPECT_EQ(stream.last_stamp(), WriteOf(1, 5));
  EXPECT_FALSE(stream.needs_join());
}

}  // namespace
}  // namespace replication
