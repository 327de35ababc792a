#include "crdt/prepare_hyperloglog.h"

#include "crdt/effect_parts.h"

namespace crdt {
namespace {

void PutRegisters(const KeyView& view, std::string_view key, const HyperLogLogRegisters& registers,
                  EffectList& out) {
  if (view.type() == ValueType::kString) {
    EndOthers(view, key, ValueType::kHyperLogLog, out);
  } else {
    EndHidden(view, key, out);
  }
  ByteWriter body = out.Begin(EffectKind::kHyperLogLogMerge, CreatesFlag(view), key);
  registers.Encode(body);
}

}  // namespace

void PrepareHyperLogLogAdd(const KeyView& view, std::string_view key,
                           std::span<const RegisterValue> values, EffectList& out) {
  // What is there has travelled when it was written.
  HyperLogLogRegisters raised;
  for (const RegisterValue value : values) {
    if (view.exists() && view.hyperloglog().registers().Get(value.index) >= value.rank) continue;
    raised.Raise(value);
  }
  if (!raised.empty() || !view.exists()) PutRegisters(view, key, raised, out);
}

void PrepareHyperLogLogMerge(const KeyView& view, std::string_view key,
                             const HyperLogLogRegisters& registers, EffectList& out) {
  HyperLogLogRegisters::Ranks ranks{};
  registers.MergeInto(ranks);
  if (view.type() == ValueType::kHyperLogLog) {
    const HyperLogLogRegisters& here = view.hyperloglog().registers();
    for (std::uint32_t i = 0; i < HyperLogLogRegisters::kCount; ++i) {
      if (here.Get(static_cast<std::uint16_t>(i)) >= ranks[i]) ranks[i] = 0;
    }
  }
  const HyperLogLogRegisters raised(ranks);
  if (raised.empty() && view.type() == ValueType::kHyperLogLog) return;
  PutRegisters(view, key, raised, out);
}

}  // namespace crdt
