// Which complaints about one peer have been logged lately: what goes on and on is said once a
// minute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace replication {

class Complaints {
 public:
  static constexpr std::int64_t kPauseMs = 60000;
  // Reasons that come from outside are not remembered without bound.
  static constexpr std::size_t kMostReasons = 16;

  // Whether `reason` is to be logged now.
  bool IsNew(const std::string& reason, std::int64_t now_ms) {
    if (now_ms - since_ms_ > kPauseMs) reasons_.clear();
    if (reasons_.empty()) since_ms_ = now_ms;
    return reasons_.size() < kMostReasons && reasons_.insert(reason).second;
  }
  void Clear() { reasons_.clear(); }

 private:
  std::set<std::string> reasons_;
  std::int64_t since_ms_ = 0;
};

}  // namespace replication
