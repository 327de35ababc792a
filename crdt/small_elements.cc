#include "crdt/small_elements.h"

#include <malloc.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>
#include <optional>
#include <vector>

#include "crdt/string_value.h"

namespace crdt {
namespace {

// A number's bytes, the least first, and back: its sign is that of the last byte.
constexpr std::size_t kMostIntegerBytes = 7;

std::size_t BytesOf(std::int64_t value) {
  std::size_t bytes = 1;
  while (bytes < sizeof value && value >> (8 * bytes - 1) != value >> 63) ++bytes;
  return bytes;
}

std::int64_t Extend(const char* bytes, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, size);
  const auto unused = static_cast<int>(64 - 8 * size);
  return static_cast<std::int64_t>(value << unused) >> unused;
}

constexpr std::uint64_t kOnes = 0x0101010101010101;

std::uint8_t HashOf(std::string_view name) {
  return static_cast<std::uint8_t>(XXH3_64bits(name.data(), name.size()));
}

// The integer that can stand for the text in less space.
std::optional<std::int64_t> AsInteger(std::string_view text) {
  if (text.size() < 2 || text.size() > kMostDigits) return std::nullopt;
  const std::optional<std::int64_t> integer = ParseInteger(text);
  if (!integer || BytesOf(*integer) > kMostIntegerBytes) return std::nullopt;
  return integer;
}

}  // namespace

// --- Questions -----------------------------------------------------------------------------------

Stamp SmallElements::Entry::stamp() const {
  const std::size_t size = stamp_size();
  const char* const bytes = at_ + kHeadBytes + name_size();
  const std::uint64_t distance = static_cast<std::uint64_t>(size == 0 ? 0 : Extend(bytes, size));
  return Stamp::FromValue(base_ + distance * (size < sizeof(Stamp) ? Stamp::kTick : 1));
}

std::int64_t SmallElements::Entry::integer() const {
  return Extend(value(), value_size());
}

PackedValue SmallElements::Entry::packed(std::string& scratch) const {
  if (is_counter()) {
    return {.stamp = stamp(), .text = {}, .counts = true, .counter = counter()};
  }
  if (is_integer()) return {.stamp = stamp(), .text = DecimalText(integer(), scratch)};
  return {.stamp = stamp(), .text = text()};
}

SmallElements::Entry SmallElements::Find(std::string_view name) const {
  if (block_ == nullptr || name.size() > kMostBytes) return {};
  const std::uint64_t wanted = kOnes * HashOf(name);
  const std::uint8_t* const hashes = Hashes();
  for (std::size_t first = 0; first < block_->count; first += kIndexStep) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, hashes + first, sizeof eight);
    // The high bit of each byte that is zero now, and at times of one above such a byte.
    const std::uint64_t differing = eight ^ wanted;
    std::uint64_t alike = (differing - kOnes) & ~differing & (kOnes << 7);
    for (; alike != 0; alike &= alike - 1) {
      const std::size_t place = first + static_cast<std::size_t>(std::countr_zero(alike)) / 8;
      if (place >= block_->count) break;
      const Entry entry = At(place);
      if (entry.name() == name) return entry;
    }
  }
  return {};
}

std::size_t SmallElements::OffsetOf(std::size_t place) const {
  // Of two bytes each, so that no sum of a few of them runs over.
  constexpr std::uint64_t kEven = 0x00ff00ff00ff00ff;
  std::uint64_t sums = 0;
  std::uint64_t eight = 0;
  const std::uint8_t* sizes = Sizes();
  for (; place >= sizeof eight; place -= sizeof eight, sizes += sizeof eight) {
    std::memcpy(&eight, sizes, sizeof eight);
    sums += (eight & kEven) + (eight >> 8 & kEven);
  }
  if (place > 0) {
    // There is room for whole steps.
    std::memcpy(&eight, sizes, sizeof eight);
    eight <<= 8 * (sizeof eight - place);
    sums += (eight & kEven) + (eight >> 8 & kEven);
  }
  return sums * 0x0001000100010001 >> 48;
}

// --- Changes -------------------------------------------------------------------------------------

// Of an element that is about to be written.
struct SmallElements::Plan {
  Plan(const PackedValue& value, std::uint64_t base) {
    distance = static_cast<std::int64_t>(value.stamp.value() - base);
    constexpr auto kTick = static_cast<std::int64_t>(Stamp::kTick);
    if (distance % kTick == 0 && BytesOf(distance / kTick) <= kStampBytes[2]) {
      distance /= kTick;
      stamp_form = distance == 0 ? 0 : BytesOf(distance) <= kStampBytes[1] ? 1 : 2;
    }
    if (!value.counts) integer = AsInteger(value.text);
    value_size = value.counts ? sizeof(PackedCounter)
                 : integer    ? BytesOf(*integer)
                              : value.text.size();
  }

  std::size_t stamp_form = 3;
  std::int64_t distance = 0;
  std::optional<std::int64_t> integer;
  std::size_t value_size = 0;
};

