#include "replication/join.h"

#include <algorithm>
#include <utility>

#include "storage/keyspace.h"

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;
using storage::kPartitions;
using storage::PartitionId;

bool JoinSender::Pump(ReplicatedShard& shard, storage::LogPosition limit,
                      std::vector<Message>& out) {
  const auto partition = static_cast<PartitionId>(next_);
  if (!read_at_) {
    if (next_ == 0) out.push_back(JoinStart{.stream = stream_, .floor = cursor_.floor()});
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
  for (int piece = 0; piece < kPiecesPerPump && entries_sent_ < entries_.size(); ++piece) {
    const std::size_t size = std::min(kPieceBytes, entries_.size() - entries_sent_);
    out.push_back(JoinEntries{.stream = stream_,
                              .partition = partition,
                              .entries = entries_.substr(entries_sent_, size),
                              .continues = entries_sent_ + size < entries_.size()});
    entries_sent_ += size;
  }
  if (entries_sent_ < entries_.size()) return true;
  entries_ = std::string();
  entries_sent_ = 0;
  read_at_.reset();
  out.push_back(JoinPartitionEnd{.stream = stream_, .partition = partition, .observed = observed_});
  if (++next_ < kPartitions) return true;
  out.push_back(JoinEnd{.stream = stream_});
  return false;
}

Status JoinReceiver::OnEntries(const JoinEntries& entries) {
  if (entries.partition != next_) return Fail(ErrorCode::kCorrupt, "a join out of order");
  staged_ += entries.entries;
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
  ++next_;
  // Another join has brought that already.
  if (shard.Observed(end.partition).Covers(end.observed)) return {};
  return shard.JoinPartition(end.partition, keys, end.observed);
}

Status JoinReceiver::OnEnd(ReplicatedShard& shard) {
  if (next_ != kPartitions) return Fail(ErrorCode::kCorrupt, "a join ended early");
  for (int partition = 0; partition < kPartitions; ++partition) {
    if (shard.Observed(static_cast<PartitionId>(partition)).Covers(start_.floor)) continue;
    return Fail(ErrorCode::kCorrupt, "a join says that it has brought more than it has");
  }
  shard.JumpFloor(start_.floor);
  return {};
}

}  // namespace replication
