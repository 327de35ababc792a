// Scenarios: stories of a deployment in text files, for the simulator to run. docs/testing.md,
// "Scenarios", tells how they are written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crdt/result.h"
#include "tests/simulation/run_plan.h"

namespace simulation {

struct Scenario {
  std::string title;
  std::uint64_t seeds = 1;  // It is run with so many seeds, from 1 on.
  RunPlan plan;             // Without dice.
};

// An error's detail is "NAME:LINE: what was expected, and what is there instead".
crdt::Result<Scenario> ReadScenario(const std::string& name, std::string_view text);

}  // namespace simulation
