// The clocks of one machine: a wall clock that may be wrong and may jump, and a steady one. One
// oscillator drives both, and may be too fast or too slow.
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

  std::int64_t UnixMs() const override {
    return kStartUnixMs + events_.now_ms() + skew_ms_ + Gained() - corrected_ms_;
  }
  // Nobody ever sets it right.
  std::int64_t SteadyMs() const override { return kStartSteadyMs + events_.now_ms() + Gained(); }
  std::int64_t SteadyUs() const override { return SteadyMs() * 1000; }

  // The wall clock is wrong by so much from now on.
  void SetSkew(std::int64_t skew_ms) {
    skew_ms_ = skew_ms;
    corrected_ms_ = Gained();
  }
  // Both gain so much with every second. REQUIRES: more than -1000.
  void SetDrift(std::int64_t ms_per_second) {
    gained_ms_ = Gained();
    drifts_since_ms_ = events_.now_ms();
    drift_ms_per_second_ = ms_per_second;
  }

 private:
  static constexpr std::int64_t kStartSteadyMs = 1'000'000;

  // All that the oscillator was ahead or behind, ever.
  std::int64_t Gained() const {
    return gained_ms_ + (events_.now_ms() - drifts_since_ms_) * drift_ms_per_second_ / 1000;
  }

  const EventQueue& events_;
  std::int64_t skew_ms_;
  std::int64_t corrected_ms_ = 0;  // Of what was gained.
  std::int64_t gained_ms_ = 0;     // Until the rate changed last.
  std::int64_t drifts_since_ms_ = 0;
  std::int64_t drift_ms_per_second_ = 0;
};

}  // namespace simulation
