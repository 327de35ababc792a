#include "tests/simulation/scenario.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/simulation/write_step.h"

namespace simulation {
namespace {

// In front of what a test is about: six lines.
constexpr const char* kBeginning =
    "title A story\n"
    "region eu 2\n"
    "region us 1   # remarks are left out\n"
    "\n"
    "set heartbeat 100ms\n"
    "run 10s\n";

Scenario Read(const std::string& lines) {
  auto scenario = ReadScenario("a.scenario", kBeginning + lines);
  EXPECT_TRUE(scenario.has_value()) << scenario.error().detail;
  return scenario ? *std::move(scenario) : Scenario();
}

std::string Mistake(const std::string& text) {
  const auto scenario = ReadScenario("a.scenario", text);
  return scenario ? "none" : scenario.error().detail;
}
std::string MistakeBehind(const std::string& line) {
  return Mistake(kBeginning + line);
}

TEST(Scenario, TellsWhoIsThereWithWhichSettings) {
  const Scenario scenario = Read("clients 2 pause 5s\n");
  EXPECT_EQ(scenario.title, "A story");
  ASSERT_EQ(scenario.plan.nodes.size(), 3U);
  EXPECT_EQ(scenario.plan.NameOfNode(1), "eu/1");
  EXPECT_EQ(scenario.plan.NameOfNode(2), "us/0");
  EXPECT_EQ(scenario.plan.nodes[2].config.heartbeat.count(), 100);
  ASSERT_EQ(scenario.plan.clients.size(), 4U);
  EXPECT_EQ(scenario.plan.clients[3].most_pause_ms, 5000);
  EXPECT_EQ(scenario.plan.active_ms, 10'000);
}

TEST(Scenario, TellsFaultsAsASeedDrawsThem) {
  const Schedule schedule = Read(
                                "at 2s partition eu/0 and us for 500ms\n"
                                "at 1s crash-at eu/0 step synced away 3s\n"
                                "every 1s from 3s until 6s cut us to eu\n")
                                .plan.schedule;
  ASSERT_EQ(schedule.size(), 5U);
  EXPECT_EQ(schedule[0].kind, FaultKind::kCrashAtStep) << "by their times";
  EXPECT_EQ(schedule[0].amount, static_cast<std::int64_t>(WriteStep::kSynced));
  EXPECT_EQ(schedule[0].away_ms, 3000);
  EXPECT_EQ(schedule[1].nodes, std::vector<NodeNumber>{0});
  EXPECT_EQ(schedule[1].others, std::vector<NodeNumber>{2});
  EXPECT_EQ(schedule[1].for_ms, 500);
  EXPECT_EQ(schedule[4].at_ms, 5000);
  EXPECT_EQ(schedule[4].others, (std::vector<NodeNumber>{0, 1}));
  EXPECT_EQ(schedule[4].for_ms, Fault::kForGood);
}

TEST(Scenario, TellsWhatIsExpectedWhen) {
  const auto expectations = Read(
                                "at 4s expect all shows GET a = \"two words\"\n"
                                "finally expect connections at-most 7 since 2s\n")
                                .plan.expectations;
  ASSERT_EQ(expectations.size(), 2U);
  EXPECT_EQ(expectations[0].at_ms, Expectation::kInTheEnd);
  EXPECT_EQ(expectations[0].at_most, 7);
  EXPECT_EQ(expectations[0].since_ms, 2000);
  EXPECT_EQ(expectations[1].command, (std::vector<std::string>{"GET", "a"}));
  EXPECT_EQ(expectations[1].text, "two words");
}

TEST(Scenario, NamesTheLineOfAMistakeAndWhatBelongsThere) {
  EXPECT_EQ(MistakeBehind("at 1s kill ap/0"),
            "a.scenario:7: expected a node such as eu/0, a region, or all, found 'ap/0'");
  EXPECT_EQ(MistakeBehind("at soon kill eu/0"),
            "a.scenario:7: expected a duration such as 500ms, 10s, 5m, 2h or 7d, found 'soon'");
  EXPECT_EQ(MistakeBehind("\nat 1s kill eu/0 for 2s"),
            "a.scenario:8: expected the end of the line, found 'for'");
  EXPECT_EQ(MistakeBehind("at 1s partition eu us"), "a.scenario:7: expected 'and', found 'us'");
  EXPECT_EQ(MistakeBehind("at 1s kill-at eu/0 step thinking"),
            "a.scenario:7: expected one of executed, written, sent, answered, syncing, synced, "
            "acknowledged, found 'thinking'");
  EXPECT_EQ(MistakeBehind("at 1s do eu/0 SET a \"open"),
            "a.scenario:7: expected a closing quote, found the end of the line");
  EXPECT_EQ(MistakeBehind("at 10s kill eu/0"),
            "a.scenario:7: expected a time before the end of the run, found a later one");
  EXPECT_EQ(MistakeBehind("region ap 1\nat 1s kill eu/0\nregion sa 1"),
            "a.scenario:9: expected regions before faults and expectations, found 'region'");
  EXPECT_TRUE(MistakeBehind("at 1s explode eu/0").starts_with("a.scenario:7: expected one of "))
      << MistakeBehind("at 1s explode eu/0");
  EXPECT_TRUE(MistakeBehind("finally expect eu/0 smiles").ends_with("found 'smiles'"));
}

TEST(Scenario, NamesSettingsThatThereAreNot) {
  EXPECT_EQ(MistakeBehind("set hartbeat 1s"),
            "a.scenario:7: expected a setting of docs/configuration.md, found 'hartbeat'");
  EXPECT_TRUE(MistakeBehind("set appendfsync sometimes").ends_with("found 'sometimes'"));
}

TEST(Scenario, NeedsARegionAndADuration) {
  EXPECT_EQ(Mistake("title Nothing\n"),
            "a.scenario:1: expected 'region' with a name and a number of nodes first, found none");
  EXPECT_EQ(Mistake("region eu 1\n"),
            "a.scenario:1: expected 'run' with a duration, found the end of the file");
}

}  // namespace
}  // namespace simulation
