#include "storage/log/log.h"

#include <algorithm>
#include <cstring>

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Stamp;
using crdt::Status;
using crdt::VersionVector;

namespace {

constexpr std::uint64_t kMarkDistance = 1 << 20;
constexpr std::size_t kReadChunk = 256 << 10;
constexpr std::size_t kHeaderRead = 64 << 10;
constexpr const char* kReserveName = "reserve";
// Space for the in-flight work of a full disk.
constexpr std::uint64_t kLeastSegment = 1 << 20;

struct FrameHeader {
  std::uint32_t length;
  std::uint32_t checksum;
};

FrameHeader ReadHeader(const char* at) {
  FrameHeader header;
  std::memcpy(&header, at, sizeof header);
  return header;
}

}  // namespace

Status SyncJob::Run() const {
  for (const std::shared_ptr<File>& file : files) {
    if (Status synced = file->Sync(); !synced) return synced;
  }
  if (!new_names_in.empty()) return disk->SyncDirectory(new_names_in);
  return {};
}

Log::Log(LogOptions options, Disk* disk) : options_(std::move(options)), disk_(disk) {
  marks_.push_back({0, {}});
}

// --- Appending -----------------------------------------------------------------------------------

std::size_t Log::BeginFrame() {
  tail_.append(kFrameHeaderBytes, '\0');
  return tail_.size();
}

void Log::EndFrame(std::size_t payload_at) {
  const std::string_view payload = std::string_view(tail_).substr(payload_at);
  crdt::Require(payload.size() <= kMaxPayloadBytes, "a log frame is below 3.75 GiB");
  const LogPosition begin = tail_begin_ + payload_at - kFrameHeaderBytes;
  const LogPosition frame_end = end();
  if (on_disk() && begin > last_segment_first_ &&
      frame_end - last_segment_first_ > options_.segment_bytes) {
    // Planned at the boundary, with the vectors of just before this frame.
    SegmentHeader header{.log_id = options_.log_id,
                         .region = options_.region,
                         .ordinal = options_.ordinal,
                         .first = begin,
                         .floor = floor_};
    if (partition_vectors_) header.beyond_floor = partition_vectors_();
    planned_[begin] = header.Encode();
    last_segment_first_ = begin;
  }
  const FrameHeader header{static_cast<std::uint32_t>(payload.size()),
                           FrameChecksum(payload, begin)};
  std::memcpy(tail_.data() + payload_at - kFrameHeaderBytes, &header, sizeof header);
  if (begin - marks_.back().position >= kMarkDistance) marks_.push_back({begin, floor_});
}

void Log::AppendRecord(Stamp first_stamp, std::uint64_t effect_count, std::string_view effects) {
  const std::size_t payload_at = BeginFrame();
  EncodeLocalRecord(first_stamp, effect_count, effects, tail_);
  EndFrame(payload_at);
  floor_.Advance(first_stamp.Plus(effect_count - 1));
}

void Log::AppendRecord(const RecordView& record) {
  const std::size_t payload_at = BeginFrame();
  EncodeRecord(record, floor_, tail_);
  EndFrame(payload_at);
  floor_.Advance(record.last_stamp());
}

void Log::Append(std::string_view payload) {
  const std::size_t payload_at = BeginFrame();
  tail_ += payload;
  EndFrame(payload_at);
  AdvanceFloor(payload, floor_);
}

// --- Writing -------------------------------------------------------------------------------------

Status Log::OpenSegment(LogPosition first, const std::string& header, std::uint64_t bytes) {
  const std::string path = PathOf(SegmentName(first));
  auto file = disk_->Open(path, OpenMode::kCreate);
  if (!file) return std::unexpected(file.error());
  Status prepared = (*file)->Preallocate(header.size() + bytes + sizeof(std::uint32_t));
  if (prepared) prepared = (*file)->WriteAt(0, header);
  if (!prepared) {
    (void)disk_->Remove(path);
    return prepared;
  }
  const std::uint64_t file_bytes = header.size() + bytes + sizeof(std::uint32_t);
  segments_.push_back({first, header.size(), file_bytes, *file});
  disk_bytes_ += file_bytes;
  unsynced_files_.push_back(*std::move(file));
  new_names_ = true;
  return {};
}

