// Reads what a stopped or crashed node left of its log, and tells a torn tail from damage.
//
// A crash may lose what was never synced: a tail, of the last segment or of several that were begun
// since the last sync. It is cut and kept aside. Everything else that is missing or does not verify
// was durable once, and is reported and never touched. Two things tell them apart: a valid frame
// behind the bad place, and the seal that a segment gets once it and a part of the next are
// durable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "crdt/result.h"
#include "storage/disk.h"
#include "storage/log/log_cursor.h"

namespace storage {

// What recovery found.
struct RecoveryReport {
  enum class Verdict { kWhole, kTornTail, kDamaged };
  Verdict verdict = Verdict::kWhole;
  LogPosition begin = 0;     // Of the first segment.
  LogPosition position = 0;  // The end of what is good.
  std::uint64_t segments = 0;
  std::uint64_t frames = 0;  // That were visited.
  std::uint64_t cut_bytes = 0;
  std::string detail;  // For people, where not whole.
};

// A file of the log that is in use.
struct LogSegment {
  LogPosition first = 0;
  std::uint64_t header_bytes = 0;
  std::uint64_t file_bytes = 0;
  std::shared_ptr<File> file;
  bool sealed = false;

  std::uint64_t OffsetOf(LogPosition position) const { return header_bytes + (position - first); }
};

struct RecoveredLog {
  RecoveryReport report;
  std::vector<LogSegment> segments;
  std::vector<LogCursor> marks;  // About one per megabyte; the first is where the log begins.
  LogVectors vectors;            // At the end.
};

using VisitFrame = std::function<crdt::Status(const FrameView&)>;

// What is known of a log without reading it.
struct RecoveryStart {
  LogPosition visit_from = 0;  // Frames before it are checked and not visited.
  LogPosition durable = 0;     // What is missing up to here is damage.
  LogPosition begins_by = 0;   // A log that begins later lacks what is needed.
};

// Cuts a torn tail, keeping it aside in files named torn-…; a damaged log is not changed. An error
// is the visitor's, the disk's, or a segment of a newer version. Memory is bounded by the longest
// frame, and by one segment where the log does not end whole.
crdt::Result<RecoveredLog> RecoverLog(Disk& disk, const std::string& directory,
                                      const std::string& log_id, const VisitFrame& visit,
                                      const RecoveryStart& start = {});

}  // namespace storage
