// Epochs without a coordinator: ordinary functions of what the nodes of a region know.
#pragma once

#include <cstdint>

#include "crdt/result.h"
#include "crdt/stamp.h"

namespace geo_config {

// The next epoch that node `ordinal` of `nodes` may take, where `known` is the greatest that
// anybody has told of: congruent to the ordinal modulo the number of nodes, so that two nodes of a
// region never share one (fine print 10). An error where the epoch slots are used up.
crdt::Result<crdt::Epoch> NextEpoch(crdt::Epoch known, std::uint32_t ordinal, std::uint32_t nodes);

}  // namespace geo_config
