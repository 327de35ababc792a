#include "storage/log/log.h"

#include <algorithm>
#include <utility>

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::Stamp;
using crdt::Status;
using crdt::VersionVector;

namespace {

// A log in memory is cut at marks only: so many on the part that it keeps.
constexpr std::uint64_t kMarksInMemory = 16;
constexpr std::uint64_t kLeastMarkDistance = 1 << 10;
constexpr std::size_t kReadChunk = 256 << 10;
// Space for the in-flight work of a full disk.
constexpr std::uint64_t kLeastSegment = 1 << 20;

}  // namespace

Status SyncJob::Run() const {
  for (const std::shared_ptr<File>& file : files) {
    if (Status synced = file->Sync(); !synced) return synced;
  }
  if (!new_names_in.empty()) {
    if (Status synced = disk->SyncDirectory(new_names_in); !synced) return synced;
  }
  for (const std::string& path : dropped) {
    if (Status removed = disk->Remove(path); !removed) return removed;
    if (Status synced = disk->SyncDirectory(directory); !synced) return synced;
  }
  return {};
}

Log::Log(LogOptions options, Disk* disk) : options_(std::move(options)), disk_(disk) {
  if (!on_disk()) {
    mark_distance_ =
        std::clamp(options_.memory_bytes / kMarksInMemory, kLeastMarkDistance, mark_distance_);
  }
  marks_.emplace_back();
}

Result<RecoveryReport> Log::Recover(const VisitFrame& visit, const RecoveryStart& start) {
  if (!on_disk()) return RecoveryReport{};
  auto recovered = RecoverLog(*disk_, options_.directory, options_.log_id, visit, start);
  if (!recovered) return std::unexpected(recovered.error());
  segments_.assign(recovered->segments.begin(), recovered->segments.end());
  for (const LogSegment& segment : segments_) disk_bytes_ += segment.file_bytes;
  if (!recovered->marks.empty()) {
    marks_.assign(recovered->marks.begin(), recovered->marks.end());
  }
  vectors_ = std::move(recovered->vectors);
  tail_begin_ = written_ = durable_ = recovered->report.position;
  last_segment_first_ = segments_.empty() ? 0 : segments_.back().first;
  if (recovered->report.verdict == RecoveryReport::Verdict::kDamaged) {
    failed_ = true;  // It must not be appended to, and nothing of it is changed.
    return recovered->report;
  }
  // What only the kernel had when the process ended becomes durable before anybody hears of it.
  // Seals say that it is, so they come behind.
  for (const LogSegment& segment : segments_) {
    if (segment.sealed) continue;
    if (Status synced = segment.file->Sync(); !synced) return std::unexpected(synced.error());
  }
  if (Status synced = disk_->SyncDirectory(options_.directory); !synced) {
    return std::unexpected(synced.error());
  }
  SealDurable();
  if (!RestoreReserve()) full_ = true;
  return recovered->report;
}

// --- Appending -----------------------------------------------------------------------------------

std::size_t Log::BeginFrame() {
  tail_.append(kFrameHeaderBytes, '\0');
  return tail_.size();
}

std::string Log::HeaderAt(LogPosition first) const {
  SegmentHeader header{.log_id = options_.log_id,
                       .region = options_.region,
                       .ordinal = options_.ordinal,
                       .first = first,
                       .floor = vectors_.floor,
                       .beyond_floor = vectors_.beyond_floor};
  if (partition_vectors_) {
    for (const auto& [partition, vector] : partition_vectors_()) {
      header.beyond_floor[partition].Merge(vector);
    }
  }
  return header.Encode();
}

