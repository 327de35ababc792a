// meridian-sim: runs seeds of the simulator, tells one, or shows that planted faults are found.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>

#include "tests/simulation/simulated_cluster.h"

namespace {

using simulation::Outcome;
using simulation::Planted;
using simulation::Story;

// For the signal handler: a failed Require has to name its seed too.
std::uint64_t running_seed = 0;

void OnAbort(int) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "\nFAILED: seed %llu stopped the process\n",
                                 static_cast<unsigned long long>(running_seed));
  if (::write(STDERR_FILENO, text, static_cast<std::size_t>(size)) < 0) ::_exit(3);
  ::_exit(2);
}

Outcome Run(std::uint64_t seed, Story::Telling telling, Planted planted = Planted::kNone) {
  running_seed = seed;
  return simulation::RunSeed(seed, telling, planted);
}

int TellSeed(std::uint64_t seed, Planted planted) {
  const Outcome outcome = Run(seed, Story::Telling::kAloud, planted);
  std::printf("seed %llu: hash %016llx\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(outcome.hash));
  if (outcome.violation.empty()) return 0;
  std::printf("FAILED: seed %llu: %s\n", static_cast<unsigned long long>(seed),
              outcome.violation.c_str());
  return 1;
}

int RunBatch(std::uint64_t from, std::uint64_t seeds, bool keep_going) {
  const auto begin = std::chrono::steady_clock::now();
  std::int64_t simulated_ms = 0;
  std::uint64_t commands = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t records = 0;
  std::uint64_t failed = 0;
  std::map<std::string, int> faults;
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    const Outcome outcome = Run(seed, Story::Telling::kSilent);
    simulated_ms += outcome.simulated_ms;
    commands += outcome.commands;
    acknowledged += outcome.acknowledged;
    records += outcome.records;
    for (const auto& [kind, count] : outcome.faults) faults[kind] += count;
    if (outcome.violation.empty()) continue;
    ++failed;
    std::printf("FAILED: seed %llu: %s\n    see it happen: ./dev sim --seed %llu\n",
                static_cast<unsigned long long>(seed), outcome.violation.c_str(),
                static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    if (!keep_going) return 1;
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%llu seeds from %llu: %llu failed\n", static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(from), static_cast<unsigned long long>(failed));
  std::printf(
      "%llu commands, %llu answered, %llu records; %.2f simulated hours in %.1f s (%.3f s "
      "a seed)\n",
      static_cast<unsigned long long>(commands), static_cast<unsigned long long>(acknowledged),
      static_cast<unsigned long long>(records), static_cast<double>(simulated_ms) / 3'600'000,
      seconds, seconds / static_cast<double>(seeds));
  for (const auto& [kind, count] : faults) std::printf("  %7d %s\n", count, kind.c_str());
  return failed == 0 ? 0 : 1;
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
  std::uint64_t seeds = 100;
  std::uint64_t from = 1;
  bool planted = false;
  bool twice = false;
  bool keep_going = false;
  std::string plant;
  app.add_option("--seed", seed, "tell what happens in this one");
  app.add_option("--seeds", seeds, "run so many");
  app.add_option("--from", from, "the first of them");
  app.add_flag("--keep-going", keep_going, "run all seeds, whatever fails");
  app.add_flag("--planted", planted, "show that every planted fault is found");
  app.add_option("--plant", plant, "with --seed: plant this fault");
  app.add_flag("--twice", twice, "run each seed twice and compare");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGABRT, OnAbort);
  if (planted) return FindPlanted();
  if (seed) return TellSeed(*seed, PlantedByName(plant));
  if (twice) return CheckDeterminism(from, seeds);
  return RunBatch(from, seeds, keep_going);
}
