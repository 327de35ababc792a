// Epochs without a coordinator: ordinary functions of what the nodes of a region know.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>

#include "crdt/result.h"
#include "crdt/stamp.h"

namespace geo_config {

struct KnownEpochs {
  // Of the region; as far as anybody has told.
  crdt::Epoch greatest = 0;
  // Slots of which nobody has a write that is not here: their epochs are over, and a new one may
  // use them again.
  std::bitset<crdt::kEpochSlots> closed;
  // What keeps the other slots open, for the error.
  std::string open_because;
};

// The next epoch that node `ordinal` of `nodes` may take: greater than every known one, in a slot
// that is closed or was never used. A slot belongs to the node whose ordinal it has modulo the
// number of nodes, so that two nodes of a region never share an epoch (fine print 10). An error
// where every slot of this node is open.
crdt::Result<crdt::Epoch> NextEpoch(const KnownEpochs& known, std::uint32_t ordinal,
                                    std::uint32_t nodes);

}  // namespace geo_config
