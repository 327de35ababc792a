// Notes what changes a partition while another node sends it: what was equal at both when it was
// compared need not come, unless the sender had seen a change of it that came here only later.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "storage/bucket_sums.h"
#include "storage/partition.h"

namespace storage {

class PartitionWatch {
 public:
  // REQUIRES: BucketSums::IsCount(buckets).
  explicit PartitionWatch(std::size_t buckets) : buckets_(buckets) {}

  void Note(std::string_view key, crdt::Stamp stamp) {
    Note(BucketSums::BucketOf(key, buckets_), stamp);
  }
  void NoteAll(crdt::Stamp stamp) { Note(kAll, stamp); }
  // Of changes without a stamp.
  void NoteUnknown() { unknown_ = true; }

  // In which buckets something that `seen` covers has changed keys since the watch began.
  Buckets ChangedBy(const crdt::VersionVector& seen) const;

 private:
  static constexpr std::size_t kAll = ~std::size_t{0};

  // The first stamp of each writer is its least: who has not seen that has seen none of the others.
  void Note(std::size_t bucket, crdt::Stamp stamp) {
    changes_.try_emplace({bucket, stamp.writer()}, stamp);
  }

  std::size_t buckets_;
  bool unknown_ = false;
  std::map<std::pair<std::size_t, crdt::Writer>, crdt::Stamp> changes_;
};

// Those of a shard. One ends when its last owner lets go of it.
class PartitionWatches {
 public:
  std::shared_ptr<PartitionWatch> Begin(PartitionId partition, std::size_t buckets);
  bool empty() const { return watches_.empty(); }
  void Note(PartitionId partition, std::string_view key, crdt::Stamp stamp) {
    Visit(partition, [&](PartitionWatch& watch) { watch.Note(key, stamp); });
  }
  void NoteAll(PartitionId partition, crdt::Stamp stamp) {
    Visit(partition, [&](PartitionWatch& watch) { watch.NoteAll(stamp); });
  }
  void NoteUnknown(PartitionId partition) {
    Visit(partition, [](PartitionWatch& watch) { watch.NoteUnknown(); });
  }

 private:
  template <typename F>
  void Visit(PartitionId partition, const F& visit) {
    auto [watch, end] = watches_.equal_range(partition);
    while (watch != end) {
      if (const auto open = watch->second.lock()) {
        visit(*open);
        ++watch;
      } else {
        watch = watches_.erase(watch);
      }
    }
  }

  std::multimap<PartitionId, std::weak_ptr<PartitionWatch>> watches_;
};

}  // namespace storage
