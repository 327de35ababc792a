#include "replication/causal_gate.h"

#include <algorithm>
#include <utility>

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
  running_ = {.floor = start.reference, .beyond_floor = start.beyond};
  return {};
}

void CausalGate::OnJoin() {
  started_ = false;
  running_ = {};
  queue_.clear();
  fragments_.clear();
  held_for_time_ = false;
  must_join_ = false;
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
                    .reference = {.floor = running_.floor},
                    .size = payload.size(),
                    .position = position});
  if (storage::KindOf(payload) != FrameKind::kRecord) {
    if (!request_.follow) {
      return Fail(ErrorCode::kCorrupt, "only records may come from another region");
    }
    if (storage::KindOf(payload) == FrameKind::kVectorJump) {
      queue_.back().reference.beyond_floor = running_.beyond_floor;
    }
    running_.Pass(payload);
    return {};
  }
  const crdt::Result<RecordView> record = storage::DecodeRecord(payload, running_);
  if (!record) return std::unexpected(record.error());
  if (Status checked = Check(*record); !checked) return checked;
  if (record->implied) queue_.back().reference.beyond_floor = record->beyond;
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
  while (!queue_.empty() && !must_join_) {
    const Waiting& next = queue_.front();
    if (storage::KindOf(next.payload) == FrameKind::kRecord) {
      const crdt::Result<bool> passed = DeliverRecord(shard, latest_unix_ms);
      if (!passed) return std::unexpected(passed.error());
      if (!*passed) return {};
    } else if (Status passed = DeliverOther(shard); !passed || must_join_) {
      return passed;
    }
    consumed_ += next.size;
    waiting_bytes_ -= next.size;
    if (next.position != 0) applied_position_ = next.position;
    queue_.pop_front();
  }
  return {};
}

crdt::Result<bool> CausalGate::DeliverRecord(ReplicatedShard& shard,
                                             std::optional<std::int64_t> latest_unix_ms) {
  const Waiting& next = queue_.front();
  const crdt::Result<RecordView> record = storage::DecodeRecord(next.payload, next.reference);
  if (!record) return std::unexpected(record.error());
  if (shard.floor().Covers(record->last_stamp())) return true;
  const bool is_covered = shard.floor().Covers(record->context) &&
                          std::ranges::all_of(record->beyond, [&shard](const auto& entry) {
                            return shard.Observed(entry.first).Covers(entry.second);
                          });
  if (!is_covered) return false;
  held_stamp_ = record->last_stamp();
  if (latest_unix_ms && held_stamp_.unix_ms() > static_cast<std::uint64_t>(*latest_unix_ms) &&
      held_stamp_.unix_ms() > release_until_) {
    held_for_time_ = true;
    return false;
  }
  if (Status applied = shard.ApplyRecord(*record); !applied) {
    return std::unexpected(applied.error());
  }
  ++applied_records_;
  return true;
}

Status CausalGate::DeliverOther(ReplicatedShard& shard) {
  const std::string_view payload = queue_.front().payload;
  switch (storage::KindOf(payload)) {
    case FrameKind::kFragment: {
      const auto fragment = storage::DecodeFragment(payload);
      if (!fragment) return std::unexpected(fragment.error());
      fragments_.emplace_back(fragment->key, fragment->object);
      return {};
    }
    case FrameKind::kVectorJump:
      return DeliverJump(shard);
    case FrameKind::kStable:
    case FrameKind::kFloorJump: {
      const crdt::Result<VersionVector> vector = storage::DecodeVector(payload);
      if (!vector) return std::unexpected(vector.error());
      if (storage::KindOf(payload) == FrameKind::kStable) {
        shard.ApplyStable(*vector);
      } else if (!shard.floor().Covers(*vector)) {
        if (!shard.log().vectors().CoversInAll(*vector)) {
          return Fail(ErrorCode::kCorrupt,
                      "a log that jumps to where its joins have not brought it");
        }
        shard.JumpFloor(*vector);
      }
      return {};
    }
    case FrameKind::kEpoch:
    case FrameKind::kRecord:
      return {};
  }
  return Fail(ErrorCode::kUnsupported, "a stream holds a frame of an unknown kind");
}

Status CausalGate::DeliverJump(ReplicatedShard& shard) {
  const auto jump = storage::DecodeVectorJump(queue_.front().payload);
  if (!jump) return std::unexpected(jump.error());
  const VersionVector here = shard.Observed(jump->partition);
  // A node that led, say, and has writes that whoever leads now had lost when it joined: what the
  // fragments do not name was compared with another state than that.
  must_join_ = jump->unnamed == storage::UnnamedKeys::kEqual && !here.Covers(jump->vector) &&
               !queue_.front().reference.Observed(jump->partition).Covers(here);
  if (must_join_) return {};
  std::vector<ExportedKey> keys = std::exchange(fragments_, {});
  if (here.Covers(jump->vector)) return {};
  if (keys.size() < jump->fragments) {
    return Fail(ErrorCode::kCorrupt, "a log lacks fragments of a join");
  }
  // Those before are of a join that broke off.
  keys.erase(keys.begin(), keys.end() - static_cast<std::ptrdiff_t>(jump->fragments));
  return shard.JoinPartition(jump->partition, keys, jump->vector, jump->unnamed);
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
