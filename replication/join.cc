#include "replication/join.h"

#include "storage/keyspace.h"

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;
using storage::kPartitions;
using storage::PartitionId;

bool JoinSender::Pump(const ReplicatedShard& shard, std::vector<Message>& out) {
  if (next_ == 0) out.push_back(JoinStart{.stream = stream_, .floor = cursor_.floor()});
  const auto partition = static_cast<PartitionId>(next_);
  std::string entries;
  const auto send = [&](bool continues) {
    out.push_back(JoinEntries{.stream = stream_,
                              .partition = partition,
                              .entries = std::move(entries),
                              .continues = continues});
    entries.clear();
  };
  shard.ExportPartition(partition, [&](std::string_view key, std::string_view object) {
    crdt::ByteWriter writer(entries);
    writer.Bytes(key);
    writer.Varint(object.size());
    while (entries.size() + object.size() > kPieceBytes) {
      const std::size_t fits = kPieceBytes > entries.size() ? kPieceBytes - entries.size() : 0;
      entries.append(object.substr(0, fits));
      object.remove_prefix(fits);
      send(true);
    }
    entries.append(object);
  });
  if (!entries.empty()) send(false);
  out.push_back(JoinPartitionEnd{
      .stream = stream_, .partition = partition, .observed = shard.Observed(partition)});
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
  return shard.JoinPartition(end.partition, keys, end.observed);
}

Status JoinReceiver::OnEnd(ReplicatedShard& shard) {
  if (next_ != kPartitions) return Fail(ErrorCode::kCorrupt, "a join ended early");
  shard.JumpFloor(start_.floor);
  return {};
}

}  // namespace replication
