#include "crdt/stream_id.h"

#include <algorithm>

namespace crdt {
namespace {

constexpr std::uint64_t kRegions = std::uint64_t{kMaxRegion} + 1;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

}  // namespace

std::string StreamId::ToString() const {
  return std::to_string(ms) + '-' + std::to_string(sequence);
}

std::optional<StreamId> NextIdWithin(std::uint64_t ms, StreamId last, RegionId region) {
  if (ms < last.ms) return std::nullopt;
  if (ms > last.ms) return StreamId{ms, region};
  const std::uint64_t step = (region + kRegions - last.sequence % kRegions - 1) % kRegions + 1;
  if (last.sequence > kMost - step) return std::nullopt;
  return StreamId{ms, last.sequence + step};
}

std::optional<StreamId> NextId(std::uint64_t now_ms, StreamId last, RegionId region) {
  const std::uint64_t ms = std::max(now_ms, last.ms);
  if (const auto id = NextIdWithin(ms, last, region)) return id;
  return ms == kMost ? std::nullopt : NextIdWithin(ms + 1, last, region);
}

}  // namespace crdt
