// Up to a hundred entries of a stream in one piece of memory.
//
//   names of the first entry's fields · entries
//
//   entry: what follows (u8) · [ms] · [sequence] · stamp · fields
//
// Everything is relative to the entry before; the key of the first one stands beside the bytes, so
// that entries can be dropped at the front without a change of those behind. The bytes stay in this
// process: states and effects have forms of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "crdt/stream_entries.h"

namespace crdt {

class StreamBlock {
 public:
  // Of one entry.
  explicit StreamBlock(const EntryView& entry);
  StreamBlock(const StreamBlock&) = delete;
  StreamBlock& operator=(const StreamBlock&) = delete;
  ~StreamBlock() { std::free(data_); }

  std::size_t size() const { return count_; }
  const EntryKey& first() const { return first_; }
  const EntryKey& last() const { return last_; }
  // Bit n: an entry of region n is, or was, here.
  std::uint32_t regions() const { return regions_; }
  bool HasSpaceFor(const EntryView& entry) const;
  std::size_t memory_bytes() const;

  // REQUIRES: the key is greater than last(). Where there is little space the memory grows.
  void Append(const EntryView& entry);
  // REQUIRES: 0 < count < size().
  void DropFront(std::size_t count);
  // No more is going to be appended: gives back what is not in use.
  void Shrink();

  // Goes through the entries in their order.
  class Reader {
   public:
    explicit Reader(const StreamBlock& block);
    bool Next();
    const EntryView& entry() const { return entry_; }
    // Where the entry after the present one begins.
    const char* position() const { return in_.position(); }

   private:
    const StreamBlock& block_;
    std::size_t left_;
    ByteReader in_;
    EntryView entry_;
  };

 private:
  friend class Reader;

  void Reserve(std::size_t bytes);
  bool SharesNames(const EntryView& entry) const;

  EntryKey first_;
  EntryKey last_;
  std::uint32_t regions_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t shared_count_ = 0;  // Of the names that entries may share, and their bytes.
  std::uint32_t names_size_ = 0;
  std::uint32_t begin_ = 0;  // Of the first entry.
  std::uint32_t end_ = 0;
  std::uint32_t capacity_ = 0;
  char* data_ = nullptr;
};

}  // namespace crdt
