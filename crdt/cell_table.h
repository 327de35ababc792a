// An open-addressing table of cells: a name and its value in one allocation.
//
// A slot is 8 bytes: a pointer and 19 bits of the name's hash. Slots are probed linearly and kept in
// the order of their hashes (Robin Hood), which gives deletion without tombstones, and a scan order
// that growing and shrinking keep: a cursor is a position in hash space.
//
// A value that is one stamped byte string is packed into the cell; any other is a `Full` object that
// the cell owns. `Full` needs FromPacked(stamp, value) and AsPacked().
#pragma once

#include <cstdint>
#include <string_view>

#include "crdt/stamp.h"

namespace crdt {

template <class Full>
class CellTable {
 public:
  class Cell {
   public:
    std::string_view name() const;
    bool is_packed() const;
    Stamp packed_stamp() const;             // REQUIRES: is_packed().
    std::string_view packed_value() const;  // REQUIRES: is_packed().
    const Full& full() const;               // REQUIRES: !is_packed().
    Full& full();
  };
  // To be written: see tests/unit/crdt/cell_table_test.cc.
};

}  // namespace crdt
