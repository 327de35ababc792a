#include "replication/causal_gate.h"

#include <algorithm>

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::RegionId;
using crdt::Status;
using crdt::VersionVector;
using storage::FrameKind;
using storage::LogPosition;
using storage::RecordView;

Status CausalGate::OnStart(const StreamStart& start) {
  if (start.stream != request_.stream) return {};
  if (started_) return Fail(ErrorCode::kCorrupt, "a stream was started twice");
  started_ = true;
  running_ = {.floor = start.reference};
  return {};
}

void CausalGate::OnJoin() {
  started_ = false;
  running_ = {};
  queue_.clear();
  waiting_bytes_ = 0;
  parts_.clear();
  consumed_ = 0;
}

Status CausalGate::Check(const RecordView& record) const {
  // A region speaks for itself, and for others only when asked to: links are authenticated, and yet
  // what comes over them is checked.
  const RegionId author = record.first_stamp.region();
  if (!request_.follow && std::ranges::find(request_.regions, author) == request_.regions.end()) {
    return Fail(ErrorCode::kCorrupt,
                "a record of region " + std::to_string(author) + ", which was not asked for");
  }
  return {};
}

Status CausalGate::Queue(std::string_view payload, LogPosition position) {
  if (payload.empty()) return Fail(ErrorCode::kCorrupt, "an empty frame in a stream");
  // The sender counts what we have not acknowledged, which is no less than what waits here.
  if (!queue_.empty() && waiting_bytes_ >= request_.window) {
    return Fail(ErrorCode::kTooLarge, "records beyond the window of their stream");
  }
  waiting_bytes_ += payload.size();
  queue_.push_back({.payload = std::string(payload),
                    .reference = running_.floor,
                    .size = payload.size(),
                    .position = position});
  if (storage::KindOf(payload) != FrameKind::kRecord) {
    if (!request_.follow) {
      return Fail(ErrorCode::kCorrupt, "only records may come from another region");
    }
    running_.Pass(payload);
    return {};
  }
  const crdt::Result<RecordView> record = storage::DecodeRecord(payload, running_.floor);
  if (!record) return std::unexpected(record.error());
  if (Status checked = Check(*record); !checked) return checked;
  // A follower reads the log's own bytes, coded against the log's floor; between regions a context
  // is coded against the one before it.
  if (!request_.follow) running_.floor = record->context;
  running_.PassRecord(record->last_stamp());
  return {};
}

Status CausalGate::OnRecords(const Records& records) {
  if (records.stream != request_.stream) return {};
  if (records.entries.empty()) {
    if (queue_.empty()) {
      applied_position_ = records.position;
    } else {
      queue_.back().position = records.position;
    }
    return {};
  }
  if (!started_) return Fail(ErrorCode::kCorrupt, "records before the start of their stream");
  crdt::ByteReader in(records.entries);
  while (!in.at_end()) {
    const std::string_view payload = in.Bytes();
    if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a batch of records does not decode");
    if (Status queued = Queue(payload, in.at_end() ? records.position : 0); !queued) return queued;
  }
  return {};
}

Status CausalGate::OnPart(const RecordPart& part) {
  if (part.stream != request_.stream) return {};
  if (!started_) return Fail(ErrorCode::kCorrupt, "records before the start of their stream");
  if (parts_.empty()) parts_total_ = part.total;
  if (part.total != parts_total_ || part.total > kMaxPayload || part.piece.empty() ||
      parts_.size() + part.piece.size() > parts_total_) {
    return Fail(ErrorCode::kCorrupt, "the parts of a long record do not fit together");
  }
  parts_ += part.piece;
  if (parts_.size() < parts_total_) return {};
  Status queued = Queue(parts_, part.position);
  parts_ = std::string();
  return queued;
}

Status CausalGate::Deliver(ReplicatedShard& shard, std::optional<std::int64_t> latest_unix_ms) {
  held_for_time_ = false;
  while (!queue_.empty()) {
    const Waiting& next = queue_.front();
    if (storage::KindOf(next.payload) == FrameKind::kRecord) {
      const crdt::Result<RecordView> record = storage::DecodeRecord(next.payload, next.reference);
      if (!record) return std::unexpected(record.error());
      if (!shard.floor().Covers(record->last_stamp())) {
        if (!shard.floor().Covers(record->context)) return {};
        held_stamp_ = record->last_stamp();
        if (latest_unix_ms && held_stamp_.unix_ms() > static_cast<std::uint64_t>(*latest_unix_ms) &&
            held_stamp_.unix_ms() > release_until_) {
          held_for_time_ = true;
          return {};
        }
        if (Status applied = shard.ApplyRecord(*record); !applied) return applied;
        ++applied_records_;
      }
    } else if (storage::KindOf(next.payload) == FrameKind::kStable) {
      const crdt::Result<VersionVector> stable = storage::DecodeVector(next.payload);
      if (!stable) return std::unexpected(stable.error());
      shard.ApplyStable(*stable);
    }
    consumed_ += next.size;
    waiting_bytes_ -= next.size;
    if (next.position != 0) applied_position_ = next.position;
    queue_.pop_front();
  }
  return {};
}

void CausalGate::ReleaseHeld() {
  for (const Waiting& waiting : queue_) {
    if (storage::KindOf(waiting.payload) != FrameKind::kRecord) continue;
    const auto record = storage::DecodeRecord(waiting.payload, waiting.reference);
    if (record) release_until_ = std::max(release_until_, record->last_stamp().unix_ms());
  }
}

std::optional<std::int64_t> CausalGate::HeldAheadMs(std::int64_t now_unix_ms) const {
  if (!held_for_time_) return std::nullopt;
  return static_cast<std::int64_t>(held_stamp_.unix_ms()) - now_unix_ms;
}

}  // namespace replication
