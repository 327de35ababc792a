// An open-addressing table of cells: a name and its value in one allocation.
//
// A slot is 8 bytes: a pointer and 21 bits of the name's hash. Slots are probed linearly and kept
// in the order of their hashes (Celis, "Robin Hood Hashing", 1986), which gives deletion without
// tombstones, and a scan order that growing and shrinking keep: a cursor is a position in hash
// space.
//
// Each table spreads the hashes by a seed of its own. Two tables of one order are a trap: who fills
// one while walking through the other fills a part of it far beyond what it has space for.
//
// A value that is one stamped text, or one plain counter, is packed into the cell; any other is a
// `Full` object that the cell owns. `Full` needs FromPacked(PackedValue).
//
// Cells remember when they were last used, by a clock that the table is given: 24 bits of seconds,
// which go round in 194 days. That is no part of the value, so that a cell of a table which must
// not change may be marked.
#pragma once

#include <malloc.h>
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/cache_line.h"
#include "crdt/packed_value.h"
#include "crdt/result.h"
#include "crdt/stamp.h"

namespace crdt {

template <class Full>
class CellTable {
 public:
  class Cell {
   public:
    std::string_view name() const {
      if (name_size_ != kLongName) [[likely]]
        return {Data(), name_size_};
      std::uint64_t size = 0;
      std::memcpy(&size, Data(), sizeof size);
      return {Data() + sizeof size, size};
    }
    bool is_packed() const { return kind_ != kFull; }
    bool is_text() const { return kind_ == kText; }
    bool is_counter() const { return kind_ == kCounter; }
    // REQUIRES: is_packed(). The view is into the cell.
    PackedValue packed() const {
      const Stamp stamp = Stamp::FromValue(word_);
      if (is_counter()) return {.stamp = stamp, .text = {}, .counts = true, .counter = counter()};
      return {.stamp = stamp, .text = text()};
    }
    // REQUIRES: is_text().
    Stamp text_stamp() const { return Stamp::FromValue(word_); }
    std::string_view text() const { return {PackedBytes(), text_size_}; }
    // REQUIRES: is_counter().
    Stamp counter_start() const { return Stamp::FromValue(word_); }
    PackedCounter counter() const {
      PackedCounter counter;
      std::memcpy(&counter, PackedBytes(), sizeof counter);
      return counter;
    }
    void set_counter(const PackedCounter& counter) {
      std::memcpy(PackedBytes(), &counter, sizeof counter);
    }
    // REQUIRES: !is_packed().
    const Full& full() const { return *reinterpret_cast<const Full*>(word_); }
    Full& full() { return *reinterpret_cast<Full*>(word_); }

   private:
    friend class CellTable;
    // What word_ and the bytes behind the name are.
    enum Kind : std::uint64_t { kText, kCounter, kFull };
    static constexpr int kNameBits = 16;
    static constexpr int kTextBits = 22;
    static constexpr int kClockBits = 24;
    static_assert(PackedValue::kMostTextBytes < std::size_t{1} << kTextBits);
    static constexpr std::uint64_t kLongName = (1 << kNameBits) - 1;

    const char* Data() const { return reinterpret_cast<const char*>(this + 1); }
    char* Data() { return reinterpret_cast<char*>(this + 1); }
    const char* PackedBytes() const { return name().data() + name().size(); }
    char* PackedBytes() { return const_cast<char*>(std::as_const(*this).PackedBytes()); }

    std::uint64_t name_size_ : kNameBits = 0;  // kLongName: the size is in 8 bytes before the name.
    std::uint64_t kind_ : 2 = kText;
    std::uint64_t text_size_ : kTextBits = 0;
    mutable std::uint64_t used_ : kClockBits = 0;  // When, by the table's clock.
    std::uint64_t word_ = 0;  // Stamp of what is packed, or pointer to the owned Full.
  };

