// One peer's reading of this node's log: the answer to its Subscribe.
//
// A replica follows the log frame by frame, joins included. Another region gets the records of the
// authors that it asked for and lacks. Contexts are delta-coded against the stream's running
// vector, so that a record whose author saw nothing new costs one byte of context. No more than
// `window` bytes are under way unacknowledged, so that a slow peer costs no memory here: the log on
// disk is the backlog.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crdt/version_vector.h"
#include "replication/messages.h"
#include "storage/log/log.h"

namespace replication {

class OutgoingStream {
 public:
  // Entries of one Records message stop growing here.
  static constexpr std::size_t kBatchBytes = 256 << 10;
  // A frame payload beyond this travels in parts of this size, a few for each Pump: what waits for
  // the socket stays small however long the record is.
  static constexpr std::size_t kPartBytes = 4 << 20;
  static constexpr int kPartsPerPump = 2;
  // Of the log, in one Pump, where nothing in it is wanted: bounds the pause of the thread.
  static constexpr std::uint64_t kMostPassedBytes = 8 << 20;

  // `had`: what the peer has, of what this log had up to the cursor.
  OutgoingStream(Subscribe request, storage::LogCursor cursor, storage::LogVectors had);

  // Appends messages with what the log has before `limit`, as far as the window allows. An error is
  // the disk's.
  crdt::Status Pump(storage::Log& log, storage::LogPosition limit, std::vector<Message>& out);
  void OnConsumed(std::uint64_t consumed);
  // The peer has this, wherever it came from.
  void NoteHas(const crdt::VersionVector& vector);

  // Goes on behind what cannot be read any more where the peer has all that it asked for of that;
  // false: it may lack some.
  bool SkipWhatPeerHas(const storage::Log& log);

  // The log goes on behind a join of which the peer lacks something that stands in no frame, or in
  // none that it gets: it has to join too.
  bool needs_join() const { return needs_join_; }
  const Subscribe& request() const { return request_; }
  // Where the next frame will be read.
  storage::LogPosition position() const { return cursor_.position(); }
  std::uint64_t sent_bytes() const { return sent_; }
  std::uint64_t unacknowledged_bytes() const { return sent_ - consumed_; }
  std::uint64_t unacknowledged_records() const;
  // The last record of our own region that went out.
  crdt::Stamp last_stamp() const { return last_stamp_; }

 private:
  bool WindowOpen() const { return sent_ - consumed_ < request_.window || sent_ == consumed_; }
  bool IsWanted(crdt::RegionId author) const;
  // Of authors that this peer reads here.
  bool LacksWanted(const crdt::VersionVector& vector) const;
  // Follows the log's joins; sets needs_join_.
  void PassJoinFrame(const storage::FrameView& frame);
  // Another region lacks something of this, which no record from here on brings it.
  void StopFor(const storage::FrameView& frame, const crdt::VersionVector& lacked);
  // Takes a frame at the cursor; false where the batch is to end behind it.
  bool Take(const storage::FrameView& frame, crdt::Status& status, std::vector<Message>& out);
  void Begin(const storage::LogVectors& reference, std::vector<Message>& out);
  // Of a follower: with what it was not told yet of what is stable.
  void BeginFollow(const storage::LogVectors& reference, std::vector<Message>& out);
  void AppendEntry(std::string_view payload, std::vector<Message>& out);
  void SendParts(std::vector<Message>& out);
  void Flush(storage::LogPosition position, std::vector<Message>& out);

  Subscribe request_;
  storage::LogCursor cursor_;
  storage::LogVectors had_;      // What the peer has when all that was sent is there.
  std::uint64_t fragments_ = 0;  // Of a join, since its last jump.
  storage::LogVectors running_;
  bool started_ = false;
  // The newest frame that tells what is stable, among those that a follower's records do not need.
  std::string passed_stable_;
  bool needs_join_ = false;
  crdt::VersionVector lacked_;     // Of another region, and
  storage::LogCursor stopped_at_;  // where it goes on once it has that.
  storage::LogPosition told_position_ = 0;
  std::string batch_;
  std::string scratch_;
  // A long payload, and how much of it has gone out; the cursor stands behind it.
  std::string parts_;
  std::size_t parts_sent_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t consumed_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t consumed_records_ = 0;
  // (bytes, records) sent when a batch was complete: tells records from acknowledged bytes.
  std::deque<std::pair<std::uint64_t, std::uint64_t>> batches_;
  crdt::Stamp last_stamp_;
};

}  // namespace replication
