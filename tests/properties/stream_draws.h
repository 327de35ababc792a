// Draws operations on streams for random histories.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "crdt/effect.h"
#include "specification.h"

namespace properties {

// What a command on a stream would do at a region. Nothing where it would answer with an error or
// change nothing. REQUIRES: the key shows nothing or a stream, and operation.kind is a stream's.
std::optional<crdt::EffectList> DrawStream(const crdt::KeyView& view, crdt::Writer writer,
                                           const std::function<std::uint64_t(std::uint64_t)>& roll,
                                           Operation& operation);

}  // namespace properties
