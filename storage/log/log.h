// The log of a shard: the only one. Disk, local replicas and other regions read it.
//
// Frames are appended to a tail in memory and handed to the kernel once per turn of the loop; what
// is handed over may be answered and sent (fine print 3). fsync happens elsewhere: BeginSync() says
// what to sync, OnSyncDone() what came of it. Positions only grow: durable <= written <= end.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/result.h"
#include "crdt/version_vector.h"
#include "storage/disk.h"
#include "storage/log/log_cursor.h"
#include "storage/log/log_position.h"
#include "storage/log/record.h"
#include "storage/log/recovery.h"
#include "storage/log/segment.h"
#include "storage/log/segment_reader.h"

namespace storage {

struct LogOptions {
  std::string directory;  // Empty: in memory only, bounded by `memory_bytes`.
  std::string log_id;
  crdt::RegionId region = 0;
  std::uint32_t ordinal = 0;
  std::uint64_t segment_bytes = 64 << 20;
  std::uint64_t memory_bytes = 16 << 20;   // Of the newest part, kept for readers.
  std::uint64_t reserve_bytes = 16 << 20;  // A file that gives way when the disk is full.
};

// What to sync, on another thread if one likes.
struct SyncJob {
  std::vector<std::shared_ptr<File>> files;
  Disk* disk = nullptr;
  std::string new_names_in;  // A directory whose new names have to be durable too; empty: none.
  // Afterwards: files of `directory` to remove, one by one, so that a crash leaves no gap.
  std::vector<std::string> dropped;
  std::string directory;
  LogPosition position = 0;

  crdt::Status Run() const;
};

// A file of the log, for who copies it.
struct LogFile {
  std::string name;
  bool finished = false;    // Only a seal is still written to it.
  std::uint64_t bytes = 0;  // Of one that is not: so many count.
};

class Log {
 public:
  Log(LogOptions options, Disk* disk);

  // Reads everything that is there, in order, and cuts a torn tail (kept aside in a file of its
  // own). Damage in the middle is reported and nothing is changed: the log then must not
  // be appended to. An error is the visitor's or the disk's.
  crdt::Result<RecoveryReport> Recover(const VisitFrame& visit, const RecoveryStart& start = {});

  // --- Appending ---------------------------------------------------------------------------------
  // A local record: its context is the log's prefix.
  void AppendRecord(crdt::Stamp first_stamp, std::uint64_t effect_count, std::string_view effects);
  void AppendRecord(const RecordView& record);
  // Any other frame.
  void Append(std::string_view payload);
  // What partitions have beyond the floor besides what the frames tell, for the headers of new
  // segments.
  void SetPartitionVectors(std::function<PartitionVectors()> source) {
    partition_vectors_ = std::move(source);
  }

  // Lets go of whole segments before `position`, the oldest first; the next sync job removes their
  // files. REQUIRES: on disk; nothing before `position` is needed for a start.
  void DropBefore(LogPosition position);

  // Hands what was appended to the kernel. kDiskFull: everything stays in memory and a later call
  // tries again; the reserve has been given up. Other errors are final.
  crdt::Status WriteOut();
  std::optional<SyncJob> BeginSync();
  void OnSyncDone(const SyncJob& job, const crdt::Status& status);
  // Tries to take the reserve's space again, once everything is written; ends full().
  bool RestoreReserve();

  // --- Questions ---------------------------------------------------------------------------------
  bool on_disk() const { return !options_.directory.empty(); }
  LogPosition end() const { return tail_begin_ + tail_.size(); }
  LogPosition written() const { return written_; }
  LogPosition durable() const { return durable_; }
  bool syncing() const { return syncing_; }
  bool full() const { return full_; }
  bool failed() const { return failed_; }
  // Files wait for the next sync job to be removed.
  bool has_dropped() const { return !dropped_.empty(); }
  // A segment that is not written to any more has not been synced.
  bool finished_segment_waits() const { return unsynced_files_.size() > 1; }
  std::uint64_t disk_bytes() const { return disk_bytes_; }
  std::uint64_t bytes_in_memory() const { return tail_.size(); }
  std::uint64_t segments() const { return segments_.size(); }
  const crdt::VersionVector& floor() const { return vectors_.floor; }
  const LogVectors& vectors() const { return vectors_; }
  // Those that hold what is between two positions. REQUIRES: durable() >= `to`.
  std::vector<LogFile> Files(LogPosition from, LogPosition to) const;
  const LogOptions& options() const { return options_; }

  // --- Reading -----------------------------------------------------------------------------------
  // Where it begins, behind what it has let go of.
  const LogCursor& begin() const { return marks_.front(); }
  // At or before the first frame that `have` does not cover, a join's included. Empty: the log does
  // not reach back so far.
  std::optional<LogCursor> CursorFor(const crdt::VersionVector& have) const;
  // At or before the first record of one of these regions that `have` does not cover.
  std::optional<LogCursor> CursorFor(const crdt::VersionVector& have,
                                     std::span<const crdt::RegionId> authors) const;
  LogCursor CursorAtEnd() const { return {end(), vectors_}; }
  // Before it nothing was written after `unix_ms`.
  LogPosition BeginOfWhatIsNewerThan(std::int64_t unix_ms) const;
  // Passes whole frames from the cursor on until `limit`, about `max_bytes`, or `visit` answers
  // false (the frame that it answered so for is passed). What `visit` sees is valid until it
  // returns.
  crdt::Status Read(LogCursor& cursor, LogPosition limit, std::size_t max_bytes,
                    const std::function<bool(const FrameView&)>& visit) const;

 private:
  std::string PathOf(const std::string& name) const { return options_.directory + "/" + name; }
  // Begins a frame in the tail and returns where its payload begins.
  std::size_t BeginFrame();
  void EndFrame(std::size_t payload_at);
  std::string HeaderAt(LogPosition first) const;
  // Where the segment ends that `position` belongs to, as far as is known.
  LogPosition SegmentEndAfter(LogPosition position) const;
  crdt::Status WritePending();
  crdt::Status BeginSegment();
  crdt::Status OpenSegment(const std::string& header, std::uint64_t bytes);
  crdt::Status WriteSpan(LogPosition to);
  void GiveUpReserve();
  void NoteUnsynced(const std::shared_ptr<File>& file);
  // Seals the segments that are durable together with a part of the next one.
  void SealDurable();
  void TrimTail();
  const LogSegment* SegmentAt(LogPosition position) const;
  std::optional<LogCursor> LastMarkWhere(const std::function<bool(const LogVectors&)>& has) const;

  LogOptions options_;
  Disk* disk_;
  std::function<PartitionVectors()> partition_vectors_;

  std::string tail_;
  LogPosition tail_begin_ = 0;
  LogPosition written_ = 0;
  LogPosition durable_ = 0;
  LogVectors vectors_;  // At the end.
  std::uint64_t mark_distance_ = 1 << 20;
  std::deque<LogCursor> marks_;  // So far apart; the first is where the log begins.
  std::deque<LogSegment> segments_;
  std::size_t sealed_segments_ = 0;  // So many from the first on need no seal any more.
  // Segments that begin at a frame which is not written yet: their headers.
  std::map<LogPosition, std::string> planned_;
  LogPosition last_segment_first_ = 0;
  std::vector<std::shared_ptr<File>> unsynced_files_;
  std::vector<std::string> dropped_;  // Files of segments that nobody needs any more.
  bool new_names_ = false;
  bool syncing_ = false;
  bool full_ = false;
  bool failed_ = false;
  bool has_reserve_ = false;
  std::uint64_t disk_bytes_ = 0;
};

}  // namespace storage
