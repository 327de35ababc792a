// When snapshots are made by themselves: at moments of the day, in UTC.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace geo_config {

// At `offset` behind midnight, and again each `period`, which divides the day. Period 0: never.
struct SnapshotSchedule {
  std::chrono::milliseconds period{0};
  std::chrono::milliseconds offset{0};

  bool is_off() const { return period.count() == 0; }
  // The moment that is not later than `unix_ms`, and the one behind that. REQUIRES: !is_off().
  std::int64_t LastMoment(std::int64_t unix_ms) const;
  std::int64_t NextMoment(std::int64_t unix_ms) const;

  bool operator==(const SnapshotSchedule&) const = default;
};

// "" (never), "1h", "6h", "12h", "at 03:30".
std::optional<SnapshotSchedule> ParseSnapshotSchedule(std::string_view text);
std::string TextOf(const SnapshotSchedule& schedule);

}  // namespace geo_config
