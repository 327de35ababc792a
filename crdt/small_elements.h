// The elements of a small collection in a single block of memory: no allocation, no pointer and no
// full stamp for each.
//
//   block:   head · elements, one behind the other · … · bytes of the names' hashes · sizes
//   element: name size and bit 0 of the stamp's form (1 byte) · kind of the value and bit 1 of the
//            stamp's form (1 byte) · name · stamp (0, 3, 5 or 8 bytes) · value
//
// A stamp is stored as its distance from the block's first one: nothing for what one command wrote,
// and little for what one writer wrote soon after. The kind of a value is the size of its text; or
// 64 and a size, of the integer whose decimal text it is (1 to 7 bytes) or of a plain counter (16
// bytes).
//
// They stand in the order in which they were added, until somebody moves them. A name is looked for
// in the hashes, eight at a time; where an element begins is the sum of the sizes before it (a byte
// each), eight at a time too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "crdt/cache_line.h"
#include "crdt/packed_value.h"
#include "crdt/stamp.h"

namespace crdt {

class SmallElements {
 public:
  static constexpr std::size_t kMost = 128;
  static constexpr std::size_t kMostBytes = 64;  // Of a name, and of a text.

  // One of them, or none. Valid until anything is changed.
  class Entry {
   public:
    Entry() = default;

    explicit operator bool() const { return at_ != nullptr; }
    std::string_view name() const { return {at_ + kHeadBytes, name_size()}; }
    bool is_counter() const { return kind() == kCounterKind; }
    // Of the assignment; of a counter, the start of its lineage.
    Stamp stamp() const;
    // REQUIRES: is_counter().
    PackedCounter counter() const {
      PackedCounter counter;
      std::memcpy(&counter, value(), sizeof counter);
      return counter;
    }
    // Texts of integers are stored as such.
    bool is_integer() const { return kind() > kMostBytes && !is_counter(); }
    // REQUIRES: is_integer().
    std::int64_t integer() const;
    // REQUIRES: it is neither of these.
    std::string_view text() const { return {value(), value_size()}; }
    // The view is into the block or into `scratch`.
    PackedValue packed(std::string& scratch) const;

    // How many stand before it.
    std::size_t place() const { return place_; }
    // The one behind it. REQUIRES: there is one.
    Entry Next() const { return {at_ + size(), base_, place_ + 1}; }

    bool operator==(const Entry& other) const { return at_ == other.at_; }

   private:
    friend class SmallElements;
    Entry(const char* at, std::uint64_t base, std::size_t place)
        : at_(at), base_(base), place_(place) {}

    std::size_t name_size() const { return static_cast<unsigned char>(*at_) & kSizeMask; }
    std::size_t kind() const { return static_cast<unsigned char>(at_[1]) & kSizeMask; }
    std::size_t value_size() const {
      const std::size_t size = kind();
      return size > kMostBytes ? size - kMostBytes : size;
    }
    std::size_t stamp_size() const {
      const unsigned form = static_cast<unsigned char>(*at_) >> 7 |
                            static_cast<unsigned>(static_cast<unsigned char>(at_[1]) >> 7) << 1;
      return kStampBytes[form];
    }
    const char* value() const { return at_ + kHeadBytes + name_size() + stamp_size(); }
    std::size_t size() const { return kHeadBytes + name_size() + stamp_size() + value_size(); }

    const char* at_ = nullptr;
    std::uint64_t base_ = 0;
    std::size_t place_ = 0;
  };

