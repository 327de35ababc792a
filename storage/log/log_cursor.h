// A place in the log with the vectors that it has there.
#pragma once

#include <string_view>
#include <utility>

#include "crdt/version_vector.h"
#include "storage/log/log_position.h"
#include "storage/log/log_vectors.h"
#include "storage/log/record.h"
#include "storage/log/segment.h"

namespace storage {

struct FrameView {
  std::string_view payload;
  const LogVectors& before;  // The frame.
  LogPosition end;           // Behind the frame.

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
    return {payload, vectors_, position_ + kFrameHeaderBytes + payload.size()};
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
