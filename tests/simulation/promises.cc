#include "tests/simulation/promises.h"

#include <utility>

#include "tests/simulation/story.h"

namespace simulation {

using crdt::VersionVector;

void Promises::OnReplied(NodeNumber node, const VersionVector& floor, bool synced) {
  nodes_[node].kernel.Merge(floor);
  if (synced) nodes_[node].disk.Merge(floor);
}

void Promises::OnDiskLost(NodeNumber node) {
  nodes_[node] = {};
  for (auto& [disks, durable] : std::exchange(somewhere_, {})) {
    const Disks left = Disks(disks).reset(static_cast<std::size_t>(node));
    if (left.any()) somewhere_[left.to_ullong()].Merge(durable);
  }
}

void Promises::OnRecovered(NodeNumber node, const VersionVector& floor) const {
  const NodePromises& promises = nodes_[node];
  for (const VersionVector* promised : {&promises.kernel, &promises.disk}) {
    if (!floor.Covers(*promised)) {
      throw Violation(names_[node] + " came back with " + floor.ToString() +
                      ", having answered for " + promised->ToString());
    }
  }
}

void Promises::OnEnd(const VersionVector& floor, const Disks& gone) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!gone.test(i) && !floor.Covers(nodes_[i].kernel)) {
      throw Violation("lost in the end: " + names_[i] + " had answered for " +
                      nodes_[i].kernel.ToString() + ", there is " + floor.ToString());
    }
  }
  for (const auto& [disks, durable] : somewhere_) {
    if (floor.Covers(durable) || (Disks(disks) & ~gone).none()) continue;
    throw Violation("lost in the end: durable elsewhere was " + durable.ToString() + ", there is " +
                    floor.ToString());
  }
}

}  // namespace simulation
