#include "storage/log/record.h"

namespace storage {
namespace {

using crdt::ByteReader;
using crdt::ByteWriter;
using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::Stamp;
using crdt::VersionVector;

constexpr std::uint8_t kExplicitContext = 1;
// A stamp's counter and milliseconds: more effects than that cannot be stamped.
constexpr std::uint64_t kMostEffects = std::uint64_t{1} << 40;
constexpr PartitionId kMostPartitions = 256;

ByteReader Body(std::string_view payload) { return ByteReader(payload.substr(1)); }

}  // namespace

Result<RecordView> DecodeRecord(std::string_view payload, const VersionVector& reference) {
  if (KindOf(payload) != FrameKind::kRecord) {
    return Fail(ErrorCode::kCorrupt, "a frame that is no record");
  }
  ByteReader in = Body(payload);
  const std::uint8_t flags = in.U8();
  RecordView record;
  record.first_stamp = in.GetStamp();
  record.effect_count = in.Varint();
  if ((flags & ~kExplicitContext) != 0) {
    return Fail(ErrorCode::kUnsupported, "a record with unknown flags");
  }
  if ((flags & kExplicitContext) != 0) {
    Result<VersionVector> context = VersionVector::DecodeDelta(reference, in);
    if (!context) return std::unexpected(context.error());
    record.context = *std::move(context);
  } else {
    record.context = reference;
    record.implied = true;
  }
  record.effects = in.Raw(in.remaining());
  if (!in.ok() || record.effect_count == 0 || record.effect_count > kMostEffects ||
      record.effects.empty() || record.first_stamp.region() == 0) {
    return Fail(ErrorCode::kCorrupt, "a record does not decode");
  }
  return record;
}

void EncodeRecord(const RecordView& record, const VersionVector& reference, std::string& out) {
  ByteWriter writer(out);
  const bool implied = record.context == reference;
  writer.U8(static_cast<std::uint8_t>(FrameKind::kRecord));
  writer.U8(implied ? 0 : kExplicitContext);
  writer.PutStamp(record.first_stamp);
  writer.Varint(record.effect_count);
  if (!implied) record.context.EncodeDelta(reference, writer);
  writer.Raw(record.effects.data(), record.effects.size());
}

void EncodeLocalRecord(Stamp first_stamp, std::uint64_t effect_count, std::string_view effects,
                       std::string& out) {
  ByteWriter writer(out);
  writer.U8(static_cast<std::uint8_t>(FrameKind::kRecord));
  writer.U8(0);
  writer.PutStamp(first_stamp);
  writer.Varint(effect_count);
  writer.Raw(effects.data(), effects.size());
}

void EncodeFragment(const FragmentView& fragment, std::string& out) {
  ByteWriter writer(out);
  writer.U8(static_cast<std::uint8_t>(FrameKind::kFragment));
  writer.Varint(fragment.partition);
  writer.Bytes(fragment.key);
  writer.Bytes(fragment.object);
}

Result<FragmentView> DecodeFragment(std::string_view payload) {
  ByteReader in = Body(payload);
  const std::uint64_t partition = in.Varint();
  const FragmentView fragment{static_cast<PartitionId>(partition), in.Bytes(), in.Bytes()};
  if (!in.ok() || !in.at_end() || partition >= kMostPartitions) {
    return Fail(ErrorCode::kCorrupt, "a fragment of a join does not decode");
  }
  return fragment;
}

void EncodeVectorJump(const VectorJump& jump, std::string& out) {
  ByteWriter writer(out);
  writer.U8(static_cast<std::uint8_t>(FrameKind::kVectorJump));
  writer.Varint(jump.partition);
  jump.vector.Encode(writer);
}

Result<VectorJump> DecodeVectorJump(std::string_view payload) {
  ByteReader in = Body(payload);
  const std::uint64_t partition = in.Varint();
  Result<VersionVector> vector = VersionVector::Decode(in);
  if (!vector || partition >= kMostPartitions) {
    return Fail(ErrorCode::kCorrupt, "a vector's jump does not decode");
  }
  return VectorJump{static_cast<PartitionId>(partition), *std::move(vector)};
}

void EncodeEpoch(crdt::Epoch epoch, std::string& out) {
  ByteWriter writer(out);
  writer.U8(static_cast<std::uint8_t>(FrameKind::kEpoch));
  writer.Varint(epoch);
}

void EncodeVector(FrameKind kind, const VersionVector& vector, std::string& out) {
  ByteWriter writer(out);
  writer.U8(static_cast<std::uint8_t>(kind));
  vector.Encode(writer);
}

Result<VersionVector> DecodeVector(std::string_view payload) {
  ByteReader in = Body(payload);
  return VersionVector::Decode(in);
}

void AdvanceFloor(std::string_view payload, VersionVector& floor) {
  if (KindOf(payload) == FrameKind::kRecord) {
    ByteReader in = Body(payload);
    in.U8();
    const Stamp first = in.GetStamp();
    const std::uint64_t count = in.Varint();
    if (in.ok() && count > 0) floor.Advance(first.Plus(count - 1));
  } else if (KindOf(payload) == FrameKind::kFloorJump) {
    if (const auto vector = DecodeVector(payload)) floor.Merge(*vector);
  }
}

}  // namespace storage
