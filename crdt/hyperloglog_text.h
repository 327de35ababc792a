// A HyperLogLog as the string that Redis keeps it in: what GET answers, and what a SET may bring.
//
//   "HYLL" · encoding u8 (0: packed, 1: runs) · three zeros · count u64 · registers
//
// The count is the one that was asked for last; its highest bit says that it is out of date.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crdt/hyperloglog_registers.h"
#include "crdt/result.h"

namespace crdt {

std::string HyperLogLogText(const HyperLogLogRegisters& registers);

// kInvalid: it is no HyperLogLog; kCorrupt: it says that it is one, but its registers make no
// sense.
Result<HyperLogLogRegisters> ParseHyperLogLogText(std::string_view text);

}  // namespace crdt
