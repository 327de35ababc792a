// What a key holds: a container of one type or, in a type conflict, several of them at once, and
// the time-to-live register.
//
// Apply is the only function that changes it, and is deterministic: the same at the author, at its
// replicas, in recovery and in other regions, and commutes for concurrent effects. Join merges
// whole states and gives what applying the missing effects gives.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "crdt/cell_table.h"
#include "crdt/conflict.h"
#include "crdt/context.h"
#include "crdt/effect.h"
#include "crdt/element_table.h"
#include "crdt/expiry.h"
#include "crdt/hyperloglog.h"
#include "crdt/list_value.h"
#include "crdt/piece.h"
#include "crdt/sorted_set.h"
#include "crdt/stream_value.h"
#include "crdt/string_value.h"

namespace crdt {

class ConflictReporter;

class Object {
 public:
  // --- Questions ---------------------------------------------------------------------------------
  // The container with the greatest stamp inside; kNone where no container shows anything.
  ValueType VisibleType() const;
  // Two containers or more show something: a type clash.
  bool clashes() const;
  // Nothing at all is left, neither containers nor register nor spent parts: may be forgotten.
  bool empty() const;
  bool has_spent() const;
  const TtlRegister& ttl() const { return ttl_; }
  // Null where the object has no such container.
  const StringValue* string() const { return string_.get(); }
  const ElementTable* hash() const { return hash_.get(); }
  const ElementTable* set() const { return set_.get(); }
  const ListValue* list() const { return list_.get(); }
  const SortedSet* sorted_set() const { return sorted_set_.get(); }
  const StreamValue* stream() const { return stream_.get(); }
  const HyperLogLog* hyperloglog() const { return hyperloglog_.get(); }
  // Calls visit(type, container) for each container that is there, in the order of the types.
  template <class Visit>
  void ForEachContainer(Visit visit) const {
    ForEachSlot(*this, [&visit](ValueType type, const auto& slot) {
      if (slot != nullptr) visit(type, *slot);
    });
  }

  // --- Changes -----------------------------------------------------------------------------------
  // REQUIRES: effect.kind is not kClear (Clear below is for that).
  void Apply(const EffectView& effect, const Context& context, ConflictSink* conflicts);
  // The share of one key in a kClear: an observed delete. `resets` are encoded observed parts.
  void Clear(const Context& context, std::string_view resets);
  void DropSpent();
  void Join(const Object& other, const VersionVector& mine, const VersionVector& theirs);

  // --- Packing: what was made by one SET, or by INCRs alone, and lives for ever, needs no Object
  // --
  static Object FromPacked(const PackedValue& packed);
  // Empty where it is more than a packed value can say. The view is into this object.
  std::optional<PackedValue> AsPacked() const;

  // --- Bytes -------------------------------------------------------------------------------------
  void Encode(ByteWriter& out) const;
  static Result<Object> Decode(ByteReader& in);
  // What the merge rules define (no spent parts): equal at regions that have the same writes.
  void EncodeMerged(ByteWriter& out) const;
  // The next piece (piece.h), itself as Encode() writes objects. True: it was the last.
  bool EncodePiece(PieceCursor& at, const PieceLimit& limit, ByteWriter& out) const;
  // Adds what the next piece holds. `seed`: of tables that are made for it, another one than those
  // have that the pieces were made of (cell_table.h).
  Status AddPiece(ByteReader& in, std::uint64_t seed);

  bool operator==(const Object& other) const;

 private:
  // Calls visit(type, slot) for each place of a container. The one list of them.
  template <class Self, class Visit>
  static void ForEachSlot(Self& self, Visit visit) {
    visit(ValueType::kString, self.string_);
    visit(ValueType::kHash, self.hash_);
    visit(ValueType::kSet, self.set_);
    visit(ValueType::kList, self.list_);
    visit(ValueType::kSortedSet, self.sorted_set_);
    visit(ValueType::kStream, self.stream_);
    visit(ValueType::kHyperLogLog, self.hyperloglog_);
  }

