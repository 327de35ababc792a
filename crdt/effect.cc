#include "crdt/effect.h"

#include "crdt/hyperloglog_registers.h"
#include "crdt/list_effect.h"
#include "crdt/object.h"
#include "crdt/score.h"
#include "crdt/stream_effect.h"

namespace crdt {
namespace {

// start, last and an integer total of one byte.
constexpr std::size_t kLeastPartBytes = 18;

std::vector<ObservedPart> DecodeObserved(ByteReader& in) {
  std::vector<ObservedPart> parts;
  const std::uint64_t count = in.Count(kLeastPartBytes);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    ObservedPart part;
    part.start = in.GetStamp();
    part.last = in.GetStamp();
    part.total = Total::Decode(in);
    parts.push_back(part);
  }
  return parts;
}

void SkipObserved(ByteReader& in) {
  const std::uint64_t count = in.Count(kLeastPartBytes);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    in.GetStamp();
    in.GetStamp();
    Total::Decode(in);
  }
}

constexpr bool IsWithin(std::uint8_t kind, EffectKind first, EffectKind last) {
  return kind >= static_cast<std::uint8_t>(first) && kind <= static_cast<std::uint8_t>(last);
}

bool IsKnown(std::uint8_t kind) {
  return IsWithin(kind, EffectKind::kSet, EffectKind::kClear) ||
         IsWithin(kind, EffectKind::kListPushRight, EffectKind::kListTrim) ||
         IsWithin(kind, EffectKind::kSortedSetAdd, EffectKind::kSortedSetIncrement) ||
         IsWithin(kind, EffectKind::kStreamAdd, EffectKind::kConsumerDelete) ||
         IsWithin(kind, EffectKind::kHyperLogLogMerge, EffectKind::kRepair);
}

bool HasValues(EffectKind kind) {
  return kind == EffectKind::kHashSet || kind == EffectKind::kSortedSetAdd;
}

bool HasObserved(EffectKind kind) {
  return HasValues(kind) || kind == EffectKind::kHashDelete || kind == EffectKind::kSortedSetRemove;
}

void SkipElements(EffectKind kind, std::uint64_t count, ByteReader& in) {
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    in.Bytes();
    if (HasValues(kind)) {
      const std::string_view value = in.Bytes();
      if (kind == EffectKind::kSortedSetAdd && !ParseScore(value)) in.Invalidate();
    }
    if (HasObserved(kind)) SkipObserved(in);
    if (kind == EffectKind::kClear) {
      const std::string_view resets = in.Bytes();
      if (in.ok() && !KeyResets::Decode(resets)) in.Invalidate();
    }
  }
}

}  // namespace

void EncodeObserved(const std::vector<ObservedPart>& parts, ByteWriter& out) {
  out.Varint(parts.size());
  for (const ObservedPart& part : parts) {
    out.PutStamp(part.start);
    out.PutStamp(part.last);
    part.total.Encode(out);
  }
}

namespace {

void EncodeOfElements(const KeyResets::OfElements& elements, ByteWriter& out) {
  out.Varint(elements.size());
  for (const auto& [name, parts] : elements) {
    out.Bytes(name);
    EncodeObserved(parts, out);
  }
}

KeyResets::OfElements DecodeOfElements(ByteReader& in) {
  KeyResets::OfElements elements;
  const std::uint64_t count = in.Count(2);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.Bytes();
    elements.emplace_back(name, DecodeObserved(in));
  }
  return elements;
}

}  // namespace

std::string KeyResets::Encode() const {
  std::string bytes;
  ByteWriter out(bytes);
  EncodeObserved(string, out);
  EncodeOfElements(fields, out);
  // Left out where there is nothing: as before there were sorted sets.
  if (!members.empty() || buries != 0) EncodeOfElements(members, out);
  if (buries != 0) out.U8(buries);
  return bytes;
}

Result<KeyResets> KeyResets::Decode(std::string_view bytes) {
  KeyResets resets;
  if (bytes.empty()) return resets;
  ByteReader in(bytes);
  resets.string = DecodeObserved(in);
  resets.fields = DecodeOfElements(in);
  if (!in.at_end()) resets.members = DecodeOfElements(in);
  if (!in.at_end()) resets.buries = in.U8();
  if (!in.ok() || !in.at_end()) return Fail(ErrorCode::kCorrupt, "observed counters do not decode");
  return resets;
}