void Log::EndFrame(std::size_t payload_at) {
  const std::string_view payload = std::string_view(tail_).substr(payload_at);
  crdt::Require(!payload.empty() && payload.size() <= kMaxPayloadBytes,
                "a log frame holds something and is below 3.75 GiB");
  const LogPosition begin = tail_begin_ + payload_at - kFrameHeaderBytes;
  const bool fits = end() - last_segment_first_ <= options_.segment_bytes;
  const bool first_of_log = segments_.empty() && planned_.empty();
  if (on_disk() && (first_of_log || (!fits && begin > last_segment_first_))) {
    // Planned at the boundary, with the vectors of just before this frame.
    planned_[begin] = HeaderAt(begin);
    last_segment_first_ = begin;
  }
  const bool begins_segment = on_disk() && last_segment_first_ == begin;
  FrameHeader{static_cast<std::uint32_t>(payload.size()), FrameChecksum(payload, begin)}.EncodeTo(
      tail_.data() + payload_at - kFrameHeaderBytes);
  const LogPosition since_mark = begin - marks_.back().position();
  // Who reads from a mark on gets the fragments of a join with their jump.
  const bool may_mark = KindOf(payload) != FrameKind::kFragment;
  if ((since_mark >= mark_distance_ && may_mark) || (begins_segment && since_mark > 0)) {
    marks_.emplace_back(begin, vectors_);
  }
}

void Log::AppendRecord(Stamp first_stamp, std::uint64_t effect_count, std::string_view effects) {
  const std::size_t payload_at = BeginFrame();
  EncodeLocalRecord(first_stamp, effect_count, effects, tail_);
  EndFrame(payload_at);
  vectors_.PassRecord(first_stamp.Plus(effect_count - 1));
}

void Log::AppendRecord(const RecordView& record) {
  const std::size_t payload_at = BeginFrame();
  EncodeRecord(record, vectors_, tail_);
  EndFrame(payload_at);
  vectors_.PassRecord(record.last_stamp());
}

void Log::Append(std::string_view payload) {
  const std::size_t payload_at = BeginFrame();
  tail_ += payload;
  EndFrame(payload_at);
  vectors_.Pass(payload);
}

// --- Writing -------------------------------------------------------------------------------------

LogPosition Log::SegmentEndAfter(LogPosition position) const {
  const auto next = planned_.upper_bound(position);
  return next == planned_.end() ? end() : next->first;
}

Status Log::OpenSegment(const std::string& header, std::uint64_t bytes) {
  const std::string path = PathOf(SegmentName(written_));
  auto file = disk_->Open(path, OpenMode::kCreate);
  if (!file) return std::unexpected(file.error());
  const std::uint64_t file_bytes = header.size() + bytes + kFrameHeaderBytes;
  Status prepared = (*file)->Preallocate(file_bytes);
  if (prepared) prepared = (*file)->WriteAt(0, header);
  if (prepared && segments_.empty()) {
    // Once in the life of a log: from here on a missing beginning is damage, not a crash.
    prepared = (*file)->Sync();
    if (prepared) prepared = disk_->SyncDirectory(options_.directory);
  }
  if (!prepared) {
    (void)disk_->Remove(path);
    return prepared;
  }
  NoteUnsynced(*file);
  segments_.push_back(
      {.first = written_, .header_bytes = header.size(), .file_bytes = file_bytes, .file = *file});
  disk_bytes_ += file_bytes;
  new_names_ = true;
  return {};
}

Status Log::BeginSegment() {
  const auto plan = planned_.find(written_);
  const std::uint64_t need = SegmentEndAfter(written_) - written_;
  // On a full disk a small one may still fit; it grows as it is written.
  const std::uint64_t usual =
      full_ ? std::min(kLeastSegment, options_.segment_bytes) : options_.segment_bytes;
  const Status opened = OpenSegment(plan->second, std::max(usual, need));
  if (opened) planned_.erase(plan);
  return opened;
}

Status Log::WriteSpan(LogPosition to) {
  LogSegment& segment = segments_.back();
  const std::uint64_t file_bytes = segment.OffsetOf(to) + kFrameHeaderBytes;
  if (file_bytes > segment.file_bytes) {
    if (Status grown = segment.file->Preallocate(file_bytes); !grown) return grown;
    disk_bytes_ += file_bytes - segment.file_bytes;
    segment.file_bytes = file_bytes;
  }
  const std::string_view bytes =
      std::string_view(tail_).substr(written_ - tail_begin_, to - written_);
  if (Status status = segment.file->WriteAt(segment.OffsetOf(written_), bytes); !status) {
    return status;
  }
  NoteUnsynced(segment.file);
  written_ = to;
  return {};
}

