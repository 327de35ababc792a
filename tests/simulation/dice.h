// Random numbers of the simulator: the same seed yields the same on every machine.
//
// SplitMix64 (Steele et al., "Fast splittable pseudorandom number generators", OOPSLA 2014).
#pragma once

#include <cstdint>

namespace simulation {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t operator()() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t word = state_;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    return word ^ word >> 31;
  }
  // From 0 to `limit` - 1. REQUIRES: limit > 0.
  std::uint64_t Below(std::uint64_t limit) { return (*this)() % limit; }
  std::int64_t Between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(most - least + 1)));
  }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }
  template <class Container>
  auto& Pick(Container& choices) {
    return choices[Below(choices.size())];
  }
  // A generator of its own, so that what one part draws does not shift what another one draws.
  Dice Split() { return Dice((*this)()); }

 private:
  std::uint64_t state_;
};

}  // namespace simulation