Result<EffectView> EffectView::Decode(ByteReader& in) {
  const char* const begin = in.position();
  EffectView effect{};
  const std::uint8_t kind = in.U8();
  effect.flags = in.U8();
  effect.key = in.Bytes();
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "an effect ends early");
  if (!IsKnown(kind)) {
    return Fail(ErrorCode::kUnsupported, "an effect of unknown kind " + std::to_string(kind));
  }
  effect.kind = static_cast<EffectKind>(kind);
  switch (effect.kind) {
    case EffectKind::kSet:
      if (effect.has(effect_flag::kHasDeadline)) effect.deadline = in.Signed();
      effect.value = in.Bytes();
      if (effect.has(effect_flag::kHasResets)) effect.resets = in.Bytes();
      break;
    case EffectKind::kDelete:
      if (effect.has(effect_flag::kHasResets)) effect.resets = in.Bytes();
      break;
    case EffectKind::kExpire:
      effect.deadline = in.Signed();
      break;
    case EffectKind::kRepair: {
      effect.value = in.Bytes();
      ByteReader object(effect.value);
      if (in.ok() && (!Object::Decode(object) || !object.at_end())) in.Invalidate();
      break;
    }
    case EffectKind::kHashIncrement:
    case EffectKind::kSortedSetIncrement:
      effect.field = in.Bytes();
      [[fallthrough]];
    case EffectKind::kIncrement:
      if (!effect.has(effect_flag::kFresh)) effect.lineage_start = in.GetStamp();
      effect.total = Total::Decode(in);
      break;
    case EffectKind::kEndHidden: {
      const std::uint8_t kept = in.U8();
      if (!IsValueType(kept)) in.Invalidate();
      effect.kept = static_cast<ValueType>(kept);
      if (effect.has(effect_flag::kHasResets)) effect.resets = in.Bytes();
      break;
    }
    case EffectKind::kListInsert:
    case EffectKind::kListSet:
    case EffectKind::kListRemove:
    case EffectKind::kListTrim:
      DecodeListBody(in, effect);
      break;
    case EffectKind::kListPushRight:
    case EffectKind::kListPushLeft:
    case EffectKind::kSetAdd:
    case EffectKind::kSetRemove:
    case EffectKind::kHashSet:
    case EffectKind::kHashDelete:
    case EffectKind::kSortedSetAdd:
    case EffectKind::kSortedSetRemove:
    case EffectKind::kClear: {
      effect.element_count = in.Count();
      const char* const elements = in.position();
      SkipElements(effect.kind, effect.element_count, in);
      if (in.ok()) {
        effect.elements = {elements, static_cast<std::size_t>(in.position() - elements)};
      }
      break;
    }
    default: {
      const char* const body = in.position();
      if (effect.kind == EffectKind::kHyperLogLogMerge) {
        (void)HyperLogLogRegisters::Decode(in);
      } else {
        StreamEffect::Decode(effect.kind, effect.flags, in);
      }
      if (in.ok()) effect.elements = {body, static_cast<std::size_t>(in.position() - body)};
      break;
    }
  }
  if (in.ok() && !effect.resets.empty() && !KeyResets::Decode(effect.resets)) in.Invalidate();
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "an effect does not decode");
  effect.bytes = {begin, static_cast<std::size_t>(in.position() - begin)};
  return effect;
}

std::string EffectView::ToString() const {
  const std::string of(key);
  switch (kind) {
    case EffectKind::kSet:
      return "SET " + of + " (" + std::to_string(value.size()) + " bytes)";
    case EffectKind::kDelete:
      return has(effect_flag::kExpired) ? "EXPIRED " + of : "DEL " + of;
    case EffectKind::kIncrement:
      return "INCR " + of;
    case EffectKind::kExpire:
      return "EXPIRE " + of + ' ' + std::to_string(deadline);
    case EffectKind::kSetAdd:
      return "SADD " + of + ' ' + std::to_string(element_count);
    case EffectKind::kSetRemove:
      return "SREM " + of + ' ' + std::to_string(element_count);
    case EffectKind::kHashSet:
      return "HSET " + of + ' ' + std::to_string(element_count);
    case EffectKind::kHashDelete:
      return "HDEL " + of + ' ' + std::to_string(element_count);
    case EffectKind::kHashIncrement:
      return "HINCRBY " + of + ' ' + std::string(field);
    case EffectKind::kEndHidden:
      return "END HIDDEN " + of;
    case EffectKind::kClear:
      return "FLUSHALL";
    case EffectKind::kListPushRight:
      return "RPUSH " + of + ' ' + std::to_string(element_count);
    case EffectKind::kListPushLeft:
      return "LPUSH " + of + ' ' + std::to_string(element_count);
    case EffectKind::kListInsert:
      return "LINSERT " + of;
    case EffectKind::kListSet:
      return "LSET " + of;
    case EffectKind::kListRemove:
      return (has(effect_flag::kPop) ? "LPOP " : "LREM ") + of + ' ' +
             std::to_string(element_count);
    case EffectKind::kListTrim:
      return "LTRIM " + of;
    case EffectKind::kSortedSetAdd:
      return "ZADD " + of + ' ' + std::to_string(element_count);
    case EffectKind::kSortedSetRemove:
      return "ZREM " + of + ' ' + std::to_string(element_count);
    case EffectKind::kSortedSetIncrement:
      return "ZINCRBY " + of + ' ' + std::string(field);
    case EffectKind::kHyperLogLogMerge:
      return "PFADD " + of;
    case EffectKind::kRepair:
      return "REGION REPAIR " + of;
    default:
      return std::string(CommandOf(kind)) + ' ' + of;
  }
}

bool ElementReader::Next() {
  if (left_ == 0) return false;
  --left_;
  name_ = in_.Bytes();
  if (HasValues(kind_)) value_ = in_.Bytes();
  if (HasObserved(kind_)) observed_ = DecodeObserved(in_);
  if (kind_ == EffectKind::kClear) resets_ = in_.Bytes();
  return true;
}

}  // namespace crdt