  SmallElements() = default;
  SmallElements(SmallElements&& other) noexcept { std::swap(block_, other.block_); }
  SmallElements& operator=(SmallElements&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SmallElements() { clear(); }

  // --- Questions ---------------------------------------------------------------------------------
  std::size_t size() const { return block_ == nullptr ? 0 : block_->count; }
  Entry Find(std::string_view name) const;
  // REQUIRES: place < size().
  Entry At(std::size_t place) const { return {Begin() + OffsetOf(place), block_->base, place}; }
  // The one before it. REQUIRES: there is one.
  Entry Before(const Entry& entry) const {
    const std::size_t place = entry.place_ - 1;
    return {entry.at_ - Sizes()[place], entry.base_, place};
  }
  template <class Visit>
  void ForEach(Visit visit) const {
    if (block_ == nullptr) return;
    Entry entry(Begin(), block_->base, 0);
    for (std::size_t count = block_->count; count > 0; --count, entry = entry.Next()) visit(entry);
  }
  // There is room for a further one, or `found` is replaced; and neither is too long.
  bool Takes(const Entry& found, std::string_view name, const PackedValue& value) const {
    return name.size() <= kMostBytes && value.text.size() <= kMostBytes &&
           (found || size() < kMost);
  }
  std::size_t memory_bytes() const { return block_ == nullptr ? 0 : block_->capacity; }
  // Fetch into the cache what Find() looks at: the head first and, when that has arrived, the rest.
  void PrefetchHead() const {
    if (block_ != nullptr) FetchLine(block_);
  }
  void PrefetchIndex() const {
    if (block_ != nullptr) FetchLine(Hashes());
  }

  // --- Changes -----------------------------------------------------------------------------------
  // No view that is given may be into the block.
  // In the place of `found`, or behind all where that is none. REQUIRES: Takes() them.
  void Put(const Entry& found, std::string_view name, const PackedValue& value);
  // REQUIRES: the same counter's lineage stands there.
  void SetCounter(const Entry& found, const PackedCounter& counter) {
    std::memcpy(const_cast<char*>(found.value()), &counter, sizeof counter);
  }
  void Erase(const Entry& found);
  // Lets the one at `from` stand at `to`, and those in between one place nearer to where it was.
  void Move(std::size_t from, std::size_t to);
  // Orders them by their places so far. REQUIRES: `places` has each once.
  void Arrange(std::span<const std::size_t> places);
  void clear();

 private:
  // By form: the first stamp; ticks of its writer, for two seconds and for 37 hours; any stamp.
  static constexpr std::array<std::uint8_t, 4> kStampBytes = {0, 3, 5, 8};
  static constexpr std::size_t kHeadBytes = 2;
  static constexpr std::size_t kSizeMask = 0x7f;
  static constexpr std::size_t kCounterKind = kMostBytes + sizeof(PackedCounter);

  // For so many more elements is room made in the index.
  static constexpr std::size_t kIndexStep = 8;
  static constexpr std::size_t kIndexBytes = 2;  // Of an element: its name's hash and its size.

  struct Plan;
  struct Block {
    std::uint16_t capacity;  // With this head.
    std::uint16_t used;      // By elements.
    std::uint16_t count;
    std::uint16_t room;  // So many can be in the index.
    std::uint64_t base;
  };
  static constexpr std::size_t kMostElementBytes =
      kHeadBytes + kMostBytes + sizeof(Stamp) + kMostBytes;
  static_assert(kMostElementBytes <= 0xff);
  // With what an allocator may add.
  static_assert(kMost * (kMostElementBytes + kIndexBytes) * 3 / 2 < 0xffff);

  char* Begin() const { return reinterpret_cast<char*>(block_ + 1); }
  char* End() const { return reinterpret_cast<char*>(block_) + block_->capacity; }
  std::uint8_t* Sizes() const { return reinterpret_cast<std::uint8_t*>(End()) - block_->room; }
  std::uint8_t* Hashes() const { return Sizes() - block_->room; }
  std::size_t BytesFor(std::size_t used, std::size_t room) const {
    return sizeof(Block) + used + room * kIndexBytes;
  }
  // Where it begins, or where the last one ends.
  std::size_t OffsetOf(std::size_t place) const;
  // Returns the offset of an element of so many bytes, whose contents are open.
  std::size_t Append(std::string_view name, std::size_t size, Stamp base);
  // Makes the `old_size` bytes from `offset` on to `new_size` bytes, whose contents are open; the
  // index stays as it is.
  void Resize(std::size_t offset, std::size_t old_size, std::size_t new_size);
  // A block for so many bytes of elements and so many of them.
  void Rebuild(std::size_t used, std::size_t room);

  Block* block_ = nullptr;
};

}  // namespace crdt