void SmallElements::Put(const Entry& found, std::string_view name, const PackedValue& value) {
  const Plan plan(value, block_ == nullptr ? value.stamp.value() : block_->base);
  const std::size_t stamp_size = kStampBytes[plan.stamp_form];
  const std::size_t size = kHeadBytes + name.size() + stamp_size + plan.value_size;
  std::size_t offset = 0;
  if (found) {
    offset = static_cast<std::size_t>(found.at_ - Begin());
    const std::size_t place = found.place();
    Resize(offset, found.size(), size);
    Sizes()[place] = static_cast<std::uint8_t>(size);
  } else {
    offset = Append(name, size, value.stamp);
  }
  char* at = Begin() + offset;
  const std::size_t kind =
      value.counts || plan.integer ? kMostBytes + plan.value_size : plan.value_size;
  *at++ = static_cast<char>(name.size() | (plan.stamp_form & 1) << 7);
  *at++ = static_cast<char>(kind | plan.stamp_form >> 1 << 7);
  at = std::ranges::copy(name, at).out;
  std::memcpy(at, &plan.distance, stamp_size);
  at += stamp_size;
  if (value.counts) {
    std::memcpy(at, &value.counter, sizeof value.counter);
  } else if (plan.integer) {
    std::memcpy(at, &*plan.integer, plan.value_size);
  } else {
    std::ranges::copy(value.text, at);
  }
}

std::size_t SmallElements::Append(std::string_view name, std::size_t size, Stamp base) {
  if (block_ == nullptr) {
    Rebuild(size, kIndexStep);
    block_->base = base.value();
  } else if (block_->count == block_->room) {
    Rebuild(block_->used + size, block_->room + kIndexStep);
  }
  const std::size_t offset = block_->used;
  Resize(offset, 0, size);
  Sizes()[block_->count] = static_cast<std::uint8_t>(size);
  Hashes()[block_->count] = HashOf(name);
  ++block_->count;
  return offset;
}

void SmallElements::Erase(const Entry& found) {
  if (block_->count == 1) return clear();
  Resize(static_cast<std::size_t>(found.at_ - Begin()), found.size(), 0);
  const auto erase = [this, place = found.place()](std::uint8_t* index) {
    std::copy(index + place + 1, index + block_->count, index + place);
  };
  erase(Sizes());
  erase(Hashes());
  --block_->count;
  const std::size_t room = (block_->count + kIndexStep - 1) / kIndexStep * kIndexStep;
  if (BytesFor(block_->used, room) * 2 < block_->capacity) Rebuild(block_->used, room);
}

void SmallElements::Move(std::size_t from, std::size_t to) {
  if (from == to) return;
  const std::size_t size = Sizes()[from];
  char* const at = Begin() + OffsetOf(from);
  std::array<char, kMostElementBytes> moved;
  std::memcpy(moved.data(), at, size);
  if (from < to) {
    char* const end = Begin() + OffsetOf(to + 1);
    std::memmove(at, at + size, static_cast<std::size_t>(end - at) - size);
    std::memcpy(end - size, moved.data(), size);
  } else {
    char* const begin = Begin() + OffsetOf(to);
    std::memmove(begin + size, begin, static_cast<std::size_t>(at - begin));
    std::memcpy(begin, moved.data(), size);
  }
  const auto move = [from, to](std::uint8_t* index) {
    if (from < to) {
      std::rotate(index + from, index + from + 1, index + to + 1);
    } else {
      std::rotate(index + to, index + from, index + from + 1);
    }
  };
  move(Sizes());
  move(Hashes());
}

void SmallElements::Arrange(std::span<const std::size_t> places) {
  if (places.empty()) return;
  const std::string elements(Begin(), block_->used);
  std::vector<std::size_t> offsets;
  ForEach([&](const Entry& entry) {
    offsets.push_back(static_cast<std::size_t>(entry.at_ - Begin()));
  });
  char* at = Begin();
  for (const std::size_t place : places) {
    at = std::copy_n(elements.data() + offsets[place], Sizes()[place], at);
  }
  const auto arrange = [places](std::uint8_t* index) {
    const std::vector before(index, index + places.size());
    std::ranges::transform(places, index, [&before](std::size_t place) { return before[place]; });
  };
  arrange(Sizes());
  arrange(Hashes());
}

void SmallElements::clear() {
  std::free(block_);
  block_ = nullptr;
}

void SmallElements::Resize(std::size_t offset, std::size_t old_size, std::size_t new_size) {
  const std::size_t tail = block_->used - offset - old_size;
  const std::size_t used = block_->used - old_size + new_size;
  if (BytesFor(used, block_->room) > block_->capacity) Rebuild(used, block_->room);
  char* const at = Begin() + offset;
  std::memmove(at + new_size, at + old_size, tail);
  block_->used = static_cast<std::uint16_t>(used);
}

void SmallElements::Rebuild(std::size_t used, std::size_t room) {
  const std::size_t bytes = (BytesFor(used, room) + kIndexStep - 1) / kIndexStep * kIndexStep;
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  SmallElements fresh;
  fresh.block_ = static_cast<Block*>(memory);
  *fresh.block_ = block_ == nullptr ? Block{} : *block_;
  fresh.block_->room = static_cast<std::uint16_t>(room);
  // A multiple of the step, so that the index is read in whole steps.
  fresh.block_->capacity =
      static_cast<std::uint16_t>(malloc_usable_size(memory) / kIndexStep * kIndexStep);
  std::memset(fresh.Hashes(), 0, kIndexBytes * room);
  if (block_ != nullptr) {
    std::memcpy(fresh.Begin(), Begin(), block_->used);
    std::copy_n(Sizes(), block_->count, fresh.Sizes());
    std::copy_n(Hashes(), block_->count, fresh.Hashes());
  }
  std::swap(block_, fresh.block_);
}

}  // namespace crdt
