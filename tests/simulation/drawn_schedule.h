// The faults of a seed.
#pragma once

#include <vector>

#include "crdt/stamp.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/schedule.h"

namespace simulation {

// `regions`: of each node. Faults begin before `until_ms`, and the leaps of time on top of that.
Schedule DrawSchedule(const std::vector<crdt::RegionId>& regions, std::int64_t until_ms, Dice dice);

}  // namespace simulation
