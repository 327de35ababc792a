// A hybrid logical clock: wall time where it moves forward, a counter where it does not.
//
// Always ahead of every stamp that it gave or was shown. A counter overflow borrows the next
// millisecond. No time source of its own: the caller brings `now`.
//
// Paper: Kulkarni et al., "Logical Physical Clocks", OPODIS 2014.
#pragma once

#include <cstdint>

#include "crdt/stamp.h"

namespace crdt {

class HybridClock {
 public:
  // Takes `count` consecutive stamps of `writer` and returns the first.
  Stamp Take(std::uint64_t now_unix_ms, Writer writer, std::uint64_t count = 1) {
    const Stamp wall = Stamp::At(now_unix_ms, writer);
    std::uint64_t ticks = wall.value() >> Stamp::kWriterBits;
    if (ticks <= last_ticks_) ticks = last_ticks_ + 1;
    last_ticks_ = ticks + count - 1;
    return Stamp::FromValue(ticks << Stamp::kWriterBits | writer.bits());
  }

  // Every later stamp will be greater than this one.
  void Observe(Stamp seen) {
    const std::uint64_t ticks = seen.value() >> Stamp::kWriterBits;
    if (ticks > last_ticks_) last_ticks_ = ticks;
  }

  // The time of the newest stamp given or seen, as Unix milliseconds.
  std::uint64_t now_unix_ms() const {
    return (last_ticks_ >> Stamp::kCounterBits) + Stamp::kEpochStartMs;
  }

 private:
  std::uint64_t last_ticks_ = 0;
};

}  // namespace crdt
