// meridian-sim: runs seeds of the simulator, tells one, or shows that planted faults are found.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include "tests/simulation/scenario.h"
#include "tests/simulation/shrink.h"
#include "tests/simulation/simulated_cluster.h"

namespace {

using simulation::Outcome;
using simulation::Planted;
using simulation::Story;
using simulation::Without;

// For the signal handler: a failed Require has to name its seed too.
std::uint64_t running_seed = 0;

void OnAbort(int) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "\nFAILED: seed %llu stopped the process\n",
                                 static_cast<unsigned long long>(running_seed));
  if (::write(STDERR_FILENO, text, static_cast<std::size_t>(size)) < 0) ::_exit(3);
  ::_exit(2);
}

Outcome Run(std::uint64_t seed, Story::Telling telling, Planted planted = Planted::kNone,
            const Without& without = {}) {
  running_seed = seed;
  return simulation::RunSeed(seed, telling, planted, without);
}

int TellSeed(std::uint64_t seed, Planted planted, const Without& without) {
  const Outcome outcome = Run(seed, Story::Telling::kAloud, planted, without);
  std::printf("seed %llu: hash %016llx\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(outcome.hash));
  if (outcome.violation.empty()) return 0;
  std::printf("FAILED: seed %llu: %s\n", static_cast<unsigned long long>(seed),
              outcome.violation.c_str());
  return 1;
}

int ShrinkSeed(std::uint64_t seed, Planted planted, const std::string& plant) {
  const simulation::Shrunk shrunk = simulation::Shrink(seed, planted);
  if (shrunk.violation.empty()) {
    std::printf("seed %llu does not fail\n", static_cast<unsigned long long>(seed));
    return 0;
  }
  std::string command = "./dev sim --seed " + std::to_string(seed);
  if (!plant.empty()) command += " --plant " + plant;
  if (!shrunk.without.faults.empty()) {
    command += " --without " + simulation::ToText(shrunk.without.faults);
  }
  if (shrunk.without.behind_ms) command += " --until " + std::to_string(*shrunk.without.behind_ms);
  std::printf("still fails with %d faults: %s\n    see it happen: %s\n", shrunk.faults_left,
              shrunk.violation.c_str(), command.c_str());
  return 1;
}

// What a batch of seeds has done.
class Totals {
 public:
  // False where the seed failed, which is told.
  bool Add(std::uint64_t seed) {
    const double begin = CpuSeconds();
    const Outcome outcome = Run(seed, Story::Telling::kSilent);
    const double seconds = CpuSeconds() - begin;
    if (seconds > slowest_seconds_) {
      slowest_seconds_ = seconds;
      slowest_ = seed;
    }
    ++seeds_;
    simulated_ms_ += outcome.simulated_ms;
    node_ms_ += outcome.simulated_ms * static_cast<std::int64_t>(outcome.nodes);
    commands_ += outcome.commands;
    acknowledged_ += outcome.acknowledged;
    records_ += outcome.records;
    for (const auto& [kind, count] : outcome.faults) faults_[kind] += count;
    for (const auto& [rule, count] : outcome.conflicts) conflicts_[rule] += count;
    if (outcome.violation.empty()) return true;
    ++failed_;
    std::printf("FAILED: seed %llu: %s\n    see it happen: ./dev sim --seed %llu\n",
                static_cast<unsigned long long>(seed), outcome.violation.c_str(),
                static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    return false;
  }

  void Print(std::uint64_t from) const {
    const double seconds = SecondsSince(begin_);
    const auto hours = [](std::int64_t ms) { return static_cast<double>(ms) / 3'600'000; };
    std::printf("%llu seeds from %llu: %llu failed; the next are --from %llu\n",
                static_cast<unsigned long long>(seeds_), static_cast<unsigned long long>(from),
                static_cast<unsigned long long>(failed_),
                static_cast<unsigned long long>(from + seeds_));
    std::printf(
        "%llu commands, %llu answered, %llu records\n", static_cast<unsigned long long>(commands_),
        static_cast<unsigned long long>(acknowledged_), static_cast<unsigned long long>(records_));
    std::printf(
        "%.2f simulated hours of clusters, %.2f of nodes, in %.1f s: %.0f times as fast as real "
        "time, %.3f s a seed; the slowest: %llu, %.3f s of CPU\n",
        hours(simulated_ms_), hours(node_ms_), seconds,
        static_cast<double>(simulated_ms_) / 1000 / seconds, seconds / static_cast<double>(seeds_),
        static_cast<unsigned long long>(slowest_), slowest_seconds_);
    for (const auto& [kind, count] : faults_) std::printf("  %9d %s\n", count, kind.c_str());
    for (const auto& [rule, count] : conflicts_) {
      std::printf("  %9llu conflicts: %s\n", static_cast<unsigned long long>(count), rule.c_str());
    }
  }
  std::uint64_t failed() const { return failed_; }

 private:
  using Clock = std::chrono::steady_clock;
  // Of this process: what others do on the machine is not the seed's cost.
  static double CpuSeconds() {
    return static_cast<double>(std::clock()) / static_cast<double>(CLOCKS_PER_SEC);
  }
  static double SecondsSince(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }

  Clock::time_point begin_ = Clock::now();
  std::uint64_t seeds_ = 0;
  std::int64_t simulated_ms_ = 0;
  std::int64_t node_ms_ = 0;
  std::uint64_t commands_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t slowest_ = 0;
  double slowest_seconds_ = 0;
  std::map<std::string, int> faults_;
  std::map<std::string, std::uint64_t> conflicts_;
};

// So many seeds, or as many as there is time for.
int RunBatch(std::uint64_t from, std::uint64_t seeds, std::optional<double> minutes,
             bool keep_going) {
  const auto begin = std::chrono::steady_clock::now();
  Totals totals;
  const auto goes_on = [&](std::uint64_t done) {
    if (!minutes) return done < seeds;
    return std::chrono::steady_clock::now() - begin < std::chrono::duration<double>(*minutes * 60);
  };
  for (std::uint64_t done = 0; goes_on(done); ++done) {
    if (!totals.Add(from + done) && !keep_going) return 1;
  }
  totals.Print(from);
  return totals.failed() == 0 ? 0 : 1;
}

int RunFile(const std::string& path) {
  std::ifstream in(path);
  std::uint64_t failed = 0;
  std::uint64_t seeds = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    for (std::uint64_t seed = 0; words >> seed; ++seeds) {
      if (const Outcome outcome = Run(seed, Story::Telling::kSilent); !outcome.violation.empty()) {
        ++failed;
        std::printf("FAILED: seed %llu: %s\n", static_cast<unsigned long long>(seed),
                    outcome.violation.c_str());
      }
    }
  }
  std::printf("%llu fixed seeds, %llu failed\n", static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(failed));
  return failed == 0 && seeds > 0 ? 0 : 1;
}

// --- Scenarios -----------------------------------------------------------------------------------

constexpr const char* kScenarios = "tests/simulation/scenarios";

// How many of the scenario's seeds fail. `seed`: that one alone, told.
int RunScenario(const std::filesystem::path& path, std::optional<std::uint64_t> seed) {
  std::ifstream in(path);
  if (!in) {
    std::printf("FAILED: cannot read %s\n", path.c_str());
    return 1;
  }
  std::ostringstream text;
  text << in.rdbuf();
  const auto scenario = simulation::ReadScenario(path.string(), text.str());
  if (!scenario) {
    std::printf("FAILED: %s\n", scenario.error().detail.c_str());
    return 1;
  }
  int failed = 0;
  std::int64_t simulated_ms = 0;
  std::uint64_t commands = 0;
  const std::uint64_t last = seed.value_or(scenario->seeds);
  for (std::uint64_t number = seed.value_or(1); number <= last; ++number) {
    simulation::RunPlan plan = scenario->plan;
    plan.dice = simulation::Dice(number);
    running_seed = number;
    const Outcome outcome = simulation::RunPlanned(
        std::move(plan), seed ? Story::Telling::kAloud : Story::Telling::kSilent);
    simulated_ms += outcome.simulated_ms;
    commands += outcome.commands;
    if (outcome.violation.empty()) continue;
    ++failed;
    std::printf("FAILED: %s\n    see it happen: ./dev sim --scenario %s --seed %llu\n",
                outcome.violation.c_str(), path.c_str(), static_cast<unsigned long long>(number));
  }
  std::printf("%s %s: %.1f simulated minutes, %llu commands\n", failed == 0 ? "kept  " : "BROKEN",
              scenario->title.c_str(), static_cast<double>(simulated_ms) / 60'000,
              static_cast<unsigned long long>(commands));
  std::fflush(stdout);
  return failed;
}

int RunScenarios(const std::string& name, std::optional<std::uint64_t> seed) {
  if (name != "all") return RunScenario(name, seed) == 0 ? 0 : 1;
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kScenarios)) {
    if (entry.path().extension() == ".scenario") paths.insert(entry.path());
  }
  int failed = 0;
  for (const std::filesystem::path& path : paths) failed += RunScenario(path, seed);
  return failed == 0 && !paths.empty() ? 0 : 1;
}

