// A stamp is one write's identity, its place in time and its entry in a version vector: 64 bits.
//
//   41 bits milliseconds since 2024-01-01 UTC (until 2093) · 12 bits counter · 5 bits region ·
//   6 bits epoch slot
//
// Stamps are unique, strictly increasing per writer, and ordered in agreement with causality, so
// that last-writer-wins is one integer comparison. The low bits decide between equal times: the
// greater region, then the greater epoch slot, the same everywhere.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace crdt {

using RegionId = std::uint8_t;  // 1 to 31. 0 is no region.
using Epoch = std::uint64_t;    // 1, 2, 3, … within a region; its slot is epoch mod 64.

inline constexpr RegionId kMaxRegion = 31;
inline constexpr int kEpochSlots = 64;

// One author of a log that is never cut and then extended: a region in one epoch.
class Writer {
 public:
  constexpr Writer() = default;
  constexpr Writer(RegionId region, Epoch epoch)
      : bits_(static_cast<std::uint16_t>(region << 6 | (epoch % kEpochSlots))) {}
  static constexpr Writer FromBits(std::uint16_t bits) {
    Writer writer;
    writer.bits_ = bits & 0x7ff;
    return writer;
  }

  constexpr RegionId region() const { return static_cast<RegionId>(bits_ >> 6); }
  constexpr int epoch_slot() const { return bits_ & 0x3f; }
  constexpr std::uint16_t bits() const { return bits_; }

  constexpr auto operator<=>(const Writer&) const = default;

 private:
  std::uint16_t bits_ = 0;
};

class Stamp {
 public:
  static constexpr std::uint64_t kEpochStartMs = 1704067200000;  // 2024-01-01T00:00:00Z, Unix time.
  static constexpr int kWriterBits = 11;
  static constexpr int kCounterBits = 12;
  static constexpr std::uint64_t kTick = std::uint64_t{1} << kWriterBits;  // Between neighbours.

  constexpr Stamp() = default;  // Before every write.
  static constexpr Stamp FromValue(std::uint64_t value) {
    Stamp stamp;
    stamp.value_ = value;
    return stamp;
  }
  // The first stamp of a millisecond of Unix time; times before 2024 count as its beginning.
  static constexpr Stamp At(std::uint64_t unix_ms, Writer writer) {
    const std::uint64_t ms = unix_ms > kEpochStartMs ? unix_ms - kEpochStartMs : 0;
    return FromValue(ms << (kWriterBits + kCounterBits) | writer.bits());
  }

  constexpr std::uint64_t value() const { return value_; }
  constexpr bool is_zero() const { return value_ == 0; }
  constexpr Writer writer() const {
    return Writer::FromBits(static_cast<std::uint16_t>(value_ & 0x7ff));
  }
  constexpr RegionId region() const { return writer().region(); }
  constexpr std::uint64_t unix_ms() const {
    return (value_ >> (kWriterBits + kCounterBits)) + kEpochStartMs;
  }
  // The same writer's stamp `ticks` later: effect number `ticks` of a record.
  constexpr Stamp Plus(std::uint64_t ticks) const { return FromValue(value_ + ticks * kTick); }

  constexpr auto operator<=>(const Stamp&) const = default;

 private:
  std::uint64_t value_ = 0;
};

}  // namespace crdt

template <>
struct std::hash<crdt::Writer> {
  std::size_t operator()(crdt::Writer writer) const noexcept { return writer.bits(); }
};
