// A list: an observed-remove set of elements at positions that never change.
//
// An element is there from its insertion until somebody who has seen it takes it: the stamp of the
// insertion is its existence and its place (list_position.h), and LSET only adds a newer value to
// what is there. Whatever refers to an element that is gone does nothing, so nothing of it stays:
// no tombstones, also while a region is away. docs/data-types.md, "List".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "crdt/context.h"
#include "crdt/list_element.h"
#include "crdt/list_index.h"
#include "crdt/list_position.h"
#include "crdt/piece.h"

namespace crdt {

class ListValue {
 public:
  // --- Questions ---------------------------------------------------------------------------------
  std::uint64_t size() const { return index_.size(); }
  bool empty() const { return size() == 0; }
  // REQUIRES: index < size(). Valid until the next change.
  ListElementView At(std::uint64_t index) const;
  // Visits the elements from `from` on, at most `count`, until `visit` answers false.
  using Visit = std::function<bool(const ListElementView&)>;
  void ForEach(std::uint64_t from, std::uint64_t count, const Visit& visit) const;
  // From the last element on.
  void ForEachBackward(const Visit& visit) const;
  // The element at that place; empty where there is none.
  std::optional<ListElementView> Find(const ListPlace& place) const;

  // The greatest stamp inside. Looks at every element.
  Stamp newest() const;
  std::size_t memory_bytes() const { return sizeof *this + index_.memory_bytes(); }

  // --- Changes -----------------------------------------------------------------------------------
  // An element that is there already stays as it is.
  void Insert(const ListPlace& place, Stamp inserted, std::string_view text);
  // Replaces the values that the context covers. False, and nothing, where the element is gone.
  bool Assign(const ListPlace& place, const Context& context, std::string_view text);
  // Takes the elements at these places, which ascend. Those that are gone already are told.
  void Remove(std::span<const ListPlace> places,
              const std::function<void(const ListPlace&)>& on_missing);
  // Takes what the context covers before `first` and behind `last`; an end that is not given stays.
  void Trim(const Context& context, const std::optional<ListPlace>& first,
            const std::optional<ListPlace>& last);
  void RemoveAll(const Context& context);
  void Join(const ListValue& other, const VersionVector& mine, const VersionVector& theirs);

  // --- Bytes -------------------------------------------------------------------------------------
  void Encode(ByteWriter& out) const;
  static Result<ListValue> Decode(ByteReader& in);
  // A part of the elements, as Encode() writes all (piece.h). True: no more follow.
  bool EncodePiece(PieceCursor& at, PieceBudget& budget, ByteWriter& out) const;
  // REQUIRES of the bytes: behind all that are there.
  Status AddPiece(ByteReader& in);
  // All of a list is defined by the merge rules.
  void EncodeMerged(ByteWriter& out) const { Encode(out); }

  bool operator==(const ListValue& other) const;

 private:
  // An element on its way to another leaf.
  struct Moved {
    ListPlace place;
    std::string_view body;
  };
  using Keeps = std::function<bool(const ListElementView&)>;

  static std::vector<Moved> ElementsOf(const ListLeaf& leaf);
  bool IsBeforeAll(const ListPlace& place) const;
  bool IsBehindAll(const ListPlace& place) const;
  void Append(const ListPlace& place, const ListBody& body);
  void Prepend(const ListPlace& place, const ListBody& body);
  // Makes `elements` what is in the spot's leaf, or in that one and new ones behind it.
  void Replace(const ListIndex::Spot& spot, std::span<const Moved> elements);
  // Takes out of the leaf what `keeps` does not want; answers how many elements stay.
  std::uint64_t Filter(const ListIndex::Spot& spot, const Keeps& keeps);
  // The same for all leaves from the one of element `from` on, while `goes_on` holds for a leaf.
  void FilterFrom(std::uint64_t from, const std::function<bool(const ListLeaf&)>& goes_on,
                  const Keeps& keeps);
  // A leaf that was made small takes its neighbour's elements where they find room.
  void MergeAround(std::uint64_t element);
  void DropFirst();
  void DropLast();

  ListIndex index_;
};

}  // namespace crdt
