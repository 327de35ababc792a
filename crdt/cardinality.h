// How a HyperLogLog counts: which register an element raises, and how many elements registers tell
// of. Both as Redis does it, so that the same elements give the same numbers.
//
// Papers: Heule et al., "HyperLogLog in practice" (64-bit hashes); Ertl, "New cardinality
// estimation algorithms for HyperLogLog sketches", arXiv:1702.01284 (the estimator).
#pragma once

#include <cstdint>
#include <string_view>

#include "crdt/hyperloglog_registers.h"

namespace crdt {

RegisterValue RegisterOf(std::string_view element);

std::uint64_t EstimateCardinality(const HyperLogLogRegisters::Histogram& histogram);

}  // namespace crdt