Status Log::WritePending() {
  while (written_ < end()) {
    if (planned_.contains(written_)) {
      if (Status begun = BeginSegment(); !begun) return begun;
    }
    if (Status status = WriteSpan(SegmentEndAfter(written_)); !status) return status;
  }
  return {};
}

Status Log::WriteOut() {
  if (failed_) return Fail(ErrorCode::kInputOutput, "the log has failed before");
  if (!on_disk()) {
    written_ = end();
    TrimTail();
    return {};
  }
  Status status = WritePending();
  if (!status && status.error().code == ErrorCode::kDiskFull) {
    full_ = true;
    GiveUpReserve();
    status = WritePending();
  }
  if (!status && status.error().code != ErrorCode::kDiskFull) failed_ = true;
  TrimTail();
  return status;
}

void Log::GiveUpReserve() {
  if (has_reserve_) (void)disk_->Remove(PathOf(kReserveName));
  has_reserve_ = false;
}

bool Log::RestoreReserve() {
  if (!on_disk() || options_.reserve_bytes == 0) {
    full_ = false;
    return true;
  }
  if (has_reserve_) return true;
  if (written_ < end()) return false;  // Space goes to what is waiting first.
  auto file = disk_->Open(PathOf(kReserveName), OpenMode::kCreate);
  if (!file) return false;
  // What a crash has left may be shorter than it should be.
  if (!(*file)->Preallocate(options_.reserve_bytes)) {
    (void)disk_->Remove(PathOf(kReserveName));
    return false;
  }
  has_reserve_ = true;
  full_ = false;
  return true;
}

void Log::NoteUnsynced(const std::shared_ptr<File>& file) {
  if (std::ranges::find(unsynced_files_, file) == unsynced_files_.end()) {
    unsynced_files_.push_back(file);
  }
}

std::optional<SyncJob> Log::BeginSync() {
  if (!on_disk() || syncing_ || failed_) return std::nullopt;
  if (durable_ == written_ && dropped_.empty()) return std::nullopt;
  syncing_ = true;
  SyncJob job{.files = std::move(unsynced_files_),
              .disk = disk_,
              .new_names_in = new_names_ ? options_.directory : std::string(),
              .dropped = std::move(dropped_),
              .directory = options_.directory,
              .position = written_};
  unsynced_files_.clear();
  dropped_.clear();
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
  SealDurable();
}

void Log::SealDurable() {
  for (; sealed_segments_ + 1 < segments_.size(); ++sealed_segments_) {
    LogSegment& segment = segments_[sealed_segments_];
    const LogPosition next = segments_[sealed_segments_ + 1].first;
    if (next >= durable_) break;
    if (segment.sealed) continue;
    // Without it recovery knows a little less; that is no reason to stop.
    segment.sealed = segment.file->WriteAt(segment.OffsetOf(next), SegmentSeal(next)).has_value();
    if (segment.sealed) NoteUnsynced(segment.file);
  }
}

void Log::TrimTail() {
  if (tail_.size() < 2 * options_.memory_bytes) return;
  // Cut at a mark, so that the tail begins with a frame; everything before it must be written.
  const LogPosition keep_from = std::min(end() - options_.memory_bytes, written_);
  const auto after = std::ranges::upper_bound(marks_, keep_from, {}, &LogCursor::position);
  if (after == marks_.begin()) return;
  const LogPosition cut = std::prev(after)->position();
  if (cut <= tail_begin_) return;
  tail_.erase(0, cut - tail_begin_);
  tail_begin_ = cut;
  if (on_disk()) return;
  while (marks_.front().position() < cut) marks_.pop_front();
}

void Log::DropBefore(LogPosition position) {
  position = std::min(position, durable_);
  while (segments_.size() > 1 && segments_[1].first <= position) {
    dropped_.push_back(PathOf(SegmentName(segments_.front().first)));
    disk_bytes_ -= segments_.front().file_bytes;
    segments_.pop_front();
    if (sealed_segments_ > 0) --sealed_segments_;
  }
  if (segments_.empty()) return;
  while (marks_.front().position() < segments_.front().first) marks_.pop_front();
}