Status Log::WriteSpan(LogPosition from, LogPosition to) {
  if (from == to) return {};
  const Segment& segment = segments_.back();
  const std::string_view bytes =
      std::string_view(tail_).substr(from - tail_begin_, to - from);
  if (Status status = segment.file->WriteAt(segment.header_bytes + (from - segment.first), bytes);
      !status) {
    return status;
  }
  if (std::ranges::find(unsynced_files_, segment.file) == unsynced_files_.end()) {
    unsynced_files_.push_back(segment.file);
  }
  written_ = to;
  return {};
}

Status Log::WriteOut() {
  if (failed_) return Fail(ErrorCode::kInputOutput, "the log has failed before");
  if (!on_disk()) {
    written_ = end();
    TrimTail();
    return {};
  }
  Status status;
  while (status && written_ < end()) {
    if (segments_.empty() || planned_.contains(written_)) {
      const auto plan = planned_.find(written_);
      SegmentHeader first{.log_id = options_.log_id,
                          .region = options_.region,
                          .ordinal = options_.ordinal,
                          .first = written_};
      const std::string header = plan == planned_.end() ? first.Encode() : plan->second;
      const auto next = planned_.upper_bound(written_);
      const std::uint64_t need = (next == planned_.end() ? end() : next->first) - written_;
      status = OpenSegment(written_, header, std::max(options_.segment_bytes, need));
      if (!status && status.error().code == ErrorCode::kDiskFull) {
        full_ = true;
        if (has_reserve_) {
          has_reserve_ = false;
          (void)disk_->Remove(PathOf(kReserveName));
        }
        status = OpenSegment(written_, header, std::max(kLeastSegment, need));
      }
      if (!status) break;
      if (plan != planned_.end()) planned_.erase(plan);
    }
    const auto next = planned_.upper_bound(written_);
    LogPosition to = next == planned_.end() ? end() : next->first;
    // A segment that was made small on a full disk ends before its time: plan another.
    const Segment& segment = segments_.back();
    const LogPosition room =
        segment.first + segment.file_bytes - segment.header_bytes - sizeof(std::uint32_t);
    if (to > room) {
      status = segment.file->Preallocate(segment.file_bytes + (to - room));
      if (!status) break;
      disk_bytes_ += to - room;
      segments_.back().file_bytes += to - room;
    }
    status = WriteSpan(written_, to);
  }
  if (!status) {
    if (status.error().code == ErrorCode::kDiskFull) {
      full_ = true;
      if (has_reserve_) {
        has_reserve_ = false;
        if (disk_->Remove(PathOf(kReserveName))) return WriteOut();
      }
    } else {
      failed_ = true;
    }
    return status;
  }
  TrimTail();
  return {};
}

bool Log::RestoreReserve() {
  if (!on_disk() || options_.reserve_bytes == 0) {
    full_ = false;
    return true;
  }
  if (has_reserve_) return true;
  auto file = disk_->Open(PathOf(kReserveName), OpenMode::kCreate);
  Status taken = file ? (*file)->Preallocate(options_.reserve_bytes)
                      : Status(std::unexpected(file.error()));
  if (!taken) {
    if (file) (void)disk_->Remove(PathOf(kReserveName));
    return false;
  }
  has_reserve_ = true;
  full_ = false;
  return true;
}

std::optional<SyncJob> Log::BeginSync() {
  if (!on_disk() || syncing_ || failed_ || durable_ == written_) return std::nullopt;
  syncing_ = true;
  SyncJob job{.files = std::move(unsynced_files_),
              .disk = disk_,
              .new_names_in = new_names_ ? options_.directory : std::string(),
              .position = written_};
  unsynced_files_.clear();
  new_names_ = false;
  return job;
}

void Log::OnSyncDone(const SyncJob& job, const Status& status) {
  syncing_ = false;
  if (!status) {
    failed_ = true;  // Never retried: nobody knows what the kernel has dropped.
    return;
  }
  durable_ = std::max(durable_, job.position);
}

