// A large object in pieces, so that writing it down need not be done at once.
//
// A piece is an object that holds a part of the elements; the first one also holds whatever is no
// element. Between two pieces the object may change. An element that is there all the while is in
// one of them, as it was at that time; one that comes or goes meanwhile may be in one or not. So
// together they are no state that ever was: whoever reads them has to apply again, in their order,
// all effects from the first piece on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "crdt/list_position.h"
#include "crdt/stream_id.h"
#include "crdt/type_table.h"

namespace crdt {

// A piece ends with the element that reaches one of these.
struct PieceLimit {
  std::size_t elements = 0;
  std::size_t bytes = 0;
};

// What is left of a limit.
class PieceBudget {
 public:
  explicit PieceBudget(const PieceLimit& limit) : left_(limit) {}

  bool spent() const { return left_.elements == 0 || left_.bytes == 0; }
  // REQUIRES: !spent().
  void TakeElement(std::size_t bytes) {
    --left_.elements;
    left_.bytes -= std::min(left_.bytes, bytes);
  }

 private:
  PieceLimit left_;
};

// How far the pieces have come. It stays good whatever happens to the object.
struct PieceCursor {
  bool began = false;
  // The container that is being written, and behind what it goes on there:
  ValueType type = ValueType::kNone;
  std::uint64_t cell = 0;             // a table, as of CellTable::Scan;
  std::optional<std::string> name;    // a block of small elements;
  std::optional<ListPosition> place;  // a list;
  std::optional<EntryKey> entry;      // a stream.
};

}  // namespace crdt