  CellTable() = default;
  explicit CellTable(std::uint64_t seed) : spread_(SpreadOf(seed)) {}
  CellTable(CellTable&& other) noexcept { Swap(other); }
  CellTable& operator=(CellTable&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~CellTable() { clear(); }

  static std::uint64_t Hash(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

  // --- Questions ---------------------------------------------------------------------------------
  std::size_t size() const { return size_; }
  const Cell* Find(std::string_view name) const { return Find(name, Hash(name)); }
  const Cell* Find(std::string_view name, std::uint64_t hash) const {
    const std::size_t at = IndexOf(name, hash);
    return at == kNowhere ? nullptr : CellAt(at);
  }
  Cell* Find(std::string_view name) { return Find(name, Hash(name)); }
  Cell* Find(std::string_view name, std::uint64_t hash) {
    const std::size_t at = IndexOf(name, hash);
    return at == kNowhere ? nullptr : CellAt(at);
  }

  // Fetches into the cache what Find() will look at: the slot first and, when that has arrived, the
  // cell.
  void PrefetchSlot(std::uint64_t hash) const {
    if (slots_ != nullptr) FetchLine(&slots_[PlaceOf(hash) >> (64 - bits_)]);
  }
  // Returns the cell that it most probably is.
  const Cell* PrefetchCell(std::uint64_t hash) const {
    if (slots_ == nullptr) return nullptr;
    const std::uint64_t place = PlaceOf(hash);
    const std::uint64_t tag = TagOf(place);
    for (std::size_t i = place >> (64 - bits_); slots_[i] != 0; ++i) {
      const std::uint64_t slot_tag = slots_[i] >> kPointerBits;
      if (slot_tag < tag) continue;
      if (slot_tag > tag) return nullptr;
      const Cell* const cell = CellOf(slots_[i]);
      FetchLine(cell);
      FetchLine(reinterpret_cast<const char*>(cell) + kCacheLine);
      return cell;
    }
    return nullptr;
  }

  // In the order of the hashes. The table must not change meanwhile.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (std::size_t i = 0; i < Slots(); ++i) {
      if (slots_[i] != 0) visit(static_cast<const Cell&>(*CellAt(i)));
    }
  }

  // Visits about `count` cells from `cursor` (0 at first) and returns the next cursor, 0 at the
  // end. A cell that is there all the while is visited at least once, also when the table grows or
  // shrinks in between. Cursors are below 2^48.
  template <class Visit>
  std::uint64_t Scan(std::uint64_t cursor, std::uint64_t count, Visit visit) const {
    if (slots_ == nullptr) return 0;
    const std::uint64_t first_home = cursor >> (kCursorBits - bits_);
    std::uint64_t visited = 0;
    std::uint64_t last_home = 0;
    for (std::size_t i = first_home; i < Slots(); ++i) {
      if (slots_[i] == 0) continue;
      const std::uint64_t home = HomeOf(i);
      if (home < first_home) continue;
      if (visited >= count && home != last_home) return home << (kCursorBits - bits_);
      visit(static_cast<const Cell&>(*CellAt(i)));
      last_home = home;
      ++visited;
    }
    return 0;
  }

  // A uniformly drawn cell; null where there is none. `dice` yields random 64-bit words.
  template <class Dice>
  const Cell* Random(Dice& dice) const {
    if (size_ == 0) return nullptr;
    for (;;) {
      const std::size_t at = dice() % Slots();
      if (slots_[at] != 0) return CellAt(at);
    }
  }

  // How long the cell was not used: in 194 days it goes round.
  std::uint32_t IdleSeconds(const Cell& cell) const { return (clock_ - cell.used_) & kClockMask; }
  // The cell is used now.
  void MarkUsed(const Cell& cell) const {
    // Most cells that are used are used again within the second: no line of memory gets dirty.
    if (cell.used_ != clock_) cell.used_ = clock_;
  }
  // The cell was last used so long ago, but no longer than is remembered.
  void MarkIdle(const Cell& cell, std::uint64_t seconds) const {
    cell.used_ = (clock_ - std::min<std::uint64_t>(seconds, kClockMask)) & kClockMask;
  }