void Log::TrimTail() {
  if (tail_.size() < 2 * options_.memory_bytes) return;
  // Cut at a mark, so that the tail begins with a frame.
  const LogPosition keep_from = end() - options_.memory_bytes;
  const auto mark = std::ranges::upper_bound(marks_, keep_from, {}, &Mark::position);
  if (mark == marks_.begin()) return;
  const LogPosition cut = std::min(std::prev(mark)->position, written_);
  if (cut <= tail_begin_) return;
  const auto exact = std::ranges::lower_bound(marks_, cut, {}, &Mark::position);
  if (exact == marks_.end() || exact->position != cut) return;
  tail_.erase(0, cut - tail_begin_);
  tail_begin_ = cut;
  if (!on_disk()) {
    while (marks_.front().position < cut) marks_.pop_front();
  }
}

// --- Reading -------------------------------------------------------------------------------------

std::optional<LogCursor> Log::CursorFor(const VersionVector& have) const {
  // Floors only grow along the log, so whether `have` covers them changes once.
  const auto beyond = std::ranges::partition_point(
      marks_, [&have](const Mark& mark) { return have.Covers(mark.floor); });
  if (beyond == marks_.begin()) return std::nullopt;
  const Mark& mark = *std::prev(beyond);
  return LogCursor(mark.position, mark.floor);
}

const Log::Segment* Log::SegmentAt(LogPosition position) const {
  const auto after = std::ranges::upper_bound(segments_, position, {}, &Segment::first);
  return after == segments_.begin() ? nullptr : &*std::prev(after);
}

Status Log::Read(LogCursor& cursor, LogPosition limit, std::size_t max_bytes,
                 const std::function<bool(const FrameView&)>& visit) const {
  limit = std::min(limit, end());
  const LogPosition stop = cursor.position() + max_bytes;
  std::string chunk;
  LogPosition chunk_begin = 0;
  while (cursor.position() < limit && cursor.position() < stop) {
    const LogPosition at = cursor.position();
    std::string_view available;
    if (at >= tail_begin_) {
      available = std::string_view(tail_).substr(at - tail_begin_);
    } else {
      const auto in_chunk = [&] {
        return at >= chunk_begin && at < chunk_begin + chunk.size()
                   ? std::string_view(chunk).substr(at - chunk_begin)
                   : std::string_view();
      };
      available = in_chunk();
      std::size_t need = kFrameHeaderBytes;
      if (available.size() >= need) need += ReadHeader(available.data()).length;
      if (available.size() < need) {
        const Segment* segment = SegmentAt(at);
        if (segment == nullptr) return Fail(ErrorCode::kInputOutput, "a segment is missing");
        auto read = segment->file->ReadAt(segment->header_bytes + (at - segment->first),
                                          std::max(need, kReadChunk));
        if (!read) return std::unexpected(read.error());
        chunk = *std::move(read);
        chunk_begin = at;
        if (chunk.size() >= kFrameHeaderBytes) {
          need = kFrameHeaderBytes + ReadHeader(chunk.data()).length;
          if (chunk.size() < need) {
            read = segment->file->ReadAt(segment->header_bytes + (at - segment->first), need);
            if (!read) return std::unexpected(read.error());
            chunk = *std::move(read);
          }
        }
        available = in_chunk();
      }
    }
    if (available.size() < kFrameHeaderBytes) {
      return Fail(ErrorCode::kCorrupt, "the log ends inside of a frame");
    }
    const FrameHeader header = ReadHeader(available.data());
    const std::string_view payload = available.substr(kFrameHeaderBytes, header.length);
    if (payload.size() != header.length || header.length == 0 ||
        (at < tail_begin_ && FrameChecksum(payload, at) != header.checksum)) {
      return Fail(ErrorCode::kCorrupt,
                  "the log is damaged at position " + std::to_string(at));
    }
    const LogPosition frame_end = at + kFrameHeaderBytes + payload.size();
    const bool more = visit(FrameView{payload, cursor.floor(), frame_end});
    cursor.Pass(payload);
    if (!more) return {};
  }
  return {};
}

}  // namespace storage