std::vector<LogFile> Log::Files(LogPosition from, LogPosition to) const {
  std::vector<LogFile> files;
  for (std::size_t i = 0; i < segments_.size() && segments_[i].first < to; ++i) {
    // What begins at `to` does not count: the one before it would be written to by who takes these.
    const bool finished = i + 1 < segments_.size() && segments_[i + 1].first < to;
    if (finished && segments_[i + 1].first <= from) continue;
    files.push_back({.name = SegmentName(segments_[i].first),
                     .finished = finished,
                     .bytes = finished ? 0 : segments_[i].OffsetOf(to)});
  }
  return files;
}

// --- Reading -------------------------------------------------------------------------------------

std::optional<LogCursor> Log::LastMarkWhere(
    const std::function<bool(const LogVectors&)>& has) const {
  // Vectors only grow along the log, so whether somebody has what they tell changes once.
  const auto beyond = std::ranges::partition_point(
      marks_, [&has](const LogCursor& mark) { return has(mark.vectors()); });
  if (beyond == marks_.begin()) return std::nullopt;
  return *std::prev(beyond);
}

std::optional<LogCursor> Log::CursorFor(const VersionVector& have) const {
  const LogVectors has{.floor = have};
  return LastMarkWhere([&has](const LogVectors& mark) { return has.Covers(mark); });
}

std::optional<LogCursor> Log::CursorFor(const VersionVector& have,
                                        std::span<const crdt::RegionId> authors) const {
  return LastMarkWhere([&](const LogVectors& mark) {
    return std::ranges::all_of(mark.floor.entries(), [&](Stamp stamp) {
      return have.Covers(stamp) || std::ranges::find(authors, stamp.region()) == authors.end();
    });
  });
}

LogPosition Log::BeginOfWhatIsNewerThan(std::int64_t unix_ms) const {
  const auto is_older = [unix_ms](const LogCursor& mark) {
    return std::ranges::all_of(mark.floor().entries(), [unix_ms](Stamp stamp) {
      return static_cast<std::int64_t>(stamp.unix_ms()) <= unix_ms;
    });
  };
  const auto newer = std::ranges::partition_point(marks_, is_older);
  return newer == marks_.begin() ? newer->position() : std::prev(newer)->position();
}

const LogSegment* Log::SegmentAt(LogPosition position) const {
  const auto after = std::ranges::upper_bound(segments_, position, {}, &LogSegment::first);
  return after == segments_.begin() ? nullptr : &*std::prev(after);
}

Status Log::Read(LogCursor& cursor, LogPosition limit, std::size_t max_bytes,
                 const std::function<bool(const FrameView&)>& visit) const {
  limit = std::min(limit, end());
  const LogPosition stop = cursor.position() + max_bytes;
  std::optional<SegmentReader> reader;
  while (cursor.position() < limit && cursor.position() < stop) {
    const LogPosition at = cursor.position();
    std::string_view payload;
    if (at >= tail_begin_) {
      const std::string_view frame = std::string_view(tail_).substr(at - tail_begin_);
      payload = frame.substr(kFrameHeaderBytes, FrameHeader::Decode(frame).length);
    } else {
      const LogSegment* segment = SegmentAt(at);
      if (segment == nullptr) return Fail(ErrorCode::kInputOutput, "the log does not reach back");
      if (!reader || reader->segment().first != segment->first) {
        reader.emplace(*segment, at, kReadChunk);
      }
      const auto found = reader->Read();
      if (!found) return std::unexpected(found.error());
      if (*found != SegmentReader::Found::kFrame) {
        return Fail(ErrorCode::kCorrupt, "the log is damaged at position " + std::to_string(at));
      }
      payload = reader->payload();
    }
    const bool more = visit(cursor.View(payload));
    cursor.Pass(payload);
    if (reader) reader->Pass();
    if (!more) return {};
  }
  return {};
}

}  // namespace storage
