#include "geo-config/snapshot_schedule.h"

#include <gtest/gtest.h>

namespace geo_config {
namespace {

using std::chrono::sys_days;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

// Milliseconds since 1970 of a time on the 28th of February 2028, which is no leap day yet.
std::int64_t At(std::int64_t hours, std::int64_t minutes, std::int64_t more_ms = 0) {
  using namespace std::chrono;
  const sys_days day = 2028y / February / 28;
  return duration_cast<milliseconds>(day.time_since_epoch()).count() + hours * kHour +
         minutes * kMinute + more_ms;
}

SnapshotSchedule Schedule(std::string_view text) {
  const auto schedule = ParseSnapshotSchedule(text);
  EXPECT_TRUE(schedule.has_value()) << text;
  return schedule.value_or(SnapshotSchedule());
}

TEST(SnapshotScheduleTest, PeriodsBeginAtMidnight) {
  EXPECT_EQ(Schedule("1h").LastMoment(At(13, 59)), At(13, 0));
  EXPECT_EQ(Schedule("6h").LastMoment(At(5, 59, 59'999)), At(0, 0));
  EXPECT_EQ(Schedule("6h").NextMoment(At(5, 59, 59'999)), At(6, 0));
  EXPECT_EQ(Schedule("12h").LastMoment(At(12, 0)), At(12, 0));
  EXPECT_EQ(Schedule("12h").NextMoment(At(12, 0)), At(24, 0));
}

TEST(SnapshotScheduleTest, ATimeOfDayBeforeItIsThatOfYesterday) {
  const SnapshotSchedule schedule = Schedule("at 23:45");
  EXPECT_EQ(schedule.LastMoment(At(0, 5)), At(-24, 0) + 23 * kHour + 45 * kMinute);
  EXPECT_EQ(schedule.NextMoment(At(0, 5)), At(23, 45));
  EXPECT_EQ(schedule.LastMoment(At(23, 45)), At(23, 45));
  // The 29th.
  EXPECT_EQ(schedule.NextMoment(At(23, 45)), At(24 + 23, 45));
  EXPECT_EQ(Schedule("at 00:00").LastMoment(At(23, 59)), At(0, 0));
}

TEST(SnapshotScheduleTest, TakesItsOwnTextAndNoOther) {
  for (const char* text : {"", "1h", "6h", "12h", "at 00:00", "at 03:30", "at 23:59"}) {
    EXPECT_EQ(TextOf(Schedule(text)), text);
  }
  for (const char* text : {"2h", "24h", "at 24:00", "at 3:30", "at 03:60", "at 0330", "at 03:3x",
                           "03:30", "at  03:30", "1h ", "at -1:00"}) {
    EXPECT_EQ(ParseSnapshotSchedule(text), std::nullopt) << text;
  }
  EXPECT_TRUE(Schedule("").is_off());
}

}  // namespace
}  // namespace geo_config
