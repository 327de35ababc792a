// Where an element of a list stands: for ever, at every region, whatever goes and comes around it.
//
// The places of a list are the nodes of a tree of which every node has children on its left and on
// its right, read in order: left children, the node, right children. RPUSH adds a right child to
// the root, LPUSH a left one, LINSERT a child to one of the pivot's neighbours (Fugue's rule).
// Right children stand by ascending stamp, left children by descending one, so that whoever comes
// last stands farthest out. A position is the path from the root and names its ancestors by their
// stamps alone: it needs none of them to be there still. docs/data-types.md, "List".
//
// Paper: Weidner, Kleppmann, "The Art of the Fugue", arXiv:2305.00583.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/encoding.h"
#include "crdt/stamp.h"

namespace crdt {

enum class ListSide : std::uint8_t { kLeft = 0, kRight = 1 };

// A child of the root: element `index` of the push with that stamp.
struct ListRoot {
  Stamp stamp;
  std::uint32_t index = 0;
  ListSide side = ListSide::kRight;

  bool operator==(const ListRoot&) const = default;
  std::strong_ordering operator<=>(const ListRoot& other) const;
};

// The steps of a path below the root's child, nine bytes each: side, stamp.
inline constexpr std::size_t kListStepBytes = 9;
// Bounds the bytes of a position. Reached only by inserting into ever the same gap from both sides.
inline constexpr std::size_t kMostListSteps = 64;

struct ListPosition {
  ListRoot root;
  std::string steps;  // Empty for what was pushed.

  // The write that brought the element: its existence.
  Stamp inserted() const;
  bool operator==(const ListPosition&) const = default;
};

// The same with the steps elsewhere.
struct ListPlace {
  ListRoot root;
  std::string_view steps;

  ListPlace() = default;
  ListPlace(const ListRoot& root, std::string_view steps) : root(root), steps(steps) {}
  ListPlace(const ListPosition& position)  // NOLINT: a view, as string_view is of string.
      : root(position.root), steps(position.steps) {}

  Stamp inserted() const;
  ListPosition Copy() const { return {root, std::string(steps)}; }
};

// The order in which elements stand.
std::strong_ordering CompareListPlaces(const ListPlace& left, const ListPlace& right);

// Under which place, and on which of its sides, something new stands between two neighbours.
struct ListGap {
  ListPosition parent;
  ListSide side;
};
// Empty where the path would be longer than kMostListSteps. REQUIRES: `before` stands before
// `after`, and at least one is there.
std::optional<ListGap> GapBetween(const std::optional<ListPosition>& before,
                                  const std::optional<ListPosition>& after);
// What a write with `stamp` puts into the gap.
ListPosition PositionIn(const ListGap& gap, Stamp stamp);

// --- Bytes ---------------------------------------------------------------------------------------

// Writes positions one after another, each relative to the one before it.
class ListPlaceWriter {
 public:
  explicit ListPlaceWriter(ByteWriter& out) : out_(out) {}
  void Put(const ListPlace& place);

 private:
  ByteWriter& out_;
  ListRoot last_;
};

class ListPlaceReader {
 public:
  explicit ListPlaceReader(ByteReader& in) : in_(in) {}
  // Invalidates the reader where the bytes are no position. The steps are a view into the bytes.
  ListPlace Get();

 private:
  ByteReader& in_;
  ListRoot last_;
};

// For people: "R 1.0:123#0 > L 2.0:456".
std::string ToString(const ListPlace& place);

}  // namespace crdt