  // Reads an object's bytes and hands each place of a container that they have to `decode`.
  template <class DecodeSlot>
  Status DecodeSlots(ByteReader& in, DecodeSlot decode);
  // Takes what the context covers out of every container but `kept`.
  void RemoveCovered(const Context& context, ValueType kept);
  void ApplyToContainers(const EffectView& effect, const Context& context);
  void ApplyResets(const Context& context, std::string_view resets);
  void ReleaseEmptyContainers();
  // Before the effect is applied.
  void ReportAhead(const EffectView& effect, const Context& context, ConflictSink& conflicts) const;
  void ReportPops(const EffectView& effect, const Context& context, ConflictSink& conflicts) const;
  void Report(const EffectView& effect, const Context& context, ConflictSink& conflicts) const;
  void ReportWhatStays(ConflictReporter& reporter) const;
  void ReportLives(const EffectView& effect, const Context& context, DeadlineMs written,
                   ConflictSink& conflicts) const;
  void ReportClash(const EffectView& effect, ConflictSink& conflicts) const;

  TtlRegister ttl_;
  std::unique_ptr<StringValue> string_;
  std::unique_ptr<ElementTable> hash_;
  std::unique_ptr<ElementTable> set_;
  std::unique_ptr<ListValue> list_;
  std::unique_ptr<SortedSet> sorted_set_;
  std::unique_ptr<StreamValue> stream_;
  std::unique_ptr<HyperLogLog> hyperloglog_;
};

// The keys of one partition: name → packed string or Object.
using KeyTable = CellTable<Object>;
using KeyCell = KeyTable::Cell;

// Applies one effect (not kClear) to the table of its key, whose hash is `hash`: the one way in
// which a table changes while records come in.
void ApplyToTable(KeyTable& table, std::uint64_t hash, const EffectView& effect,
                  const Context& context, ConflictSink* conflicts);
// A table's share of a kClear: the keys of the effect that belong to the table, with what was
// observed of their counters. Keys that are not in the table are no matter.
using ResetsByKey = absl::flat_hash_map<std::string_view, std::string_view>;
void ClearTable(KeyTable& table, const ResetsByKey& resets, const Context& context);
// Merges another state of one key. An empty `other` says: absent there.
void JoinKey(KeyTable& table, std::string_view key, const Object& other, const VersionVector& mine,
             const VersionVector& theirs);
// Moves a key's state out of the table; nothing of it stays. Empty where there is none.
Object TakeObject(KeyTable& table, std::string_view key);
// Whatever was there is replaced; an empty object leaves nothing there.
void PutObject(KeyTable& table, std::string_view key, Object&& object);
// Forgets the spent counter parts of one key.
void DropSpent(KeyTable& table, std::string_view key);
// Bytes of what a key holds: Object::Encode and Object::EncodeMerged of a cell, packed or not.
void EncodeCell(const KeyCell& cell, ByteWriter& out);
// Object::EncodePiece of a cell.
bool EncodeCellPiece(const KeyCell& cell, PieceCursor& at, const PieceLimit& limit,
                     ByteWriter& out);
// Nothing is written where only spent parts are stored.
void EncodeMergedCell(const KeyCell& cell, ByteWriter& out);

// A key as commands see it: what it shows, whichever way it is stored. Expiry is not looked at.
// Valid until the next change of its table.
class KeyView {
 public:
  KeyView() = default;  // No such key.
  explicit KeyView(const KeyCell* cell);

  bool exists() const { return type_ != ValueType::kNone; }
  ValueType type() const { return type_; }
  // Null where nothing, not even a hidden remainder, is stored.
  const KeyCell* cell() const { return cell_; }
  // Empty where the key lives for ever.
  std::optional<DeadlineMs> deadline() const;
  // The write that owns the deadline.
  std::optional<Stamp> deadline_stamp() const;
  bool clashes() const;

  // A string, or what clients see as one: a HyperLogLog.
  bool has_text() const { return type_ == ValueType::kString || type_ == ValueType::kHyperLogLog; }
  // REQUIRES: has_text(). The view is into the table or into `scratch`.
  std::string_view Text(std::string& scratch) const;
  // REQUIRES: has_text(). The text as a number; empty where it is none.
  std::optional<std::int64_t> Integer() const;
  // REQUIRES: type() is kHash or kSet. The shown container.
  const ElementTable& elements() const;
  // REQUIRES: type() is kStream.
  const StreamValue& stream() const;
  // REQUIRES: type() is kList.
  const ListValue& list() const { return *cell_->full().list(); }
  // REQUIRES: type() is kSortedSet.
  const SortedSet& sorted_set() const { return *cell_->full().sorted_set(); }
  // REQUIRES: type() is kHyperLogLog.
  const HyperLogLog& hyperloglog() const { return *cell_->full().hyperloglog(); }
  // Bytes of memory that the key takes, about.
  std::size_t memory_bytes() const;

 private:
  const KeyCell* cell_ = nullptr;
  ValueType type_ = ValueType::kNone;
};

}  // namespace crdt
