#include "storage/log/record.h"

#include <gtest/gtest.h>

#include <string>

#include "crdt/prepare.h"
#include "log_fixture.h"
#include "storage/key_location.h"
#include "storage/log/log_cursor.h"

namespace storage {
namespace {

constexpr crdt::Writer kElsewhere(2, 7);

crdt::VersionVector VectorOf(std::initializer_list<crdt::Stamp> stamps) {
  crdt::VersionVector vector;
  for (const crdt::Stamp stamp : stamps) vector.Advance(stamp);
  return vector;
}

TEST(Record, ALocalRecordsContextIsTheReference) {
  const LogVectors before{.floor = VectorOf({StampNumber(3), StampNumber(9, kElsewhere)})};
  std::string payload;
  EncodeLocalRecord(StampNumber(4), 2, "effects", payload);
  const RecordView record = DecodeRecord(payload, before).value();
  EXPECT_TRUE(record.implied);
  EXPECT_EQ(record.context, before.floor);
  EXPECT_EQ(record.first_stamp, StampNumber(4));
  EXPECT_EQ(record.last_stamp(), StampNumber(5));
  EXPECT_EQ(record.effect_count, 2u);
  EXPECT_EQ(record.effects, "effects");
}

TEST(Record, AnotherContextIsWrittenDownEvenWhereItIsSmaller) {
  const LogVectors before{.floor = VectorOf({StampNumber(3), StampNumber(9, kElsewhere)})};
  const crdt::VersionVector context = VectorOf({StampNumber(2)});
  std::string payload;
  EncodeRecord({.first_stamp = StampNumber(10, kElsewhere),
                .effect_count = 1,
                .context = context,
                .effects = "effects"},
               before, payload);
  const RecordView record = DecodeRecord(payload, before).value();
  EXPECT_FALSE(record.implied);
  EXPECT_EQ(record.context, context);
  EXPECT_EQ(record.effects, "effects");
}

TEST(Record, AContextEqualToTheReferenceCostsNothing) {
  const LogVectors before{.floor = VectorOf({StampNumber(3)})};
  std::string local;
  EncodeLocalRecord(StampNumber(4), 1, "effects", local);
  std::string record;
  EncodeRecord({.first_stamp = StampNumber(4),
                .effect_count = 1,
                .context = before.floor,
                .effects = "effects"},
               before, record);
  EXPECT_EQ(record, local);
}

// An effect on a key, as a record holds it.
std::string EffectOn(std::string_view key) {
  crdt::EffectList effects;
  crdt::PrepareSet({}, key, "value", {}, effects);
  return std::string(effects.bytes());
}

// Amid a join the author has seen more of some partitions than its floor says.
TEST(Record, ALocalRecordHasSeenWhatAJoinBroughtToThePartitionsThatItTouches) {
  const PartitionId partition = PartitionOf("key");
  const PartitionId other = PartitionOf("other");
  ASSERT_NE(partition, other);
  LogVectors before{.floor = VectorOf({StampNumber(3), StampNumber(9, kElsewhere)})};
  before.PassVectorJump(partition, VectorOf({StampNumber(2), StampNumber(20, kElsewhere)}));
  before.PassVectorJump(other, VectorOf({StampNumber(30, kElsewhere)}));
  const std::string effects = EffectOn("key");
  std::string payload;
  EncodeLocalRecord(StampNumber(40), 1, effects, payload);
  const RecordView record = DecodeRecord(payload, before).value();
  EXPECT_TRUE(record.implied);
  EXPECT_EQ(record.context, before.floor);
  EXPECT_EQ(record.beyond, (PartitionVectors{{partition, VectorOf({StampNumber(20, kElsewhere)})}}))
      << "of other partitions nothing, nor what the floor covers";
  EXPECT_EQ(record.ContextIn(partition), VectorOf({StampNumber(3), StampNumber(20, kElsewhere)}));
  EXPECT_EQ(record.ContextIn(other), before.floor);

  // Elsewhere, where nothing is joined, it is written down; where the same is, nothing is.
  std::string elsewhere;
  EncodeRecord(record, {.floor = before.floor}, elsewhere);
  const RecordView there = DecodeRecord(elsewhere, {.floor = before.floor}).value();
  EXPECT_FALSE(there.implied);
  EXPECT_EQ(there.context, record.context);
  EXPECT_EQ(there.beyond, record.beyond);
  EXPECT_EQ(there.effects, effects);
  std::string same;
  EncodeRecord(there, before, same);
  EXPECT_EQ(same, payload);
}

TEST(Record, WithoutWhatAJoinBroughtItSaysSo) {
  LogVectors before{.floor = VectorOf({StampNumber(3)})};
  before.PassVectorJump(PartitionOf("key"), VectorOf({StampNumber(20, kElsewhere)}));
  const std::string effects = EffectOn("key");
  std::string payload;
  EncodeRecord({.first_stamp = StampNumber(10, kElsewhere),
                .effect_count = 1,
                .context = before.floor,
                .effects = effects},
               before, payload);
  const RecordView record = DecodeRecord(payload, before).value();
  EXPECT_FALSE(record.implied);
  EXPECT_TRUE(record.beyond.empty());
}

TEST(Record, WhatCannotBeARecordIsRefused) {
  std::string payload;
  EncodeLocalRecord(StampNumber(4), 1, "effects", payload);
  EXPECT_FALSE(DecodeRecord("", {}).has_value());
  for (std::size_t size = 0; size < 12; ++size) {
    EXPECT_FALSE(DecodeRecord(payload.substr(0, size), {}).has_value()) << size;
  }
  std::string unknown_flag = payload;
  unknown_flag[1] = 2;
  EXPECT_EQ(DecodeRecord(unknown_flag, {}).error().code, crdt::ErrorCode::kUnsupported);

  std::string more_effects_than_bytes;
  EncodeLocalRecord(StampNumber(4), 8, "effects", more_effects_than_bytes);
  EXPECT_FALSE(DecodeRecord(more_effects_than_bytes, {}).has_value());

  std::string no_region;
  EncodeLocalRecord(crdt::Stamp::FromValue(0), 1, "effects", no_region);
  EXPECT_FALSE(DecodeRecord(no_region, {}).has_value());

  const crdt::Stamp last_of_all = crdt::Stamp::FromValue(~std::uint64_t{0});
  std::string wraps_around;
  EncodeLocalRecord(last_of_all, 2, "effects", wraps_around);
  EXPECT_FALSE(DecodeRecord(wraps_around, {}).has_value());
}

TEST(Record, TheOtherFramesComeBackAsTheyWere) {
  std::string fragment;
  EncodeFragment({.partition = 255, .key = "cart", .object = "object"}, fragment);
  EXPECT_EQ(DecodeFragment(fragment)->partition, 255);
  EXPECT_EQ(DecodeFragment(fragment)->key, "cart");
  EXPECT_EQ(DecodeFragment(fragment)->object, "object");

  const crdt::VersionVector vector = VectorOf({StampNumber(3), StampNumber(9, kElsewhere)});
  std::string jump;
  EncodeVectorJump({.partition = 3, .vector = vector}, jump);
  EXPECT_EQ(DecodeVectorJump(jump)->partition, 3);
  EXPECT_EQ(DecodeVectorJump(jump)->vector, vector);
  EXPECT_EQ(DecodeVectorJump(jump)->unnamed, UnnamedKeys::kAbsent);
  std::string partial;
  EncodeVectorJump({.partition = 3, .vector = vector, .unnamed = UnnamedKeys::kEqual}, partial);
  EXPECT_EQ(DecodeVectorJump(partial)->unnamed, UnnamedKeys::kEqual);
  EXPECT_EQ(DecodeVectorJump(partial)->vector, vector);
  partial.back() = 2;
  EXPECT_FALSE(DecodeVectorJump(partial).has_value()) << "an unknown number";

  std::string epoch;
  EncodeEpoch(300, epoch);
  EXPECT_EQ(DecodeEpoch(epoch).value(), 300u);

  std::string stable;
  EncodeVector(FrameKind::kStable, vector, stable);
  EXPECT_EQ(DecodeVector(stable).value(), vector);
}

TEST(Record, AFrameIsNotTakenForAnotherKindNorWithBytesBehindIt) {
  std::string epoch;
  EncodeEpoch(300, epoch);
  EXPECT_FALSE(DecodeFragment(epoch).has_value());
  EXPECT_FALSE(DecodeVectorJump(epoch).has_value());
  EXPECT_FALSE(DecodeVector(epoch).has_value());
  EXPECT_FALSE(DecodeEpoch(epoch + "x").has_value());
  std::string stable;
  EncodeVector(FrameKind::kStable, {}, stable);
  EXPECT_FALSE(DecodeVector(stable + "x").has_value());
  std::string beyond_all_partitions;
  EncodeVectorJump({.partition = 256, .vector = {}}, beyond_all_partitions);
  EXPECT_FALSE(DecodeVectorJump(beyond_all_partitions).has_value());
}

TEST(LogVectors, ARecordMovesTheFloorToItsLastStamp) {
  LogVectors vectors;
  std::string payload;
  EncodeLocalRecord(StampNumber(4), 3, "effects", payload);
  vectors.Pass(payload);
  EXPECT_EQ(vectors.floor, VectorOf({StampNumber(6)}));
}

TEST(LogVectors, AJumpIsOfItsPartitionAloneUntilTheFloorReachesIt) {
  LogVectors vectors;
  std::string payload;
  EncodeVectorJump({.partition = 3, .vector = VectorOf({StampNumber(5)})}, payload);
  vectors.Pass(payload);
  EXPECT_TRUE(vectors.floor.empty());
  EXPECT_EQ(vectors.Observed(3), VectorOf({StampNumber(5)}));
  EXPECT_TRUE(vectors.Observed(4).empty());

  vectors.PassRecord(StampNumber(4));
  EXPECT_EQ(vectors.Observed(3), VectorOf({StampNumber(5)}));
  EXPECT_EQ(vectors.Observed(4), VectorOf({StampNumber(4)}));
  vectors.PassRecord(StampNumber(5));
  EXPECT_TRUE(vectors.beyond_floor.empty());
}

TEST(LogVectors, AFloorJumpIsOfAllPartitions) {
  LogVectors vectors;
  std::string payload;
  EncodeVectorJump({.partition = 3, .vector = VectorOf({StampNumber(5)})}, payload);
  vectors.Pass(payload);
  payload.clear();
  EncodeVector(FrameKind::kFloorJump, VectorOf({StampNumber(5)}), payload);
  vectors.Pass(payload);
  EXPECT_EQ(vectors.Observed(4), VectorOf({StampNumber(5)}));
  EXPECT_TRUE(vectors.beyond_floor.empty());
}

}  // namespace
}  // namespace storage
