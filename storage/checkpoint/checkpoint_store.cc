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

constexpr std::uint32_t kMarkVersion = 1;

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
  if (!in.ok() || !in.at_end()) {
    return Fail(ErrorCode::kCorrupt, "the mark of a checkpoint does not decode");
  }
  return mark;
}

void CheckpointBatch::Put(const CheckpointRow& row) {
  std::string value;
  ByteWriter(value).Varint(row.position);
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
    Change change{.kind = static_cast<Kind>(in.U8())};
    if (change.kind == Kind::kPut || change.kind == Kind::kRemove) change.key = in.Bytes();
    if (change.kind != Kind::kRemove) change.value = in.Bytes();
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
  row.object = in.Raw(in.remaining());
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a row of a checkpoint does not decode");
  return row;
}

}  // namespace storage
