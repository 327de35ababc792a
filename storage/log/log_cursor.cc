#include "storage/log/log_cursor.h"

namespace storage {

crdt::VersionVector LogVectors::Observed(PartitionId partition) const {
  crdt::VersionVector observed = floor;
  const auto beyond = beyond_floor.find(partition);
  if (beyond != beyond_floor.end()) observed.Merge(beyond->second);
  return observed;
}

void LogVectors::Pass(std::string_view payload) {
  switch (KindOf(payload)) {
    case FrameKind::kRecord:
      if (const auto last = LastStampOf(payload)) PassRecord(*last);
      return;
    case FrameKind::kVectorJump:
      if (const auto jump = DecodeVectorJump(payload)) {
        beyond_floor[jump->partition].Merge(jump->vector);
        ForgetWhatTheFloorReached();
      }
      return;
    case FrameKind::kFloorJump:
      if (const auto vector = DecodeVector(payload)) {
        floor.Merge(*vector);
        ForgetWhatTheFloorReached();
      }
      return;
    case FrameKind::kFragment:
    case FrameKind::kEpoch:
    case FrameKind::kStable:
      return;
  }
}

void LogVectors::ForgetWhatTheFloorReached() {
  std::erase_if(beyond_floor, [this](const auto& entry) { return floor.Covers(entry.second); });
}

}  // namespace storage
