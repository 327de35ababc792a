#include "replication/outgoing_stream.h"

#include <algorithm>
#include <utility>

namespace replication {

using storage::FrameKind;
using storage::LogPosition;
using storage::RecordView;

OutgoingStream::OutgoingStream(Subscribe request, storage::LogCursor cursor,
                               storage::LogVectors had)
    : request_(std::move(request)), cursor_(std::move(cursor)), had_(std::move(had)) {}

bool OutgoingStream::IsWanted(crdt::RegionId author) const {
  return std::ranges::find(request_.regions, author) != request_.regions.end();
}

void OutgoingStream::NoteHas(const crdt::VersionVector& vector) {
  had_.PassFloorJump(vector);
  if (!needs_join_ || request_.follow || LacksWanted(lacked_)) return;
  needs_join_ = false;
  cursor_ = stopped_at_;
}

void OutgoingStream::StopFor(const storage::FrameView& frame, const crdt::VersionVector& lacked) {
  needs_join_ = true;
  lacked_ = lacked;
  stopped_at_ = {frame.end - storage::kFrameHeaderBytes - frame.payload.size(), frame.before};
}

bool OutgoingStream::LacksWanted(const crdt::VersionVector& vector) const {
  return std::ranges::any_of(vector.entries(), [this](crdt::Stamp stamp) {
    return IsWanted(stamp.region()) && !had_.floor.Covers(stamp);
  });
}

void OutgoingStream::OnConsumed(std::uint64_t consumed) {
  consumed_ = std::clamp(consumed, consumed_, sent_);
  while (!batches_.empty() && batches_.front().first <= consumed_) {
    consumed_records_ = batches_.front().second;
    batches_.pop_front();
  }
}

bool OutgoingStream::SkipWhatPeerHas(const storage::Log& log) {
  // A follower needs every frame.
  if (request_.follow || !parts_.empty()) return false;
  auto cursor = log.CursorFor(had_.floor, request_.regions);
  if (!cursor || cursor->position() <= cursor_.position()) return false;
  cursor_ = *std::move(cursor);
  return true;
}

std::uint64_t OutgoingStream::unacknowledged_records() const {
  return records_ - consumed_records_;
}

void OutgoingStream::Flush(LogPosition position, std::vector<Message>& out) {
  if (batch_.empty()) return;
  out.push_back(
      Records{.stream = request_.stream, .entries = std::move(batch_), .position = position});
  batch_.clear();
}

void OutgoingStream::Begin(const storage::LogVectors& reference, std::vector<Message>& out) {
  running_ = reference;
  out.push_back(StreamStart{
      .stream = request_.stream, .reference = running_.floor, .beyond = running_.beyond_floor});
  started_ = true;
}

void OutgoingStream::BeginFollow(const storage::LogVectors& reference, std::vector<Message>& out) {
  Begin(reference, out);
  if (!passed_stable_.empty()) AppendEntry(std::exchange(passed_stable_, {}), out);
}

void OutgoingStream::AppendEntry(std::string_view payload, std::vector<Message>& out) {
  sent_ += payload.size();
  if (payload.size() <= kPartBytes) {
    crdt::ByteWriter(batch_).Bytes(payload);
    return;
  }
  // Parts stand between batches; the position before this entry is of no use to anybody.
  Flush(0, out);
  parts_ = payload;
}

void OutgoingStream::SendParts(std::vector<Message>& out) {
  for (int part = 0; part < kPartsPerPump && parts_sent_ < parts_.size(); ++part) {
    out.push_back(RecordPart{.stream = request_.stream,
                             .total = parts_.size(),
                             .piece = parts_.substr(parts_sent_, kPartBytes)});
    parts_sent_ = std::min(parts_.size(), parts_sent_ + kPartBytes);
  }
  if (parts_sent_ < parts_.size()) return;
  std::get<RecordPart>(out.back()).position = told_position_ = cursor_.position();
  parts_ = std::string();
  parts_sent_ = 0;
}

void OutgoingStream::PassJoinFrame(const storage::FrameView& frame) {
  if (frame.kind() == FrameKind::kFragment) {
    ++fragments_;
  } else if (frame.kind() == FrameKind::kVectorJump) {
    const auto jump = storage::DecodeVectorJump(frame.payload);
    const std::uint64_t fragments = std::exchange(fragments_, 0);
    // Another region reads the records of its authors, and gets them from those.
    if (!request_.follow) return;
    if (jump && had_.Observed(jump->partition).Covers(jump->vector)) return;
    needs_join_ = !jump || fragments < jump->fragments;
    if (!needs_join_) had_.PassVectorJump(jump->partition, jump->vector);
  } else if (frame.kind() == FrameKind::kFloorJump) {
    const auto floor = storage::DecodeVector(frame.payload);
    if (floor && had_.floor.Covers(*floor)) return;
    if (request_.follow) {
      needs_join_ = !floor || !had_.CoversInAll(*floor);
      if (!needs_join_) had_.PassFloorJump(*floor);
    } else if (floor && LacksWanted(*floor)) {
      StopFor(frame, *floor);
    }
  }
}

bool OutgoingStream::Take(const storage::FrameView& frame, crdt::Status& status,
                          std::vector<Message>& out) {
  const auto goes_on = [this] {
    return parts_.empty() && WindowOpen() && batch_.size() < kBatchBytes;
  };
  PassJoinFrame(frame);
  if (needs_join_) return false;
  if (frame.kind() != FrameKind::kRecord) {
    const bool of_join = frame.kind() != FrameKind::kStable && frame.kind() != FrameKind::kEpoch;
    if (request_.follow && of_join && !started_) BeginFollow(frame.before, out);
    // A follower's vectors have to move with the log's.
    if (request_.follow && started_) AppendEntry(frame.payload, out);
    if (!started_ && frame.kind() == FrameKind::kStable) passed_stable_ = frame.payload;
    return goes_on();
  }
  const crdt::Result<RecordView> record = storage::DecodeRecord(frame.payload, frame.before);
  if (!record) {
    status = std::unexpected(record.error());
    return false;
  }
  if (request_.follow) {
    if (!started_ && had_.floor.Covers(record->last_stamp())) return true;
    // A follower decodes the log's own bytes, so both begin with the log's floor.
    if (!started_) BeginFollow(frame.before, out);
    AppendEntry(frame.payload, out);
  } else {
    if (!IsWanted(record->first_stamp.region()) || had_.floor.Covers(record->last_stamp())) {
      return true;
    }
    // Written amid a join that had brought what its peer reads here: the records of that come
    // behind, if at all.
    for (const auto& [partition, vector] : record->beyond) {
      if (!LacksWanted(vector)) continue;
      StopFor(frame, vector);
      return false;
    }
    if (!started_) Begin({}, out);
    scratch_.clear();
    storage::EncodeRecord(*record, running_, scratch_);
    running_.floor = record->context;
    running_.floor.Advance(record->last_stamp());
    AppendEntry(scratch_, out);
    if (scratch_.size() > kPartBytes) scratch_ = std::string();
    last_stamp_ = record->last_stamp();
  }
  had_.PassRecord(record->last_stamp());
  ++records_;
  return goes_on();
}

crdt::Status OutgoingStream::Pump(storage::Log& log, LogPosition limit, std::vector<Message>& out) {
  crdt::Status status;
  const LogPosition pause = std::min(limit, cursor_.position() + kMostPassedBytes);
  if (!parts_.empty()) {
    SendParts(out);
    if (!parts_.empty()) return {};
  }
  while (status && !needs_join_ && parts_.empty() && cursor_.position() < pause && WindowOpen()) {
    const crdt::Status read =
        log.Read(cursor_, pause, kBatchBytes,
                 [&](const storage::FrameView& frame) { return Take(frame, status, out); });
    if (!read) return read;
    if (!batch_.empty()) told_position_ = cursor_.position();
    Flush(cursor_.position(), out);
    if (!parts_.empty()) SendParts(out);
    if (batches_.empty() || batches_.back().first < sent_) batches_.emplace_back(sent_, records_);
  }
  // A follower that has all records already may lack what is stable: nothing else may come.
  if (request_.follow && !passed_stable_.empty() && cursor_.position() >= limit) {
    BeginFollow(cursor_.vectors(), out);
    told_position_ = cursor_.position();
    Flush(told_position_, out);
  }
  // A follower that has it all already must learn where it stands: WAIT counts positions.
  if (request_.follow && !needs_join_ && parts_.empty() && told_position_ < cursor_.position()) {
    told_position_ = cursor_.position();
    out.push_back(Records{.stream = request_.stream, .entries = {}, .position = told_position_});
  }
  return status;
}

}  // namespace replication
