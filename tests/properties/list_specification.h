// Lists as the specification sees them: a tree of everything that was ever inserted, removed or
// not, which the production code keeps no trace of.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crdt/stamp.h"

namespace properties {

struct Operation;

// The insertion that brought an element, and which of its elements it is.
struct ListId {
  crdt::Stamp stamp;
  std::uint32_t index = 0;

  auto operator<=>(const ListId&) const = default;
};

struct ListNode {
  std::optional<ListId> parent;  // Empty: the root.
  bool on_right = true;          // Of its parent.
};

struct ListElement {
  ListId id;
  std::map<crdt::Stamp, std::string> assigned;

  crdt::Stamp newest() const { return assigned.rbegin()->first; }
};

using ListTree = std::map<ListId, ListNode>;

// Everything that these operations inserted into the key.
ListTree TreeOf(const std::string& key, const std::vector<const Operation*>& operations);
// Where something new goes between two neighbours, by Fugue's rule, but beside a neighbour that is
// the outermost of its siblings.
ListNode Between(const ListTree& tree, const std::optional<ListId>& before,
                 const std::optional<ListId>& after);
// What the list of the key shows.
std::vector<ListElement> SpecifyList(const std::string& key,
                                     const std::vector<const Operation*>& operations);

}  // namespace properties
