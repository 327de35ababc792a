// What clients were promised, and whether it was kept.
//
// A reply that has left a node promises that everything it may have shown survives: the end of the
// process always, the end of the machine where the node syncs before it answers. WAITAOF and REGION
// WAIT promise more.
#pragma once

#include <string>
#include <vector>

#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "tests/simulation/simulated_network.h"

namespace simulation {

class Promises {
 public:
  explicit Promises(std::vector<std::string> names)
      : names_(std::move(names)), nodes_(names_.size()) {}

  // A reply left that may have shown all of `floor`.
  void OnReplied(NodeNumber node, const crdt::VersionVector& floor, bool synced);
  // A client was told that its write is on this node's disk, or in another region.
  void OnDurableHere(NodeNumber node, crdt::Stamp stamp) { nodes_[node].disk.Advance(stamp); }
  void OnDurableSomewhere(crdt::Stamp stamp) { somewhere_.Advance(stamp); }
  // The machine stopped: only what was promised to be on disk has to be there again.
  void OnMachineCrash(NodeNumber node) { nodes_[node].kernel = nodes_[node].disk; }
  void OnRecovered(NodeNumber node, const crdt::VersionVector& floor) const;
  // All is healed and equal.
  void OnEnd(const crdt::VersionVector& floor) const;

 private:
  struct NodePromises {
    crdt::VersionVector kernel;
    crdt::VersionVector disk;
  };

  std::vector<std::string> names_;
  std::vector<NodePromises> nodes_;
  crdt::VersionVector somewhere_;
};

}  // namespace simulation
