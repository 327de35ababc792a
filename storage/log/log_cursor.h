// A place in the log with the vectors that it has there.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "crdt/version_vector.h"
#include "storage/log/log_position.h"
#include "storage/log/record.h"
#include "storage/log/segment.h"

namespace storage {

// What has been applied by the end of a prefix of the log, computed from the frames alone.
struct LogVectors {
  crdt::VersionVector floor;  // Of every partition.
  // What a join brought to a partition beyond the floor. Usually empty.
  std::map<PartitionId, crdt::VersionVector> beyond_floor;

  crdt::VersionVector Observed(PartitionId partition) const;
  void PassRecord(crdt::Stamp last) {
    floor.Advance(last);
    if (!beyond_floor.empty()) [[unlikely]]
      ForgetWhatTheFloorReached();
  }
  void Pass(std::string_view payload);

  bool operator==(const LogVectors&) const = default;

 private:
  void ForgetWhatTheFloorReached();
};

struct FrameView {
  std::string_view payload;
  const crdt::VersionVector& floor;  // Before the frame.
  LogPosition end;                   // Behind the frame.
  // Before the frame. An implied context is, for a partition, the greater of this and the floor.
  const std::map<PartitionId, crdt::VersionVector>& beyond_floor;

  FrameKind kind() const { return KindOf(payload); }
};

class LogCursor {
 public:
  LogCursor() = default;
  LogCursor(LogPosition position, LogVectors vectors)
      : position_(position), vectors_(std::move(vectors)) {}

  LogPosition position() const { return position_; }
  const crdt::VersionVector& floor() const { return vectors_.floor; }
  const LogVectors& vectors() const { return vectors_; }
  // The frame that begins here.
  FrameView View(std::string_view payload) const {
    return {payload, vectors_.floor, position_ + kFrameHeaderBytes + payload.size(),
            vectors_.beyond_floor};
  }
  void Pass(std::string_view payload) {
    vectors_.Pass(payload);
    position_ += kFrameHeaderBytes + payload.size();
  }

 private:
  LogPosition position_ = 0;
  LogVectors vectors_;
};

}  // namespace storage
