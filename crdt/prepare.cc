#include "crdt/prepare.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace crdt {
namespace {

using effect_flag::kConditional;
using effect_flag::kCreates;
using effect_flag::kEmpties;
using effect_flag::kExpired;
using effect_flag::kFresh;
using effect_flag::kHasDeadline;
using effect_flag::kHasResets;
using effect_flag::kKeepTtl;
using effect_flag::kPop;

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

// Of a cell whose Full is a StringValue.
std::vector<ObservedPart> Observed(const ElementTable::Table::Cell& cell) {
  if (cell.is_text()) return {};
  if (cell.is_counter()) return {Observed(cell.packed())};
  return Observed(cell.full().counters());
}

std::vector<ObservedPart> ObservedOf(const ElementTable* table, std::string_view name) {
  const ElementTable::Table::Cell* cell = table == nullptr ? nullptr : table->FindStored(name);
  return cell == nullptr ? std::vector<ObservedPart>() : Observed(*cell);
}

// What is observed of a key's counters, in the containers other than `kept`.
KeyResets ResetsOf(const KeyCell* cell, ValueType kept = ValueType::kNone) {
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
  if (object.hash() != nullptr && object.hash()->has_counters() && kept != ValueType::kHash) {
    object.hash()->table().ForEach([&resets](const ElementTable::Table::Cell& field) {
      std::vector<ObservedPart> parts = Observed(field);
      if (!parts.empty()) resets.fields.emplace_back(field.name(), std::move(parts));
    });
    std::ranges::sort(resets.fields, {}, [](const auto& field) { return field.first; });
  }
  return resets;
}

std::uint8_t CreatesFlag(const KeyView& view) {
  return view.exists() ? 0 : kCreates;
}

// Adding to the shown container ends the hidden ones.
void EndHidden(const KeyView& view, std::string_view key, EffectList& out) {
  if (!view.clashes()) return;
  const KeyResets resets = ResetsOf(view.cell(), view.type());
  ByteWriter body = out.Begin(EffectKind::kEndHidden, resets.empty() ? 0 : kHasResets, key);
  body.U8(static_cast<std::uint8_t>(view.type()));
  if (!resets.empty()) body.Bytes(resets.Encode());
}

// The body of an increment, after the field where there is one: the writer's lineage goes on while
// something of it is live, else a new one begins.
struct Step {
  std::uint8_t flag;
  Stamp start;
  Total total;
};

Step NextTotal(const StringValue* value, Writer writer) {
  const CounterPart* part = value == nullptr ? nullptr : value->counters().Find(writer);
  if (part == nullptr || part->spent()) return {kFresh, {}, {}};
  return {0, part->start, part->total};
}

Step NextTotal(const PackedValue& packed, Writer writer) {
  if (!packed.counts || packed.stamp.writer() != writer) return {kFresh, {}, {}};
  return {0, packed.stamp, {.integer = packed.counter.total}};
}

void PutStep(const Step& step, ByteWriter& body) {
  if ((step.flag & kFresh) == 0) body.PutStamp(step.start);
  step.total.Encode(body);
}

Step NextTotal(const KeyView& view, Writer writer) {
  const KeyCell* cell = view.cell();
  if (cell == nullptr) return {kFresh, {}, {}};
  return cell->is_packed() ? NextTotal(cell->packed(), writer)
                           : NextTotal(cell->full().string(), writer);
}

Step NextTotal(const ElementTable* hash, std::string_view field, Writer writer) {
  const ElementTable::Table::Cell* cell = hash == nullptr ? nullptr : hash->FindStored(field);
  if (cell == nullptr) return {kFresh, {}, {}};
  return cell->is_packed() ? NextTotal(cell->packed(), writer) : NextTotal(&cell->full(), writer);
}

const ElementTable* HashOf(const KeyView& view) {
  return view.cell() == nullptr || view.cell()->is_packed() ? nullptr : view.cell()->full().hash();
}

void PutIncrement(const KeyView& view, std::string_view key, const Step& step, EffectList& out) {
  EndHidden(view, key, out);
  ByteWriter body = out.Begin(EffectKind::kIncrement,
                              static_cast<std::uint8_t>(step.flag | CreatesFlag(view)), key);
  PutStep(step, body);
}

void PutHashIncrement(const KeyView& view, std::string_view key, std::string_view field,
                      const Step& step, EffectList& out) {
  EndHidden(view, key, out);
  ByteWriter body = out.Begin(EffectKind::kHashIncrement,
                              static_cast<std::uint8_t>(step.flag | CreatesFlag(view)), key);
  body.Bytes(field);
  PutStep(step, body);
}

// Those of `names` that show something, each once.
std::vector<std::string_view> Present(const KeyView& view,
                                      std::span<const std::string_view> names) {
  std::vector<std::string_view> present;
  if (!view.exists()) return present;
  const ElementTable& elements = view.elements();
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

std::uint8_t EmptiesFlag(const KeyView& view, std::size_t removed) {
  return removed == view.elements().size() && !view.clashes() ? kEmpties : 0;
}

}  // namespace

void PrepareSet(const KeyView& view, std::string_view key, std::string_view value,
                const SetOptions& options, EffectList& out) {
  std::uint8_t flags = options.condition == Condition::kDecidedLocally ? kConditional : 0;
  // A key that is not there has no TTL to keep: it is created.
  if (options.ttl == Ttl::kKeep && view.exists()) flags |= kKeepTtl;
  if (options.ttl == Ttl::kDeadline) flags |= kHasDeadline;
  const KeyResets resets = ResetsOf(view.cell());
  if (!resets.empty()) flags |= kHasResets;
  ByteWriter body = out.Begin(EffectKind::kSet, flags, key);
  if (options.ttl == Ttl::kDeadline) body.Signed(options.deadline);
  body.Bytes(value);
  if (!resets.empty()) body.Bytes(resets.Encode());
}

void PrepareDelete(const KeyView& view, std::string_view key, DeleteReason reason,
                   EffectList& out) {
  if (!view.exists()) return;
  const KeyResets resets = ResetsOf(view.cell());
  const std::uint8_t flags = static_cast<std::uint8_t>(
      (reason == DeleteReason::kExpired ? kExpired : 0) | (resets.empty() ? 0 : kHasResets));
  ByteWriter body = out.Begin(EffectKind::kDelete, flags, key);
  if (!resets.empty()) body.Bytes(resets.Encode());
}

void PrepareIncrement(const KeyView& view, std::string_view key, Writer writer, std::int64_t delta,
                      EffectList& out) {
  Step step = NextTotal(view, writer);
  step.total.integer += delta;
  PutIncrement(view, key, step, out);
}

void PrepareIncrementFloat(const KeyView& view, std::string_view key, Writer writer, Float128 delta,
                           EffectList& out) {
  Step step = NextTotal(view, writer);
  step.total.floating += delta;
  PutIncrement(view, key, step, out);
}

void PrepareExpire(const KeyView& view, std::string_view key, DeadlineMs deadline,
                   EffectList& out) {
  if (!view.exists()) return;
  out.Begin(EffectKind::kExpire, 0, key).Signed(deadline);
}

void PrepareSetAdd(const KeyView& view, std::string_view key,
                   std::span<const std::string_view> members, EffectList& out) {
  EndHidden(view, key, out);
  ByteWriter body = out.Begin(EffectKind::kSetAdd, CreatesFlag(view), key);
  body.Varint(members.size());
  for (const std::string_view member : members) body.Bytes(member);
}

void PrepareSetRemove(const KeyView& view, std::string_view key,
                      std::span<const std::string_view> members, RemoveReason reason,
                      EffectList& out) {
  const std::vector<std::string_view> present = Present(view, members);
  if (present.empty()) return;
  const auto flags = static_cast<std::uint8_t>((reason == RemoveReason::kPopped ? kPop : 0) |
                                               EmptiesFlag(view, present.size()));
  ByteWriter body = out.Begin(EffectKind::kSetRemove, flags, key);
  body.Varint(present.size());
  for (const std::string_view member : present) body.Bytes(member);
}

void PrepareHashSet(const KeyView& view, std::string_view key, std::span<const FieldValue> fields,
                    Condition condition, EffectList& out) {
  EndHidden(view, key, out);
  const auto flags = static_cast<std::uint8_t>(
      (condition == Condition::kDecidedLocally ? kConditional : 0) | CreatesFlag(view));
  ByteWriter body = out.Begin(EffectKind::kHashSet, flags, key);
  body.Varint(fields.size());
  for (const auto& [field, value] : fields) {
    body.Bytes(field);
    body.Bytes(value);
    EncodeObserved(ObservedOf(HashOf(view), field), body);
  }
}

void PrepareHashDelete(const KeyView& view, std::string_view key,
                       std::span<const std::string_view> fields, EffectList& out) {
  const std::vector<std::string_view> present = Present(view, fields);
  if (present.empty()) return;
  ByteWriter body = out.Begin(EffectKind::kHashDelete, EmptiesFlag(view, present.size()), key);
  body.Varint(present.size());
  for (const std::string_view field : present) {
    body.Bytes(field);
    EncodeObserved(ObservedOf(HashOf(view), field), body);
  }
}

void PrepareHashIncrement(const KeyView& view, std::string_view key, std::string_view field,
                          Writer writer, std::int64_t delta, EffectList& out) {
  Step step = NextTotal(HashOf(view), field, writer);
  step.total.integer += delta;
  PutHashIncrement(view, key, field, step, out);
}

void PrepareHashIncrementFloat(const KeyView& view, std::string_view key, std::string_view field,
                               Writer writer, Float128 delta, EffectList& out) {
  Step step = NextTotal(HashOf(view), field, writer);
  step.total.floating += delta;
  PutHashIncrement(view, key, field, step, out);
}

void PrepareClear(std::span<const KeyTable* const> tables, EffectList& out) {
  bool any = false;
  std::string resets_bytes;
  ByteWriter listed(resets_bytes);
  std::uint64_t count = 0;
  for (const KeyTable* table : tables) {
    any = any || table->size() > 0;
    table->ForEach([&](const KeyCell& cell) {
      const KeyResets resets = ResetsOf(&cell);
      if (resets.empty()) return;
      listed.Bytes(cell.name());
      listed.Bytes(resets.Encode());
      ++count;
    });
  }
  if (!any) return;
  ByteWriter body = out.Begin(EffectKind::kClear, 0, {});
  body.Varint(count);
  body.Raw(resets_bytes.data(), resets_bytes.size());
}

}  // namespace crdt
