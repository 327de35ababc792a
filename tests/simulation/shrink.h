// A smaller run that fails as the seed does: what the failure needs, and little else.
#pragma once

#include <cstdint>
#include <string>

#include "tests/simulation/simulated_cluster.h"

namespace simulation {

struct Shrunk {
  Without without;
  int faults_left = 0;
  std::string violation;  // Of the smaller run. Empty: the seed does not fail.
};

// Leaves out faults, halves at a time and then one by one (Zeller, Hildebrandt, "Simplifying and
// Isolating Failure-Inducing Input", 2002), and ends the run as early as it still fails.
Shrunk Shrink(std::uint64_t seed, Planted planted);

// "0,3,7".
std::string ToText(const std::set<int>& numbers);
std::set<int> NumbersOf(const std::string& text);

}  // namespace simulation
