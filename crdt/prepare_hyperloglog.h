// Prepare for HyperLogLogs: see prepare.h.
#pragma once

#include <span>
#include <string_view>

#include "crdt/effect.h"
#include "crdt/object.h"

namespace crdt {

// Raises registers. Writes nothing where the HyperLogLog is there and all of them have that rank.
// REQUIRES: the key shows nothing or a HyperLogLog.
void PrepareHyperLogLogAdd(const KeyView& view, std::string_view key,
                           std::span<const RegisterValue> values, EffectList& out);
// As PrepareHyperLogLogAdd, to what `registers` are. Where the key shows a string the HyperLogLog
// takes its place, and keeps its time to live. REQUIRES: the key shows nothing else.
void PrepareHyperLogLogMerge(const KeyView& view, std::string_view key,
                             const HyperLogLogRegisters& registers, EffectList& out);

}  // namespace crdt
