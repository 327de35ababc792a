#include "crdt/counter.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace crdt {
namespace {

// 2,048 writers' totals, each less a baseline, sum up to less than 2^127. A writer gets there with
// 2^51 increments of 2^63.
constexpr Int128 kGreatestTotal = Int128{1} << 114;

// As `value == 0`, without a call into the library of soft floats.
bool IsZero(Float128 value) {
  std::uint64_t words[2];
  static_assert(sizeof words == sizeof value && std::endian::native == std::endian::little);
  std::memcpy(words, &value, sizeof words);
  return (words[0] | words[1] << 1) == 0;
}

// What a state that covers `stamp` and lacks the part says: it was spent, and collected.
bool Covered(const CounterPart& part, const VersionVector& vector) {
  return vector.Covers(part.last);
}

}  // namespace

bool Total::is_small_integer() const {
  return IsZero(floating) && integer <= INT64_MAX && integer >= INT64_MIN;
}

// flags u8 (1: a wide integer, 2: a float) · integer (zigzag varint, or 16 bytes) · [16 bytes
// float]
void Total::Encode(ByteWriter& out) const {
  const bool wide = integer > INT64_MAX || integer < INT64_MIN;
  const bool has_float = !IsZero(floating);
  out.U8(static_cast<std::uint8_t>((wide ? 1 : 0) | (has_float ? 2 : 0)));
  if (wide) {
    out.Raw(&integer, sizeof integer);
  } else {
    out.Signed(static_cast<std::int64_t>(integer));
  }
  if (has_float) out.Raw(&floating, sizeof floating);
}

Total Total::Decode(ByteReader& in) {
  Total total;
  const std::uint8_t flags = in.U8();
  if (flags > 3) in.Invalidate();
  if ((flags & 1) != 0) {
    const std::string_view bytes = in.Raw(sizeof total.integer);
    if (in.ok()) std::memcpy(&total.integer, bytes.data(), sizeof total.integer);
    // Sums over all writers must not overflow, whatever a peer says.
    if (total.integer > kGreatestTotal || total.integer < -kGreatestTotal) in.Invalidate();
  } else {
    total.integer = in.Signed();
  }
  if ((flags & 2) != 0) {
    const std::string_view bytes = in.Raw(sizeof total.floating);
    if (in.ok()) std::memcpy(&total.floating, bytes.data(), sizeof total.floating);
  }
  return total;
}

bool CounterParts::live() const {
  return std::ranges::any_of(parts_, [](const CounterPart& part) { return !part.spent(); });
}

bool CounterParts::has_spent() const {
  return std::ranges::any_of(parts_, &CounterPart::spent);
}

const CounterPart* CounterParts::Find(Writer writer) const {
  const auto found = std::ranges::find(parts_, writer, &CounterPart::writer);
  return found == parts_.end() ? nullptr : &*found;
}

Stamp CounterParts::newest_live() const {
  Stamp newest;
  for (const CounterPart& part : parts_) {
    if (!part.spent()) newest = std::max(newest, part.last);
  }
  return newest;
}

Total CounterParts::Sum() const {
  Total sum;
  for (const CounterPart& part : parts_) {
    if (part.spent()) continue;
    sum.integer += part.total.integer - part.base.integer;
    sum.floating += part.total.floating - part.base.floating;
  }
  return sum;
}

void CounterParts::Increase(Stamp start, Stamp stamp, const Total& total) {
  const auto found = std::ranges::lower_bound(parts_, start.writer(), {}, &CounterPart::writer);
  if (found == parts_.end() || found->writer() != start.writer()) {
    parts_.insert(found, {.start = start, .last = stamp, .total = total});
  } else if (start > found->start) {
    *found = {.start = start, .last = stamp, .total = total};
  } else if (start == found->start && stamp > found->last) {
    found->last = stamp;
    found->total = total;
  }
}

void CounterParts::Reset(const ObservedPart& observed) {
  for (CounterPart& part : parts_) {
    if (part.start == observed.start && observed.last > part.base_stamp) {
      part.base_stamp = observed.last;
      part.base = observed.total;
    }
  }
}

void CounterParts::DropSpent() {
  std::erase_if(parts_, [](const auto& part) { return part.spent(); });
}

void CounterParts::Join(const CounterParts& other, const VersionVector& mine,
                        const VersionVector& theirs) {
  std::erase_if(parts_, [&](const CounterPart& part) {
    return other.Find(part.writer()) == nullptr && Covered(part, theirs);
  });
  for (const CounterPart& theirs_part : other.parts_) {
    const auto found =
        std::ranges::lower_bound(parts_, theirs_part.writer(), {}, &CounterPart::writer);
    if (found == parts_.end() || found->writer() != theirs_part.writer()) {
      if (!Covered(theirs_part, mine)) parts_.insert(found, theirs_part);
    } else if (theirs_part.start > found->start) {
      *found = theirs_part;
    } else if (theirs_part.start == found->start) {
      if (theirs_part.last > found->last) {
        found->last = theirs_part.last;
        found->total = theirs_part.total;
      }
      if (theirs_part.base_stamp > found->base_stamp) {
        found->base_stamp = theirs_part.base_stamp;
        found->base = theirs_part.base;
      }
    }
  }
}

void CounterParts::Encode(ByteWriter& out) const {
  out.Varint(parts_.size());
  for (const CounterPart& part : parts_) {
    out.PutStamp(part.start);
    out.PutStamp(part.last);
    part.total.Encode(out);
    out.PutStamp(part.base_stamp);
    part.base.Encode(out);
  }
}

Result<CounterParts> CounterParts::Decode(ByteReader& in) {
  CounterParts parts;
  const std::uint64_t count = in.Count(28);
  for (std::uint64_t i = 0; i < count; ++i) {
    CounterPart part;
    part.start = in.GetStamp();
    part.last = in.GetStamp();
    part.total = Total::Decode(in);
    part.base_stamp = in.GetStamp();
    part.base = Total::Decode(in);
    if (!parts.parts_.empty() && parts.parts_.back().writer() >= part.writer()) {
      return Fail(ErrorCode::kCorrupt, "counter parts are not in the order of their writers");
    }
    parts.parts_.push_back(part);
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "counter parts end early");
  return parts;
}

}  // namespace crdt
