#include "storage/log/segment_reader.h"

#include <algorithm>

namespace storage {

crdt::Result<std::string_view> SegmentReader::Bytes(std::size_t size) {
  const std::uint64_t offset = segment_.OffsetOf(position_);
  if (offset < chunk_at_ || offset + size > chunk_at_ + chunk_.size()) {
    auto read = segment_.file->ReadAt(offset, std::max(size, chunk_bytes_));
    if (!read) return std::unexpected(read.error());
    chunk_ = *std::move(read);
    chunk_at_ = offset;
  }
  return std::string_view(chunk_).substr(offset - chunk_at_, size);
}

crdt::Result<SegmentReader::Found> SegmentReader::Read() {
  payload_ = {};
  const std::uint64_t offset = segment_.OffsetOf(position_);
  if (offset + kFrameHeaderBytes > segment_.file_bytes) return Found::kEnd;
  const auto head = Bytes(kFrameHeaderBytes);
  if (!head) return std::unexpected(head.error());
  if (head->size() < kFrameHeaderBytes) return Found::kEnd;
  const FrameHeader header = FrameHeader::Decode(*head);
  if (header.length == 0) return Found::kEnd;
  const std::uint64_t need = kFrameHeaderBytes + header.length;
  if (need > segment_.file_bytes - offset) return Found::kBad;
  const auto frame = Bytes(need);
  if (!frame) return std::unexpected(frame.error());
  if (frame->size() < need) return Found::kBad;
  const std::string_view payload = frame->substr(kFrameHeaderBytes);
  if (FrameChecksum(payload, position_) != header.checksum) return Found::kBad;
  payload_ = payload;
  return Found::kFrame;
}

}  // namespace storage
