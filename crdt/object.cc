#include "crdt/object.h"

#include <algorithm>
#include <concepts>
#include <vector>

#include "crdt/hyperloglog_text.h"

namespace crdt {
namespace {

// The bit of a type in the first byte of an encoded object.
constexpr std::uint8_t BitOf(ValueType type) {
  return static_cast<std::uint8_t>(1 << (static_cast<int>(type) - 1));
}

bool Shows(const StringValue& value) {
  return value.visible();
}
bool Shows(const ElementTable& table) {
  return table.size() > 0;
}
bool Shows(const ListValue& list) {
  return !list.empty();
}
bool Shows(const SortedSet& set) {
  return set.size() > 0;
}

bool Shows(const StreamValue& stream) {
  return stream.visible();
}
bool Shows(const HyperLogLog& value) {
  return value.visible();
}

bool HasSpent(const StringValue& value) {
  return value.counters().has_spent();
}
bool HasSpent(const ElementTable& table) {
  return table.has_spent();
}
bool HasSpent(const ListValue&) {
  return false;
}
bool HasSpent(const SortedSet& set) {
  return set.has_spent();
}

bool HasSpent(const StreamValue& stream) {
  return stream.has_spent();
}
bool HasSpent(const HyperLogLog& value) {
  return value.has_spent();
}

void DropSpentOf(StringValue& value) {
  value.counters().DropSpent();
}
void DropSpentOf(ElementTable& table) {
  table.DropSpent();
}
void DropSpentOf(ListValue&) {}
void DropSpentOf(SortedSet& set) {
  set.DropSpent();
}

void DropSpentOf(StreamValue& stream) {
  stream.DropSpent();
}
void DropSpentOf(HyperLogLog& value) {
  value.DropSpent();
}

template <class Container>
void JoinContainer(std::unique_ptr<Container>& mine_container, const Container* other,
                   const VersionVector& mine, const VersionVector& theirs) {
  if (mine_container == nullptr && other == nullptr) return;
  static const Container kNothing;
  if (mine_container == nullptr) mine_container = std::make_unique<Container>();
  mine_container->Join(other == nullptr ? kNothing : *other, mine, theirs);
}

}  // namespace

ValueType Object::VisibleType() const {
  ValueType visible = ValueType::kNone;
  int showing = 0;
  ForEachContainer([&](ValueType type, const auto& container) {
    if (!Shows(container)) return;
    visible = type;
    ++showing;
  });
  if (showing < 2) return visible;
  Stamp newest;
  ForEachContainer([&](ValueType type, const auto& container) {
    if (!Shows(container)) return;
    const Stamp stamp = container.newest();
    if (stamp > newest) visible = type;
    newest = std::max(newest, stamp);
  });
  return visible;
}

bool Object::clashes() const {
  int showing = 0;
  ForEachContainer(
      [&showing](ValueType, const auto& container) { showing += Shows(container) ? 1 : 0; });
  return showing > 1;
}

bool Object::empty() const {
  bool empty = ttl_.empty();
  ForEachContainer([&empty](ValueType, const auto&) { empty = false; });
  return empty;
}

bool Object::has_spent() const {
  bool spent = false;
  ForEachContainer(
      [&spent](ValueType, const auto& container) { spent = spent || HasSpent(container); });
  return spent;
}

void Object::DropSpent() {
  ForEachSlot(*this, [](ValueType, auto& slot) {
    if (slot != nullptr) DropSpentOf(*slot);
  });
  ReleaseEmptyContainers();
}

void Object::ReleaseEmptyContainers() {
  ForEachSlot(*this, [](ValueType, auto& slot) {
    if (slot != nullptr && slot->empty()) slot.reset();
  });
}

void Object::Join(const Object& other, const VersionVector& mine, const VersionVector& theirs) {
  ttl_.Join(other.ttl_, mine, theirs);
  JoinContainer(string_, other.string_.get(), mine, theirs);
  JoinContainer(hash_, other.hash_.get(), mine, theirs);
  JoinContainer(set_, other.set_.get(), mine, theirs);
  JoinContainer(list_, other.list_.get(), mine, theirs);
  JoinContainer(sorted_set_, other.sorted_set_.get(), mine, theirs);
  JoinContainer(stream_, other.stream_.get(), mine, theirs);
  JoinContainer(hyperloglog_, other.hyperloglog_.get(), mine, theirs);
  ReleaseEmptyContainers();
}

Object Object::FromPacked(const PackedValue& packed) {
  Object object;
  object.string_ = std::make_unique<StringValue>(StringValue::FromPacked(packed));
  object.ttl_.Assign(Context::Everything(packed.stamp), kInfinite);
  return object;
}

std::optional<PackedValue> Object::AsPacked() const {
  bool only_string = string_ != nullptr;
  ForEachContainer([&only_string](ValueType type, const auto&) {
    only_string = only_string && type == ValueType::kString;
  });
  if (!only_string) return std::nullopt;
  const std::optional<PackedValue> packed = string_->AsPacked();
  const bool lives_since_then =
      packed && ttl_.siblings().size() == 1 &&
      ttl_.siblings().front() == TtlRegister::Sibling{packed->stamp, kInfinite};
  return lives_since_then ? packed : std::nullopt;
}

void Object::Encode(ByteWriter& out) const {
  ttl_.Encode(out);
  std::uint8_t has = 0;
  ForEachContainer([&has](ValueType type, const auto&) { has |= BitOf(type); });
  out.U8(has);
  ForEachContainer([&out](ValueType, const auto& container) { container.Encode(out); });
}

void Object::EncodeMerged(ByteWriter& out) const {
  ttl_.Encode(out);
  std::uint8_t shown = 0;
  ForEachContainer([&shown](ValueType type, const auto& container) {
    if (Shows(container)) shown |= BitOf(type);
  });
  out.U8(shown);
  ForEachContainer([&out](ValueType, const auto& container) {
    if (Shows(container)) container.EncodeMerged(out);
  });
}

namespace {

template <class Container>
Status DecodeWhole(std::unique_ptr<Container>& slot, ByteReader& in) {
  if (slot != nullptr) return Fail(ErrorCode::kCorrupt, "a value stands in two pieces");
  Result<Container> container = Container::Decode(in);
  if (!container) return std::unexpected(container.error());
  slot = std::make_unique<Container>(*std::move(container));
  return {};
}

template <class Container>
Status DecodePiece(std::unique_ptr<Container>& slot, ByteReader& in, std::uint64_t seed) {
  if constexpr (std::constructible_from<Container, std::uint64_t>) {
    if (slot == nullptr) slot = std::make_unique<Container>(seed);
  }
  if constexpr (requires { slot->AddPiece(in); }) {
    if (slot != nullptr) return slot->AddPiece(in);
  }
  return DecodeWhole(slot, in);
}

}  // namespace

template <class DecodeSlot>
Status Object::DecodeSlots(ByteReader& in, DecodeSlot decode) {
  const std::uint8_t has = in.U8();
  std::uint8_t unknown = has;
  ForEachSlot(*this, [&unknown](ValueType type, const auto&) {
    unknown &= static_cast<std::uint8_t>(~BitOf(type));
  });
  if (unknown != 0) {
    return Fail(ErrorCode::kUnsupported, "an object with a container of an unknown type");
  }
  Status decoded;
  ForEachSlot(*this, [&](ValueType type, auto& slot) {
    if (decoded && (has & BitOf(type)) != 0) decoded = decode(slot);
  });
  if (!decoded) return decoded;
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "an object ends early");
  ReleaseEmptyContainers();
  return {};
}

