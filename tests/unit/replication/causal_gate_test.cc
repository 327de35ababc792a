#include "replication/causal_gate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stream_fixture.h"

namespace replication {
namespace {

constexpr std::int64_t kLatest = static_cast<std::int64_t>(kUnixMs) + 500;

class CausalGateTest : public ::testing::Test {
 protected:
  CausalGateTest() { EXPECT_TRUE(gate_.OnStart({.stream = 1}).has_value()); }

  // A batch of one record, coded as the stream would.
  Records Batch(const storage::RecordView& record, storage::LogPosition position = 0) {
    std::string payload;
    storage::EncodeRecord(record, {.floor = running_}, payload);
    running_ = record.context;
    running_.Advance(record.last_stamp());
    Records records{.stream = 1, .position = position};
    crdt::ByteWriter(records.entries).Bytes(payload);
    return records;
  }
  void Receive(const storage::RecordView& record, storage::LogPosition position = 0) {
    const crdt::Status taken = gate_.OnRecords(Batch(record, position));
    EXPECT_TRUE(taken.has_value()) << taken.error().detail;
  }
  void Deliver(std::int64_t latest = kLatest) {
    const crdt::Status delivered = gate_.Deliver(shard_, latest);
    EXPECT_TRUE(delivered.has_value()) << delivered.error().detail;
  }

