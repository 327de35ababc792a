// The leaves of a list in order: a B+-tree that counts the elements below each branch.
//
// An element is found by its number or by its place in O(log n). What is at an end is reached
// through as many branches as the tree is high: none in a small list, four in a list of a hundred
// million. There is no pointer per element.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "crdt/list_leaf.h"

namespace crdt {

class ListIndex {
 public:
  // One leaf and the way to it. Valid until a leaf is added or removed.
  class Spot;

  ListIndex() = default;
  ListIndex(ListIndex&& other) noexcept;
  ListIndex& operator=(ListIndex&& other) noexcept;
  ~ListIndex() { clear(); }

  std::uint64_t size() const { return size_; }
  std::size_t memory_bytes() const;

  // REQUIRES, all of them: not empty.
  const ListLeaf& first_leaf() const;
  const ListLeaf& last_leaf() const;
  Spot First() const;
  Spot Last() const;
  // The leaf that holds element `index`, which is made its number in the leaf.
  Spot Find(std::uint64_t& index) const;
  // The last leaf that begins at or before `place`; the first one where there is none.
  Spot Find(const ListPlace& place) const;

  // Puts a leaf that is not empty to an end, or right behind the spot's.
  void PushFront(ListLeaf leaf);
  void PushBack(ListLeaf leaf);
  void InsertBehind(const Spot& spot, ListLeaf leaf);
  // The spot's leaf has got or lost elements.
  void Recount(const Spot& spot, std::int64_t more);
  void Remove(const Spot& spot);
  void clear();

 private:
  static constexpr int kFanOut = 32;
  // 32 to the seventh leaves.
  static constexpr int kMostHeight = 8;

  struct Branch;
  union Child {
    ListLeaf* leaf;
    Branch* branch;
  };
  struct Branch {
    int size = 0;
    std::array<std::uint64_t, kFanOut> counts;
    std::array<Child, kFanOut> children;
  };

  static std::uint64_t CountOf(const Branch& branch);
  static void Free(Child child, int height);
  static std::size_t MemoryOf(Child child, int height);
  static const ListLeaf& FirstLeafOf(Child child, int height);
  void Descend(Spot& spot, bool to_last) const;
  // Puts a leaf before (behind = 0) or behind (1) the spot's.
  void Insert(const Spot& spot, int behind, ListLeaf leaf);
  // Answers the new branch behind this one where it was full; null otherwise.
  static Branch* InsertChild(Branch& branch, int slot, Child child, std::uint64_t count);

  std::uint64_t size_ = 0;
  int height_ = 0;  // Branches above each leaf.
  Child root_{.leaf = nullptr};
};

class ListIndex::Spot {
 public:
  ListLeaf& leaf() const { return *leaf_; }
  // Elements before this leaf.
  std::uint64_t before() const { return before_; }
  // Moves to the next (previous) leaf; false where there is none.
  bool Next();
  bool Previous();

 private:
  friend class ListIndex;
  struct Step {
    Branch* branch;
    int slot;
  };

  std::array<Step, kMostHeight> way_;
  int height_ = 0;
  ListLeaf* leaf_ = nullptr;
  std::uint64_t before_ = 0;
};

}  // namespace crdt
