#include "replication/outgoing_stream.h"

#include <algorithm>
#include <utility>

namespace replication {

using storage::FrameKind;
using storage::LogPosition;
using storage::RecordView;

OutgoingStream::OutgoingStream(Subscribe request, storage::LogCursor cursor)
    : request_(std::move(request)), cursor_(std::move(cursor)) {}

bool OutgoingStream::Wanted(const RecordView& record) const {
  if (request_.have.Covers(record.last_stamp())) return false;
  return std::ranges::find(request_.regions, record.first_stamp.region()) != request_.regions.end();
}

void OutgoingStream::OnConsumed(std::uint64_t consumed) {
  consumed_ = std::clamp(consumed, consumed_, sent_);
  while (!batches_.empty() && batches_.front().first <= consumed_) {
    consumed_records_ = batches_.front().second;
    batches_.pop_front();
  }
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

void OutgoingStream::Begin(const crdt::VersionVector& reference, std::vector<Message>& out) {
  running_ = reference;
  out.push_back(StreamStart{.stream = request_.stream, .reference = running_});
  started_ = true;
}

void OutgoingStream::BeginFollow(const crdt::VersionVector& reference, std::vector<Message>& out) {
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

bool OutgoingStream::Take(const storage::FrameView& frame, crdt::Status& status,
                          std::vector<Message>& out) {
  const auto goes_on = [this] {
    return parts_.empty() && WindowOpen() && batch_.size() < kBatchBytes;
  };
  if (frame.kind() == FrameKind::kFloorJump) {
    const auto floor = storage::DecodeVector(frame.payload);
    needs_join_ = needs_join_ || !floor || !request_.have.Covers(*floor);
    if (needs_join_) return false;
  }
  if (frame.kind() != FrameKind::kRecord) {
    // A follower's vectors have to move with the log's.
    if (request_.follow && started_) AppendEntry(frame.payload, out);
    if (!started_ && frame.kind() == FrameKind::kStable) passed_stable_ = frame.payload;
    return goes_on();
  }
  const crdt::Result<RecordView> record = storage::DecodeRecord(frame.payload, frame.floor);
  if (!record) {
    status = std::unexpected(record.error());
    return false;
  }
  if (request_.follow) {
    if (!started_ && request_.have.Covers(record->last_stamp())) return true;
    // A follower decodes the log's own bytes, so both begin with the log's floor.
    if (!started_) BeginFollow(frame.floor, out);
    AppendEntry(frame.payload, out);
  } else {
    if (!Wanted(*record)) return true;
    if (!started_) Begin({}, out);
    scratch_.clear();
    storage::EncodeRecord(*record, running_, scratch_);
    running_ = record->context;
    running_.Advance(record->last_stamp());
    AppendEntry(scratch_, out);
    if (scratch_.size() > kPartBytes) scratch_ = std::string();
    last_stamp_ = record->last_stamp();
  }
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
    BeginFollow(cursor_.floor(), out);
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