  CausalGate gate_{{.regions = {2, 3}, .window = 1000, .stream = 1}};
  FakeShard shard_;
  crdt::VersionVector running_;
};

TEST_F(CausalGateTest, WhatIsCoveredPassesInOrder) {
  Receive(RecordOf(WriteOf(2, 1), "a"));
  Receive(RecordOf(WriteOf(2, 2), "b", Having({WriteOf(2, 1)})));
  Deliver();
  EXPECT_EQ(shard_.order(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(gate_.waiting(), 0U);
}

TEST_F(CausalGateTest, ARecordWaitsForItsContextAndHoldsBackWhatFollowsIt) {
  Receive(RecordOf(WriteOf(2, 1), "depends on region 3", Having({WriteOf(3, 1)})));
  Receive(RecordOf(WriteOf(2, 2), "free", Having({WriteOf(2, 1)})));
  Deliver();
  EXPECT_TRUE(shard_.order().empty());
  EXPECT_FALSE(gate_.HeldAheadMs(kUnixMs).has_value()) << "not for its time";
  ASSERT_TRUE(shard_.ApplyRecord(RecordOf(WriteOf(3, 1), "what it waits for")).has_value());
  Deliver();
  EXPECT_EQ(shard_.order(),
            (std::vector<std::string>{"what it waits for", "depends on region 3", "free"}));
}

TEST_F(CausalGateTest, DuplicatesAreSkippedAndCountAsConsumed) {
  Receive(RecordOf(WriteOf(2, 1), "a"));
  Deliver();
  const std::uint64_t once = gate_.consumed();
  Receive(RecordOf(WriteOf(2, 1), "a"));
  Deliver();
  EXPECT_EQ(shard_.order(), std::vector<std::string>{"a"});
  EXPECT_GT(gate_.consumed(), once);
  EXPECT_EQ(gate_.applied_records(), 1U);
}

TEST(FinePrint, Rule8ARecordMovesTheVectorToItsLastStampAtOnce) {
  CausalGate gate({.regions = {2}, .window = 1000, .stream = 1});
  ASSERT_TRUE(gate.OnStart({.stream = 1}).has_value());
  storage::RecordView exec = RecordOf(WriteOf(2, 1), "three effects");
  exec.effect_count = 3;
  std::string payload;
  storage::EncodeRecord(exec, {}, payload);
  Records records{.stream = 1};
  crdt::ByteWriter(records.entries).Bytes(payload);
  ASSERT_TRUE(gate.OnRecords(records).has_value());
  FakeShard shard;
  ASSERT_TRUE(gate.Deliver(shard, std::nullopt).has_value());
  EXPECT_EQ(shard.floor(), Having({WriteOf(2, 3)}));
}

TEST_F(CausalGateTest, FinePrint9WhatIsHeldIsNeverAcknowledged) {
  Receive(RecordOf(WriteOf(2, 1), "depends on region 3", Having({WriteOf(3, 1)})), 700);
  Deliver();
  EXPECT_EQ(gate_.consumed(), 0U);
  EXPECT_EQ(gate_.applied_position(), 0U);
  // Nor by a mere position behind it.
  ASSERT_TRUE(gate_.OnRecords({.stream = 1, .position = 900}).has_value());
  Deliver();
  EXPECT_EQ(gate_.applied_position(), 0U);
  ASSERT_TRUE(shard_.ApplyRecord(RecordOf(WriteOf(3, 1), "x")).has_value());
  Deliver();
  EXPECT_GT(gate_.consumed(), 0U);
  EXPECT_EQ(gate_.applied_position(), 900U);
}

TEST_F(CausalGateTest, FinePrint25ARecordFromTheFutureIsHeldAndReported) {
  const crdt::Stamp ahead = crdt::Stamp::At(kUnixMs + 60000, crdt::Writer(2, 1));
  Receive(RecordOf(ahead, "from the future"));
  Receive(RecordOf(ahead.Plus(1), "behind it", Having({ahead})));
  Deliver();
  EXPECT_TRUE(shard_.order().empty());
  EXPECT_EQ(gate_.HeldAheadMs(kUnixMs), 60000);
  EXPECT_EQ(gate_.consumed(), 0U);
  // Time comes.
  Deliver(kUnixMs + 60000);
  EXPECT_EQ(shard_.order().size(), 2U);
  EXPECT_FALSE(gate_.HeldAheadMs(kUnixMs).has_value());
}

TEST_F(CausalGateTest, FinePrint25AnOperatorReleasesWhatIsHeldForItsTime) {
  const crdt::Stamp ahead = crdt::Stamp::At(kUnixMs + 86'400'000, crdt::Writer(2, 1));
  Receive(RecordOf(ahead, "a day ahead"));
  Deliver();
  ASSERT_TRUE(gate_.HeldAheadMs(kUnixMs).has_value());
  gate_.ReleaseHeld();
  Deliver();
  EXPECT_EQ(shard_.order(), std::vector<std::string>{"a day ahead"});
  Receive(RecordOf(crdt::Stamp::At(kUnixMs + 2 * 86'400'000, crdt::Writer(2, 1)), "two days"));
  Deliver();
  EXPECT_EQ(shard_.order().size(), 1U) << "only what was held then";
}

TEST_F(CausalGateTest, FinePrint25AReleaseIsOfAllThatIsHeldAndNotOfItsFirstMillisecond) {
  const crdt::Stamp ahead = crdt::Stamp::At(kUnixMs + 60000, crdt::Writer(2, 1));
  const crdt::Stamp later = crdt::Stamp::At(kUnixMs + 60070, crdt::Writer(2, 1));
  Receive(RecordOf(ahead, "held"));
  Receive(RecordOf(later, "held behind it", Having({ahead})));
  Deliver();
  gate_.ReleaseHeld();
  Deliver();
  EXPECT_EQ(shard_.order(), (std::vector<std::string>{"held", "held behind it"}));
  EXPECT_FALSE(gate_.held_for_time());
}

TEST_F(CausalGateTest, TheLocalHopHoldsNothingForItsTime) {
  Receive(RecordOf(crdt::Stamp::At(kUnixMs + 60000, crdt::Writer(2, 1)), "from the future"));
  ASSERT_TRUE(gate_.Deliver(shard_, std::nullopt).has_value());
  EXPECT_EQ(shard_.order().size(), 1U);
}

TEST_F(CausalGateTest, TheRecordsOfAnOlderSubscriptionAreIgnored) {
  Records old = Batch(RecordOf(WriteOf(2, 1), "old"));
  old.stream = 7;
  EXPECT_TRUE(gate_.OnRecords(old).has_value());
  EXPECT_TRUE(gate_.OnPart({.stream = 7, .total = 5, .piece = "piece"}).has_value());
  EXPECT_TRUE(gate_.OnStart({.stream = 7}).has_value());
  EXPECT_EQ(gate_.waiting(), 0U);
}

// --- What an honest peer never sends -------------------------------------------------------------

TEST_F(CausalGateTest, ARegionSpeaksOnlyForThoseItWasAskedFor) {
  const auto forged = gate_.OnRecords(Batch(RecordOf(WriteOf(1, 1), "ours, it says")));
  ASSERT_FALSE(forged.has_value());
  EXPECT_NE(forged.error().detail.find("region 1"), std::string::npos);
}

TEST_F(CausalGateTest, MoreThanTheWindowIsRefused) {
  const std::string text(400, 'x');
  Receive(RecordOf(WriteOf(2, 1), text, Having({WriteOf(3, 9)})));
  Receive(RecordOf(WriteOf(2, 2), text, Having({WriteOf(3, 9)})));
  Receive(RecordOf(WriteOf(2, 3), text, Having({WriteOf(3, 9)})));
  const auto beyond = gate_.OnRecords(Batch(RecordOf(WriteOf(2, 4), text)));
  ASSERT_FALSE(beyond.has_value());
  EXPECT_EQ(beyond.error().code, crdt::ErrorCode::kTooLarge);
}

TEST_F(CausalGateTest, FramesThatAreNoRecordsComeFromNoRegion) {
  Records records{.stream = 1};
  std::string payload;
  storage::EncodeEpoch(3, payload);
  crdt::ByteWriter(records.entries).Bytes(payload);
  EXPECT_FALSE(gate_.OnRecords(records).has_value());
}

TEST_F(CausalGateTest, BytesThatDoNotDecodeAreRefused) {
  EXPECT_FALSE(gate_.OnRecords({.stream = 1, .entries = "\x09short"}).has_value());
  EXPECT_FALSE(gate_.OnRecords({.stream = 1, .entries = std::string(1, '\0')}).has_value());
  EXPECT_FALSE(gate_.OnRecords({.stream = 1, .entries = "\x02\x01\x01"}).has_value());
  Receive(RecordOf(WriteOf(2, 1), "bad"));
  EXPECT_FALSE(gate_.Deliver(shard_, std::nullopt).has_value()) << "the shard refuses it";
}

TEST_F(CausalGateTest, AStreamStartsOnceAndBeforeItsRecords) {
  EXPECT_FALSE(gate_.OnStart({.stream = 1}).has_value());
  CausalGate fresh({.regions = {2}, .window = 1000, .stream = 1});
  EXPECT_FALSE(fresh.OnRecords(Batch(RecordOf(WriteOf(2, 1), "a"))).has_value());
  EXPECT_FALSE(fresh.OnPart({.stream = 1, .total = 5, .piece = "piece"}).has_value());
}

// Its author wrote amid a join: what that had brought to the partition has to be here.
TEST_F(CausalGateTest, ARecordWaitsForWhatItsAuthorHadSeenOfAPartition) {
  storage::RecordView record = RecordOf(WriteOf(2, 5), "amid a join");
  crdt::VersionVector joined;
  joined.Advance(WriteOf(3, 4));
  record.beyond[17] = joined;
  Receive(record);
  Deliver();
  EXPECT_EQ(gate_.waiting(), 1U);
  ASSERT_TRUE(shard_.JoinPartition(16, {}, joined, storage::UnnamedKeys::kAbsent).has_value());
  Deliver();
  EXPECT_EQ(gate_.waiting(), 1U) << "another partition";
  ASSERT_TRUE(shard_.JoinPartition(17, {}, joined, storage::UnnamedKeys::kAbsent).has_value());
  Deliver();
  EXPECT_EQ(gate_.waiting(), 0U);
  EXPECT_EQ(shard_.order(), std::vector<std::string>{"amid a join"});
}

// The keys that a jump does not name were compared with what its log had, not with this node's.
TEST_F(CausalGateTest, AJumpOfNamedKeysIsOfNoUseWhereMoreIsHereThanItsLogHad) {
  const auto jump_passes = [](bool has_more) {
    FakeShard follower;
    if (has_more) follower.Write(WriteOf(1, 1), "lost there");
    const Subscribe request{.follow = true, .window = 1000, .stream = 1};
    CausalGate gate(request);
    EXPECT_TRUE(gate.OnStart({.stream = 1}).has_value());
    std::string payload;
    storage::EncodeVectorJump({.partition = 17,
                               .fragments = 0,
                               .vector = Having({WriteOf(1, 1), WriteOf(2, 1)}),
                               .unnamed = storage::UnnamedKeys::kEqual},
                              payload);
    Records records{.stream = 1};
    crdt::ByteWriter(records.entries).Bytes(payload);
    EXPECT_TRUE(gate.OnRecords(records).has_value());
    EXPECT_TRUE(gate.Deliver(follower, std::nullopt).has_value());
    EXPECT_EQ(gate.must_join(), gate.waiting() == 1);
    EXPECT_EQ(gate.must_join(), !follower.Observed(17).Covers(WriteOf(2, 1)));
    return !gate.must_join();
  };
  EXPECT_TRUE(jump_passes(/*has_more=*/false));
  EXPECT_FALSE(jump_passes(/*has_more=*/true));
}

TEST_F(CausalGateTest, PartsFitTogetherOrAreRefused) {
  std::string payload;
  storage::EncodeRecord(RecordOf(WriteOf(2, 1), "in two parts"), {}, payload);
  const auto part = [&](std::size_t from, std::size_t size) {
    return RecordPart{
        .stream = 1, .total = payload.size(), .piece = payload.substr(from, size), .position = 50};
  };
  ASSERT_TRUE(gate_.OnPart(part(0, 10)).has_value());
  EXPECT_EQ(gate_.waiting(), 0U);
  RecordPart other_total = part(10, 5);
  other_total.total += 1;
  EXPECT_FALSE(gate_.OnPart(other_total).has_value());
  RecordPart too_much = part(10, payload.size());
  too_much.piece += "more";
  EXPECT_FALSE(gate_.OnPart(too_much).has_value());
  EXPECT_FALSE(gate_.OnPart(part(10, 0)).has_value());
  ASSERT_TRUE(gate_.OnPart(part(10, payload.size())).has_value());
  Deliver();
  EXPECT_EQ(shard_.order(), std::vector<std::string>{"in two parts"});
  EXPECT_EQ(gate_.applied_position(), 50U);
  const RecordPart endless{.stream = 1, .total = CausalGate::kMaxPayload + 1, .piece = "x"};
  EXPECT_FALSE(gate_.OnPart(endless).has_value());
}

}  // namespace
}  // namespace replication
