// What a HyperLogLog shows, computed from the operations and from who had seen what alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "crdt/hyperloglog.h"

namespace properties {

struct Operation;

struct Registers {
  std::map<std::uint16_t, std::uint8_t> ranks;
  std::map<crdt::Writer, crdt::Stamp> writes;  // The latest of each writer.

  bool shows() const { return !writes.empty(); }
  crdt::Stamp newest() const;
  // Nothing where it does not show anything.
  std::string Describe() const;
};

// `operations`: those that a region has; causally closed.
Registers SpecifyHyperLogLog(const std::string& key,
                             const std::vector<const Operation*>& operations);
// The production state in the same words.
Registers Described(const crdt::HyperLogLog& stored);

}  // namespace properties
