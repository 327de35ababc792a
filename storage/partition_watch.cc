#include "storage/partition_watch.h"

#include <algorithm>

namespace storage {

bool PartitionWatch::HasChanged(const Buckets& buckets, const crdt::VersionVector& seen) const {
  if (unknown_) return true;
  return std::ranges::any_of(changes_, [&](const auto& change) {
    const auto& [bucket, writer] = change.first;
    return (bucket == kAll || buckets[bucket]) && seen.Covers(change.second);
  });
}

std::shared_ptr<PartitionWatch> PartitionWatches::Begin(PartitionId partition,
                                                        std::size_t buckets) {
  std::erase_if(watches_, [](const auto& entry) { return entry.second.expired(); });
  auto watch = std::make_shared<PartitionWatch>(buckets);
  watches_.emplace(partition, watch);
  return watch;
}

}  // namespace storage