  // Bytes of slots and cells, as the allocator counts them; what Full objects own is not counted.
  std::size_t memory_bytes() const {
    std::size_t bytes = Slots() * sizeof(std::uint64_t);
    ForEach([&bytes](const Cell& cell) {
      bytes += malloc_usable_size(const_cast<Cell*>(&cell));
      if (!cell.is_packed()) bytes += sizeof(Full);
    });
    return bytes;
  }

  // --- Changes -----------------------------------------------------------------------------------
  // Seconds from any beginning. A new cell counts as used now; one that changes keeps when it was.
  void SetClock(std::uint64_t seconds) {
    clock_ = static_cast<std::uint32_t>(seconds & kClockMask);
  }

  // Inserts or overwrites, whatever was there. The text may be that of the cell's own Full.
  // REQUIRES: not more than PackedValue::kMostTextBytes of text.
  void PutPacked(std::string_view name, std::uint64_t hash, const PackedValue& value) {
    const std::size_t at = IndexOf(name, hash);
    if (at == kNowhere) {
      Insert(NewCell(name, value, clock_), hash);
      return;
    }
    Cell* cell = CellAt(at);
    const std::size_t need = sizeof(Cell) + BytesOf(name) + BytesOf(value);
    const std::size_t has = malloc_usable_size(cell);
    if (!cell->is_packed() || need > has || need < has / 2) {
      Cell* fresh = NewCell(name, value, cell->used_);
      Free(cell);
      slots_[at] = SlotOf(fresh, slots_[at] >> kPointerBits);
      return;
    }
    Store(*cell, value);
  }

  // The cell's Full; made from what is packed, or empty where there was no such cell.
  Full& Unpack(std::string_view name, std::uint64_t hash) {
    const std::size_t at = IndexOf(name, hash);
    if (at == kNowhere) {
      Cell* cell = NewCell(name, {}, clock_);
      Own(*cell, std::make_unique<Full>());
      Insert(cell, hash);
      return cell->full();
    }
    Cell* cell = CellAt(at);
    if (cell->is_packed()) {
      auto full = std::make_unique<Full>(Full::FromPacked(cell->packed()));
      Cell* fresh = NewCell(name, {}, cell->used_);
      std::free(cell);
      slots_[at] = SlotOf(fresh, slots_[at] >> kPointerBits);
      Own(*fresh, std::move(full));
      cell = fresh;
    }
    return cell->full();
  }

  bool Erase(std::string_view name, std::uint64_t hash) {
    const std::size_t at = IndexOf(name, hash);
    if (at == kNowhere) return false;
    Free(CellAt(at));
    // Those behind move one back, up to the first that stands at home.
    std::size_t end = at + 1;
    while (end < Slots() && slots_[end] != 0 && HomeOf(end) != end) ++end;
    std::memmove(&slots_[at], &slots_[at + 1], (end - at - 1) * sizeof(std::uint64_t));
    slots_[end - 1] = 0;
    --size_;
    if (size_ == 0) {
      clear();
    } else if (bits_ > kLeastBits && size_ * 8 < (std::size_t{1} << bits_)) {
      Rebuild(bits_ - 1);
    }
    return true;
  }

  void clear() {
    for (std::size_t i = 0; i < Slots(); ++i) {
      if (slots_[i] != 0) Free(CellAt(i));
    }
    std::free(slots_);
    slots_ = nullptr;
    size_ = 0;
    bits_ = 0;
  }

