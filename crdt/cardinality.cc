#include "crdt/cardinality.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace crdt {
namespace {

using Registers = HyperLogLogRegisters;

// Bits of the hash beside the register's index.
constexpr int kHashBits = 64 - Registers::kIndexBits;

// MurmurHash64A by Austin Appleby (public domain), with the seed that Redis gives it.
std::uint64_t Hash(std::string_view bytes) {
  constexpr std::uint64_t kSeed = 0xadc83b19;
  constexpr std::uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  constexpr int kShift = 47;
  std::uint64_t hash = kSeed ^ (bytes.size() * kMultiplier);
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    bytes.remove_prefix(sizeof word);
    word *= kMultiplier;
    word ^= word >> kShift;
    hash = (hash ^ (word * kMultiplier)) * kMultiplier;
  }
  if (!bytes.empty()) {
    std::uint64_t rest = 0;
    std::memcpy(&rest, bytes.data(), bytes.size());
    hash = (hash ^ rest) * kMultiplier;
  }
  hash = (hash ^ (hash >> kShift)) * kMultiplier;
  return hash ^ (hash >> kShift);
}

// The paper's sigma: what registers that are still zero say.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  for (double before = -1; before != z; y += y) {
    x *= x;
    before = z;
    z += x * y;
  }
  return z;
}

// The paper's tau: what registers at their greatest rank say.
double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; before != z;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= std::pow(1 - x, 2) * y;
  }
  return z / 3;
}

}  // namespace

RegisterValue RegisterOf(std::string_view element) {
  const std::uint64_t hash = Hash(element);
  // A bit behind the last one ends the count of zeros.
  const std::uint64_t rest = hash >> Registers::kIndexBits | std::uint64_t{1} << kHashBits;
  return {.index = static_cast<std::uint16_t>(hash & (Registers::kCount - 1)),
          .rank = static_cast<std::uint8_t>(std::countr_zero(rest) + 1)};
}

std::uint64_t EstimateCardinality(const Registers::Histogram& histogram) {
  constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2).
  constexpr double kRegisters = Registers::kCount;
  double z = kRegisters * Tau((kRegisters - histogram[kHashBits + 1]) / kRegisters);
  for (int rank = kHashBits; rank >= 1; --rank) z = (z + histogram[rank]) * 0.5;
  z += kRegisters * Sigma(histogram[0] / kRegisters);
  return static_cast<std::uint64_t>(std::llround(kAlpha * kRegisters * kRegisters / z));
}

}  // namespace crdt
