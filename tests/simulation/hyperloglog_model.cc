#include "tests/simulation/hyperloglog_model.h"

#include <algorithm>

namespace simulation {

using crdt::HyperLogLogRegisters;

HyperLogLogModel::Ranks HyperLogLogModel::RanksOf(const HyperLogLogRegisters& registers) {
  Ranks ranks;
  for (std::uint32_t i = 0; i < HyperLogLogRegisters::kCount; ++i) {
    const auto index = static_cast<std::uint16_t>(i);
    if (const std::uint8_t rank = registers.Get(index)) ranks[index] = rank;
  }
  return ranks;
}

void HyperLogLogModel::Apply(const crdt::EffectView& effect, crdt::Stamp stamp,
                             const Covers& covers) {
  if (!std::ranges::all_of(buried_, covers)) return;
  crdt::ByteReader in(effect.elements);
  for (const auto& [index, rank] : RanksOf(HyperLogLogRegisters::Decode(in).value())) {
    ranks_[index] = std::max(ranks_[index], rank);
  }
  newest_ = std::max(newest_, stamp);
}

void HyperLogLogModel::Bury(crdt::Stamp stamp) {
  buried_.push_back(stamp);
  ranks_.clear();
  newest_ = {};
}

std::string HyperLogLogModel::Compare(const crdt::HyperLogLog& shown) const {
  const Ranks ranks = RanksOf(shown.registers());
  if (ranks == ranks_ && shown.newest() == newest_) return {};
  return "has " + std::to_string(ranks.size()) + " registers, newest " +
         std::to_string(shown.newest().value()) + ", should have " + std::to_string(ranks_.size()) +
         ", newest " + std::to_string(newest_.value());
}

}  // namespace simulation
