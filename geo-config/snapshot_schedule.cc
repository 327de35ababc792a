#include "geo-config/snapshot_schedule.h"

#include <array>

namespace geo_config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr std::string_view kAt = "at ";

struct Period {
  std::string_view text;
  hours length;
};
constexpr Period kPeriods[] = {{"1h", hours(1)}, {"6h", hours(6)}, {"12h", hours(12)}};

// Of two digits.
std::optional<int> ParseTwoDigits(std::string_view text, int most) {
  int value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  if (text.size() != 2 || value > most) return std::nullopt;
  return value;
}

std::string TwoDigits(std::int64_t value) {
  return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

}  // namespace

std::int64_t SnapshotSchedule::LastMoment(std::int64_t unix_ms) const {
  const std::int64_t since = (unix_ms - offset.count()) % period.count();
  return unix_ms - (since < 0 ? since + period.count() : since);
}

std::int64_t SnapshotSchedule::NextMoment(std::int64_t unix_ms) const {
  return LastMoment(unix_ms) + period.count();
}

std::optional<SnapshotSchedule> ParseSnapshotSchedule(std::string_view text) {
  if (text.empty()) return SnapshotSchedule();
  for (const Period& period : kPeriods) {
    if (text == period.text) return SnapshotSchedule{.period = period.length};
  }
  if (!text.starts_with(kAt)) return std::nullopt;
  text.remove_prefix(kAt.size());
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = ParseTwoDigits(text.substr(0, 2), 23);
  const auto minute = ParseTwoDigits(text.substr(3), 59);
  if (!hour || !minute) return std::nullopt;
  return SnapshotSchedule{.period = hours(24), .offset = hours(*hour) + minutes(*minute)};
}

std::string TextOf(const SnapshotSchedule& schedule) {
  if (schedule.is_off()) return {};
  for (const Period& period : kPeriods) {
    if (schedule.period == period.length) return std::string(period.text);
  }
  const std::int64_t minute = schedule.offset / minutes(1);
  return std::string(kAt) + TwoDigits(minute / 60) + ":" + TwoDigits(minute % 60);
}

}  // namespace geo_config
