#include "hyperloglog_specification.h"

#include <algorithm>

#include "specification.h"

namespace properties {

using crdt::Stamp;

Stamp Registers::newest() const {
  Stamp newest;
  for (const auto& [writer, stamp] : writes) newest = std::max(newest, stamp);
  return newest;
}

std::string Registers::Describe() const {
  if (!shows()) return {};
  std::string out = " registers";
  for (const auto& [index, rank] : ranks) {
    out += " " + std::to_string(index) + "=" + std::to_string(rank);
  }
  for (const auto& [writer, stamp] : writes) out += " written " + std::to_string(stamp.value());
  return out;
}

// A write counts where it has seen all deletes of it, and those that count merge by the maximum.
Registers SpecifyHyperLogLog(const std::string& key,
                             const std::vector<const Operation*>& operations) {
  Registers result;
  for (const Operation* write : operations) {
    if (write->kind != Kind::kHyperLogLogAdd || write->key != key) continue;
    const bool is_void = std::ranges::any_of(operations, [&](const Operation* other) {
      return other->buried_hyperloglogs.contains(key) && !write->context.Covers(other->stamp);
    });
    if (is_void) continue;
    Stamp& latest = result.writes[write->stamp.writer()];
    latest = std::max(latest, write->stamp);
    for (const auto [index, rank] : write->registers) {
      result.ranks[index] = std::max(result.ranks[index], rank);
    }
  }
  return result;
}

Registers Described(const crdt::HyperLogLog& stored) {
  Registers described;
  for (std::uint32_t i = 0; i < crdt::HyperLogLogRegisters::kCount; ++i) {
    const auto index = static_cast<std::uint16_t>(i);
    if (const std::uint8_t rank = stored.registers().Get(index)) described.ranks[index] = rank;
  }
  for (const Stamp stamp : stored.writers().entries()) described.writes[stamp.writer()] = stamp;
  return described;
}

}  // namespace properties
