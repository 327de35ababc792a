#include "replication/join.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crdt/prepare.h"
#include "replication/wire.h"
#include "storage/key_location.h"
#include "stream_fixture.h"

namespace replication {
namespace {

// What the receiver has to tell.
void Tell(JoinReceiver& receiver, FakeShard& here, JoinSender& sender) {
  std::vector<Message> told;
  while (receiver.TellSums(here, told)) continue;
  for (Message& message : told) {
    EXPECT_LE(EncodeFrame(message).size(), kMaxFrame);
    EXPECT_TRUE(sender.OnSums(std::get<PartitionSums>(std::move(message))).has_value());
  }
}

// Hands each of them what the other one says; true: goes on.
bool Step(JoinSender& sender, FakeShard& from, std::unique_ptr<JoinReceiver>& receiver,
          FakeShard& to) {
  if (receiver != nullptr) Tell(*receiver, to, sender);
  std::vector<Message> messages;
  const bool more = sender.Pump(from, from.log().end(), JoinSender::kMostBytesPerPump, messages);
  for (const Message& message : messages) {
    EXPECT_LE(EncodeFrame(message).size(), kMaxFrame);
    if (const auto* start = std::get_if<JoinStart>(&message)) {
      receiver = std::make_unique<JoinReceiver>(*start, Subscribe());
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
  OutgoingStream stream(request, sender.cursor(), sender.cursor().vectors());
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

TEST_F(JoinTest, SendsNoMoreThanItMayInATurn) {
  primary_.Write(WriteOf(1, 1), std::string(10000, 'x'));
  JoinSender sender(1, primary_.log().CursorAtEnd());
  std::vector<Message> messages;
  while (sender.bytes_sent() < 10000) {
    const auto next = static_cast<storage::PartitionId>(sender.partitions_sent());
    ASSERT_TRUE(sender.OnSums({.stream = 1, .partition = next, .sums = {0}}).has_value());
    const std::uint64_t before = sender.bytes_sent();
    ASSERT_TRUE(sender.Pump(primary_, primary_.log().end(), 700, messages));
    ASSERT_LE(sender.bytes_sent() - before, 700U);
  }
}

TEST_F(JoinTest, OneThatBrokeOffGoesOnWhereItWas) {
  WriteThirty();
  JoinSender first(1, primary_.log().CursorAtEnd());
  while (first.partitions_sent() < 100) Step(first, primary_, receiver_, replica_);
  // One in what it has brought, and one in what it has not.
  primary_.Write(WriteOf(1, 31), "meanwhile");
  primary_.Write(WriteOf(1, 32), "meanwhile");
  Subscribe request{.follow = true, .window = 1 << 20, .stream = 2};
  NoteWhatIsJoined(replica_.log().vectors(), request);
  EXPECT_EQ(request.joined.count(), 100U);
  EXPECT_EQ(request.reached, Having({WriteOf(1, 30)}));
  JoinSender second(request, *primary_.log().CursorFor(request.reached));
  const std::uint64_t joined_before = replica_.texts().size();
  receiver_.reset();
  for (bool more = true; more;) {
    if (receiver_ != nullptr) Tell(*receiver_, replica_, second);
    std::vector<Message> messages;
    more = second.Pump(primary_, primary_.log().end(), JoinSender::kMostBytesPerPump, messages);
    for (const Message& message : messages) {
      if (const auto* start = std::get_if<JoinStart>(&message)) {
        EXPECT_TRUE(start->goes_on);
        receiver_ = std::make_unique<JoinReceiver>(*start, request);
        EXPECT_EQ(receiver_->partitions_left_out(), 100);
      } else if (const auto* entries = std::get_if<JoinEntries>(&message)) {
        EXPECT_FALSE(request.joined.test(entries->partition)) << "sent twice";
        EXPECT_TRUE(receiver_->OnEntries(*entries).has_value());
      } else if (const auto* end = std::get_if<JoinPartitionEnd>(&message)) {
        EXPECT_TRUE(receiver_->OnPartitionEnd(*end, replica_).has_value());
      } else {
        EXPECT_TRUE(receiver_->OnEnd(replica_).has_value());
      }
    }
  }
  EXPECT_EQ(second.partitions_sent(), storage::kPartitions - 100);
  EXPECT_GT(replica_.texts().size(), joined_before);
  EXPECT_EQ(replica_.floor(), request.reached);
  // The log brings what was written meanwhile to what had come before.
  ASSERT_TRUE(primary_.log().WriteOut().has_value());
  OutgoingStream stream(request, second.cursor(), {.floor = replica_.floor()});
  CausalGate gate(request);
  for (const Message& message : PumpOnce(stream, primary_.log())) {
    ASSERT_TRUE(Give(gate, message).has_value());
  }
  ASSERT_TRUE(gate.Deliver(replica_, std::nullopt).has_value());
  EXPECT_EQ(replica_.texts().size(), 32U);
  EXPECT_EQ(replica_.floor(), primary_.floor());
}

TEST_F(JoinTest, OneThatBroughtEverythingButItsEndGoesOnWithThat) {
  WriteThirty();
  Subscribe request{.stream = 2, .joined = Partitions().set()};
  request.reached = primary_.floor();
  JoinSender second(request, primary_.log().CursorAtEnd());
  std::vector<Message> messages;
  EXPECT_FALSE(second.Pump(primary_, primary_.log().end(), 1000, messages));
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<JoinEnd>(messages[1]));
}

// No other region may have what a failover could still take away.
TEST_F(JoinTest, APartitionLeavesWhenTheLogMayLeaveUpToWhereItWasRead) {
  WriteThirty();
  JoinSender sender(1, primary_.log().CursorAtEnd());
  const storage::LogPosition limit = primary_.log().end();
  primary_.Write(WriteOf(1, 31), "not with a replica yet");
  std::vector<Message> messages;
  EXPECT_TRUE(sender.Pump(primary_, limit, JoinSender::kMostBytesPerPump, messages));
  ASSERT_EQ(messages.size(), 1U);
  JoinReceiver receiver(std::get<JoinStart>(messages[0]), {});
  Tell(receiver, replica_, sender);
  EXPECT_TRUE(sender.Pump(primary_, limit, JoinSender::kMostBytesPerPump, messages));
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_TRUE(sender.Pump(primary_, primary_.log().end(), JoinSender::kMostBytesPerPump, messages));
  EXPECT_TRUE(std::holds_alternative<JoinPartitionEnd>(messages.back()));
}

TEST_F(JoinTest, AFloorThatItsPartitionsHaveNotReachedIsRefused) {
  JoinStart start{.stream = 1};
  start.floor.Advance(WriteOf(1, 1));
  JoinReceiver receiver(start, {});
  for (storage::PartitionId partition = 0; partition < storage::kPartitions; ++partition) {
    JoinPartitionEnd end{.stream = 1, .partition = partition};
    if (partition != 17) end.observed = start.floor;
    ASSERT_TRUE(receiver.OnPartitionEnd(end, replica_).has_value());
  }
  EXPECT_FALSE(receiver.OnEnd(replica_).has_value());
  EXPECT_TRUE(replica_.floor().empty());
}

// --- What both sides have ------------------------------------------------------------------------

class ComparedJoinTest : public JoinTest {
 protected:
  ComparedJoinTest() {
    for (std::uint64_t tick = 1; tick <= 30; ++tick) Both(WriteOf(1, tick));
  }
  void Both(crdt::Stamp stamp) {
    primary_.Write(stamp, "text");
    replica_.Write(stamp, "text");
  }
  bool Turn() { return Step(sender_, primary_, receiver_, replica_); }
  static storage::PartitionId PartitionOf(crdt::Stamp stamp) {
    return storage::PartitionOf(FakeShard::KeyOf(stamp));
  }
  // At the sender, in a partition that is not empty, with something that the receiver lacks.
  void WriteSeenAndGone(crdt::Stamp theirs) {
    crdt::Stamp neighbour = WriteOf(1, next_tick_);
    while (PartitionOf(neighbour) != PartitionOf(theirs)) neighbour = neighbour.Plus(1);
    Both(neighbour);
    primary_.Write(neighbour.Plus(1), "not here yet");
    next_tick_ += 100000;
    primary_.Write(theirs, "seen and gone");
    primary_.Spoil(FakeShard::KeyOf(theirs), "");
    sender_ = JoinSender(1, primary_.log().CursorAtEnd());
  }
  // Until what is here of this partition has been told, and it has not come.
  void TellUpTo(storage::PartitionId partition) {
    while (sender_.partitions_sent() + 1 < partition) Turn();
    Tell(*receiver_, replica_, sender_);
  }

  JoinSender sender_{1, primary_.log().CursorAtEnd()};
  std::uint64_t next_tick_ = 31;
};

TEST_F(ComparedJoinTest, WhatIsEqualDoesNotCome) {
  primary_.Write(WriteOf(1, 31), "gone again");
  primary_.Spoil(FakeShard::KeyOf(WriteOf(1, 31)), "");
  sender_ = JoinSender(1, primary_.log().CursorAtEnd());
  while (Turn()) continue;
  EXPECT_EQ(sender_.bytes_sent(), 0U);
  EXPECT_EQ(sender_.partitions_sent(), storage::kPartitions);
  EXPECT_EQ(receiver_->percent_equal(), 100);
  EXPECT_EQ(replica_.texts().size(), 30U);
  EXPECT_EQ(replica_.floor(), primary_.floor());
}

TEST_F(ComparedJoinTest, WhatDiffersComesAndWhatIsGoneThereGoes) {
  primary_.Write(WriteOf(1, 31), "only there");
  primary_.Spoil(FakeShard::KeyOf(WriteOf(1, 30)), "");
  sender_ = JoinSender(1, primary_.log().CursorAtEnd());
  while (Turn()) continue;
  EXPECT_TRUE(replica_.texts().contains(WriteOf(1, 31)));
  EXPECT_FALSE(replica_.texts().contains(WriteOf(1, 30)));
  EXPECT_EQ(replica_.texts().size(), 30U);
  EXPECT_LT(sender_.bytes_sent(), 30U * 10) << "one text, and who shares its bucket";
  EXPECT_GT(receiver_->percent_equal(), 90);
  EXPECT_LT(receiver_->percent_equal(), 100);
}

TEST_F(ComparedJoinTest, NothingComesBeforeItWasTold) {
  std::vector<Message> messages;
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(sender_.Pump(primary_, primary_.log().end(), 1000, messages));
  }
  ASSERT_EQ(messages.size(), 1U);
  JoinReceiver receiver(std::get<JoinStart>(messages[0]), {});
  std::vector<Message> told;
  while (receiver.TellSums(replica_, told)) continue;
  EXPECT_EQ(told.size(), JoinReceiver::kToldAhead);
}

TEST_F(ComparedJoinTest, WhatIsWrittenHereMeanwhileStays) {
  const crdt::Stamp own = WriteOf(2, 40);
  TellUpTo(PartitionOf(own));
  replica_.Write(own, "meanwhile");
  while (Turn()) continue;
  EXPECT_EQ(receiver_->partitions_refused(), 0);
  EXPECT_TRUE(replica_.texts().contains(own));
  EXPECT_TRUE(replica_.floor().Covers(primary_.floor()));
}

// The sender had seen the write, and what took it away again; here only the write has come. To
// leave the partition as it is would keep it for ever.
TEST_F(ComparedJoinTest, WhatTheSenderHadSeenAndComesHereOnlyNowIsRefused) {
  const crdt::Stamp theirs = WriteOf(3, 40);
  WriteSeenAndGone(theirs);
  const crdt::VersionVector all = primary_.floor();
  TellUpTo(PartitionOf(theirs));
  replica_.Write(theirs, "seen and gone");
  while (Turn()) continue;
  EXPECT_EQ(receiver_->partitions_refused(), 1);
  EXPECT_EQ(receiver_->partitions_joined(), storage::kPartitions - 1);
  EXPECT_FALSE(replica_.Observed(PartitionOf(theirs)).Covers(all)) << "it is as it was";
  EXPECT_FALSE(replica_.floor().Covers(all));
  // Once more, from the beginning, with what is here now.
  sender_ = JoinSender(2, primary_.log().CursorAtEnd());
  receiver_.reset();
  while (Turn()) continue;
  EXPECT_EQ(receiver_->partitions_refused(), 0);
  EXPECT_TRUE(replica_.floor().Covers(all));
  EXPECT_FALSE(replica_.texts().contains(theirs));
}

// Both came here meanwhile, too: then there is nothing to undo.
TEST_F(ComparedJoinTest, WhatIsAgainAsItWasToldIsTaken) {
  const crdt::Stamp theirs = WriteOf(3, 40);
  WriteSeenAndGone(theirs);
  TellUpTo(PartitionOf(theirs));
  replica_.Write(theirs, "seen and gone");
  replica_.Spoil(FakeShard::KeyOf(theirs), "");
  while (Turn()) continue;
  EXPECT_EQ(receiver_->partitions_refused(), 0);
  EXPECT_TRUE(replica_.floor().Covers(primary_.floor()));
}

// Each partition was refused once, but not in the same round: the floor moves up to the first
// one's.
TEST_F(ComparedJoinTest, RoundsThatRefuseSomethingBringTheFloorForwardTogether) {
  const crdt::Stamp theirs = WriteOf(3, 40);
  WriteSeenAndGone(theirs);
  const crdt::VersionVector first = primary_.floor();
  TellUpTo(PartitionOf(theirs));
  replica_.Write(theirs, "seen and gone");
  while (Turn()) continue;
  ASSERT_EQ(receiver_->partitions_refused(), 1);
  crdt::Stamp others = WriteOf(3, 60);
  while (PartitionOf(others) == PartitionOf(theirs)) others = others.Plus(1);
  WriteSeenAndGone(others);
  sender_ = JoinSender(2, primary_.log().CursorAtEnd());
  receiver_.reset();
  TellUpTo(PartitionOf(others));
  replica_.Write(others, "seen and gone");
  while (Turn()) continue;
  EXPECT_EQ(receiver_->partitions_refused(), 1);
  EXPECT_TRUE(replica_.floor().Covers(first));
}

TEST_F(ComparedJoinTest, AFollowerOfTheLogTakesPart) {
  primary_.Write(WriteOf(1, 31), "only there");
  primary_.Spoil(FakeShard::KeyOf(WriteOf(1, 30)), "");
  sender_ = JoinSender(1, primary_.log().CursorAtEnd());
  while (Turn()) continue;
  ASSERT_TRUE(replica_.log().WriteOut().has_value());
  const Subscribe request{.follow = true, .window = 1 << 20, .stream = 1};
  OutgoingStream stream(request, *replica_.log().CursorFor({}), {});
  CausalGate gate(request);
  for (const Message& message : PumpOnce(stream, replica_.log())) {
    ASSERT_TRUE(Give(gate, message).has_value());
  }
  FakeShard follower;
  ASSERT_TRUE(gate.Deliver(follower, std::nullopt).has_value());
  EXPECT_EQ(follower.floor(), replica_.floor());
  EXPECT_EQ(follower.texts().size(), 30U);
  EXPECT_FALSE(follower.texts().contains(WriteOf(1, 30)));
}

TEST_F(ComparedJoinTest, WhatWasNotComparedCannotBeLeftOut) {
  JoinReceiver receiver(JoinStart{.stream = 1}, {});
  JoinPartitionEnd end{.stream = 1, .left_out = storage::Buckets(8)};
  EXPECT_FALSE(receiver.OnPartitionEnd(end, replica_).has_value());
}

TEST_F(ComparedJoinTest, NoMoreIsTakenAheadThanIsAskedFor) {
  storage::PartitionId partition = 0;
  while (partition <= JoinReceiver::kToldAhead) {
    ASSERT_TRUE(sender_.OnSums({.stream = 1, .partition = partition++}).has_value());
  }
  EXPECT_FALSE(sender_.OnSums({.stream = 1, .partition = partition}).has_value());
}

// --- In the log of who has joined ----------------------------------------------------------------

class JoinedLogTest : public JoinTest {
 protected:
  // What the log has behind `cursor`, given to a follower.
  crdt::Status Follow(OutgoingStream& stream, CausalGate& gate, FakeShard& follower) {
    for (const Message& message : PumpOnce(stream, replica_.log())) {
      if (crdt::Status given = Give(gate, message); !given) return given;
    }
    return gate.Deliver(follower, std::nullopt);
  }
  OutgoingStream StreamFrom(const Subscribe& request) {
    return OutgoingStream(request, *replica_.log().CursorFor(request.have),
                          {.floor = request.have});
  }
  // Joins so many partitions of the primary.
  void Join(JoinSender& sender, int partitions) {
    while (sender.partitions_sent() < partitions && Step(sender, primary_, receiver_, replica_)) {
      continue;
    }
    ASSERT_TRUE(replica_.log().WriteOut().has_value());
  }

  FakeShard follower_;
  Subscribe request_{.follow = true, .window = 1 << 20, .stream = 1};
};

TEST_F(JoinedLogTest, AFollowerTakesPartInTheJoinByTheLog) {
  WriteThirty();
  OutgoingStream stream = StreamFrom(request_);
  CausalGate gate(request_);
  JoinSender sender(1, primary_.log().CursorAtEnd());
  for (const int partitions : {100, 200}) {
    Join(sender, partitions);
    ASSERT_TRUE(Follow(stream, gate, follower_).has_value());
    EXPECT_EQ(follower_.texts().size(), replica_.texts().size());
    EXPECT_EQ(follower_.log().vectors(), replica_.log().vectors());
    EXPECT_TRUE(follower_.floor().empty());
  }
  // Who writes amid it is followed too, with what it had seen.
  replica_.Write(WriteOf(2, 99), "meanwhile");
  Join(sender, storage::kPartitions);
  ASSERT_TRUE(Follow(stream, gate, follower_).has_value());
  EXPECT_FALSE(stream.needs_join());
  EXPECT_EQ(follower_.texts().size(), 31U);
  EXPECT_EQ(follower_.floor(), replica_.floor());
  EXPECT_EQ(follower_.log().vectors(), replica_.log().vectors());
}

// Also one that was away from the middle of the join on, and lost what it had of it.
TEST_F(JoinedLogTest, AFollowerThatHasNoneOfTheJoinGetsAllOfIt) {
  WriteThirty();
  replica_.Write(WriteOf(2, 1), "before");
  JoinSender sender(1, primary_.log().CursorAtEnd());
  Join(sender, 100);
  replica_.Write(WriteOf(2, 99), "meanwhile");
  Join(sender, storage::kPartitions);
  request_.have.Advance(WriteOf(2, 1));
  follower_.Write(WriteOf(2, 1), "before");
  OutgoingStream stream = StreamFrom(request_);
  CausalGate gate(request_);
  ASSERT_TRUE(Follow(stream, gate, follower_).has_value());
  EXPECT_FALSE(stream.needs_join());
  EXPECT_EQ(follower_.texts().size(), replica_.texts().size());
  EXPECT_EQ(follower_.floor(), replica_.floor());
}

TEST_F(JoinedLogTest, AFollowerWhoseStreamBeginsAmidTheJoinHasToJoinItself) {
  WriteThirty();
  JoinSender sender(1, primary_.log().CursorAtEnd());
  Join(sender, 100);
  const storage::LogCursor amid = replica_.log().CursorAtEnd();
  Join(sender, storage::kPartitions);
  OutgoingStream stream(request_, amid, {});
  CausalGate gate(request_);
  ASSERT_TRUE(Follow(stream, gate, follower_).has_value());
  EXPECT_TRUE(stream.needs_join());
  EXPECT_TRUE(follower_.floor().empty()) << "it lacks what stands before";
}

TEST_F(JoinedLogTest, AJumpWithoutWhatItClaimsIsRefused) {
  CausalGate gate(request_);
  ASSERT_TRUE(gate.OnStart({.stream = 1}).has_value());
  crdt::VersionVector floor;
  floor.Advance(WriteOf(1, 30));
  std::string payload;
  storage::EncodeVector(storage::FrameKind::kFloorJump, floor, payload);
  Records records{.stream = 1};
  crdt::ByteWriter(records.entries).Bytes(payload);
  ASSERT_TRUE(gate.OnRecords(records).has_value());
  EXPECT_FALSE(gate.Deliver(follower_, std::nullopt).has_value());
  EXPECT_TRUE(follower_.floor().empty());
}

// Another region reads single records; of the join it needs only what it asked this log for.
TEST_F(JoinedLogTest, ARegionJoinsOnlyWhereItLacksWhatItAskedFor) {
  WriteThirty();
  JoinSender sender(1, primary_.log().CursorAtEnd());
  Join(sender, storage::kPartitions);
  replica_.Write(WriteOf(2, 99), "behind it");
  ASSERT_TRUE(replica_.log().WriteOut().has_value());
  const auto asks_for = [&](crdt::RegionId author) {
    const Subscribe request{.regions = {author}, .window = 1 << 20, .stream = 1};
    OutgoingStream stream(request, *replica_.log().CursorFor({}, request.regions), {});
    (void)PumpOnce(stream, replica_.log());
    return std::pair(stream.needs_join(), stream.last_stamp());
  };
  EXPECT_EQ(asks_for(1), std::pair(true, crdt::Stamp()));
  EXPECT_EQ(asks_for(2), std::pair(false, WriteOf(2, 99)));
}

// The join broke off, and what it had brought came as records later: in this log these stand behind
// what was written with them in sight.
TEST_F(JoinedLogTest, ARegionJoinsWhereARecordHadSeenWhatItAskedForAndLacks) {
  crdt::EffectList effects;
  crdt::PrepareSet({}, "key", "value", {}, effects);
  const crdt::VersionVector joined = Having({WriteOf(1, 3)});
  ASSERT_TRUE(
      replica_.JoinPartition(storage::PartitionOf("key"), {}, joined, storage::UnnamedKeys::kAbsent)
          .has_value());
  replica_.Write(WriteOf(2, 99), std::string(effects.bytes()));
  ASSERT_TRUE(replica_.log().WriteOut().has_value());
  const auto asks_for = [&](std::vector<crdt::RegionId> authors, crdt::VersionVector have) {
    const Subscribe request{
        .have = have, .regions = std::move(authors), .window = 1 << 20, .stream = 1};
    OutgoingStream stream(request, *replica_.log().CursorFor(have, request.regions),
                          {.floor = have});
    (void)PumpOnce(stream, replica_.log());
    return stream.needs_join();
  };
  EXPECT_TRUE(asks_for({1, 2}, {}));
  EXPECT_FALSE(asks_for({1, 2}, joined));
  EXPECT_FALSE(asks_for({2}, {})) << "that comes from where it was written";
}

// --- What an honest peer never sends -------------------------------------------------------------

TEST_F(JoinTest, PartitionsComeInOrderAndAllOfThem) {
  JoinReceiver receiver(JoinStart{.stream = 1}, {});
  EXPECT_FALSE(receiver.OnEntries({.stream = 1, .partition = 1}).has_value());
  EXPECT_FALSE(receiver.OnPartitionEnd({.stream = 1, .partition = 3}, replica_).has_value());
  EXPECT_TRUE(receiver.OnPartitionEnd({.stream = 1, .partition = 0}, replica_).has_value());
  EXPECT_FALSE(receiver.OnEnd(replica_).has_value());
}

TEST_F(JoinTest, EntriesThatDoNotDecodeAreRefused) {
  JoinReceiver receiver(JoinStart{.stream = 1}, {});
  ASSERT_TRUE(
      receiver.OnEntries({.stream = 1, .partition = 0, .entries = "\x03key\x09short"}).has_value());
  EXPECT_FALSE(receiver.OnPartitionEnd({.stream = 1, .partition = 0}, replica_).has_value());
  EXPECT_TRUE(replica_.texts().empty());
}

}  // namespace
}  // namespace replication