// The same seed gives the same run.
int CheckDeterminism(std::uint64_t from, std::uint64_t seeds) {
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    const std::uint64_t first = Run(seed, Story::Telling::kSilent).hash;
    const std::uint64_t second = Run(seed, Story::Telling::kSilent).hash;
    if (first == second) continue;
    std::printf("FAILED: seed %llu runs in two ways\n", static_cast<unsigned long long>(seed));
    return 1;
  }
  std::printf("%llu seeds run twice in the same way\n", static_cast<unsigned long long>(seeds));
  return 0;
}

int FindPlanted() {
  int missed = 0;
  for (const simulation::PlantedFault& fault : simulation::PlantedFaults()) {
    std::string found;
    int seeds = 0;
    while (found.empty() && seeds < fault.seeds) {
      ++seeds;
      found =
          Run(static_cast<std::uint64_t>(seeds), Story::Telling::kSilent, fault.planted).violation;
    }
    missed += found.empty() ? 1 : 0;
    std::printf("%-24s %s %d of %d seeds%s%s\n", std::string(fault.name).c_str(),
                found.empty() ? "NOT FOUND in" : "found in", seeds, fault.seeds,
                found.empty() ? "" : ": ", found.substr(0, found.find('\n')).c_str());
    std::fflush(stdout);
  }
  return missed == 0 ? 0 : 1;
}

