#include "replication/join.h"

#include <algorithm>
#include <utility>

#include "storage/keyspace.h"

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;
using crdt::VersionVector;
using storage::kPartitions;
using storage::PartitionId;

namespace {

// The first partition from `next` on that is not left out, or their number.
int NextOf(int next, const Partitions& left_out) {
  while (next < kPartitions && left_out.test(static_cast<std::size_t>(next))) ++next;
  return next;
}

}  // namespace

void NoteWhatIsJoined(const storage::LogVectors& here, Subscribe& request) {
  std::optional<VersionVector> reached;
  for (const auto& [partition, vector] : here.beyond_floor) {
    const VersionVector observed = here.Observed(partition);
    reached = reached ? VersionVector::Minimum(*reached, observed) : observed;
    request.joined.set(partition);
  }
  if (reached) request.reached = *std::move(reached);
}

JoinSender::JoinSender(std::uint64_t stream, storage::LogCursor cursor)
    : start_{.stream = stream, .floor = cursor.floor()}, cursor_(std::move(cursor)) {}

JoinSender::JoinSender(const Subscribe& request, storage::LogCursor cursor)
    : start_{.stream = request.stream, .floor = request.reached, .goes_on = true},
      cursor_(std::move(cursor)),
      left_out_(request.joined),
      next_(NextOf(0, left_out_)) {}

bool JoinSender::Pump(ReplicatedShard& shard, storage::LogPosition limit, std::uint64_t bytes,
                      std::vector<Message>& out) {
  if (!started_) out.push_back(start_);
  started_ = true;
  if (next_ == kPartitions) {
    out.push_back(JoinEnd{.stream = start_.stream});
    return false;
  }
  const auto partition = static_cast<PartitionId>(next_);
  if (!read_at_) {
    // In one step with its vector; the shard goes on while the pieces leave.
    crdt::ByteWriter writer(entries_);
    shard.ExportPartition(partition, [&](std::string_view key, std::string_view object) {
      writer.Bytes(key);
      writer.Bytes(object);
    });
    observed_ = shard.Observed(partition);
    read_at_ = shard.log().end();
  }
  if (*read_at_ > limit) return true;
  while (bytes > 0 && entries_sent_ < entries_.size()) {
    const std::size_t size = std::min({bytes, kPieceBytes, entries_.size() - entries_sent_});
    out.push_back(JoinEntries{.stream = start_.stream,
                              .partition = partition,
                              .entries = entries_.substr(entries_sent_, size),
                              .continues = entries_sent_ + size < entries_.size()});
    entries_sent_ += size;
    bytes_sent_ += size;
    bytes -= size;
  }
  if (entries_sent_ < entries_.size()) return true;
  entries_ = std::string();
  entries_sent_ = 0;
  read_at_.reset();
  out.push_back(
      JoinPartitionEnd{.stream = start_.stream, .partition = partition, .observed = observed_});
  ++sent_;
  next_ = NextOf(next_ + 1, left_out_);
  if (next_ < kPartitions) return true;
  out.push_back(JoinEnd{.stream = start_.stream});
  return false;
}

JoinReceiver::JoinReceiver(JoinStart start, const Subscribe& request)
    : start_(std::move(start)),
      left_out_(start_.goes_on ? request.joined : Partitions()),
      next_(NextOf(0, left_out_)) {}

Status JoinReceiver::OnEntries(const JoinEntries& entries) {
  if (entries.partition != next_) return Fail(ErrorCode::kCorrupt, "a join out of order");
  staged_ += entries.entries;
  bytes_received_ += entries.entries.size();
  return {};
}

Status JoinReceiver::OnPartitionEnd(const JoinPartitionEnd& end, ReplicatedShard& shard) {
  if (end.partition != next_) return Fail(ErrorCode::kCorrupt, "a join out of order");
  std::vector<ExportedKey> keys;
  crdt::ByteReader in(staged_);
  while (!in.at_end()) {
    const std::string_view key = in.Bytes();
    const std::string_view object = in.Bytes();
    if (!in.ok()) return Fail(ErrorCode::kCorrupt, "the entries of a join do not decode");
    keys.emplace_back(key, object);
  }
  staged_ = std::string();
  ++joined_;
  next_ = NextOf(next_ + 1, left_out_);
  // Another join has brought that already.
  if (shard.Observed(end.partition).Covers(end.observed)) return {};
  return shard.JoinPartition(end.partition, keys, end.observed);
}

Status JoinReceiver::OnEnd(ReplicatedShard& shard) {
  if (next_ != kPartitions) return Fail(ErrorCode::kCorrupt, "a join ended early");
  if (!shard.log().vectors().CoversInAll(start_.floor)) {
    return Fail(ErrorCode::kCorrupt, "a join says that it has brought more than it has");
  }
  shard.JumpFloor(start_.floor);
  return {};
}

}  // namespace replication
