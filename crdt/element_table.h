// The elements of a hash (field → value) or of a set (member, with empty values), by name.
//
// Up to 128 of them, all short and simple, stand in one block (small_elements.h), in the order in
// which they were added. With the first that does not fit in they move to a hash table of cells for
// as long as the collection is not empty.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/cell_table.h"
#include "crdt/element.h"
#include "crdt/piece.h"
#include "crdt/small_elements.h"
#include "crdt/string_value.h"

namespace crdt {

class ElementTable {
 public:
  using Table = CellTable<StringValue>;

  ElementTable() = default;
  // Tables that are filled from each other need different seeds (cell_table.h).
  explicit ElementTable(std::uint64_t seed) : table_(seed) {}

  // Elements that show something. A field whose counter was reset may be stored and not count.
  std::uint64_t size() const { return size_; }
  // With those that are stored and show nothing.
  std::size_t stored() const { return is_small() ? small_.size() : table_.size(); }
  bool Contains(std::string_view name) const { return static_cast<bool>(Find(name)); }
  // The text of an element that shows something; empty otherwise. The view is into the table or
  // into `scratch`.
  std::optional<std::string_view> Text(std::string_view name, std::string& scratch) const;

  // Calls visit(name, text) for every element that shows something, in a fixed order.
  void ForEach(const std::function<void(std::string_view, std::string_view)>& visit) const;
  // As ForEach, from `cursor` (0 at first) for about `count` elements. Returns the next cursor, 0
  // at the end. An element that is there all the while is visited at least once, also when the
  // table grows or shrinks in between. Of a small table all are visited, whatever the cursor.
  std::uint64_t Scan(std::uint64_t cursor, std::uint64_t count,
                     const std::function<void(std::string_view, std::string_view)>& visit) const;
  // A uniformly drawn element's name. REQUIRES: size() > 0. `dice` yields random 64-bit words.
  std::string_view Random(const std::function<std::uint64_t()>& dice) const;

  // The stored element, also one that shows nothing.
  Element FindStored(std::string_view name) const {
    return is_small() ? Element(small_.Find(name)) : Element(table_.Find(name));
  }
  // The stored element if it shows something.
  Element Find(std::string_view name) const {
    const Element found = FindStored(name);
    return found && found.shows() ? found : Element();
  }
  // Calls visit(element) for every stored one.
  template <class Visit>
  void ForEachStored(Visit visit) const {
    small_.ForEach([&visit](const SmallElements::Entry& entry) { visit(Element(entry)); });
    table_.ForEach([&visit](const Table::Cell& cell) { visit(Element(&cell)); });
  }

  // --- The two forms, one of which is empty ------------------------------------------------------
  bool is_small() const { return table_.size() == 0; }
  const SmallElements& small() const { return small_; }
  // Its order is the caller's.
  SmallElements& small() { return small_; }
  const Table& table() const { return table_; }

  // Changes, each keeping size() right.
  void Assign(std::string_view name, const Context& context, std::string_view value);
  // The total of the writer whose lineage began at `start` is `total` since `stamp`.
  void Increase(std::string_view name, Stamp start, Stamp stamp, const Total& total);
  // Takes what the context covers; an element of which nothing remains is forgotten.
  void Remove(std::string_view name, const Context& context);
  void RemoveAll(const Context& context);
  // Runs `change` on the unpacked element, made if there is none; repacks or forgets it afterwards.
  void Change(std::string_view name, const std::function<void(StringValue&)>& change);
  void DropSpent();
  void Join(const ElementTable& other, const VersionVector& mine, const VersionVector& theirs);

  // The greatest stamp inside of what shows something. Looks at every element.
  Stamp newest() const;
  bool empty() const { return stored() == 0; }
  // Some element has counter parts, or parts that were reset and wait to be collected. Asked for
  // every write to a hash, so neither looks at the elements.
  bool has_counters() const { return with_counters_ > 0; }
  bool has_spent() const { return with_spent_ > 0; }
  std::size_t memory_bytes() const;

  void Encode(ByteWriter& out) const;  // Ordered by name.
  static Result<ElementTable> Decode(ByteReader& in);
  // For digests: the same at regions that show the same, without an order of the elements.
  void EncodeMerged(ByteWriter& out) const;
  // A part of the elements, as Encode() writes all, in any order (piece.h). True: no more follow.
  bool EncodePiece(PieceCursor& at, PieceBudget& budget, ByteWriter& out) const;
  // Elements that are there already are replaced.
  Status AddPiece(ByteReader& in);

  bool operator==(const ElementTable&) const;

 private:
  // Each says whether it could be done without an object for the element.
  bool AssignSmall(std::string_view name, const Context& context, const PackedValue& assigned);
  bool IncreaseSmall(std::string_view name, const PackedValue& increased);
  bool IncreaseLarge(std::string_view name, const PackedValue& increased);
  void ChangeSmall(std::string_view name, const std::function<void(StringValue&)>& change);
  // To the table, whatever is in the block.
  void Grow();
  // As EncodePiece, of the block.
  bool PutSmall(PieceCursor& at, PieceBudget& budget,
                const std::function<void(const Element&)>& put) const;
  // Adds `by` to the counts that the element is counted in.
  void Count(const StringValue& element, std::uint64_t by);

  Table table_;
  SmallElements small_;
  std::uint64_t size_ = 0;
  std::uint64_t with_counters_ = 0;
  std::uint64_t with_spent_ = 0;
};

// Reads what ElementTable::Encode writes, element by element. An error where `take` refuses one.
Status DecodeElements(ByteReader& in,
                      const std::function<bool(std::string_view name, StringValue&& value)>& take);

}  // namespace crdt
