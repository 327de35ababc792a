#include "replication/outgoing_stream.h"

#include <algorithm>

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

void OutgoingStream::AppendEntry(std::string_view payload, std::vector<Message>& out) {
  sent_ += payload.size();
  if (payload.size() <= kPartBytes) {
    crdt::ByteWriter(batch_).Bytes(payload);
    return;
  }
  // Parts stand between batches; the position before this entry is of no use to anybody.
  Flush(0, out);
  for (std::size_t at = 0; at < payload.size(); at += kPartBytes) {
    out.push_back(RecordPart{.stream = request_.stream,
                             .total = payload.size(),
                             .piece = std::string(payload.substr(at, kPartBytes))});
  }
}

crdt::Status OutgoingStream::Pump(storage::Log& log, LogPosition limit, std::vector<Message>& out) {
  crdt::Status status;
  while (status && !needs_join_ && cursor_.position() < limit && WindowOpen()) {
    const auto visit = [&](const storage::FrameView& frame) -> bool {
      const bool is_record = frame.kind() == FrameKind::kRecord;
      if (frame.kind() == FrameKind::kFloorJump) {
        const auto floor = storage::DecodeVector(frame.payload);
        needs_join_ = needs_join_ || !floor || !request_.have.Covers(*floor);
        return !needs_join_;
      }
      if (!is_record && !request_.follow) return true;
      if (!is_record) {
        if (started_) AppendEntry(frame.payload, out);
        return WindowOpen() && batch_.size() < kBatchBytes;
      }
      const crdt::Result<RecordView> record = storage::DecodeRecord(frame.payload, frame.floor);
      if (!record) {
        status = std::unexpected(record.error());
        return false;
      }
      if (!started_) {
        const bool wanted =
            request_.follow ? !request_.have.Covers(record->last_stamp()) : Wanted(*record);
        if (!wanted) return true;
        // A follower decodes the log's own bytes, so both begin with the log's floor.
        running_ = request_.follow ? frame.floor : crdt::VersionVector();
        out.push_back(StreamStart{.stream = request_.stream, .reference = running_});
        started_ = true;
      }
      if (request_.follow) {
        AppendEntry(frame.payload, out);
      } else if (Wanted(*record)) {
        scratch_.clear();
        storage::EncodeRecord(*record, running_, scratch_);
        running_ = record->context;
        running_.Advance(record->last_stamp());
        AppendEntry(scratch_, out);
        last_stamp_ = record->last_stamp();
      } else {
        return true;
      }
      ++records_;
      return WindowOpen() && batch_.size() < kBatchBytes;
    };
    const crdt::Status read = log.Read(cursor_, limit, kBatchBytes, visit);
    if (!read) return read;
    const bool parts_last =
        batch_.empty() && !out.empty() && std::holds_alternative<RecordPart>(out.back());
    if (parts_last) std::get<RecordPart>(out.back()).position = cursor_.position();
    if (parts_last || !batch_.empty()) told_position_ = cursor_.position();
    Flush(cursor_.position(), out);
    if (batches_.empty() || batches_.back().first < sent_) batches_.emplace_back(sent_, records_);
  }
  // A follower that has it all already must learn where it stands: WAIT counts positions.
  if (request_.follow && !needs_join_ && told_position_ < cursor_.position()) {
    told_position_ = cursor_.position();
    out.push_back(Records{.stream = request_.stream, .entries = {}, .position = told_position_});
  }
  return status;
}

}  // namespace replication
