// Full synchronisation: the state of every partition, for a receiver whom the log cannot serve, be
// it a replica or another region.
//
// The sender goes through the partitions while it goes on serving; each is read in one step
// together with the vector that it was read under, and leaves when the log may leave up to there.
// The receiver stages a partition and makes it visible with that vector at once (fine print 7).
// Afterwards the log goes on from the floor at which the join began; what a partition has already
// is recognised by its vector.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "replication/messages.h"
#include "replication/replicated_shard.h"

namespace replication {

class JoinSender {
 public:
  // Bytes of one JoinEntries message, and how many of them a Pump makes: what waits for the socket
  // stays small however much a partition holds.
  static constexpr std::size_t kPieceBytes = 1 << 20;
  static constexpr int kPiecesPerPump = 8;

  // `cursor` is at the end of the log: where the stream goes on after the join.
  JoinSender(std::uint64_t stream, storage::LogCursor cursor)
      : stream_(stream), cursor_(std::move(cursor)) {}

  // Appends messages for the next partition, or a part of them, if what it was read with stands in
  // the log before `limit`. False: that was all, JoinEnd included.
  bool Pump(ReplicatedShard& shard, storage::LogPosition limit, std::vector<Message>& out);
  const storage::LogCursor& cursor() const { return cursor_; }
  int partitions_sent() const { return next_; }

 private:
  std::uint64_t stream_;
  storage::LogCursor cursor_;
  int next_ = 0;
  // What is left of a partition that was read, under which vector it was, and where the log ended.
  std::string entries_;
  std::size_t entries_sent_ = 0;
  crdt::VersionVector observed_;
  std::optional<storage::LogPosition> read_at_;
};

class JoinReceiver {
 public:
  explicit JoinReceiver(const JoinStart& start) : start_(start) {}

  crdt::Status OnEntries(const JoinEntries& entries);
  crdt::Status OnPartitionEnd(const JoinPartitionEnd& end, ReplicatedShard& shard);
  crdt::Status OnEnd(ReplicatedShard& shard);
  int partitions_joined() const { return next_; }

 private:
  JoinStart start_;
  int next_ = 0;
  std::string staged_;
};

}  // namespace replication
