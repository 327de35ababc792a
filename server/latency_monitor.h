// Spikes of latency by what happened: LATENCY. Each kind of event keeps its last samples, at most
// one for a second: the worst.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace server {

class LatencyMonitor {
 public:
  static constexpr std::size_t kMostSamples = 160;

  struct Sample {
    std::int64_t unix_s;
    std::int64_t ms;
  };
  struct Series {
    std::deque<Sample> samples;  // Oldest first; never empty.
    std::int64_t worst_ms = 0;   // Since the last reset.
  };
  using Events = std::map<std::string, Series, std::less<>>;

  void Add(std::string_view event, std::int64_t unix_s, std::int64_t ms);
  const Events& events() const { return events_; }
  // False: there was no such event.
  bool Forget(std::string_view event);
  void Clear() { events_.clear(); }

 private:
  Events events_;
};

}  // namespace server
