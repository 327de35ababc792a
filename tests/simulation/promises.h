// What clients were promised, and whether it was kept.
//
// A reply that has left a node promises that everything it may have shown survives: the end of the
// process always, the end of the machine where the node syncs before it answers. WAITAOF and REGION
// WAIT promise more.
#pragma once

#include <bitset>
#include <map>
#include <string>
#include <vector>

#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "tests/simulation/simulated_network.h"

namespace simulation {

class Promises {
 public:
  using Disks = std::bitset<64>;  // By the numbers of their nodes.

  explicit Promises(std::vector<std::string> names)
      : names_(std::move(names)), nodes_(names_.size()) {}

  // A reply left that may have shown all of `floor`.
  void OnReplied(NodeNumber node, const crdt::VersionVector& floor, bool synced);
  // A client was told that its write is on this node's disk, or in another region.
  void OnDurableHere(NodeNumber node, crdt::Stamp stamp) { nodes_[node].disk.Advance(stamp); }
  // It binds as long as one of `disks` is whole.
  void OnDurableSomewhere(crdt::Stamp stamp, const Disks& disks) {
    if (disks.any()) somewhere_[disks.to_ullong()].Advance(stamp);
  }
  // Something that was durable is gone from it.
  void OnDiskLost(NodeNumber node);
  // The machine stopped: only what was promised to be on disk has to be there again.
  void OnMachineCrash(NodeNumber node) { nodes_[node].kernel = nodes_[node].disk; }
  void OnRecovered(NodeNumber node, const crdt::VersionVector& floor) const;
  // All is healed and equal. What only `gone` have binds no more.
  void OnEnd(const crdt::VersionVector& floor, const Disks& gone) const;

 private:
  struct NodePromises {
    crdt::VersionVector kernel;
    crdt::VersionVector disk;
  };

  std::vector<std::string> names_;
  std::vector<NodePromises> nodes_;
  std::map<unsigned long long, crdt::VersionVector> somewhere_;  // By the disks that have it.
};

}  // namespace simulation