Result<Object> Object::Decode(ByteReader& in) {
  Object object;
  Result<TtlRegister> ttl = TtlRegister::Decode(in);
  if (!ttl) return std::unexpected(ttl.error());
  object.ttl_ = *std::move(ttl);
  const Status decoded =
      object.DecodeSlots(in, [&in](auto& slot) { return DecodeWhole(slot, in); });
  if (!decoded) return std::unexpected(decoded.error());
  return object;
}

bool Object::EncodePiece(PieceCursor& at, const PieceLimit& limit, ByteWriter& out) const {
  PieceBudget budget(limit);
  std::string bytes;
  ByteWriter containers(bytes);
  std::uint8_t has = 0;
  bool ended = true;
  ForEachContainer([&]<class Container>(ValueType type, const Container& container) {
    if constexpr (requires { container.EncodePiece(at, budget, containers); }) {
      // Nothing of it before all of those in front of it, but for what is no entry of a stream.
      const bool waits = !ended && (at.began || type != ValueType::kStream);
      if (type < at.type || waits) return;
      PieceCursor none;
      if (ended && type > at.type) at = {.began = at.began, .type = type};
      ended = container.EncodePiece(ended ? at : none, budget, containers) && ended;
    } else {
      if (at.began) return;
      container.Encode(containers);
    }
    has |= BitOf(type);
  });
  (at.began ? TtlRegister() : ttl_).Encode(out);
  out.U8(has);
  out.Raw(bytes.data(), bytes.size());
  at.began = true;
  return ended;
}

Status Object::AddPiece(ByteReader& in, std::uint64_t seed) {
  Result<TtlRegister> ttl = TtlRegister::Decode(in);
  if (!ttl) return std::unexpected(ttl.error());
  if (!ttl->empty()) ttl_ = *std::move(ttl);
  return DecodeSlots(in, [&](auto& slot) { return DecodePiece(slot, in, seed); });
}

