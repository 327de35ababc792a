#include "crdt/effect_parts.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"

namespace crdt {
namespace {

using effect_flag::kCreates;
using effect_flag::kEmpties;
using effect_flag::kFresh;
using effect_flag::kHasResets;

std::vector<ObservedPart> Observed(const CounterParts& counters) {
  std::vector<ObservedPart> observed;
  for (const CounterPart& part : counters.parts()) {
    if (!part.spent()) observed.push_back({part.start, part.last, part.total});
  }
  return observed;
}

// Of a packed counter: all of it.
ObservedPart Observed(const PackedValue& packed) {
  return {packed.stamp, packed.counter.last, {.integer = packed.counter.total}};
}

std::vector<ObservedPart> Observed(const Element& element) {
  if (element.is_text()) return {};
  std::string scratch;
  if (element.is_counter()) return {Observed(element.packed(scratch))};
  return Observed(element.full().counters());
}

KeyResets::OfElements ObservedOfAll(const ElementTable& table) {
  KeyResets::OfElements observed;
  if (!table.has_counters()) return observed;
  table.ForEachStored([&observed](const Element& element) {
    std::vector<ObservedPart> parts = Observed(element);
    if (!parts.empty()) observed.emplace_back(element.name(), std::move(parts));
  });
  std::ranges::sort(observed, {}, [](const auto& element) { return element.first; });
  return observed;
}

IncrementStep NextTotal(const StringValue* value, Writer writer) {
  const CounterPart* part = value == nullptr ? nullptr : value->counters().Find(writer);
  if (part == nullptr || part->spent()) return {kFresh, {}, {}};
  return {0, part->start, part->total};
}

IncrementStep NextTotal(const PackedValue& packed, Writer writer) {
  if (!packed.counts || packed.stamp.writer() != writer) return {kFresh, {}, {}};
  return {0, packed.stamp, {.integer = packed.counter.total}};
}

}  // namespace

std::vector<ObservedPart> ObservedOf(const ElementTable* table, std::string_view name) {
  if (table == nullptr || !table->has_counters()) return {};
  const Element found = table->FindStored(name);
  return found ? Observed(found) : std::vector<ObservedPart>();
}

KeyResets ResetsOf(const KeyCell* cell, ValueType kept) {
  KeyResets resets;
  if (cell == nullptr || cell->is_text()) return resets;
  if (cell->is_counter()) {
    if (kept != ValueType::kString) resets.string.push_back(Observed(cell->packed()));
    return resets;
  }
  const Object& object = cell->full();
  if (object.string() != nullptr && kept != ValueType::kString) {
    resets.string = Observed(object.string()->counters());
  }
  if (object.hash() != nullptr && kept != ValueType::kHash) {
    resets.fields = ObservedOfAll(*object.hash());
  }
  if (object.sorted_set() != nullptr && kept != ValueType::kSortedSet) {
    resets.members = ObservedOfAll(object.sorted_set()->members());
  }
  if (object.stream() != nullptr && object.stream()->visible() && kept != ValueType::kStream) {
    resets.buries |= bury::kGroups;
  }
  if (object.hyperloglog() != nullptr && object.hyperloglog()->visible() &&
      kept != ValueType::kHyperLogLog) {
    resets.buries |= bury::kHyperLogLog;
  }
  return resets;
}

std::uint8_t CreatesFlag(const KeyView& view) {
  return view.exists() ? 0 : kCreates;
}

std::uint8_t EmptiesFlag(const KeyView& view, std::size_t removed, std::uint64_t size) {
  return removed == size && !view.clashes() ? kEmpties : 0;
}

void EndHidden(const KeyView& view, std::string_view key, EffectList& out) {
  if (view.clashes()) EndOthers(view, key, view.type(), out);
}

void EndOthers(const KeyView& view, std::string_view key, ValueType kept, EffectList& out) {
  const KeyResets resets = ResetsOf(view.cell(), kept);
  ByteWriter body = out.Begin(EffectKind::kEndHidden, resets.empty() ? 0 : kHasResets, key);
  body.U8(static_cast<std::uint8_t>(kept));
  if (!resets.empty()) body.Bytes(resets.Encode());
}

IncrementStep NextTotal(const KeyView& view, Writer writer) {
  const KeyCell* cell = view.cell();
  if (cell == nullptr) return {kFresh, {}, {}};
  return cell->is_packed() ? NextTotal(cell->packed(), writer)
                           : NextTotal(cell->full().string(), writer);
}

IncrementStep NextTotal(const ElementTable* table, std::string_view name, Writer writer) {
  const Element found = table == nullptr ? Element() : table->FindStored(name);
  if (!found) return {kFresh, {}, {}};
  std::string scratch;
  return found.is_packed() ? NextTotal(found.packed(scratch), writer)
                           : NextTotal(&found.full(), writer);
}

void PutStep(const IncrementStep& step, ByteWriter& body) {
  if ((step.flag & kFresh) == 0) body.PutStamp(step.start);
  step.total.Encode(body);
}

std::vector<std::string_view> PresentNames(const ElementTable& elements,
                                           std::span<const std::string_view> names) {
  std::vector<std::string_view> present;
  if (names.size() == 1) {
    if (elements.Contains(names.front())) present.push_back(names.front());
    return present;
  }
  absl::flat_hash_set<std::string_view> seen;
  for (const std::string_view name : names) {
    if (elements.Contains(name) && seen.insert(name).second) present.push_back(name);
  }
  return present;
}

}  // namespace crdt
