// Who of a region's nodes is the primary, where no coordinator decides: ordinary functions of what
// a node knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crdt/stamp.h"
#include "crdt/version_vector.h"

namespace replication {

// What is known of one other node of the region.
struct Colleague {
  std::uint32_t ordinal = 0;
  bool answered = false;  // Has said what it is, or refused the connection, since we started.
  bool connected = false;
  bool primary = false;
  crdt::Epoch epoch = 0;
};

struct OwnRole {
  std::uint32_t ordinal = 0;
  bool primary = false;   // What it is, or was when it stopped.
  crdt::Epoch epoch = 0;  // The greatest epoch that it took or heard of.
};

// The node to follow: the connected primary of the greatest epoch (equal epochs cannot be; the
// lower ordinal then). Empty where there is none.
std::optional<std::uint32_t> PrimaryToFollow(const std::vector<Colleague>& colleagues);

// A primary steps down when another primary has a greater epoch: what both wrote merges.
bool MustStepDown(const OwnRole& self, const std::vector<Colleague>& colleagues);

// A starting node that was primary takes writes when no colleague knows better: all have answered,
// or the grace time is over.
bool MayLead(const OwnRole& self, const std::vector<Colleague>& colleagues, bool grace_over);

// What of `all` a node with this floor does not have, for people; empty: nothing.
std::string DescribeLack(const crdt::VersionVector& floor, const crdt::VersionVector& all);

}  // namespace replication
