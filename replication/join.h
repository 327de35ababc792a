// Full synchronisation: the state of every partition, for a receiver whom the log cannot serve, be
// it a replica or another region.
//
// The sender goes through the partitions while it goes on serving; each is read in one step
// together with the vector that it was read under, and leaves when the log may leave up to there.
// The receiver stages a partition and makes it visible with that vector at once (fine print 7).
// Afterwards the log goes on from the floor at which the join began; what a partition has already
// is recognised by its vector. A join that broke off goes on where it was, as long as the log still
// reaches back to what all the partitions have that it had brought.
//
// The receiver tells, some partitions ahead, sums of what it holds, and only the buckets of keys
// come whose sums differ. Equal bytes join to themselves, whatever both sides have
// seen. What the receiver writes to them meanwhile the sender has not seen, and it stays. Where the
// sender had seen such a change already and was equal all the same, joining could undo the change:
// then the partition is asked for once more when all others have come.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replication/messages.h"
#include "replication/replicated_shard.h"

namespace replication {

// Of a receiver: which partitions a join has brought that broke off, and how far all of these are.
void NoteWhatIsJoined(const storage::LogVectors& here, Subscribe& request);

class JoinSender {
 public:
  // Bytes of one JoinEntries message, and how many of them a Pump makes: what waits for the socket
  // stays small however much a partition holds.
  static constexpr std::uint64_t kPieceBytes = 1 << 20;
  static constexpr std::uint64_t kMostBytesPerPump = 8 * kPieceBytes;

  // From the beginning. `cursor` is at the end of the log: where the stream goes on after the join.
  JoinSender(std::uint64_t stream, storage::LogCursor cursor);
  // Without the partitions that the receiver has, from `cursor`, before which the log holds nothing
  // that they lack.
  JoinSender(const Subscribe& request, storage::LogCursor cursor);

  // What the receiver has of a partition. An error is more than it may tell ahead.
  crdt::Status OnSums(PartitionSums sums);

  // Appends messages for the next partition, or about `bytes` of it, if what it was read with
  // stands in the log before `limit`. False: that was all, JoinEnd included.
  bool Pump(ReplicatedShard& shard, storage::LogPosition limit, std::uint64_t bytes,
            std::vector<Message>& out);
  const storage::LogCursor& cursor() const { return cursor_; }
  // What the receiver has at the end.
  const crdt::VersionVector& floor() const { return start_.floor; }
  int partitions_sent() const { return sent_; }
  int partitions_left_out() const { return static_cast<int>(left_out_.count()); }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  // In one step with its vector; the shard goes on while the pieces leave.
  void Read(storage::PartitionId partition, ReplicatedShard& shard);
  void LeaveOutEqual(const std::vector<std::uint64_t>& sums);

  JoinStart start_;
  storage::LogCursor cursor_;
  Partitions left_out_;
  std::map<storage::PartitionId, std::vector<std::uint64_t>> told_;
  bool started_ = false;
  int next_ = 0;
  int sent_ = 0;
  std::uint64_t bytes_sent_ = 0;
  // What is left of a partition that was read, under which vector it was, and where the log ended.
  std::string entries_;
  std::size_t entries_sent_ = 0;
  storage::Buckets equal_;
  crdt::VersionVector observed_;
  std::optional<storage::LogPosition> read_at_;
};

class JoinReceiver {
 public:
  // So many partitions are told ahead: hides the way there and back. What changes in them meanwhile
  // is noted.
  static constexpr std::size_t kToldAhead = 32;

  JoinReceiver(JoinStart start, const Subscribe& request);

  // Appends what is here of the next partition; false: it is not time for that yet.
  bool TellSums(ReplicatedShard& shard, std::vector<Message>& out);
  crdt::Status OnEntries(const JoinEntries& entries);
  crdt::Status OnPartitionEnd(const JoinPartitionEnd& end, ReplicatedShard& shard);
  crdt::Status OnEnd(ReplicatedShard& shard);
  // Partitions that were not taken: the receiver has to ask once more.
  int partitions_refused() const { return refused_; }
  // Of the keys, how many were equal and came not, in percent; empty where none were.
  std::optional<int> percent_equal() const;
  int partitions_joined() const { return joined_; }
  int partitions_left_out() const { return static_cast<int>(left_out_.count()); }
  std::uint64_t bytes_received() const { return bytes_received_; }

 private:
  struct Told {
    std::vector<std::uint64_t> sums;
    std::shared_ptr<storage::PartitionWatch> watch;
  };

  // What was left out is as it was told, but for what the sender had not seen.
  static bool IsAsTold(const JoinPartitionEnd& end, const Told& told, const ReplicatedShard& shard);
  // Adds the keys of buckets that came which did not: they are absent there.
  void NameThoseOnlyHere(const JoinPartitionEnd& end, const ReplicatedShard& shard,
                         std::vector<ExportedKey>& keys);

  JoinStart start_;
  Partitions left_out_;
  int next_ = 0;
  int joined_ = 0;
  std::uint64_t bytes_received_ = 0;
  std::string staged_;
  std::map<storage::PartitionId, Told> told_;
  int next_to_tell_ = 0;
  int refused_ = 0;
  std::uint64_t keys_came_ = 0;
  std::uint64_t keys_equal_ = 0;
};

}  // namespace replication