 private:
  static constexpr std::size_t kNowhere = ~std::size_t{0};
  static constexpr std::size_t kCacheLine = 64;
  // Addresses of the user's half have 47 bits, and the allocator gives multiples of 16. The rest is
  // the tag: up to two million slots it orders them without a look at the cells.
  static constexpr int kAlignmentBits = 4;
  static constexpr int kPointerBits = 47 - kAlignmentBits;
  static constexpr int kTagBits = 64 - kPointerBits;
  static constexpr std::uint64_t kPointerMask = (std::uint64_t{1} << kPointerBits) - 1;
  static constexpr int kLeastBits = 2;
  static constexpr int kCursorBits = 48;
  static constexpr std::uint32_t kClockMask = (std::uint32_t{1} << Cell::kClockBits) - 1;

  // Slots behind the last home, so that probing need not wrap around: the whole array is sorted.
  static std::size_t Slack(int bits) { return bits < 4 ? 4 : static_cast<std::size_t>(bits) * 16; }
  std::size_t Slots() const {
    return slots_ == nullptr ? 0 : (std::size_t{1} << bits_) + Slack(bits_);
  }
  static std::uint64_t SlotOf(const Cell* cell, std::uint64_t tag) {
    static_assert(alignof(std::max_align_t) >= std::size_t{1} << kAlignmentBits);
    return tag << kPointerBits | reinterpret_cast<std::uint64_t>(cell) >> kAlignmentBits;
  }
  static Cell* CellOf(std::uint64_t slot) {
    return reinterpret_cast<Cell*>((slot & kPointerMask) << kAlignmentBits);
  }
  Cell* CellAt(std::size_t at) const { return CellOf(slots_[at]); }
  // An odd factor (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
  static std::uint64_t SpreadOf(std::uint64_t seed) {
    seed += 0x9e3779b97f4a7c15U;
    seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9U;
    seed = (seed ^ seed >> 27) * 0x94d049bb133111ebU;
    return (seed ^ seed >> 31) | 1;
  }
  // A hash as this table orders them: its place.
  std::uint64_t PlaceOf(std::uint64_t hash) const { return hash * spread_; }
  static std::uint64_t TagOf(std::uint64_t place) { return place >> kPointerBits; }
  std::uint64_t Home(std::uint64_t slot, int bits) const {
    if (bits <= kTagBits) return slot >> (64 - bits);
    return PlaceOf(Hash(CellOf(slot)->name())) >> (64 - bits);
  }
  std::uint64_t HomeOf(std::size_t at) const { return Home(slots_[at], bits_); }

  std::size_t IndexOf(std::string_view name, std::uint64_t hash) const {
    if (slots_ == nullptr) return kNowhere;
    const std::uint64_t place = PlaceOf(hash);
    const std::uint64_t tag = TagOf(place);
    for (std::size_t i = place >> (64 - bits_);; ++i) {
      const std::uint64_t slot = slots_[i];
      const std::uint64_t slot_tag = slot >> kPointerBits;
      if (slot == 0 || slot_tag > tag) return kNowhere;
      if (slot_tag == tag && CellOf(slot)->name() == name) return i;
    }
  }

  static bool IsLong(std::string_view name) { return name.size() >= Cell::kLongName; }
  // Of a name in its cell, and of a value there.
  static std::size_t BytesOf(std::string_view name) {
    return name.size() + (IsLong(name) ? sizeof(std::uint64_t) : 0);
  }
  static std::size_t BytesOf(const PackedValue& value) {
    return value.counts ? sizeof(PackedCounter) : value.text.size();
  }

  static Cell* NewCell(std::string_view name, const PackedValue& value, std::uint64_t used) {
    void* memory = std::malloc(sizeof(Cell) + BytesOf(name) + BytesOf(value));
    if (memory == nullptr) throw std::bad_alloc();
    Cell* cell = new (memory) Cell;
    cell->used_ = used & kClockMask;
    char* data = cell->Data();
    if (IsLong(name)) {
      const std::uint64_t size = name.size();
      cell->name_size_ = Cell::kLongName;
      std::memcpy(data, &size, sizeof size);
      data += sizeof size;
    } else {
      cell->name_size_ = name.size() & Cell::kLongName;
    }
    if (!name.empty()) std::memcpy(data, name.data(), name.size());
    Store(*cell, value);
    return cell;
  }

