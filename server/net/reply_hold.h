// How much of a client's output may leave, given how far the log is released (fine print 3).
//
// A reply depends on the log up to where it ended when the reply was made. Two marks are enough:
// the first stands until it is released, however much is written behind it, so that a client that
// keeps sending is answered all the same.
#pragma once

#include <cstdint>

#include "storage/log/log_position.h"

namespace server {

class ReplyHold {
 public:
  // The output has come to `bytes`, counted from the connection's beginning, and depends on the log
  // up to `position`. Neither ever goes back.
  void Extend(std::uint64_t bytes, storage::LogPosition position) {
    last_ = {bytes, position};
    if (!first_set_) {
      first_ = last_;
      first_set_ = true;
    }
  }
  // How many bytes, from the connection's beginning, may have left.
  std::uint64_t Release(storage::LogPosition released) {
    if (first_set_ && last_.position <= released) {
      free_bytes_ = last_.bytes;
      first_set_ = false;
    } else if (first_set_ && first_.position <= released) {
      free_bytes_ = first_.bytes;
      first_ = last_;
    }
    return free_bytes_;
  }
  bool holds() const { return first_set_; }

 private:
  struct Mark {
    std::uint64_t bytes = 0;
    storage::LogPosition position = 0;
  };
  Mark first_;
  Mark last_;
  bool first_set_ = false;
  std::uint64_t free_bytes_ = 0;
};

}  // namespace server
