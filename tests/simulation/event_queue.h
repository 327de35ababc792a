// What happens when, in simulated milliseconds. Events of one time happen in the order in which
// they were planned.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace simulation {

class EventQueue {
 public:
  std::int64_t now_ms() const { return now_ms_; }

  void At(std::int64_t at_ms, std::function<void()> happen) {
    events_.push({std::max(at_ms, now_ms_), next_++, std::move(happen)});
  }
  void After(std::int64_t delay_ms, std::function<void()> happen) {
    At(now_ms_ + delay_ms, std::move(happen));
  }
  // Lets everything happen that is planned up to `at_ms`, what is planned meanwhile included.
  void RunUntil(std::int64_t at_ms) {
    now_ms_ = at_ms;
    while (!events_.empty() && events_.top().at_ms <= at_ms) {
      const std::function<void()> happen = events_.top().happen;
      events_.pop();
      happen();
    }
  }

 private:
  struct Event {
    std::int64_t at_ms;
    std::uint64_t number;
    std::function<void()> happen;

    bool operator<(const Event& other) const {
      return at_ms != other.at_ms ? at_ms > other.at_ms : number > other.number;
    }
  };

  std::int64_t now_ms_ = 0;
  std::uint64_t next_ = 0;
  std::priority_queue<Event> events_;
};

}  // namespace simulation