  // REQUIRES: the cell has the space and owns no Full.
  static void Store(Cell& cell, const PackedValue& value) {
    cell.word_ = value.stamp.value();
    if (value.counts) {
      cell.kind_ = Cell::kCounter;
      cell.set_counter(value.counter);
      return;
    }
    cell.kind_ = Cell::kText;
    cell.text_size_ = value.text.size() & PackedValue::kMostTextBytes;
    if (value.text.empty()) return;
    std::memmove(cell.PackedBytes(), value.text.data(), value.text.size());
  }

  static void Own(Cell& cell, std::unique_ptr<Full> full) {
    cell.kind_ = Cell::kFull;
    cell.word_ = reinterpret_cast<std::uint64_t>(full.release());
  }

  static void Free(Cell* cell) {
    if (!cell->is_packed()) delete &cell->full();
    std::free(cell);
  }

  // REQUIRES: no cell of that name.
  void Insert(Cell* cell, std::uint64_t hash) {
    if (slots_ == nullptr) {
      Rebuild(kLeastBits);
    } else if ((size_ + 1) * 5 > (std::size_t{4} << bits_)) {
      Rebuild(bits_ + 1);
    }
    const std::uint64_t place = PlaceOf(hash);
    while (!Put(SlotOf(cell, TagOf(place)), place)) Rebuild(bits_ + 1);
    ++size_;
  }

  // False: the slack behind the last home is used up.
  bool Put(std::uint64_t slot, std::uint64_t place) {
    const std::uint64_t home = place >> (64 - bits_);
    const std::uint64_t tag = TagOf(place);
    std::size_t at = home;
    const std::size_t end = Slots() - 1;  // The last slot stays empty: probing ends there.
    while (at < end && slots_[at] != 0) {
      const std::uint64_t other = slots_[at] >> kPointerBits;
      if (other > tag || (other == tag && bits_ > kTagBits && HomeOf(at) > home)) break;
      ++at;
    }
    std::size_t free = at;
    while (free < end && slots_[free] != 0) ++free;
    if (free >= end) return false;
    std::memmove(&slots_[at + 1], &slots_[at], (free - at) * sizeof(std::uint64_t));
    slots_[at] = slot;
    return true;
  }

  void Rebuild(int bits) {
    std::uint64_t* const old = slots_;
    const std::size_t old_slots = Slots();
    for (;; ++bits) {
      bits_ = bits;
      slots_ = static_cast<std::uint64_t*>(
          std::calloc((std::size_t{1} << bits) + Slack(bits), sizeof(std::uint64_t)));
      if (slots_ == nullptr) throw std::bad_alloc();
      if (Refill(old, old_slots)) break;
      std::free(slots_);
    }
    std::free(old);
  }

  bool Refill(const std::uint64_t* old, std::size_t old_slots) {
    const std::size_t end = Slots() - 1;
    std::size_t next = 0;
    for (std::size_t i = 0; i < old_slots; ++i) {
      if (old[i] == 0) continue;
      if (bits_ > kTagBits) {
        // The tag alone does not order them any more.
        if (!Put(old[i], PlaceOf(Hash(CellOf(old[i])->name())))) return false;
        continue;
      }
      const std::size_t at = std::max<std::size_t>(next, Home(old[i], bits_));
      if (at >= end) return false;
      slots_[at] = old[i];
      next = at + 1;
    }
    return true;
  }

  void Swap(CellTable& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(size_, other.size_);
    std::swap(bits_, other.bits_);
    std::swap(spread_, other.spread_);
    std::swap(clock_, other.clock_);
  }

  std::uint64_t* slots_ = nullptr;
  std::size_t size_ = 0;
  int bits_ = 0;
  std::uint32_t clock_ = 0;
  std::uint64_t spread_ = 1;
};

}  // namespace crdt
