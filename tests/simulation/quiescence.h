// What a deployment may still hold once all is healed, equal and stable: the data, and nothing that
// waits. The checker of bounded memory and bounded logs.
#pragma once

#include <string>

#include "tests/simulation/history.h"
#include "tests/simulation/simulated_node.h"

namespace simulation {

// What the node holds for somebody who will never come for it, for people; empty: nothing.
// Checkpoints are asked for where nothing else is left, so that their rows may follow.
//
// REQUIRES: it runs, and all nodes are equal.
std::string WhatIsRetained(SimulatedNode& node);

// How a log in memory is longer than it may be; empty: it is not.
std::string WhereLogIsTooLong(SimulatedNode& node, std::uint64_t longest_frame);

}  // namespace simulation
