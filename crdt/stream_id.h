// Names of a stream's entries: the ID that users see, and the key that tells entries of one ID
// apart.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/encoding.h"
#include "crdt/stamp.h"

namespace crdt {

struct StreamId {
  std::uint64_t ms = 0;
  std::uint64_t sequence = 0;

  static constexpr StreamId Least() { return {}; }
  static constexpr StreamId Greatest() {
    return {std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::uint64_t>::max()};
  }

  constexpr bool is_zero() const { return ms == 0 && sequence == 0; }
  // The neighbours. REQUIRES: there is one.
  constexpr StreamId Next() const {
    return sequence == std::numeric_limits<std::uint64_t>::max() ? StreamId{ms + 1, 0}
                                                                 : StreamId{ms, sequence + 1};
  }
  constexpr StreamId Previous() const {
    return sequence == 0 ? StreamId{ms - 1, std::numeric_limits<std::uint64_t>::max()}
                         : StreamId{ms, sequence - 1};
  }

  void Encode(ByteWriter& out) const {
    out.Varint(ms);
    out.Varint(sequence);
  }
  static StreamId Decode(ByteReader& in) {
    StreamId id;
    id.ms = in.Varint();
    id.sequence = in.Varint();
    return id;
  }

  // "1526919030474-55"
  std::string ToString() const;
  using Text = std::array<char, 48>;
  std::string_view WriteTo(Text& text) const;
  // Of that, or of "1526919030474" alone, which stands for the sequence `missing`.
  static std::optional<StreamId> Parse(std::string_view text, std::uint64_t missing = 0);

  constexpr auto operator<=>(const StreamId&) const = default;
};

// The least ID of this millisecond that follows `last` and is this region's: sequences that end in
// the region, modulo 32, never collide with those that other regions make. Empty: there is none.
std::optional<StreamId> NextIdWithin(std::uint64_t ms, StreamId last, RegionId region);
// The same of now, or of the last one's time where that is later.
std::optional<StreamId> NextId(std::uint64_t now_ms, StreamId last, RegionId region);

// Regions may write one ID at the same time: both entries stay, ordered by ID, then by region. The
// stamp settles the rest: a region's primaries of different epochs may collide too.
struct EntryKey {
  StreamId id;
  Stamp stamp;

  // Before and behind everything that has this ID.
  static constexpr EntryKey Before(StreamId id) { return {id, {}}; }
  static constexpr EntryKey Behind(StreamId id) {
    return {id, Stamp::FromValue(std::numeric_limits<std::uint64_t>::max())};
  }

  constexpr bool operator==(const EntryKey&) const = default;
  constexpr std::strong_ordering operator<=>(const EntryKey& other) const {
    if (const auto order = id <=> other.id; order != 0) return order;
    if (const auto order = stamp.region() <=> other.stamp.region(); order != 0) return order;
    return stamp <=> other.stamp;
  }
};

}  // namespace crdt
