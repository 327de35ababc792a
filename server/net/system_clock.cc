#include "server/net/system_clock.h"

#include <chrono>
#include <ctime>

namespace server {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// The time of the kernel's last timer interrupt, in nanoseconds.
std::int64_t LastTick() {
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

}  // namespace

std::int64_t SystemClock::UnixMs() const {
  const std::int64_t tick = LastTick();
  if (tick != tick_) {
    tick_ = tick;
    unix_ms_ =
        duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
  return unix_ms_;
}

std::int64_t SystemClock::SteadyMs() const {
  return duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::int64_t SystemClock::SteadyUs() const {
  return duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace server
