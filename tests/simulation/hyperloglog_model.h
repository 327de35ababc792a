// What a HyperLogLog must show, computed from its effects in the order of their stamps: see
// reference_model.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "crdt/effect.h"
#include "crdt/hyperloglog.h"

namespace simulation {

class HyperLogLogModel {
 public:
  // Says whether the author of the effect had seen a stamp.
  using Covers = std::function<bool(crdt::Stamp)>;

  // The zero stamp where it does not show anything.
  crdt::Stamp newest() const { return newest_; }
  // What differs from what is shown, for people; empty: nothing.
  std::string Compare(const crdt::HyperLogLog& shown) const;

  // REQUIRES: effect.kind is kHyperLogLogMerge.
  void Apply(const crdt::EffectView& effect, crdt::Stamp stamp, const Covers& covers);
  void Bury(crdt::Stamp stamp);

 private:
  using Ranks = std::map<std::uint16_t, std::uint8_t>;

  static Ranks RanksOf(const crdt::HyperLogLogRegisters& registers);

  Ranks ranks_;
  crdt::Stamp newest_;
  std::vector<crdt::Stamp> buried_;
};

}  // namespace simulation
