// What replication needs of the shard that it replicates. Implemented above, where effects are
// understood; here a record's effects are bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/result.h"
#include "crdt/version_vector.h"
#include "storage/log/log.h"
#include "storage/log/record.h"
#include "storage/partition.h"
#include "storage/partition_watch.h"

namespace replication {

// A partition's key and its object, canonical bytes; none where there is no object.
using ExportedKey = std::pair<std::string, std::string>;

class ReplicatedShard {
 public:
  virtual ~ReplicatedShard() = default;

  virtual const crdt::VersionVector& floor() const = 0;
  virtual crdt::VersionVector Observed(storage::PartitionId partition) const = 0;
  virtual storage::Log& log() = 0;

  // A record from elsewhere, itself not covered here, of which all is that its author had seen of
  // what it touches: applies it, appends it
  // to the log and advances the floor. An error means bytes that no sane peer sends: nothing
  // changed.
  virtual crdt::Status ApplyRecord(const storage::RecordView& record) = 0;
  // From here on `stable` is durable in every region: appends that to the log and collects.
  virtual void ApplyStable(const crdt::VersionVector& stable) = 0;

  // Every key of a partition, in a fixed order.
  virtual void ExportPartition(
      storage::PartitionId partition,
      const std::function<void(std::string_view key, std::string_view object)>& visit) const = 0;
  // Digests of a partition's keys, in slices: as storage::Keyspace::ScanDigests.
  virtual std::uint64_t ScanDigests(
      storage::PartitionId partition, std::uint64_t cursor, std::uint64_t& budget,
      std::int64_t unix_ms,
      const std::function<void(std::string_view key, std::uint64_t digest)>& visit) const = 0;
  // 0: it is absent.
  virtual std::uint64_t DigestOf(std::string_view key, std::int64_t unix_ms) const = 0;
  // Its object, canonical bytes, also where that shows nothing; none where nothing is stored.
  virtual std::string ExportKey(std::string_view key) const = 0;
  // The key is like this from now on, in this region alone; nothing is stored where the bytes are
  // none. An error changes nothing.
  virtual crdt::Status RepairKey(std::string_view key, std::string_view object) = 0;
  virtual void VisitNames(storage::PartitionId partition,
                          const std::function<void(std::string_view key)>& visit) const = 0;
  // Of what changes the partition from now on, but for what ApplyStable collects.
  virtual std::shared_ptr<storage::PartitionWatch> Watch(storage::PartitionId partition,
                                                         std::size_t buckets) = 0;
  // A whole partition as another node has it under `observed`: logged, then visible in one step.
  // Without an object: a key that is absent there.
  virtual crdt::Status JoinPartition(storage::PartitionId partition,
                                     const std::vector<ExportedKey>& keys,
                                     const crdt::VersionVector& observed,
                                     storage::UnnamedKeys unnamed) = 0;
  // Every partition was joined at least up to `floor`, or what it lacks of that is nowhere.
  virtual void JumpFloor(const crdt::VersionVector& floor) = 0;
};

}  // namespace replication
