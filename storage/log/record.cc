#include "storage/log/record.h"

#include <algorithm>
#include <array>
#include <cstring>

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
constexpr std::uint8_t kBeyond = 2;  // With an explicit context only.
// A stamp's counter and milliseconds: more effects than that cannot be stamped.
constexpr std::uint64_t kMostEffects = std::uint64_t{1} << 40;
constexpr PartitionId kMostPartitions = 256;

// What stands behind the kind; an empty payload has nothing there either.
ByteReader Body(std::string_view payload) {
  payload.remove_prefix(std::min<std::size_t>(1, payload.size()));
  return ByteReader(payload);
}

// Whether `count` stamps from `first` on exist. Stamps that wrap around would go backwards.
bool IsStampRange(Stamp first, std::uint64_t count) {
  return count > 0 && count <= kMostEffects && first.region() != 0 &&
         first.Plus(count - 1) >= first;
}

}  // namespace

VersionVector RecordView::ContextIn(PartitionId partition) const {
  VersionVector seen = context;
  const auto more = beyond.find(partition);
  if (more != beyond.end()) seen.Merge(more->second);
  return seen;
}

bool HasSeenJust(const RecordView& record, const LogVectors& vectors) {
  return record.context == vectors.floor && record.beyond == vectors.BeyondFor(record.effects);
}

Result<RecordView> DecodeRecord(std::string_view payload, const LogVectors& reference) {
  if (KindOf(payload) != FrameKind::kRecord) {
    return Fail(ErrorCode::kCorrupt, "a frame that is no record");
  }
  ByteReader in = Body(payload);
  const std::uint8_t flags = in.U8();
  RecordView record;
  record.first_stamp = in.GetStamp();
  record.effect_count = in.Varint();
  if ((flags & ~(kExplicitContext | kBeyond)) != 0 || flags == kBeyond) {
    return Fail(ErrorCode::kUnsupported, "a record with unknown flags");
  }
  if ((flags & kExplicitContext) != 0) {
    Result<VersionVector> context = VersionVector::DecodeDelta(reference.floor, in);
    if (!context) return std::unexpected(context.error());
    record.context = *std::move(context);
  } else {
    record.context = reference.floor;
    record.implied = true;
  }
  if ((flags & kBeyond) != 0) {
    Result<PartitionVectors> beyond = DecodePartitionVectors(in);
    if (!beyond) return std::unexpected(beyond.error());
    record.beyond = *std::move(beyond);
  }
  record.effects = in.Raw(in.remaining());
  if (record.implied) record.beyond = reference.BeyondFor(record.effects);
  if (!in.ok() || !IsStampRange(record.first_stamp, record.effect_count) ||
      record.effect_count > record.effects.size()) {
    return Fail(ErrorCode::kCorrupt, "a record does not decode");
  }
  return record;
}

void EncodeRecord(const RecordView& record, const LogVectors& reference, std::string& out) {
  ByteWriter writer(out);
  const bool implied = HasSeenJust(record, reference);
  const bool beyond = !implied && !record.beyond.empty();
  writer.U8(static_cast<std::uint8_t>(FrameKind::kRecord));
  writer.U8(static_cast<std::uint8_t>((implied ? 0 : kExplicitContext) | (beyond ? kBeyond : 0)));
  writer.PutStamp(record.first_stamp);
  writer.Varint(record.effect_count);
  if (!implied) record.context.EncodeDelta(reference.floor, writer);
  if (beyond) EncodePartitionVectors(record.beyond, writer);
  writer.Raw(record.effects.data(), record.effects.size());
}

void EncodeLocalRecord(Stamp first_stamp, std::uint64_t effect_count, std::string_view effects,
                       std::string& out) {
  std::array<char, 2 + sizeof(std::uint64_t) + crdt::kMostVarintBytes> head{
      static_cast<char>(FrameKind::kRecord), 0};
  const std::uint64_t stamp = first_stamp.value();
  std::memcpy(head.data() + 2, &stamp, sizeof stamp);
  char* const end = crdt::PutVarint(head.data() + 2 + sizeof stamp, effect_count);
  // In two pieces: each costs about as much as copying a small record.
  out.append(head.data(), end);
  out.append(effects);
}

