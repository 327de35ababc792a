// The receiving end of a stream: holds back what must wait, passes on the rest in order.
//
// A record is passed on only when its context is covered here, of each partition that it touches;
// until then it, and what follows it in this stream, waits. A record stamped too far ahead of our
// clock is held: neither dropped nor allowed to drag our clock. What is covered already is skipped.
// Without I/O.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/result.h"
#include "crdt/version_vector.h"
#include "replication/messages.h"
#include "replication/replicated_shard.h"
#include "storage/log/log_cursor.h"

namespace replication {

class CausalGate {
 public:
  // The longest frame payload that is taken in parts. In this node's log its context may take more
  // bytes than on the way.
  static constexpr std::uint64_t kMaxPayload = storage::kMaxPayloadBytes - (1 << 20);

  explicit CausalGate(Subscribe request) : request_(std::move(request)) {}

  const Subscribe& request() const { return request_; }
  bool started() const { return started_; }

  crdt::Status OnStart(const StreamStart& start);
  // What this stream has brought so far is superseded by whole partitions; it starts anew behind
  // them.
  void OnJoin();
  // Each takes what came and queues it; Deliver passes it on.
  crdt::Status OnRecords(const Records& records);
  crdt::Status OnPart(const RecordPart& part);

  // Passes on what may be applied now. Records stamped later than `latest` are held; an empty
  // `latest` holds none (the local hop).
  crdt::Status Deliver(ReplicatedShard& shard, std::optional<std::int64_t> latest_unix_ms);
  // The log that is followed speaks of a partition in another state than it has here, which has
  // seen more than that log had: nothing passes any more, whole partitions have to come.
  bool must_join() const { return must_join_; }
  // The operator lets all records pass that wait now, for their time or behind one that does.
  void ReleaseHeld();

  // The sender's log position up to which everything is applied.
  storage::LogPosition applied_position() const { return applied_position_; }
  std::uint64_t consumed() const { return consumed_; }
  std::uint64_t applied_records() const { return applied_records_; }
  std::size_t waiting() const { return queue_.size(); }
  // The first record that waits is stamped too far ahead of our clock.
  bool held_for_time() const { return held_for_time_; }
  // How far ahead of `now` the held record is stamped; empty where none is held for its time.
  std::optional<std::int64_t> HeldAheadMs(std::int64_t now_unix_ms) const;

 private:
  struct Waiting {
    std::string payload;
    storage::LogVectors
        reference;  // What a record's context is coded against, as far as it matters.
    std::uint64_t size;
    storage::LogPosition position;  // Reached when this is applied; 0: inside of a batch.
  };

  crdt::Status Queue(std::string_view payload, storage::LogPosition position);
  // What a peer that keeps to its subscription never sends.
  crdt::Status Check(const storage::RecordView& record) const;
  // The first record that waits, decoded; passed on or left: false where it has to wait.
  crdt::Result<bool> DeliverRecord(ReplicatedShard& shard,
                                   std::optional<std::int64_t> latest_unix_ms);
  // A follower takes part in the joins of the log that it follows.
  crdt::Status DeliverOther(ReplicatedShard& shard);
  crdt::Status DeliverJump(ReplicatedShard& shard);

  Subscribe request_;
  bool started_ = false;
  storage::LogVectors running_;  // Behind the newest frame that came.
  std::deque<Waiting> queue_;
  std::vector<ExportedKey> fragments_;  // Of a join whose jump has not come yet.
  std::uint64_t waiting_bytes_ = 0;
  std::string parts_;
  std::uint64_t parts_total_ = 0;
  std::uint64_t consumed_ = 0;
  std::uint64_t applied_records_ = 0;
  storage::LogPosition applied_position_ = 0;
  crdt::Stamp held_stamp_;
  std::uint64_t release_until_ = 0;
  bool held_for_time_ = false;
  bool must_join_ = false;
};

}  // namespace replication
