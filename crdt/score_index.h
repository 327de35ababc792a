// The order of a sorted set: its members by score, then by name.
//
// A counted B+-tree (Comer, "The Ubiquitous B-Tree", 1979): leaves are arrays of scores with
// pointers to the element cells, inner nodes know how many entries stand below each child, so that
// rank, n-th and range take O(log n) steps. Leaves grow in small steps and are nearly full: about
// 18 bytes an element.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "crdt/element_table.h"

namespace crdt {

class ScoreIndex {
 public:
  using Cell = ElementTable::Table::Cell;

  struct Entry {
    double score;
    const Cell* cell;  // Of the element; it outlives the entry.
  };

 private:
  struct Node;
  struct Child {
    Entry first;  // The first entry below.
    std::uint64_t size;
    std::unique_ptr<Node> node;
  };
  // A leaf has entries, an inner node children; only the leaf that is the root may have none.
  struct Node {
    std::vector<Entry> entries;
    std::vector<Child> children;
    bool is_leaf() const { return children.empty(); }
  };

 public:
  // A place in the order. Valid until the index changes.
  class Cursor {
   public:
    // REQUIRES: not gone beyond either end.
    const Entry& entry() const { return leaf_->entries[place_]; }
    // One step; REQUIRES: there is such an entry.
    void Next();
    void Previous();

   private:
    friend class ScoreIndex;
    struct Step {
      const Node* node;
      std::size_t child;
    };
    // Sixteen levels of half-full nodes are more than memory can hold.
    static constexpr std::size_t kMostLevels = 16;

    void Descend(const Node* node, bool to_front);

    std::array<Step, kMostLevels> path_;
    std::size_t depth_ = 0;
    const Node* leaf_ = nullptr;
    std::size_t place_ = 0;
  };

  // --- Questions ---------------------------------------------------------------------------------
  std::uint64_t size() const { return size_; }
  // How many entries, from the first one on, answer true to `before`. REQUIRES: behind the first
  // that answers false all do.
  template <class Before>
  std::uint64_t CountWhile(Before before) const {
    if (root_ == nullptr) return 0;
    std::uint64_t count = 0;
    const Node* node = root_.get();
    while (!node->is_leaf()) {
      const std::vector<Child>& children = node->children;
      std::size_t at = Partition(children, [&](const Child& child) { return before(child.first); });
      if (at > 0) --at;
      for (std::size_t i = 0; i < at; ++i) count += children[i].size;
      node = children[at].node.get();
    }
    return count + Partition(node->entries, before);
  }
  // REQUIRES: rank < size().
  Cursor At(std::uint64_t rank) const;
  std::size_t memory_bytes() const;

  // --- Changes -----------------------------------------------------------------------------------
  // REQUIRES: no entry of that name.
  void Insert(double score, const Cell* cell);
  // The entry of `cell`, which is not looked at: it may be gone. REQUIRES: there is one, with this
  // score and name.
  void Erase(double score, std::string_view name, const Cell* cell);
  // As Erase, of an element whose cell has moved to `fresh`.
  void Replace(double score, std::string_view name, const Cell* cell, const Cell* fresh);
  void clear() {
    root_.reset();
    size_ = 0;
  }

 private:
  // What is looked for: entries are compared by score and name, `cell` only by its address.
  struct Wanted {
    double score;
    std::string_view name;
    const Cell* cell;
  };
  static bool IsBefore(const Entry& entry, const Wanted& wanted);
  static bool IsAfter(const Entry& entry, const Wanted& wanted);

  // The number of leading elements of a sorted `list` for which `before` holds.
  template <class List, class Before>
  static std::size_t Partition(const List& list, Before before) {
    std::size_t begin = 0;
    std::size_t size = list.size();
    while (size > 0) {
      const std::size_t half = size / 2;
      if (before(list[begin + half])) {
        begin += half + 1;
        size -= half + 1;
      } else {
        size = half;
      }
    }
    return begin;
  }

  static std::size_t ChildOf(const Node& node, const Wanted& wanted);
  static const Entry& FirstOf(const Node& node);
  static std::uint64_t SizeOf(const Node& node);
  static std::unique_ptr<Node> InsertInto(Node& node, const Wanted& wanted, bool rightmost);
  static std::unique_ptr<Node> InsertIntoLeaf(Node& leaf, const Wanted& wanted, bool rightmost);
  static void EraseFrom(Node& node, const Wanted& wanted);
  static void MendChild(Node& node, std::size_t at);
  static void Merge(Node& node, std::size_t left);
  static std::size_t MemoryOf(const Node& node);

  std::unique_ptr<Node> root_;
  std::uint64_t size_ = 0;
};

}  // namespace crdt
