// What has been applied by the end of a prefix of the log.
//
// Usually one vector tells it, the floor: of each writer, everything up to there is applied in all
// partitions. While whole partitions are joined some of them are further; then an author has seen
// more of what it changes than the floor says.
#pragma once

#include <map>
#include <string_view>

#include "crdt/encoding.h"
#include "crdt/result.h"
#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "storage/partition.h"

namespace storage {

// What a join brought to single partitions beyond a floor.
using PartitionVectors = std::map<PartitionId, crdt::VersionVector>;
void EncodePartitionVectors(const PartitionVectors& vectors, crdt::ByteWriter& out);
crdt::Result<PartitionVectors> DecodePartitionVectors(crdt::ByteReader& in);

struct LogVectors {
  crdt::VersionVector floor;
  PartitionVectors beyond_floor;

  // Of a partition.
  crdt::VersionVector Observed(PartitionId partition) const;
  bool Covers(const LogVectors& other) const;
  // Every partition has come so far.
  bool CoversInAll(const crdt::VersionVector& vector) const;
  // The furthest that every partition has come.
  crdt::VersionVector ReachedInAll() const;
  // Of the partitions that the effects touch: what they have that the floor does not cover.
  PartitionVectors BeyondFor(std::string_view effects) const;

  void PassRecord(crdt::Stamp last) {
    floor.Advance(last);
    // Looking at all of them each time would cost more than the record. Who stays for longer does
    // no harm.
    if (!beyond_floor.empty() && floor.Covers(beyond_floor.begin()->second)) [[unlikely]]
      ForgetWhatTheFloorReached();
  }
  void PassVectorJump(PartitionId partition, const crdt::VersionVector& vector) {
    beyond_floor[partition].Merge(vector);
    ForgetWhatTheFloorReached();
  }
  void PassFloorJump(const crdt::VersionVector& vector) {
    floor.Merge(vector);
    ForgetWhatTheFloorReached();
  }
  // A frame's payload; what does not decode changes nothing.
  void Pass(std::string_view payload);

  bool operator==(const LogVectors&) const = default;

 private:
  void ForgetWhatTheFloorReached() {
    std::erase_if(beyond_floor, [this](const auto& entry) { return floor.Covers(entry.second); });
  }
};

}  // namespace storage
