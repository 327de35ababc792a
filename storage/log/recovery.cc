// Log::Recover: reads what a stopped or crashed node left, and tells a torn tail from damage.
#include <algorithm>
#include <cstring>

#include "storage/log/log.h"

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::Status;

namespace {

// Looking for a valid frame behind a bad one costs at most about this much checksum work.
constexpr std::uint64_t kMostSearchBytes = std::uint64_t{256} << 20;
constexpr const char* kReserveName = "reserve";

// Whether a valid frame begins anywhere in `bytes`, whose first byte is at `position`.
bool HoldsFrame(std::string_view bytes, LogPosition position) {
  std::uint64_t work = 0;
  for (std::size_t at = 0; at + kFrameHeaderBytes < bytes.size(); ++at) {
    std::uint32_t length = 0;
    std::uint32_t checksum = 0;
    std::memcpy(&length, bytes.data() + at, sizeof length);
    if (length == 0 || length > bytes.size() - at - kFrameHeaderBytes) continue;
    const auto kind = static_cast<std::uint8_t>(bytes[at + kFrameHeaderBytes]);
    if (kind == 0 || kind > static_cast<std::uint8_t>(FrameKind::kFloorJump)) continue;
    std::memcpy(&checksum, bytes.data() + at + sizeof length, sizeof checksum);
    work += length;
    if (work > kMostSearchBytes) return false;
    if (FrameChecksum(bytes.substr(at + kFrameHeaderBytes, length), position + at) == checksum) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<RecoveryReport> Log::Recover(const Visit& visit) {
  RecoveryReport report;
  if (!on_disk()) return report;
  const auto names = disk_->List(options_.directory);
  if (!names) return std::unexpected(names.error());
  std::vector<std::string> segments;
  std::ranges::copy_if(*names, std::back_inserter(segments), IsSegmentName);
  has_reserve_ = std::ranges::find(*names, kReserveName) != names->end();
  marks_.clear();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Status status = RecoverSegment(segments[i], i + 1 == segments.size(), visit, report);
    if (!status) return std::unexpected(status.error());
    if (report.verdict == RecoveryReport::Verdict::kDamaged) break;
  }
  if (marks_.empty()) marks_.push_back({0, {}});
  // What only the kernel had when the process ended becomes durable before anybody hears of it.
  for (const Segment& segment : segments_) {
    if (Status synced = segment.file->Sync(); !synced) return std::unexpected(synced.error());
  }
  tail_begin_ = report.position;
  written_ = report.position;
  durable_ = report.position;
  last_segment_first_ = segments_.empty() ? 0 : segments_.back().first;
  if (!has_reserve_ && !RestoreReserve()) full_ = true;
  return report;
}

Status Log::RecoverSegment(const std::string& name, bool last, const Visit& visit,
                           RecoveryReport& report) {
  const auto damaged = [&](const std::string& detail) -> Status {
    report.verdict = RecoveryReport::Verdict::kDamaged;
    report.detail = name + ": " + detail;
    return {};
  };
  auto file = disk_->Open(PathOf(name), OpenMode::kExisting);
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->Size();
  if (!size) return std::unexpected(size.error());
  auto head = (*file)->ReadAt(0, std::min<std::uint64_t>(*size, 1 << 20));
  if (!head) return std::unexpected(head.error());
  std::size_t header_bytes = 0;
  const auto header = SegmentHeader::Decode(*head, header_bytes);
  if (!header && header.error().code == ErrorCode::kUnsupported) {
    return std::unexpected(header.error());
  }
  if (!header) {
    // A crash right after the file was made leaves a header that was never written.
    const bool nothing = head->find_first_not_of('\0') == std::string::npos;
    if (last && nothing) return disk_->Remove(PathOf(name));
    return damaged(header.error().detail);
  }
  if (header->log_id != options_.log_id) return damaged("belongs to another log");
  if (header->first != report.position && !segments_.empty()) {
    return damaged("the segment before it ends at " + std::to_string(report.position));
  }
  report.position = header->first;
  floor_ = header->floor;
  marks_.push_back({header->first, floor_});
  segments_.push_back({header->first, header_bytes, *size, *file});
  disk_bytes_ += *size;

  // Read in chunks; a frame longer than a chunk is read whole.
  constexpr std::size_t kChunk = 4 << 20;
  std::string chunk;
  std::uint64_t chunk_at = header_bytes;  // File offset of the chunk's first byte.
  std::size_t used = 0;
  for (;;) {
    const std::uint64_t offset = chunk_at + used;
    std::size_t need = kFrameHeaderBytes;
    std::uint32_t length = 0;
    std::uint32_t checksum = 0;
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (chunk.size() - used < need && offset + need <= *size) {
        auto read = (*file)->ReadAt(offset, std::max(need, kChunk));
        if (!read) return std::unexpected(read.error());
        chunk = *std::move(read);
        chunk_at = offset;
        used = 0;
      }
      if (chunk.size() - used < kFrameHeaderBytes) break;
      std::memcpy(&length, chunk.data() + used, sizeof length);
      std::memcpy(&checksum, chunk.data() + used + sizeof length, sizeof checksum);
      need = kFrameHeaderBytes + length;
    }
    if (chunk.size() - used < sizeof length || length == 0) break;  // The end of the used part.
    const std::string_view payload =
        std::string_view(chunk).substr(used).substr(
            std::min(kFrameHeaderBytes, chunk.size() - used), length);
    if (payload.size() != length || FrameChecksum(payload, report.position) != checksum) {
      auto rest = (*file)->ReadAt(offset, *size - offset);
      if (!rest) return std::unexpected(rest.error());
      if (!last || HoldsFrame(std::string_view(*rest).substr(1), report.position + 1)) {
        return damaged("a frame is damaged at position " + std::to_string(report.position) +
                       " and more follows it");
      }
      const std::size_t end = rest->find_last_not_of('\0');
      rest->resize(end == std::string::npos ? 0 : end + 1);
      report.verdict = RecoveryReport::Verdict::kTornTail;
      report.cut_bytes = rest->size();
      report.detail = name + ": a torn tail of " + std::to_string(rest->size()) +
                      " bytes was cut at position " + std::to_string(report.position) +
                      " and kept aside";
      if (Status kept = disk_->ReplaceFile(
              PathOf("torn-" + std::to_string(report.position) + ".bytes"), *rest);
          !kept) {
        return kept;
      }
      // Zeros behind the cut, so that old bytes can never follow a new frame.
      if (Status cut = (*file)->Truncate(offset); !cut) return cut;
      if (Status zeros = (*file)->Preallocate(*size); !zeros) {
        segments_.back().file_bytes = offset;
      }
      return (*file)->Sync();
    }
    const LogPosition frame_end = report.position + kFrameHeaderBytes + length;
    if (Status visited = visit(FrameView{payload, floor_, frame_end}); !visited) return visited;
    if (report.position - marks_.back().position >= (1 << 20)) {
      marks_.push_back({report.position, floor_});
    }
    AdvanceFloor(payload, floor_);
    report.position = frame_end;
    ++report.frames;
    used += kFrameHeaderBytes + length;
  }
  return {};
}

}  // namespace storage
