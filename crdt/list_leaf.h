// A run of neighbouring elements of a list, packed into one block of memory that grows at both
// ends.
//
// The bytes are body hop body … hop body (list_element.h), and the first and the last element's
// root child stand in the block's head: putting something to either end and taking the first
// element cost the same however many there are. Hops lead one way: taking the last element goes
// through the block, and leaves a mark on the way from which the next ones are near.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "crdt/list_element.h"

namespace crdt {

class ListLeaf {
 public:
  // A leaf with more is split. Bounds what going through a leaf takes.
  static constexpr std::uint32_t kMostElements = 128;
  // Of the elements; a single element may be longer. With the block's head 2048, which the
  // allocator has a size for.
  static constexpr std::size_t kMostBytes = 1968;

  // Goes through the elements. Valid until the next change of the leaf.
  class Cursor {
   public:
    Cursor(const char* body, const ListRoot& root, std::uint32_t left)
        : body_(body), root_(root), left_(left) {}
    bool at_end() const { return left_ == 0; }
    ListElementView element() const { return {root_, body_}; }
    void Next() {
      if (--left_ == 0) return;
      body_ += ListBodySize(body_);
      body_ += TakeListHop(body_, root_);
    }

   private:
    const char* body_;
    ListRoot root_;
    std::uint32_t left_;
  };

  ListLeaf() = default;
  ListLeaf(ListLeaf&&) = default;
  ListLeaf& operator=(ListLeaf&&) = default;

  std::uint32_t size() const { return block_ == nullptr ? 0 : block_->count; }
  bool empty() const { return size() == 0; }
  std::size_t memory_bytes() const;
  std::size_t used_bytes() const { return block_ == nullptr ? 0 : block_->end - block_->begin; }
  // An element whose body takes so many bytes has a place here.
  bool HasRoom(std::size_t body_bytes) const;
  // REQUIRES: not empty.
  ListElementView first() const { return {block_->first, block_->bytes() + block_->begin}; }
  ListElementView last() const { return {block_->last, block_->bytes() + block_->last_body}; }
  Cursor begin() const;
  // REQUIRES: index < size().
  Cursor At(std::uint32_t index) const;

  // Makes room at that end for as much as `neighbour` holds: it will most probably be needed.
  // REQUIRES: empty.
  void ReserveBehind(const ListLeaf& neighbour);
  void ReserveBefore(const ListLeaf& neighbour);
  // REQUIRES: it stands behind (before) all that are here.
  void Append(const ListRoot& root, const ListBody& body);
  void Prepend(const ListRoot& root, const ListBody& body);
  // REQUIRES: not empty.
  void PopFront();
  void PopBack();
  // Gives back what is not used, where that is worth it: the leaf is not at an end of its list any
  // more.
  void Shrink();

 private:
  struct Block {
    std::uint32_t capacity;  // Of the bytes behind the head.
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t last_body;
    ListRoot first;
    ListRoot last;
    std::uint32_t count;
    std::uint32_t behind_mark;  // Elements behind the mark; 0: there is none.
    std::uint32_t mark_body;
    ListRoot mark;

    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  };
  static_assert(sizeof(Block) + kMostBytes == 2048);
  struct Free {
    void operator()(Block* block) const;
  };

  // Moves the bytes to a block of that size, with what is free behind or before them.
  void Resize(std::size_t capacity, std::size_t begin);
  // Makes room for `size` bytes at that end.
  void MakeRoomBehind(std::size_t size);
  void MakeRoomBefore(std::size_t size);
  // Moves the bytes inside of the block.
  void MoveTo(std::size_t begin);

  std::unique_ptr<Block, Free> block_;
};

}  // namespace crdt
