// What the effects of several types are made of; for the prepare functions only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "crdt/effect.h"
#include "crdt/object.h"

namespace crdt {

// What is observed of the counter of one element; nothing where `table` is null or lacks it.
std::vector<ObservedPart> ObservedOf(const ElementTable* table, std::string_view name);
// What is observed of a key's counters, in the containers other than `kept`. The names are views
// into the containers.
KeyResets ResetsOf(const KeyCell* cell, ValueType kept = ValueType::kNone);

// kCreates where the key shows nothing.
std::uint8_t CreatesFlag(const KeyView& view);
// kEmpties where a removal of `removed` elements of `size` leaves nothing.
std::uint8_t EmptiesFlag(const KeyView& view, std::size_t removed, std::uint64_t size);

// Adding to the shown container ends the hidden ones.
void EndHidden(const KeyView& view, std::string_view key, EffectList& out);
// Ends all containers but one, also the shown one: what is kept takes its place.
void EndOthers(const KeyView& view, std::string_view key, ValueType kept, EffectList& out);

// The body of an increment, after the element where there is one: the writer's lineage goes on
// while something of it is live, else a new one begins.
struct IncrementStep {
  std::uint8_t flag;
  Stamp start;
  Total total;
};
// Of the string of a key.
IncrementStep NextTotal(const KeyView& view, Writer writer);
// Of an element. `table` may be null.
IncrementStep NextTotal(const ElementTable* table, std::string_view name, Writer writer);
void PutStep(const IncrementStep& step, ByteWriter& body);

// Those of `names` that show something, each once.
std::vector<std::string_view> PresentNames(const ElementTable& elements,
                                           std::span<const std::string_view> names);

}  // namespace crdt
