#include "replication/join.h"

#include <algorithm>
#include <set>
#include <utility>

#include "storage/keyspace.h"

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;
using crdt::VersionVector;
using storage::kPartitions;
using storage::PartitionId;
using storage::UnnamedKeys;

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

Status JoinSender::OnSums(PartitionSums sums) {
  if (told_.size() > JoinReceiver::kToldAhead) {
    return Fail(ErrorCode::kTooLarge, "more is told of a join's partitions than is asked for");
  }
  told_[sums.partition] = std::move(sums.sums);
  return {};
}

void JoinSender::Read(PartitionId partition, ReplicatedShard& shard) {
  crdt::ByteWriter writer(entries_);
  shard.ExportPartition(partition, [&](std::string_view key, std::string_view object) {
    writer.Bytes(key);
    writer.Bytes(object);
  });
  observed_ = shard.Observed(partition);
  read_at_ = shard.log().end();
}

void JoinSender::LeaveOutEqual(const std::vector<std::uint64_t>& sums) {
  equal_.clear();
  // The receiver has nothing.
  if (std::ranges::all_of(sums, [](std::uint64_t sum) { return sum == 0; })) return;
  const auto for_each = [this](const auto& visit) {
    crdt::ByteReader in(entries_);
    while (!in.at_end()) {
      const std::string_view key = in.Bytes();
      visit(key, in.Bytes());
    }
  };
  storage::BucketSums here(sums.size());
  for_each([&](std::string_view key, std::string_view object) { here.Add(key, object); });
  equal_ = here.EqualTo(sums);
  std::string different;
  crdt::ByteWriter writer(different);
  for_each([&](std::string_view key, std::string_view object) {
    if (equal_[storage::BucketSums::BucketOf(key, equal_.size())]) return;
    writer.Bytes(key);
    writer.Bytes(object);
  });
  entries_ = std::move(different);
}

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
    const auto told = told_.find(partition);
    if (told == told_.end()) return true;
    Read(partition, shard);
    LeaveOutEqual(told->second);
    told_.erase(told);
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
  out.push_back(JoinPartitionEnd{.stream = start_.stream,
                                 .partition = partition,
                                 .observed = observed_,
                                 .left_out = std::exchange(equal_, {})});
  ++sent_;
  next_ = NextOf(next_ + 1, left_out_);
  if (next_ < kPartitions) return true;
  out.push_back(JoinEnd{.stream = start_.stream});
  return false;
}

JoinReceiver::JoinReceiver(JoinStart start, const Subscribe& request)
    : start_(std::move(start)),
      left_out_(start_.goes_on ? request.joined : Partitions()),
      next_(NextOf(0, left_out_)),
      next_to_tell_(next_) {}

bool JoinReceiver::TellSums(ReplicatedShard& shard, std::vector<Message>& out) {
  if (next_to_tell_ == kPartitions || told_.size() >= kToldAhead) return false;
  const auto partition = static_cast<PartitionId>(next_to_tell_);
  next_to_tell_ = NextOf(next_to_tell_ + 1, left_out_);
  storage::BucketSums sums;
  shard.ExportPartition(
      partition, [&](std::string_view key, std::string_view object) { sums.Add(key, object); });
  sums.Fold();
  PartitionSums message{.stream = start_.stream, .partition = partition, .sums = sums.Take()};
  told_[partition] = {.sums = message.sums, .watch = shard.Watch(partition, message.sums.size())};
  out.push_back(std::move(message));
  return true;
}

std::optional<int> JoinReceiver::percent_equal() const {
  if (keys_equal_ == 0) return std::nullopt;
  return static_cast<int>(keys_equal_ * 100 / (keys_equal_ + keys_came_));
}

Status JoinReceiver::OnEntries(const JoinEntries& entries) {
  if (entries.partition != next_) return Fail(ErrorCode::kCorrupt, "a join out of order");
  staged_ += entries.entries;
  bytes_received_ += entries.entries.size();
  return {};
}

Status JoinReceiver::OnPartitionEnd(const JoinPartitionEnd& end, ReplicatedShard& shard) {
  if (end.partition != next_) return Fail(ErrorCode::kCorrupt, "a join out of order");
  std::vector<ExportedKey> keys;
  const std::string staged = std::exchange(staged_, {});
  crdt::ByteReader in(staged);
  while (!in.at_end()) {
    const std::string_view key = in.Bytes();
    const std::string_view object = in.Bytes();
    if (!in.ok()) return Fail(ErrorCode::kCorrupt, "the entries of a join do not decode");
    keys.emplace_back(key, object);
  }
  const Told told = std::exchange(told_[end.partition], {});
  told_.erase(end.partition);
  if (!end.left_out.empty() && end.left_out.size() != told.sums.size()) {
    return Fail(ErrorCode::kCorrupt, "a join leaves out what was not compared");
  }
  next_ = NextOf(next_ + 1, left_out_);
  // Another join has brought that already.
  const bool is_here = shard.Observed(end.partition).Covers(end.observed);
  if (!is_here && !end.left_out.empty() && !IsAsTold(end, told, shard)) {
    ++refused_;
    return {};
  }
  ++joined_;
  keys_came_ += keys.size();
  if (is_here) return {};
  if (end.left_out.empty()) {
    return shard.JoinPartition(end.partition, keys, end.observed, UnnamedKeys::kAbsent);
  }
  NameThoseOnlyHere(end, shard, keys);
  return shard.JoinPartition(end.partition, keys, end.observed, UnnamedKeys::kEqual);
}

bool JoinReceiver::IsAsTold(const JoinPartitionEnd& end, const Told& told,
                            const ReplicatedShard& shard) {
  storage::Buckets changed = told.watch->ChangedBy(end.observed);
  for (std::size_t i = 0; i < changed.size(); ++i) changed[i] = changed[i] && end.left_out[i];
  if (std::ranges::count(changed, true) == 0) return true;
  // Written and deleted meanwhile, say: then it is what the sender has all the same.
  storage::BucketSums now(changed.size());
  shard.ExportPartition(
      end.partition, [&](std::string_view key, std::string_view object) { now.Add(key, object); });
  const storage::Buckets equal = now.EqualTo(told.sums);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    if (changed[i] && !equal[i]) return false;
  }
  return true;
}

void JoinReceiver::NameThoseOnlyHere(const JoinPartitionEnd& end, const ReplicatedShard& shard,
                                     std::vector<ExportedKey>& keys) {
  std::set<std::string_view> came;
  for (const auto& [key, object] : keys) came.insert(key);
  std::vector<std::string> only_here;
  shard.VisitNames(end.partition, [&](std::string_view key) {
    if (end.left_out[storage::BucketSums::BucketOf(key, end.left_out.size())]) {
      ++keys_equal_;
    } else if (!came.contains(key)) {
      only_here.emplace_back(key);
    }
  });
  for (std::string& key : only_here) keys.emplace_back(std::move(key), std::string());
}

Status JoinReceiver::OnEnd(ReplicatedShard& shard) {
  if (next_ != kPartitions) return Fail(ErrorCode::kCorrupt, "a join ended early");
  if (refused_ > 0) {
    // All partitions may be further by now than they all were, by this join or one before.
    const VersionVector reached = shard.log().vectors().ReachedInAll();
    if (!shard.floor().Covers(reached)) shard.JumpFloor(reached);
    return {};
  }
  if (!shard.log().vectors().CoversInAll(start_.floor)) {
    return Fail(ErrorCode::kCorrupt, "a join says that it has brought more than it has");
  }
  shard.JumpFloor(start_.floor);
  return {};
}

}  // namespace replication
