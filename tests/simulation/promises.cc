#include "tests/simulation/promises.h"

#include "tests/simulation/story.h"

namespace simulation {

using crdt::VersionVector;

void Promises::OnReplied(NodeNumber node, const VersionVector& floor, bool synced) {
  nodes_[node].kernel.Merge(floor);
  if (synced) nodes_[node].disk.Merge(floor);
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

void Promises::OnEnd(const VersionVector& floor) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!floor.Covers(nodes_[i].kernel)) {
      throw Violation("lost in the end: " + names_[i] + " had answered for " +
                      nodes_[i].kernel.ToString() + ", there is " + floor.ToString());
    }
  }
  if (!floor.Covers(somewhere_)) {
    throw Violation("lost in the end: durable elsewhere was " + somewhere_.ToString() +
                    ", there is " + floor.ToString());
  }
}

}  // namespace simulation
