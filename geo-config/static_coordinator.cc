#include "geo-config/static_coordinator.h"

namespace geo_config {

crdt::Result<crdt::Epoch> NextEpoch(const KnownEpochs& known, std::uint32_t ordinal,
                                    std::uint32_t nodes) {
  for (crdt::Epoch next = known.greatest + 1; next <= known.greatest + crdt::kEpochSlots; ++next) {
    const auto slot = static_cast<std::uint32_t>(next % crdt::kEpochSlots);
    if (slot % nodes != ordinal % nodes) continue;
    // No epoch has had the slot before.
    if (next < crdt::kEpochSlots || known.closed.test(slot)) return next;
  }
  return crdt::Fail(
      crdt::ErrorCode::kRefused,
      "all epoch slots of this node are in use, and none can be closed: " + known.open_because);
}

}  // namespace geo_config