bool Object::operator==(const Object& other) const {
  std::string left;
  std::string right;
  ByteWriter left_writer(left);
  ByteWriter right_writer(right);
  Encode(left_writer);
  other.Encode(right_writer);
  return left == right;
}

// --- Tables of keys ------------------------------------------------------------------------------

namespace {

void Repack(KeyTable& table, std::string_view key, std::uint64_t hash, const Object& object) {
  if (object.empty()) {
    table.Erase(key, hash);
  } else if (const std::optional<PackedValue> packed = object.AsPacked()) {
    table.PutPacked(key, hash, *packed);
  }
}

bool IsPlainSet(const EffectView& effect) {
  return effect.kind == EffectKind::kSet &&
         !effect.has(effect_flag::kHasDeadline | effect_flag::kKeepTtl | effect_flag::kHasResets) &&
         effect.value.size() <= PackedValue::kMostTextBytes;
}

// The hot paths: what is there, if anything, is packed and stays so, or goes as a whole. False:
// nothing was done.
bool ApplyToPacked(KeyTable& table, std::uint64_t hash, KeyCell* cell, const EffectView& effect,
                   const Context& context) {
  const bool replaced = cell == nullptr || (cell->is_text() && context.Covers(cell->text_stamp()));
  switch (effect.kind) {
    case EffectKind::kSet:
      if (!replaced || !IsPlainSet(effect)) return false;
      table.PutPacked(effect.key, hash, {.stamp = context.stamp(), .text = effect.value});
      return true;
    case EffectKind::kDelete:
      // It may have graves to leave.
      if (!replaced || effect.has(effect_flag::kHasResets)) return false;
      if (cell != nullptr) table.Erase(effect.key, hash);
      return true;
    case EffectKind::kIncrement: {
      if (!effect.total.is_small_integer()) return false;
      const PackedCounter counter{context.stamp(), static_cast<std::int64_t>(effect.total.integer)};
      const bool creates = effect.has(effect_flag::kCreates);
      if (cell == nullptr) {
        if (!creates || !effect.has(effect_flag::kFresh)) return false;
        table.PutPacked(effect.key, hash,
                        {.stamp = context.stamp(), .text = {}, .counts = true, .counter = counter});
        return true;
      }
      const bool goes_on = cell->is_counter() && !creates && !effect.has(effect_flag::kFresh) &&
                           cell->counter_start() == effect.lineage_start &&
                           counter.last > cell->counter().last;
      if (goes_on) cell->set_counter(counter);
      return goes_on;
    }
    default:
      return false;
  }
}

}  // namespace

void ApplyToTable(KeyTable& table, std::uint64_t hash, const EffectView& effect,
                  const Context& context, ConflictSink* conflicts) {
  KeyCell* const cell = table.Find(effect.key, hash);
  const bool full = cell != nullptr && !cell->is_packed();
  if (!full && ApplyToPacked(table, hash, cell, effect, context)) return;
  Object& object = full ? cell->full() : table.Unpack(effect.key, hash);
  object.Apply(effect, context, conflicts);
  Repack(table, effect.key, hash, object);
}

namespace {

// Every key is a plain string that the context covers: no sibling, register or spent part remains.
bool NothingStays(const KeyTable& table, const Context& context) {
  bool nothing = true;
  table.ForEach([&](const KeyCell& cell) {
    nothing = nothing && cell.is_text() && context.Covers(cell.text_stamp());
  });
  return nothing;
}

}  // namespace

void ClearTable(KeyTable& table, const ResetsByKey& resets, const Context& context) {
  if (NothingStays(table, context)) {
    table.clear();  // Key by key it would shrink the table a dozen times.
    return;
  }
  std::vector<std::string> keys;
  table.ForEach([&keys](const KeyCell& cell) { keys.emplace_back(cell.name()); });
  for (const std::string& key : keys) {
    const std::uint64_t hash = KeyTable::Hash(key);
    const KeyCell* cell = table.Find(key, hash);
    if (cell->is_text()) {
      if (context.Covers(cell->text_stamp())) table.Erase(key, hash);
      continue;
    }
    Object& object = table.Unpack(key, hash);
    const auto found = resets.find(key);
    object.Clear(context, found == resets.end() ? std::string_view() : found->second);
    Repack(table, key, hash, object);
  }
}

void JoinKey(KeyTable& table, std::string_view key, const Object& other, const VersionVector& mine,
             const VersionVector& theirs) {
  const std::uint64_t hash = KeyTable::Hash(key);
  Object& object = table.Unpack(key, hash);
  object.Join(other, mine, theirs);
  Repack(table, key, hash, object);
}

