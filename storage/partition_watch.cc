#include "storage/partition_watch.h"

namespace storage {

Buckets PartitionWatch::ChangedBy(const crdt::VersionVector& seen) const {
  Buckets changed(buckets_, unknown_);
  for (const auto& [where, stamp] : changes_) {
    if (!seen.Covers(stamp)) continue;
    if (where.first == kAll) return Buckets(buckets_, true);
    changed[where.first] = true;
  }
  return changed;
}

std::shared_ptr<PartitionWatch> PartitionWatches::Begin(PartitionId partition,
                                                        std::size_t buckets) {
  std::erase_if(watches_, [](const auto& entry) { return entry.second.expired(); });
  auto watch = std::make_shared<PartitionWatch>(buckets);
  watches_.emplace(partition, watch);
  return watch;
}

}  // namespace storage
