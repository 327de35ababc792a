// The clocks of one machine: a wall clock that may be wrong and may jump, and a steady one.
#pragma once

#include <cstdint>

#include "server/environment.h"
#include "tests/simulation/event_queue.h"

namespace simulation {

class SimulatedClock : public server::Clock {
 public:
  static constexpr std::int64_t kStartUnixMs = 1'800'000'000'000;

  SimulatedClock(const EventQueue& events, std::int64_t skew_ms)
      : events_(events), skew_ms_(skew_ms) {}

  std::int64_t UnixMs() const override { return kStartUnixMs + events_.now_ms() + skew_ms_; }
  // Every machine counts from another beginning.
  std::int64_t SteadyMs() const override { return 1'000'000 + events_.now_ms(); }

  std::int64_t skew_ms() const { return skew_ms_; }
  void SetSkew(std::int64_t skew_ms) { skew_ms_ = skew_ms; }

 private:
  const EventQueue& events_;
  std::int64_t skew_ms_;
};

}  // namespace simulation
