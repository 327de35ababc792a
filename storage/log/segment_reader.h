// Goes through the frames of one segment file in chunks, checking each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crdt/result.h"
#include "storage/log/recovery.h"

namespace storage {

class SegmentReader {
 public:
  enum class Found {
    kFrame,
    kEnd,  // A length of zero, or the end of the file.
    kBad,  // A frame that is cut off or does not verify.
  };

  // Begins at `position`, which is the beginning of a frame. A frame longer than a chunk is read
  // whole; a length beyond the end of the file is never believed.
  SegmentReader(const LogSegment& segment, LogPosition position, std::size_t chunk_bytes)
      : segment_(segment), position_(position), chunk_bytes_(chunk_bytes) {}

  // Reads the frame at position(). An error is the disk's.
  crdt::Result<Found> Read();
  // Of the frame that was read; valid until the next Read().
  std::string_view payload() const { return payload_; }
  // Moves behind the frame that was read.
  void Pass() { position_ += kFrameHeaderBytes + payload_.size(); }

  LogPosition position() const { return position_; }
  const LogSegment& segment() const { return segment_; }

 private:
  // `size` bytes at position(), fewer at the end of the file.
  crdt::Result<std::string_view> Bytes(std::size_t size);

  LogSegment segment_;
  LogPosition position_;
  std::size_t chunk_bytes_;
  std::string chunk_;
  std::uint64_t chunk_at_ = 0;  // Offset in the file.
  std::string_view payload_;
};

}  // namespace storage
