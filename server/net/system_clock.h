// The machine's clock.
//
// A reading costs a good part of what a small command does. Commands ask for the time of day each
// for itself, and share a reading until the kernel's timer ticks, which is cheap to see: within a
// turn of the loop the time is a few milliseconds old at the most.
#pragma once

#include <cstdint>

#include "server/environment.h"

namespace server {

class SystemClock : public Clock {
 public:
  std::int64_t UnixMs() const override;
  std::int64_t SteadyMs() const override;
  std::int64_t SteadyUs() const override;
  // The next reading is a new one.
  void BeginTurn() { tick_ = 0; }

 private:
  mutable std::int64_t tick_ = 0;  // Of the kernel's timer, when unix_ms_ was read.
  mutable std::int64_t unix_ms_ = 0;
};

}  // namespace server
