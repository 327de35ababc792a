#include "storage/log/log_vectors.h"

#include <algorithm>
#include <set>

#include "crdt/effect.h"
#include "storage/key_location.h"
#include "storage/log/record.h"

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::VersionVector;

void EncodePartitionVectors(const PartitionVectors& vectors, crdt::ByteWriter& out) {
  out.Varint(vectors.size());
  for (const auto& [partition, vector] : vectors) {
    out.Varint(partition);
    vector.Encode(out);
  }
}

crdt::Result<PartitionVectors> DecodePartitionVectors(crdt::ByteReader& in) {
  PartitionVectors vectors;
  for (std::uint64_t left = in.Count(2); left > 0; --left) {
    const std::uint64_t partition = in.Varint();
    auto vector = VersionVector::Decode(in);
    if (!vector) return std::unexpected(vector.error());
    if (partition >= kPartitions) in.Invalidate();
    if (!in.ok()) break;
    vectors[static_cast<PartitionId>(partition)] = *std::move(vector);
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "vectors of partitions do not decode");
  return vectors;
}

VersionVector LogVectors::Observed(PartitionId partition) const {
  VersionVector observed = floor;
  const auto beyond = beyond_floor.find(partition);
  if (beyond != beyond_floor.end()) observed.Merge(beyond->second);
  return observed;
}

bool LogVectors::Covers(const LogVectors& other) const {
  if (other.beyond_floor.empty() && beyond_floor.empty()) return floor.Covers(other.floor);
  return floor.Covers(other.floor) &&
         std::ranges::all_of(other.beyond_floor, [this](const auto& entry) {
           return Observed(entry.first).Covers(entry.second);
         });
}

bool LogVectors::CoversInAll(const VersionVector& vector) const {
  return floor.Covers(vector) || (beyond_floor.size() == kPartitions &&
                                  std::ranges::all_of(beyond_floor, [&](const auto& entry) {
                                    return Observed(entry.first).Covers(vector);
                                  }));
}

VersionVector LogVectors::ReachedInAll() const {
  if (beyond_floor.size() < kPartitions) return floor;
  VersionVector reached = Observed(beyond_floor.begin()->first);
  for (const auto& [partition, vector] : beyond_floor) {
    reached = VersionVector::Minimum(reached, Observed(partition));
  }
  return reached;
}

PartitionVectors LogVectors::BeyondFor(std::string_view effects) const {
  PartitionVectors beyond;
  if (beyond_floor.empty()) return beyond;
  bool touches_all = false;
  std::set<PartitionId> touched;
  crdt::ByteReader in(effects);
  while (!in.at_end()) {
    const auto effect = crdt::EffectView::Decode(in);
    if (!effect) break;
    touches_all = touches_all || effect->kind == crdt::EffectKind::kClear;
    touched.insert(PartitionOf(effect->key));
  }
  for (const auto& [partition, vector] : beyond_floor) {
    if (!touches_all && !touched.contains(partition)) continue;
    for (const crdt::Stamp stamp : vector.entries()) {
      if (!floor.Covers(stamp)) beyond[partition].Advance(stamp);
    }
  }
  return beyond;
}

void LogVectors::Pass(std::string_view payload) {
  switch (KindOf(payload)) {
    case FrameKind::kRecord:
      if (const auto last = LastStampOf(payload)) PassRecord(*last);
      return;
    case FrameKind::kVectorJump:
      if (const auto jump = DecodeVectorJump(payload)) {
        PassVectorJump(jump->partition, jump->vector);
      }
      return;
    case FrameKind::kFloorJump:
      if (const auto vector = DecodeVector(payload)) PassFloorJump(*vector);
      return;
    case FrameKind::kFragment:
    case FrameKind::kEpoch:
    case FrameKind::kStable:
      return;
  }
}

}  // namespace storage
