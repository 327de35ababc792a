#include "server/command_statistics.h"

#include <gtest/gtest.h>

#include "server/commands/command_table.h"

namespace server {
namespace {

// Calls the command once; answers whether that was timed.
bool Call(CommandCalls& calls, std::uint64_t usec) {
  const bool timed = calls.Begin(false);
  if (timed) calls.AddTime(usec);
  ++calls.calls;
  return timed;
}

TEST(CommandCalls, TimesTheFirstCallsAndThenOneOfSixteen) {
  CommandCalls calls;
  int timed = 0;
  for (int i = 0; i < 16; ++i) timed += Call(calls, 2) ? 1 : 0;
  EXPECT_EQ(timed, 16);
  EXPECT_EQ(calls.usec(), 32u);
  for (int i = 0; i < 160; ++i) timed += Call(calls, 2) ? 1 : 0;
  EXPECT_EQ(timed, 26);
  EXPECT_EQ(calls.usec(), 352u);
  EXPECT_EQ(calls.latencies().total(), 176u);
  Call(calls, 1000);
  EXPECT_EQ(calls.usec(), 354u) << "one that was not timed takes what the others took";
}

TEST(CommandCalls, TimesEveryCallWhileTheyAreSlow) {
  CommandCalls calls;
  for (int i = 0; i < 16; ++i) Call(calls, 2);
  for (int i = 0; i < 15; ++i) EXPECT_FALSE(Call(calls, 1000));
  EXPECT_TRUE(Call(calls, 1000));
  EXPECT_EQ(calls.usec(), 32u + 16000u);
  EXPECT_TRUE(Call(calls, 500));
  EXPECT_TRUE(Call(calls, 1));
  EXPECT_EQ(calls.usec(), 32u + 16501u);
  EXPECT_FALSE(Call(calls, 1));
}

TEST(CommandCalls, TimesAllWhereThatIsAskedFor) {
  CommandCalls calls;
  for (int i = 0; i < 20; ++i) Call(calls, 2);
  EXPECT_TRUE(calls.Begin(true));
  calls.AddTime(2);
  ++calls.calls;
  EXPECT_EQ(calls.usec(), 42u);
}

TEST(CommandStatistics, KeepsItsPlaceWhenItIsReset) {
  CommandStatistics statistics;
  const CommandSpec& get = *FindCommand("get");
  EXPECT_EQ(statistics.Find(get), nullptr);
  CommandCalls& calls = statistics.Of(get);
  for (const CommandSpec* spec : AllCommands()) statistics.Of(*spec);
  Call(calls, 5);
  statistics.Reset();
  EXPECT_EQ(&statistics.Of(get), &calls);
  EXPECT_EQ(calls.calls, 0u);
  EXPECT_EQ(calls.usec(), 0u);
}

}  // namespace
}  // namespace server
