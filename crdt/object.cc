#include "crdt/object.h"

#include <algorithm>
#include <vector>

namespace crdt {
namespace {

// Bits of what an encoded object holds.
constexpr std::uint8_t kHasString = 1;
constexpr std::uint8_t kHasHash = 2;
constexpr std::uint8_t kHasSet = 4;

bool Shows(const StringValue* value) {
  return value != nullptr && value->visible();
}
bool Shows(const ElementTable* table) {
  return table != nullptr && table->size() > 0;
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
  const bool string_shows = Shows(string_.get());
  const bool hash_shows = Shows(hash_.get());
  const bool set_shows = Shows(set_.get());
  if (string_shows + hash_shows + set_shows > 1) {
    const Stamp string_newest = string_shows ? string_->newest() : Stamp();
    const Stamp hash_newest = hash_shows ? hash_->newest() : Stamp();
    const Stamp set_newest = set_shows ? set_->newest() : Stamp();
    const Stamp newest = std::max({string_newest, hash_newest, set_newest});
    if (newest == string_newest) return ValueType::kString;
    return newest == hash_newest ? ValueType::kHash : ValueType::kSet;
  }
  if (string_shows) return ValueType::kString;
  if (hash_shows) return ValueType::kHash;
  return set_shows ? ValueType::kSet : ValueType::kNone;
}

bool Object::clashes() const {
  return Shows(string_.get()) + Shows(hash_.get()) + Shows(set_.get()) > 1;
}

bool Object::empty() const {
  return ttl_.empty() && string_ == nullptr && hash_ == nullptr && set_ == nullptr;
}

bool Object::has_spent() const {
  return (string_ != nullptr && string_->counters().has_spent()) ||
         (hash_ != nullptr && hash_->has_spent());
}

void Object::DropSpent() {
  if (string_ != nullptr) string_->counters().DropSpent();
  if (hash_ != nullptr) hash_->DropSpent();
  ReleaseEmptyContainers();
}

void Object::ReleaseEmptyContainers() {
  if (string_ != nullptr && string_->empty()) string_.reset();
  if (hash_ != nullptr && hash_->empty()) hash_.reset();
  if (set_ != nullptr && set_->empty()) set_.reset();
}

void Object::Join(const Object& other, const VersionVector& mine, const VersionVector& theirs) {
  ttl_.Join(other.ttl_, mine, theirs);
  JoinContainer(string_, other.string_.get(), mine, theirs);
  JoinContainer(hash_, other.hash_.get(), mine, theirs);
  JoinContainer(set_, other.set_.get(), mine, theirs);
  ReleaseEmptyContainers();
}

Object Object::FromPacked(const PackedValue& packed) {
  Object object;
  object.string_ = std::make_unique<StringValue>(StringValue::FromPacked(packed));
  object.ttl_.Assign(Context::Everything(packed.stamp), kInfinite);
  return object;
}

std::optional<PackedValue> Object::AsPacked() const {
  if (string_ == nullptr || hash_ != nullptr || set_ != nullptr) return std::nullopt;
  const std::optional<PackedValue> packed = string_->AsPacked();
  const bool lives_since_then =
      packed && ttl_.siblings().size() == 1 &&
      ttl_.siblings().front() == TtlRegister::Sibling{packed->stamp, kInfinite};
  return lives_since_then ? packed : std::nullopt;
}

void Object::Encode(ByteWriter& out) const {
  ttl_.Encode(out);
  out.U8(static_cast<std::uint8_t>((string_ ? kHasString : 0) | (hash_ ? kHasHash : 0) |
                                   (set_ ? kHasSet : 0)));
  if (string_) string_->Encode(out);
  if (hash_) hash_->Encode(out);
  if (set_) set_->Encode(out);
}

void Object::EncodeMerged(ByteWriter& out) const {
  ttl_.Encode(out);
  const bool string_shows = Shows(string_.get());
  out.U8(static_cast<std::uint8_t>((string_shows ? kHasString : 0) |
                                   (Shows(hash_.get()) ? kHasHash : 0) |
                                   (Shows(set_.get()) ? kHasSet : 0)));
  if (string_shows) string_->EncodeMerged(out);
  if (Shows(hash_.get())) hash_->EncodeMerged(out);
  if (Shows(set_.get())) set_->EncodeMerged(out);
}

Result<Object> Object::Decode(ByteReader& in) {
  Object object;
  Result<TtlRegister> ttl = TtlRegister::Decode(in);
  if (!ttl) return std::unexpected(ttl.error());
  object.ttl_ = *std::move(ttl);
  const std::uint8_t has = in.U8();
  if (has > (kHasString | kHasHash | kHasSet)) {
    return Fail(ErrorCode::kUnsupported, "an object with a container of an unknown type");
  }
  if ((has & kHasString) != 0) {
    Result<StringValue> value = StringValue::Decode(in);
    if (!value) return std::unexpected(value.error());
    object.string_ = std::make_unique<StringValue>(*std::move(value));
  }
  for (const std::uint8_t kind : {kHasHash, kHasSet}) {
    if ((has & kind) == 0) continue;
    Result<ElementTable> table = ElementTable::Decode(in);
    if (!table) return std::unexpected(table.error());
    auto& container = kind == kHasHash ? object.hash_ : object.set_;
    container = std::make_unique<ElementTable>(*std::move(table));
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "an object ends early");
  object.ReleaseEmptyContainers();
  return object;
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
      if (!replaced) return false;
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

void ApplyToTable(KeyTable& table, const EffectView& effect, const Context& context,
                  ConflictSink* conflicts) {
  const std::uint64_t hash = KeyTable::Hash(effect.key);
  if (ApplyToPacked(table, hash, table.Find(effect.key, hash), effect, context)) return;
  Object& object = table.Unpack(effect.key, hash);
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
  return bytes;
}

}  // namespace crdt
