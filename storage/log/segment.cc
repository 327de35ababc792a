#include "storage/log/segment.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

namespace storage {
namespace {

using crdt::ByteReader;
using crdt::ByteWriter;
using crdt::ErrorCode;
using crdt::Fail;
using crdt::VersionVector;

constexpr std::string_view kMagic = "MERIDIAN";
constexpr std::size_t kMaxHeaderBytes = 16 << 20;

}  // namespace

std::string SegmentHeader::Encode() const {
  std::string body;
  ByteWriter out(body);
  out.Bytes(log_id);
  out.U8(region);
  out.Varint(ordinal);
  out.U64(first);
  floor.Encode(out);
  EncodePartitionVectors(beyond_floor, out);
  std::string bytes(kMagic);
  ByteWriter head(bytes);
  head.U32(kSegmentVersion);
  head.U32(static_cast<std::uint32_t>(body.size()));
  bytes += body;
  head.U64(XXH3_64bits(bytes.data(), bytes.size()));
  return bytes;
}

std::uint64_t SegmentHeader::SizeOf(std::string_view bytes) {
  ByteReader in(bytes.substr(kSegmentHeaderPrefix - sizeof(std::uint32_t)));
  return kSegmentHeaderPrefix + std::uint64_t{in.U32()} + sizeof(std::uint64_t);
}

crdt::Result<SegmentHeader> SegmentHeader::Decode(std::string_view bytes, std::size_t& size) {
  ByteReader in(bytes);
  if (in.Raw(kMagic.size()) != kMagic) {
    return Fail(ErrorCode::kCorrupt, "a segment does not begin with its magic");
  }
  const std::uint32_t version = in.U32();
  if (in.ok() && version > kSegmentVersion) {
    return Fail(ErrorCode::kUnsupported, "a segment of format version " + std::to_string(version) +
                                             "; this build reads up to " +
                                             std::to_string(kSegmentVersion));
  }
  if (in.ok() && version == 0) {
    return Fail(ErrorCode::kCorrupt, "a segment of format version 0, which never was");
  }
  const std::uint32_t body_size = in.U32();
  size = kSegmentHeaderPrefix + body_size + sizeof(std::uint64_t);
  if (body_size > kMaxHeaderBytes || bytes.size() < size) {
    return Fail(ErrorCode::kCorrupt, "a segment header ends early");
  }
  ByteReader checksum(bytes.substr(size - sizeof(std::uint64_t)));
  if (checksum.U64() != XXH3_64bits(bytes.data(), size - sizeof(std::uint64_t))) {
    return Fail(ErrorCode::kCorrupt, "a segment header's checksum does not match");
  }
  in = ByteReader(bytes.substr(kSegmentHeaderPrefix, body_size));
  SegmentHeader header;
  header.log_id = in.Bytes();
  header.region = in.U8();
  header.ordinal = static_cast<std::uint32_t>(in.Varint());
  header.first = in.U64();
  auto floor = VersionVector::Decode(in);
  if (!floor) return std::unexpected(floor.error());
  header.floor = *std::move(floor);
  auto beyond_floor = DecodePartitionVectors(in);
  if (!beyond_floor) return std::unexpected(beyond_floor.error());
  header.beyond_floor = *std::move(beyond_floor);
  if (!in.ok() || !in.at_end())
    return Fail(ErrorCode::kCorrupt, "a segment header does not decode");
  return header;
}

std::string SegmentName(LogPosition first) {
  char name[32];
  std::snprintf(name, sizeof name, "%020llu.aof", static_cast<unsigned long long>(first));
  return name;
}

bool IsSegmentName(const std::string& name) {
  return name.size() == 24 && name.ends_with(".aof") && name.find_first_not_of("0123456789") == 20;
}

bool LogHasAll(Disk& disk, const std::string& directory) {
  const auto names = disk.List(directory);
  if (!names) return false;
  return std::ranges::none_of(*names, IsSegmentName) ||
         std::ranges::find(*names, SegmentName(0)) != names->end();
}

std::optional<LogPosition> FirstOfSegment(const std::string& name) {
  LogPosition first = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + 20, first);
  if (parsed.ec != std::errc()) return std::nullopt;
  return first;
}

FrameHeader FrameHeader::Decode(std::string_view bytes) {
  FrameHeader header;
  std::memcpy(&header.length, bytes.data(), sizeof header.length);
  std::memcpy(&header.checksum, bytes.data() + sizeof header.length, sizeof header.checksum);
  return header;
}

void FrameHeader::EncodeTo(char* at) const {
  std::memcpy(at, &length, sizeof length);
  std::memcpy(at + sizeof length, &checksum, sizeof checksum);
}

std::string SegmentSeal(LogPosition end) {
  std::string seal(kFrameHeaderBytes, '\0');
  FrameHeader{0, FrameChecksum("sealed", end)}.EncodeTo(seal.data());
  return seal;
}

std::uint32_t FrameChecksum(std::string_view payload, LogPosition position) {
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(payload.data(), payload.size(), position));
}

}  // namespace storage