Planted PlantedByName(const std::string& name) {
  for (const simulation::PlantedFault& fault : simulation::PlantedFaults()) {
    if (fault.name == name) return fault.planted;
  }
  return Planted::kNone;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The simulator: whole deployments of production nodes, with faults, in one thread.");
  std::optional<std::uint64_t> seed;
  std::optional<std::uint64_t> shrink;
  std::optional<double> minutes;
  std::optional<std::int64_t> until_ms;
  std::uint64_t seeds = 100;
  std::uint64_t from = 1;
  bool fresh = false;
  bool planted = false;
  bool twice = false;
  bool keep_going = false;
  std::string plant;
  std::string left_out;
  std::string file;
  std::string scenario;
  app.add_option("--seed", seed, "tell what happens in this one");
  app.add_option("--without", left_out, "with --seed: leave out these faults, by number: 0,3,7");
  app.add_option("--until", until_ms, "with --seed: faults and clients end after so many ms");
  app.add_option("--shrink", shrink, "find a smaller run that fails as this seed does");
  app.add_option("--seeds", seeds, "run so many");
  app.add_option("--minutes", minutes, "run as many as there is time for");
  app.add_option("--from", from, "the first of them");
  app.add_flag("--fresh", fresh, "the first is drawn at random, and told");
  app.add_option("--file", file, "run the seeds of a file");
  app.add_option("--scenario", scenario, "run the scenario of a file, or all of them");
  app.add_flag("--keep-going", keep_going, "run all seeds, whatever fails");
  app.add_flag("--planted", planted, "show that every planted fault is found");
  app.add_option("--plant", plant, "with --seed or --shrink: plant this fault");
  app.add_flag("--twice", twice, "run each seed twice and compare");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGABRT, OnAbort);
  if (fresh) from = std::random_device()();
  if (planted) return FindPlanted();
  if (!scenario.empty()) return RunScenarios(scenario, seed);
  if (seed) {
    return TellSeed(*seed, PlantedByName(plant), {simulation::NumbersOf(left_out), until_ms});
  }
  if (shrink) return ShrinkSeed(*shrink, PlantedByName(plant), plant);
  if (!file.empty()) return RunFile(file);
  if (twice) return CheckDeterminism(from, seeds);
  return RunBatch(from, seeds, minutes, keep_going);
}
