#include "crdt/prepare.h"

#include <string>
#include <vector>

#include "crdt/effect_parts.h"

namespace crdt {
namespace {

using effect_flag::kConditional;
using effect_flag::kExpired;
using effect_flag::kHasDeadline;
using effect_flag::kHasResets;
using effect_flag::kKeepTtl;
using effect_flag::kPop;

const ElementTable* HashOf(const KeyView& view) {
  return view.cell() == nullptr || view.cell()->is_packed() ? nullptr : view.cell()->full().hash();
}

void PutIncrement(const KeyView& view, std::string_view key, const IncrementStep& step,
                  EffectList& out) {
  EndHidden(view, key, out);
  ByteWriter body = out.Begin(EffectKind::kIncrement,
                              static_cast<std::uint8_t>(step.flag | CreatesFlag(view)), key);
  PutStep(step, body);
}

void PutHashIncrement(const KeyView& view, std::string_view key, std::string_view field,
                      const IncrementStep& step, EffectList& out) {
  EndHidden(view, key, out);
  ByteWriter body = out.Begin(EffectKind::kHashIncrement,
                              static_cast<std::uint8_t>(step.flag | CreatesFlag(view)), key);
  body.Bytes(field);
  PutStep(step, body);
}

// As PresentNames, of the key where it shows something.
std::vector<std::string_view> Present(const KeyView& view,
                                      std::span<const std::string_view> names) {
  return view.exists() ? PresentNames(view.elements(), names) : std::vector<std::string_view>();
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
  // A time to live that is left alone when its key is gone goes when its time is over.
  const bool ends_deadline = reason == DeleteReason::kExpired && view.deadline();
  if (!view.exists() && !ends_deadline) return;
  const KeyResets resets = ResetsOf(view.cell());
  const std::uint8_t flags = static_cast<std::uint8_t>(
      (reason == DeleteReason::kExpired ? kExpired : 0) | (resets.empty() ? 0 : kHasResets));
  ByteWriter body = out.Begin(EffectKind::kDelete, flags, key);
  if (!resets.empty()) body.Bytes(resets.Encode());
}

void PrepareIncrement(const KeyView& view, std::string_view key, Writer writer, std::int64_t delta,
                      EffectList& out) {
  IncrementStep step = NextTotal(view, writer);
  step.total.integer += delta;
  PutIncrement(view, key, step, out);
}

void PrepareIncrementFloat(const KeyView& view, std::string_view key, Writer writer, Float128 delta,
                           EffectList& out) {
  IncrementStep step = NextTotal(view, writer);
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
  const auto flags =
      static_cast<std::uint8_t>((reason == RemoveReason::kPopped ? kPop : 0) |
                                EmptiesFlag(view, present.size(), view.elements().size()));
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
  ByteWriter body = out.Begin(EffectKind::kHashDelete,
                              EmptiesFlag(view, present.size(), view.elements().size()), key);
  body.Varint(present.size());
  for (const std::string_view field : present) {
    body.Bytes(field);
    EncodeObserved(ObservedOf(HashOf(view), field), body);
  }
}

void PrepareHashIncrement(const KeyView& view, std::string_view key, std::string_view field,
                          Writer writer, std::int64_t delta, EffectList& out) {
  IncrementStep step = NextTotal(HashOf(view), field, writer);
  step.total.integer += delta;
  PutHashIncrement(view, key, field, step, out);
}

void PrepareHashIncrementFloat(const KeyView& view, std::string_view key, std::string_view field,
                               Writer writer, Float128 delta, EffectList& out) {
  IncrementStep step = NextTotal(HashOf(view), field, writer);
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
