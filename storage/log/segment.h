// A segment: one preallocated file of the log.
//
//   header: magic · version · size · log id · region · ordinal · first position · floor · vectors
//   of the partitions that are beyond the floor · checksum frames: length u32 · checksum u32 ·
//   payload; a length of 0 ends the used part seal: 0 u32 · checksum u32, behind the last frame,
//   once a part of the next segment is durable too
//
// Every segment starts with the vector of each partition (fine print 6). docs/formats.md,
// "Segments".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/result.h"
#include "crdt/version_vector.h"
#include "storage/disk.h"
#include "storage/log/log_position.h"
#include "storage/log/log_vectors.h"

namespace storage {

inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::size_t kFrameHeaderBytes = 8;
// Longer payloads are refused when written and taken for damage when read.
inline constexpr std::uint32_t kMaxPayloadBytes = 0xf0000000;

// The first bytes of a segment file that always hold the header's size.
inline constexpr std::size_t kSegmentHeaderPrefix = 16;

struct SegmentHeader {
  std::string log_id;  // 40 hex digits.
  crdt::RegionId region = 0;
  std::uint32_t ordinal = 0;
  LogPosition first = 0;
  crdt::VersionVector floor;
  PartitionVectors beyond_floor;

  std::string Encode() const;
  // What the first kSegmentHeaderPrefix bytes say; not checked.
  static std::uint64_t SizeOf(std::string_view bytes);
  // `size` tells where the frames begin. An unknown version is kUnsupported.
  static crdt::Result<SegmentHeader> Decode(std::string_view bytes, std::size_t& size);
};

// A file beside the segments that gives way when the disk is full.
inline constexpr const char* kReserveName = "reserve";

std::string SegmentName(LogPosition first);
bool IsSegmentName(const std::string& name);
// Whether the log in this directory still has its beginning, so that nothing is in a checkpoint
// alone.
bool LogHasAll(Disk& disk, const std::string& directory);
// REQUIRES: IsSegmentName(name). Empty for a number that is no position.
std::optional<LogPosition> FirstOfSegment(const std::string& name);

struct FrameHeader {
  std::uint32_t length = 0;
  std::uint32_t checksum = 0;

  // REQUIRES: at least kFrameHeaderBytes bytes.
  static FrameHeader Decode(std::string_view bytes);
  void EncodeTo(char* at) const;
};

// Of a payload, together with its position, so that a frame of an older use of the same space is
// not taken for a valid one.
std::uint32_t FrameChecksum(std::string_view payload, LogPosition position);

// What stands behind the last frame of a segment that is durable, as a part of the next one is.
// `end` is where the next one begins.
std::string SegmentSeal(LogPosition end);

}  // namespace storage
