#include "geo-config/static_coordinator.h"

#include <string>

namespace geo_config {

crdt::Result<crdt::Epoch> NextEpoch(crdt::Epoch known, std::uint32_t ordinal, std::uint32_t nodes) {
  crdt::Epoch next = known + 1;
  while (next % nodes != ordinal % nodes) ++next;
  // Epochs are not closed, so a slot is never used again.
  if (next >= crdt::kEpochSlots) {
    return crdt::Fail(crdt::ErrorCode::kRefused,
                      "all " + std::to_string(crdt::kEpochSlots) +
                          " epoch slots are in use (the greatest epoch of this region is " +
                          std::to_string(known) + ")");
  }
  return next;
}

}  // namespace geo_config
