// No more than so many bytes a second, counted in milliseconds; what was not used is kept for a
// tenth of a second.
#pragma once

#include <algorithm>
#include <cstdint>

namespace replication {

class RateLimit {
 public:
  // How many may pass now. `bytes_per_second` may be another one each time.
  std::uint64_t Allowed(std::uint64_t bytes_per_second, std::int64_t now_ms) {
    const std::uint64_t most = std::max<std::uint64_t>(1, bytes_per_second / 10);
    const auto passed_ms =
        static_cast<std::uint64_t>(std::clamp<std::int64_t>(now_ms - last_ms_, 0, kMostKeptMs));
    last_ms_ = now_ms;
    thousandths_ = std::min(most * 1000 + 999, thousandths_ + passed_ms * bytes_per_second);
    return thousandths_ / 1000;
  }
  // REQUIRES: no more than was allowed.
  void Take(std::uint64_t bytes) { thousandths_ -= std::min(thousandths_, bytes * 1000); }

 private:
  static constexpr std::int64_t kMostKeptMs = 100;

  std::int64_t last_ms_ = 0;
  std::uint64_t thousandths_ = 0;  // Of bytes.
};

}  // namespace replication
