// Every record that any node ever logged, and what each node has. The first checker: whatever it
// finds wrong is a Violation.
//
//   * a stamp is given to one write only, with the same effects and the same context everywhere
//     (but where all that was written under an epoch went with a disk or a memory, nobody can know
//     of it);
//   * a writer's records are a chain: each has seen the one before it, and only one follows
//   another;
//   * nothing is applied before its context, and nothing twice;
//   * a full synchronisation ends with all that it says it has brought, unless the rest is nowhere;
//   * what was synced is there after every crash, unless the disk itself was damaged or replaced.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "storage/log/log.h"
#include "tests/simulation/simulated_network.h"

namespace simulation {

struct KnownRecord {
  std::uint64_t effect_count = 0;
  crdt::VersionVector context;
  storage::PartitionVectors beyond;
  std::string effects;
};

class History {
 public:
  // Of the nodes, by their numbers.
  History(std::vector<std::string> names, std::vector<crdt::RegionId> regions)
      : names_(std::move(names)), regions_(std::move(regions)), nodes_(names_.size()) {}

  // --- What happens ------------------------------------------------------------------------------
  // The log, of a directory that was brought back, has writes of an epoch that was led again since,
  // when nobody had any of them.
  bool HasWhatWasForgotten(const storage::Log& log) const;
  // The node has read its log: everything in it is looked at again.
  void OnRecovered(NodeNumber node, const storage::Log& log);
  // Looks at what the log has got since the last time.
  void Observe(NodeNumber node, const storage::Log& log);
  // The process is gone, and with it what a full disk had not taken: nobody else ever saw that.
  void OnProcessEnded(NodeNumber node);
  // A log in memory is gone with its process. Where nobody has anything any more, all begins anew.
  void OnMemoryLost(NodeNumber node);
  // Something that was on the node's disk is not there any more, or will not be read.
  void OnDiskLost(NodeNumber node);
  // A region does not belong to the deployment any more: nobody gets anything from its nodes.
  void OnRemoved(crdt::RegionId region);
  // Everything before `position` is on the node's disk.
  void OnSynced(NodeNumber node, storage::LogPosition position);

  // --- Questions ---------------------------------------------------------------------------------
  const crdt::VersionVector& floor(NodeNumber node) const { return nodes_[node].cursor.floor(); }
  // All that the node ever had, lost tails included.
  const crdt::VersionVector& ever(NodeNumber node) const { return nodes_[node].ever; }
  const crdt::VersionVector& synced(NodeNumber node) const { return nodes_[node].synced; }
  // All that was on its disk at some time, disks included that it has lost.
  const crdt::VersionVector& ever_synced(NodeNumber node) const { return nodes_[node].ever_synced; }
  // That the node has ever logged, in bytes.
  std::uint64_t longest_frame(NodeNumber node) const { return nodes_[node].longest_frame; }
  // By their first stamps, which is an order that agrees with causality.
  const std::map<crdt::Stamp, KnownRecord>& records() const { return records_; }
  // Whether a record that counts as applied was lost as far as it is of a partition: with the only
  // node that had it whole, before a full synchronisation came to that partition.
  bool WasLost(storage::PartitionId partition, crdt::Stamp stamp) const;

 private:
  struct NodeHistory {
    storage::LogCursor cursor;
    crdt::VersionVector ever;
    crdt::VersionVector synced;
    crdt::VersionVector ever_synced;
    std::uint64_t longest_frame = 0;
    bool removed = false;
    // Floors behind frames that are not synced yet.
    std::deque<std::pair<storage::LogPosition, crdt::Stamp>> unsynced;
    // First stamps of records that this node wrote and that are in its memory alone.
    std::deque<std::pair<storage::LogPosition, crdt::Stamp>> unwritten;
  };

  bool ForgetWhatNobodyHas(crdt::Writer writer, crdt::Stamp but);
  void Look(NodeNumber node, const storage::FrameView& frame);
  void LookAtJump(NodeNumber node, const storage::FrameView& frame);
  // True where nobody has logged it before.
  bool LookAtRecord(NodeNumber node, const storage::RecordView& record,
                    const storage::LogVectors& before);

  // Of a partition: what lies behind `applied` and not behind `claimed`.
  struct Gap {
    crdt::VersionVector applied;
    crdt::VersionVector claimed;
  };

  std::vector<std::string> names_;
  std::vector<crdt::RegionId> regions_;
  std::vector<NodeHistory> nodes_;
  bool lost_for_good_ = false;        // What only one disk or memory had.
  std::set<crdt::Writer> led_again_;  // Since all their writes were gone.
  std::map<crdt::Stamp, KnownRecord> records_;
  std::map<storage::PartitionId, std::vector<Gap>> gaps_;
  // The last stamp of a record → the first stamp of the one that its writer wrote next.
  std::map<std::pair<crdt::Writer, crdt::Stamp>, crdt::Stamp> next_;
};

}  // namespace simulation
