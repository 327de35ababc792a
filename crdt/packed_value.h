// A value simple enough to be stored in its table's cell, without an object of its own: one
// assigned text, or one writer's integer total that nothing has reset.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "crdt/stamp.h"

namespace crdt {

inline constexpr std::size_t kMostDigits = 20;  // Of a 64-bit integer, with its sign.

// The number as text, in `scratch`.
inline std::string_view DecimalText(std::int64_t number, std::string& scratch) {
  scratch.resize(kMostDigits);
  const auto end = std::to_chars(scratch.data(), scratch.data() + scratch.size(), number).ptr;
  scratch.resize(static_cast<std::size_t>(end - scratch.data()));
  return scratch;
}

struct PackedCounter {
  Stamp last;  // The newest increment in `total`.
  std::int64_t total = 0;
};

struct PackedValue {
  static constexpr std::size_t kMostTextBytes = (std::size_t{1} << 22) - 1;

  Stamp stamp;            // Of the assignment; of a counter, the start of its lineage.
  std::string_view text;  // Empty for a counter.
  bool counts = false;
  PackedCounter counter = {};  // Where it counts.

  Stamp newest() const { return counts ? counter.last : stamp; }
  // The shown text. The view is that of `text`, or into `scratch`.
  std::string_view Text(std::string& scratch) const {
    return counts ? DecimalText(counter.total, scratch) : text;
  }
};

}  // namespace crdt
