#include "storage/checkpoint/checkpoint_store.h"

#include <utility>

#include "crdt/encoding.h"

namespace storage {

using crdt::ByteReader;
using crdt::ByteWriter;
using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::VersionVector;

namespace {

// 1 had neither cycles nor pieces.
constexpr std::uint32_t kMarkVersion = 2;

// In the position of a row: pieces follow. No log is so long.
constexpr LogPosition kInPieces = LogPosition{1} << 63;

}  // namespace

std::string CheckpointMark::Encode() const {
  std::string bytes;
  ByteWriter out(bytes);
  out.U32(kMarkVersion);
  out.Bytes(log_id);
  out.Varint(begin);
  out.Varint(void_below);
  vectors.floor.Encode(out);
  EncodePartitionVectors(vectors.beyond_floor, out);
  out.Varint(cycle);
  return bytes;
}

Result<CheckpointMark> CheckpointMark::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint32_t version = in.U32();
  if (in.ok() && version > kMarkVersion) {
    return Fail(ErrorCode::kUnsupported, "a checkpoint of version " + std::to_string(version));
  }
  CheckpointMark mark;
  mark.log_id = in.Bytes();
  mark.begin = in.Varint();
  mark.void_below = in.Varint();
  auto floor = VersionVector::Decode(in);
  if (!floor) return std::unexpected(floor.error());
  mark.vectors.floor = *std::move(floor);
  auto beyond_floor = DecodePartitionVectors(in);
  if (!beyond_floor) return std::unexpected(beyond_floor.error());
  mark.vectors.beyond_floor = *std::move(beyond_floor);
  if (version > 1) mark.cycle = in.Varint();
  if (!in.ok() || !in.at_end()) {
    return Fail(ErrorCode::kCorrupt, "the mark of a checkpoint does not decode");
  }
  return mark;
}

void CheckpointBatch::Put(const CheckpointRow& row) {
  std::string value;
  ByteWriter head(value);
  if (row.pieces == 0) {
    head.Varint(row.position);
  } else {
    head.Varint(row.position | kInPieces);
    head.Varint(row.cycle);
    head.Varint(row.pieces);
  }
  ByteWriter out(changes_);
  out.U8(static_cast<std::uint8_t>(Kind::kPut));
  out.Bytes(row.key);
  out.Varint(value.size() + row.object.size());
  changes_ += value;
  changes_ += row.object;
}

void CheckpointBatch::Remove(std::string_view key) {
  ByteWriter out(changes_);
  out.U8(static_cast<std::uint8_t>(Kind::kRemove));
  out.Bytes(key);
}

void CheckpointBatch::PutPiece(std::string_view key, std::uint64_t cycle, std::uint64_t number,
                               std::string_view piece) {
  ByteWriter out(changes_);
  out.U8(static_cast<std::uint8_t>(Kind::kPiece));
  out.Bytes(key);
  out.Varint(cycle);
  out.Varint(number);
  out.Bytes(piece);
}

void CheckpointBatch::RemovePieces(std::string_view key, std::uint64_t before_cycle) {
  ByteWriter out(changes_);
  out.U8(static_cast<std::uint8_t>(Kind::kRemovePieces));
  out.Bytes(key);
  out.Varint(before_cycle);
}

void CheckpointBatch::SetMark(const CheckpointMark& mark) {
  ByteWriter out(changes_);
  out.U8(static_cast<std::uint8_t>(Kind::kMark));
  out.Bytes(mark.Encode());
}

void CheckpointBatch::SetReach(LogPosition position) {
  std::string value;
  ByteWriter(value).Varint(position);
  ByteWriter out(changes_);
  out.U8(static_cast<std::uint8_t>(Kind::kReach));
  out.Bytes(value);
}

void CheckpointBatch::Visit(const std::function<void(const Change&)>& visit) const {
  for (ByteReader in(changes_); !in.at_end();) {
    using enum Kind;
    Change change{.kind = static_cast<Kind>(in.U8())};
    if (change.kind != kMark && change.kind != kReach) change.key = in.Bytes();
    if (change.kind == kPiece || change.kind == kRemovePieces) change.cycle = in.Varint();
    if (change.kind == kPiece) change.number = in.Varint();
    if (change.kind != kRemove && change.kind != kRemovePieces) change.value = in.Bytes();
    visit(change);
  }
}

Result<LogPosition> DecodeCheckpointReach(std::string_view value) {
  ByteReader in(value);
  const LogPosition position = in.Varint();
  if (in.ok() && in.at_end()) return position;
  return Fail(ErrorCode::kCorrupt, "the reach of a checkpoint does not decode");
}

Result<CheckpointRow> DecodeCheckpointRow(std::string_view key, std::string_view value) {
  ByteReader in(value);
  CheckpointRow row{.key = key};
  row.position = in.Varint();
  if ((row.position & kInPieces) != 0) {
    row.position &= ~kInPieces;
    row.cycle = in.Varint();
    row.pieces = in.Varint();
    if (row.pieces == 0 || !in.at_end()) in.Invalidate();
  }
  row.object = in.Raw(in.remaining());
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a row of a checkpoint does not decode");
  return row;
}

}  // namespace storage
