// Prepare for lists (prepare.h).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "crdt/effect.h"
#include "crdt/list_position.h"
#include "crdt/object.h"
#include "crdt/prepare.h"

namespace crdt {

// REQUIRES: the key shows nothing or a list; `values` is not empty. Each value is pushed further
// out than the one before it.
void PrepareListPush(const KeyView& view, std::string_view key, ListSide side,
                     std::span<const std::string_view> values, EffectList& out);

// All others REQUIRE that the key shows a list.

// Puts a value right before element `index`, which may be the list's size. False, and nothing,
// where the elements around were inserted into each other too often (kMostListSteps).
bool PrepareListInsert(const KeyView& view, std::string_view key, std::uint64_t index,
                       std::string_view value, EffectList& out);
void PrepareListSet(const KeyView& view, std::string_view key, std::uint64_t index,
                    std::string_view value, EffectList& out);
// Takes `count` elements from `index` on. REQUIRES: they are there, and count > 0.
void PrepareListPop(const KeyView& view, std::string_view key, std::uint64_t index,
                    std::uint64_t count, EffectList& out);
// Takes elements in the list's order, of which there is at least one.
void PrepareListRemove(const KeyView& view, std::string_view key,
                       std::span<const ListPosition> positions, EffectList& out);
// Keeps `count` elements from `index` on. A small effect, however much it takes.
void PrepareListTrim(const KeyView& view, std::string_view key, std::uint64_t index,
                     std::uint64_t count, EffectList& out);

}  // namespace crdt
