#include "storage/log/recovery.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "storage/log/segment_reader.h"

namespace storage {
namespace {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::Status;
using Verdict = RecoveryReport::Verdict;

constexpr std::size_t kChunk = 4 << 20;
constexpr std::uint64_t kMarkDistance = 1 << 20;
constexpr std::size_t kFirstHeaderRead = 64 << 10;
// Checksums over bytes that only look like frames. Where that is not enough the bytes were made to
// look so, and nothing is cut.
constexpr std::uint64_t kMostSearchBytes = std::uint64_t{8} << 30;

std::string_view WithoutTrailingZeros(std::string_view bytes) {
  const std::size_t last = bytes.find_last_not_of('\0');
  return bytes.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Cheap enough for every byte of a segment, and false for nearly all bytes that are no frame.
bool LooksLikePayload(std::string_view payload) {
  switch (KindOf(payload)) {
    case FrameKind::kRecord:
      return payload[1] <= 3 && payload[1] != 2 && LastStampOf(payload).has_value();
    case FrameKind::kFragment:
      return DecodeFragment(payload).has_value();
    case FrameKind::kVectorJump:
      return DecodeVectorJump(payload).has_value();
    case FrameKind::kEpoch:
      return DecodeEpoch(payload).has_value();
    case FrameKind::kStable:
    case FrameKind::kFloorJump:
      return DecodeVector(payload).has_value();
  }
  return false;
}

// Whether a valid frame begins anywhere in `bytes`, whose first byte is at `position`, and each
// later one `step` further.
bool HoldsFrame(std::string_view bytes, LogPosition position, std::uint64_t step = 1) {
  std::uint64_t work = 0;
  for (; bytes.size() > kFrameHeaderBytes + 1; bytes.remove_prefix(1), position += step) {
    const FrameHeader header = FrameHeader::Decode(bytes);
    if (header.length < 2 || header.length > bytes.size() - kFrameHeaderBytes) continue;
    const std::string_view payload = bytes.substr(kFrameHeaderBytes, header.length);
    if (!LooksLikePayload(payload)) continue;
    work += header.length;
    if (work > kMostSearchBytes || FrameChecksum(payload, position) == header.checksum) return true;
  }
  return false;
}

// Whether a segment whose header does not decode was still being made: nothing stands behind what
// there is of the header. Its size is in its first bytes, which may be what is damaged: the first
// frame, wherever it begins, tells too.
bool IsUnfinishedHeader(std::string_view bytes, LogPosition first) {
  const std::string_view used = WithoutTrailingZeros(bytes);
  if (used.size() < kSegmentHeaderPrefix) return true;
  return used.size() < SegmentHeader::SizeOf(used) &&
         !HoldsFrame(bytes.substr(kSegmentHeaderPrefix), first, /*step=*/0);
}

class Recovery {
 public:
  Recovery(Disk& disk, const std::string& directory, const std::string& log_id,
           const VisitFrame& visit, const RecoveryStart& start)
      : disk_(disk), directory_(directory), log_id_(log_id), visit_(visit), start_(start) {}

  Result<RecoveredLog> Run();

 private:
  struct Found {
    std::string name;
    LogSegment segment;  // Without a header: header_bytes is 0.
    std::optional<SegmentHeader> header;
    std::string mistake;  // Why there is none.
  };

  Status Look();
  Result<Found> LookAt(const std::string& name);
  Status Walk(std::size_t index);
  Status Frames(const LogSegment& segment, SegmentReader& reader, SegmentReader::Found& ended);
  Status BreakInside(std::size_t index);
  Status BreakAtHeader(std::size_t index);
  // Whether the segment or a later one is sealed: everything up to there was durable.
  Result<bool> SealedFrom(std::size_t index);
  Result<bool> HasSeal(const LogSegment& segment, LogPosition end);
  Status KeepAside(const std::string& what, std::string_view bytes);
  Status PutAside(std::size_t from);
  Status Cut(const LogSegment& segment);

  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  std::string FreePath(const std::string& stem) const;
  Status Damaged(const std::string& detail) {
    report().verdict = Verdict::kDamaged;
    report().detail = detail;
    return {};
  }
  void Torn(std::size_t bytes, std::size_t segments);
  RecoveryReport& report() { return log_.report; }
  LogPosition& position() { return log_.report.position; }

  Disk& disk_;
  const std::string& directory_;
  const std::string& log_id_;
  const VisitFrame& visit_;
  const RecoveryStart& start_;
  std::vector<Found> found_;
  RecoveredLog log_;
};

// --- Looking -------------------------------------------------------------------------------------

Result<Recovery::Found> Recovery::LookAt(const std::string& name) {
  Found found{.name = name};
  const auto first = FirstOfSegment(name);
  if (!first) return Fail(ErrorCode::kCorrupt, PathOf(name) + " has no position for a name");
  auto file = disk_.Open(PathOf(name), OpenMode::kExisting);
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->Size();
  if (!size) return std::unexpected(size.error());
  found.segment = {.first = *first, .file_bytes = *size, .file = *std::move(file)};
  auto head = found.segment.file->ReadAt(0, kFirstHeaderRead);
  if (!head) return std::unexpected(head.error());
  if (head->size() >= kSegmentHeaderPrefix && SegmentHeader::SizeOf(*head) > head->size() &&
      SegmentHeader::SizeOf(*head) <= *size) {
    head = found.segment.file->ReadAt(0, SegmentHeader::SizeOf(*head));
    if (!head) return std::unexpected(head.error());
  }
  std::size_t header_bytes = 0;
  auto header = SegmentHeader::Decode(*head, header_bytes);
  if (header) {
    found.segment.header_bytes = header_bytes;
    found.header = *std::move(header);
  } else if (header.error().code == ErrorCode::kUnsupported) {
    return Fail(ErrorCode::kUnsupported, PathOf(name) + ": " + header.error().detail);
  } else {
    found.mistake = header.error().detail;
  }
  return found;
}

Status Recovery::Look() {
  const auto names = disk_.List(directory_);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    if (!IsSegmentName(name)) continue;
    auto found = LookAt(name);
    if (!found) return std::unexpected(found.error());
    found_.push_back(*std::move(found));
  }
  for (const Found& found : found_) {
    if (!found.header) continue;
    if (found.header->log_id != log_id_) return Damaged(found.name + " belongs to another log");
    if (found.header->first != found.segment.first) {
      return Damaged(found.name + " begins at position " + std::to_string(found.header->first));
    }
  }
  if (!found_.empty() && found_.front().segment.first > start_.begins_by) {
    return Damaged("the log begins at position " + std::to_string(found_.front().segment.first) +
                   ", and is needed from " + std::to_string(start_.begins_by) + " on");
  }
  return {};
}

Result<bool> Recovery::HasSeal(const LogSegment& segment, LogPosition end) {
  if (segment.header_bytes == 0 || end < segment.first) return false;
  const std::string seal = SegmentSeal(end);
  const auto bytes = segment.file->ReadAt(segment.OffsetOf(end), seal.size());
  if (!bytes) return std::unexpected(bytes.error());
  return *bytes == seal;
}

Result<bool> Recovery::SealedFrom(std::size_t index) {
  for (std::size_t i = index; i < found_.size(); ++i) {
    // Where the next segment is missing, the seal stands where the frames end.
    const auto at_end = i == index ? HasSeal(found_[i].segment, position()) : Result<bool>(false);
    if (!at_end) return at_end;
    if (*at_end) return true;
    if (i + 1 == found_.size()) break;
    const auto sealed = HasSeal(found_[i].segment, found_[i + 1].segment.first);
    if (!sealed || *sealed) return sealed;
  }
  return false;
}

// --- Walking -------------------------------------------------------------------------------------

Status Recovery::Frames(const LogSegment& segment, SegmentReader& reader,
                        SegmentReader::Found& ended) {
  log_.marks.emplace_back(segment.first, log_.vectors);
  LogCursor cursor = log_.marks.back();
  for (;;) {
    const auto found = reader.Read();
    if (!found) return std::unexpected(found.error());
    ended = *found;
    if (*found != SegmentReader::Found::kFrame) break;
    if (cursor.position() >= start_.visit_from) {
      if (Status visited = visit_(cursor.View(reader.payload())); !visited) return visited;
      ++report().frames;
    }
    if (cursor.position() - log_.marks.back().position() >= kMarkDistance &&
        KindOf(reader.payload()) != FrameKind::kFragment) {
      log_.marks.push_back(cursor);
    }
    cursor.Pass(reader.payload());
    reader.Pass();
  }
  position() = cursor.position();
  log_.vectors = cursor.vectors();
  return {};
}

Status Recovery::Walk(std::size_t index) {
  LogSegment& segment = found_[index].segment;
  if (!found_[index].header) return BreakAtHeader(index);
  if (index == 0) {
    log_.vectors = {found_[index].header->floor, found_[index].header->beyond_floor};
  }
  SegmentReader reader(segment, segment.first, kChunk);
  auto ended = SegmentReader::Found::kEnd;
  if (Status walked = Frames(segment, reader, ended); !walked) return walked;
  const bool last = index + 1 == found_.size();
  bool whole = ended == SegmentReader::Found::kEnd;
  if (whole && last) {
    // Anything behind the end is what a crash left of frames whose beginning was lost.
    const auto rest = segment.file->ReadAt(
        segment.OffsetOf(position()),
        segment.file_bytes - std::min(segment.file_bytes, segment.OffsetOf(position())));
    if (!rest) return std::unexpected(rest.error());
    whole = WithoutTrailingZeros(*rest).empty();
  } else if (whole) {
    whole = position() == found_[index + 1].segment.first;
    if (whole) {
      const auto sealed = HasSeal(segment, position());
      if (!sealed) return std::unexpected(sealed.error());
      segment.sealed = *sealed;
    }
  }
  if (!whole) return BreakInside(index);
  log_.segments.push_back(segment);
  return {};
}

Status Recovery::BreakInside(std::size_t index) {
  const LogSegment& segment = found_[index].segment;
  const std::string& name = found_[index].name;
  const auto rest = segment.file->ReadAt(segment.OffsetOf(position()),
                                         segment.file_bytes - segment.OffsetOf(position()));
  if (!rest) return std::unexpected(rest.error());
  const bool last = index + 1 == found_.size();
  const std::string where = "position " + std::to_string(position());
  if (!last && position() > found_[index + 1].segment.first) {
    return Damaged(name + ": its frames reach into the next segment, at " + where);
  }
  const auto sealed = SealedFrom(index);
  if (!sealed) return std::unexpected(sealed.error());
  if (*sealed || position() < start_.durable) {
    return Damaged(name + ": what was durable is missing or damaged at " + where);
  }
  // The bad place may be a lost length of zero, so the search begins one byte behind it.
  const std::string_view used = WithoutTrailingZeros(*rest);
  if (HoldsFrame(std::string_view(*rest).substr(std::min<std::size_t>(1, rest->size())),
                 position() + 1)) {
    return Damaged(name + ": a frame is damaged at " + where + " and more follows it");
  }
  if (Status kept = KeepAside("torn-" + std::to_string(position()), used); !kept) return kept;
  Torn(used.size(), found_.size() - index - 1);
  if (Status put = PutAside(index + 1); !put) return put;
  found_.resize(index + 1);
  return Cut(segment);
}

Status Recovery::BreakAtHeader(std::size_t index) {
  const Found& found = found_[index];
  const auto bytes = found.segment.file->ReadAt(0, found.segment.file_bytes);
  if (!bytes) return std::unexpected(bytes.error());
  const std::string_view used = WithoutTrailingZeros(*bytes);
  const auto sealed = SealedFrom(index);
  if (!sealed) return std::unexpected(sealed.error());
  // The seal of the one before it tells that a part of this one was durable.
  const bool was_durable = *sealed || (index > 0 && found_[index - 1].segment.sealed) ||
                           found.segment.first < start_.durable;
  if (was_durable || !IsUnfinishedHeader(*bytes, found.segment.first)) {
    return Damaged(found.name + ": " + found.mistake);
  }
  const bool last = index + 1 == found_.size();
  if (last && used.empty()) {
    // Made and never written.
    if (Status removed = disk_.Remove(PathOf(found.name)); !removed) return removed;
  } else {
    Torn(used.size(), found_.size() - index);
    if (Status put = PutAside(index); !put) return put;
  }
  found_.resize(index);
  return disk_.SyncDirectory(directory_);
}

Result<RecoveredLog> Recovery::Run() {
  if (Status looked = Look(); !looked) return std::unexpected(looked.error());
  for (std::size_t i = 0; i < found_.size() && report().verdict != Verdict::kDamaged; ++i) {
    if (Status walked = Walk(i); !walked) return std::unexpected(walked.error());
  }
  if (report().verdict != Verdict::kDamaged && position() < start_.durable) {
    (void)Damaged("the log ends at position " + std::to_string(position()) +
                  ", and was durable up to " + std::to_string(start_.durable));
  }
  report().segments = log_.segments.size();
  report().begin = log_.segments.empty() ? 0 : log_.segments.front().first;
  return std::move(log_);
}

// --- Cutting -------------------------------------------------------------------------------------

void Recovery::Torn(std::size_t bytes, std::size_t segments) {
  report().verdict = Verdict::kTornTail;
  report().cut_bytes = bytes;
  report().detail = "a torn tail of " + std::to_string(bytes) + " bytes";
  if (segments > 0) report().detail += " and " + std::to_string(segments) + " segments behind it";
  report().detail += " was cut at position " + std::to_string(position()) + " and kept aside";
}

std::string Recovery::FreePath(const std::string& stem) const {
  std::string path = PathOf(stem + ".bytes");
  for (int i = 2; disk_.Exists(path); ++i) path = PathOf(stem + "-" + std::to_string(i) + ".bytes");
  return path;
}

Status Recovery::KeepAside(const std::string& what, std::string_view bytes) {
  if (bytes.empty()) return {};
  const std::string path = FreePath(what);
  Status kept = disk_.ReplaceFile(path, bytes);
  if (!kept && kept.error().code == ErrorCode::kDiskFull && disk_.Exists(PathOf(kReserveName))) {
    // That is what the reserve is for.
    if (Status removed = disk_.Remove(PathOf(kReserveName)); !removed) return removed;
    kept = disk_.ReplaceFile(path, bytes);
  }
  return kept;
}

Status Recovery::PutAside(std::size_t from) {
  // The last first, so that what a crash leaves of this is again a log with a torn tail.
  for (std::size_t i = found_.size(); i > from; --i) {
    const Found& found = found_[i - 1];
    const std::string path = FreePath("torn-segment-" + std::to_string(found.segment.first));
    if (Status renamed = disk_.Rename(PathOf(found.name), path); !renamed) return renamed;
  }
  return disk_.SyncDirectory(directory_);
}

Status Recovery::Cut(const LogSegment& segment) {
  // Zeros behind the cut, so that old bytes can never follow a new frame.
  if (Status cut = segment.file->Truncate(segment.OffsetOf(position())); !cut) return cut;
  LogSegment rest = segment;
  // On a full disk it grows when it is written.
  if (!segment.file->Preallocate(segment.file_bytes)) rest.file_bytes = rest.OffsetOf(position());
  log_.segments.push_back(std::move(rest));
  return segment.file->Sync();
}

}  // namespace

Result<RecoveredLog> RecoverLog(Disk& disk, const std::string& directory, const std::string& log_id,
                                const VisitFrame& visit, const RecoveryStart& start) {
  return Recovery(disk, directory, log_id, visit, start).Run();
}

}  // namespace storage