Object TakeObject(KeyTable& table, std::string_view key) {
  const std::uint64_t hash = KeyTable::Hash(key);
  KeyCell* cell = table.Find(key, hash);
  if (cell == nullptr) return {};
  Object object = cell->is_packed() ? Object::FromPacked(cell->packed()) : std::move(cell->full());
  table.Erase(key, hash);
  return object;
}

void PutObject(KeyTable& table, std::string_view key, Object&& object) {
  const std::uint64_t hash = KeyTable::Hash(key);
  if (object.empty()) {
    table.Erase(key, hash);
  } else if (const std::optional<PackedValue> packed = object.AsPacked()) {
    table.PutPacked(key, hash, *packed);
  } else {
    table.Unpack(key, hash) = std::move(object);
  }
}

void DropSpent(KeyTable& table, std::string_view key) {
  const std::uint64_t hash = KeyTable::Hash(key);
  const KeyCell* cell = table.Find(key, hash);
  if (cell == nullptr || cell->is_packed()) return;
  Object& object = table.Unpack(key, hash);
  object.DropSpent();
  Repack(table, key, hash, object);
}

void EncodeCell(const KeyCell& cell, ByteWriter& out) {
  if (cell.is_packed()) {
    Object::FromPacked(cell.packed()).Encode(out);
  } else {
    cell.full().Encode(out);
  }
}

bool EncodeCellPiece(const KeyCell& cell, PieceCursor& at, const PieceLimit& limit,
                     ByteWriter& out) {
  if (!cell.is_packed()) return cell.full().EncodePiece(at, limit, out);
  return Object::FromPacked(cell.packed()).EncodePiece(at, limit, out);
}

void EncodeMergedCell(const KeyCell& cell, ByteWriter& out) {
  if (cell.is_packed()) {
    Object::FromPacked(cell.packed()).EncodeMerged(out);
  } else if (!cell.full().ttl().empty() || cell.full().VisibleType() != ValueType::kNone) {
    cell.full().EncodeMerged(out);
  }
}

// --- KeyView -------------------------------------------------------------------------------------

KeyView::KeyView(const KeyCell* cell) : cell_(cell) {
  if (cell == nullptr) return;
  type_ = cell->is_packed() ? ValueType::kString : cell->full().VisibleType();
}

std::optional<DeadlineMs> KeyView::deadline() const {
  if (cell_ == nullptr || cell_->is_packed()) return std::nullopt;
  return cell_->full().ttl().deadline();
}

std::optional<Stamp> KeyView::deadline_stamp() const {
  if (!deadline()) return std::nullopt;
  return cell_->full().ttl().winner()->stamp;
}

bool KeyView::clashes() const {
  return cell_ != nullptr && !cell_->is_packed() && cell_->full().clashes();
}

std::string_view KeyView::Text(std::string& scratch) const {
  if (type_ == ValueType::kHyperLogLog) return scratch = HyperLogLogText(hyperloglog().registers());
  return cell_->is_packed() ? cell_->packed().Text(scratch) : cell_->full().string()->Text(scratch);
}

std::optional<std::int64_t> KeyView::Integer() const {
  if (cell_->is_counter()) return cell_->counter().total;
  std::string scratch;
  return ParseInteger(Text(scratch));
}

const ElementTable& KeyView::elements() const {
  return type_ == ValueType::kHash ? *cell_->full().hash() : *cell_->full().set();
}

const StreamValue& KeyView::stream() const {
  return *cell_->full().stream();
}

std::size_t KeyView::memory_bytes() const {
  if (cell_ == nullptr) return 0;
  std::size_t bytes = sizeof(std::uint64_t) * 2 + malloc_usable_size(const_cast<KeyCell*>(cell_));
  if (cell_->is_packed()) return bytes;
  const Object& object = cell_->full();
  bytes += sizeof(Object);
  if (object.ttl().siblings().size() > 1) {
    bytes += object.ttl().siblings().capacity() * sizeof(TtlRegister::Sibling);
  }
  if (const StringValue* value = object.string()) {
    bytes += sizeof *value + value->counters().parts().capacity() * sizeof(CounterPart);
    for (const Sibling& sibling : value->siblings()) bytes += sizeof sibling + sibling.value.size();
  }
  if (object.hash() != nullptr) bytes += object.hash()->memory_bytes();
  if (object.set() != nullptr) bytes += object.set()->memory_bytes();
  if (object.list() != nullptr) bytes += object.list()->memory_bytes();
  if (object.sorted_set() != nullptr) bytes += object.sorted_set()->memory_bytes();
  if (object.stream() != nullptr) bytes += object.stream()->memory_bytes();
  if (object.hyperloglog() != nullptr) bytes += object.hyperloglog()->memory_bytes();
  return bytes;
}

}  // namespace crdt