Result<std::vector<crdt::EffectView>> DecodeEffects(const RecordView& record) {
  std::vector<crdt::EffectView> effects;
  ByteReader in(record.effects);
  while (!in.at_end()) {
    auto effect = crdt::EffectView::Decode(in);
    if (!effect) return std::unexpected(effect.error());
    effects.push_back(*effect);
  }
  if (effects.size() != record.effect_count) {
    return Fail(ErrorCode::kCorrupt, "a record does not hold as many effects as it says");
  }
  return effects;
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
  if (KindOf(payload) != FrameKind::kFragment || !in.ok() || !in.at_end() ||
      partition >= kMostPartitions) {
    return Fail(ErrorCode::kCorrupt, "a fragment of a join does not decode");
  }
  return fragment;
}

void EncodeVectorJump(const VectorJump& jump, std::string& out) {
  ByteWriter writer(out);
  writer.U8(static_cast<std::uint8_t>(FrameKind::kVectorJump));
  writer.Varint(jump.partition);
  writer.Varint(jump.fragments);
  jump.vector.Encode(writer);
  if (jump.unnamed == UnnamedKeys::kEqual) writer.U8(static_cast<std::uint8_t>(jump.unnamed));
}

Result<VectorJump> DecodeVectorJump(std::string_view payload) {
  ByteReader in = Body(payload);
  const std::uint64_t partition = in.Varint();
  const std::uint64_t fragments = in.Varint();
  Result<VersionVector> vector = VersionVector::Decode(in);
  const bool are_equal = vector && !in.at_end();
  if (are_equal && in.U8() != static_cast<std::uint8_t>(UnnamedKeys::kEqual)) in.Invalidate();
  if (KindOf(payload) != FrameKind::kVectorJump || !vector || !in.ok() || !in.at_end() ||
      partition >= kMostPartitions) {
    return Fail(ErrorCode::kCorrupt, "a vector's jump does not decode");
  }
  return VectorJump{static_cast<PartitionId>(partition), fragments, *std::move(vector),
                    are_equal ? UnnamedKeys::kEqual : UnnamedKeys::kAbsent};
}

void EncodeEpoch(crdt::Epoch epoch, std::string& out) {
  ByteWriter writer(out);
  writer.U8(static_cast<std::uint8_t>(FrameKind::kEpoch));
  writer.Varint(epoch);
}

Result<crdt::Epoch> DecodeEpoch(std::string_view payload) {
  ByteReader in = Body(payload);
  const crdt::Epoch epoch = in.Varint();
  if (KindOf(payload) != FrameKind::kEpoch || !in.ok() || !in.at_end() || epoch == 0) {
    return Fail(ErrorCode::kCorrupt, "an epoch does not decode");
  }
  return epoch;
}

void EncodeVector(FrameKind kind, const VersionVector& vector, std::string& out) {
  ByteWriter writer(out);
  writer.U8(static_cast<std::uint8_t>(kind));
  vector.Encode(writer);
}

Result<VersionVector> DecodeVector(std::string_view payload) {
  ByteReader in = Body(payload);
  Result<VersionVector> vector = VersionVector::Decode(in);
  const bool holds_vector =
      KindOf(payload) == FrameKind::kStable || KindOf(payload) == FrameKind::kFloorJump;
  if (!holds_vector || (vector && !in.at_end())) {
    return Fail(ErrorCode::kCorrupt, "a frame's vector does not decode");
  }
  return vector;
}

std::optional<Stamp> LastStampOf(std::string_view payload) {
  if (KindOf(payload) != FrameKind::kRecord) return std::nullopt;
  ByteReader in = Body(payload);
  in.U8();
  const Stamp first = in.GetStamp();
  const std::uint64_t count = in.Varint();
  if (!in.ok() || !IsStampRange(first, count)) return std::nullopt;
  return first.Plus(count - 1);
}

}  // namespace storage
