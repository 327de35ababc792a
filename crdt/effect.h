// What a command changes, as it travels: the same bytes in the log, to replicas and to regions.
//
//   kind u8 · flags u8 · key bytes · body by kind
//
// One stamp per effect: an effect names no stamp of its own, the record that carries it does. A
// command that adds several elements to one collection is one effect. docs/formats.md, "Effects".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/counter.h"
#include "crdt/encoding.h"
#include "crdt/expiry.h"
#include "crdt/type_table.h"

namespace crdt {

// Numbers go to disk and to peers: given once.
enum class EffectKind : std::uint8_t {
  kSet = 1,                  // value [deadline] [resets]: replaces whatever the key holds.
  kDelete = 2,               // [resets]: takes every container and the time to live.
  kIncrement = 3,            // lineage, total: of a string key.
  kExpire = 4,               // deadline or infinite.
  kSetAdd = 5,               // members.
  kSetRemove = 6,            // members.
  kHashSet = 7,              // (field, value, resets)…
  kHashDelete = 8,           // (field, resets)…
  kHashIncrement = 9,        // field, lineage, total.
  kEndHidden = 10,           // kept type, [resets]: ends the containers of the other types.
  kClear = 11,               // no key; (key, resets)… of every key that has counters: FLUSHALL.
  kListPushRight = 12,       // values.
  kListPushLeft = 13,        // values.
  kListInsert = 14,          // place of the parent, value.
  kListSet = 15,             // place, value.
  kListRemove = 16,          // places.
  kListTrim = 17,            // [first place to keep] [last place to keep].
  kSortedSetAdd = 20,        // (member, score text, resets)…
  kSortedSetRemove = 21,     // (member, resets)…
  kSortedSetIncrement = 22,  // member, lineage, total.
  // Streams: their bodies are in stream_effect.h. From kGroupDeliver on: of one region alone.
  kStreamAdd = 28,
  kStreamRemove = 29,
  kStreamTrim = 30,
  kStreamSetId = 31,
  kGroupCreate = 32,
  kGroupDestroy = 33,
  kGroupSetPosition = 34,
  kGroupDeliver = 35,
  kGroupAcknowledge = 36,
  kGroupClaim = 37,
  kConsumerName = 38,
  kConsumerDelete = 39,
  kHyperLogLogMerge = 44,  // registers: each is raised to at least that.
  kRepair = 45,            // object: the key's state, whatever it was. Of one region alone.
};

namespace effect_flag {
inline constexpr std::uint8_t kCreates = 1;  // The author had no such key: writes an infinite TTL.
inline constexpr std::uint8_t kEmpties =
    2;  // Nothing was left at the author: drops the covered TTL.
inline constexpr std::uint8_t kHasResets = 4;     // KeyResets follow.
inline constexpr std::uint8_t kHasDeadline = 8;   // kSet: with this deadline.
inline constexpr std::uint8_t kKeepTtl = 16;      // kSet: leaves the TTL register alone.
inline constexpr std::uint8_t kConditional = 32;  // NX and the like decided this at the author.
inline constexpr std::uint8_t kPop = 64;          // Removes: the members were handed to a client.
inline constexpr std::uint8_t kOnLeft = 8;        // kListInsert: on the parent's left side.
inline constexpr std::uint8_t kHasFirst = 8;      // kListTrim: the first place to keep follows.
inline constexpr std::uint8_t kHasLast = 16;      // kListTrim: the last place to keep follows.
inline constexpr std::uint8_t kExpired = 64;      // kDelete: the deadline had passed.
inline constexpr std::uint8_t kFresh =
    64;  // Increments: the lineage starts at this effect's stamp.
}  // namespace effect_flag

// A decoded effect: views into its bytes, checked as a whole, so that iterating cannot fail.
struct EffectView {
  EffectKind kind;
  std::uint8_t flags;
  std::string_view bytes;  // The whole effect.
  std::string_view key;
  std::string_view value;       // kSet, kListInsert, kListSet; kRepair: the object's bytes.
  std::string_view field;       // Increments of an element.
  DeadlineMs deadline;          // kSet with kHasDeadline, kExpire.
  Stamp lineage_start;          // Increments without kFresh.
  Total total;                  // Increments.
  ValueType kept;               // kEndHidden.
  std::uint64_t element_count;  // Of effects that name elements, places or, kClear, keys.
  // Their bytes; read by ElementReader, places by ListPlacesOf. The body of an effect on a
  // stream or a HyperLogLog.
  std::string_view elements;
  std::string_view resets;  // Of the key; see KeyResets.

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }

  // Takes one effect off the front of `in`. Every inner length, count and kind is checked here.
  static Result<EffectView> Decode(ByteReader& in);
  // For people: "SADD cart 2 members".
  std::string ToString() const;
};

// Goes through the elements of a collection effect. The effect was checked when it was decoded.
class ElementReader {
 public:
  explicit ElementReader(const EffectView& effect)
      : kind_(effect.kind), left_(effect.element_count), in_(effect.elements) {}

  // Moves to the next element; false at the end.
  bool Next();
  std::string_view name() const { return name_; }
  std::string_view value() const { return value_; }    // kHashSet, kSortedSetAdd.
  std::string_view resets() const { return resets_; }  // kClear: resets of a key, as below.
  // Of hashes and sorted sets: what the author had seen of the element's counter.
  const std::vector<ObservedPart>& observed() const { return observed_; }

 private:
  EffectKind kind_;
  std::uint64_t left_;
  ByteReader in_;
  std::string_view name_;
  std::string_view value_;
  std::string_view resets_;
  std::vector<ObservedPart> observed_;
};

// What a delete may bury: containers in which it wins over what it has not seen (graves.h).
namespace bury {
inline constexpr std::uint8_t kGroups = 1;  // Of a stream.
inline constexpr std::uint8_t kHyperLogLog = 2;
}  // namespace bury

// What the author of a delete or an assignment had seen of a key's counters: the baselines.
struct KeyResets {
  using OfElements = std::vector<std::pair<std::string_view, std::vector<ObservedPart>>>;

  std::vector<ObservedPart> string;
  OfElements fields;   // Of the hash.
  OfElements members;  // Of the sorted set.
  // Containers in which a delete wins and which this one took: bury::k…
  std::uint8_t buries = 0;

  bool empty() const { return string.empty() && fields.empty() && members.empty() && buries == 0; }
  std::string Encode() const;
  // Views into `bytes`.
  static Result<KeyResets> Decode(std::string_view bytes);
};

void EncodeObserved(const std::vector<ObservedPart>& parts, ByteWriter& out);

// The effects of one command in order, encoded.
class EffectList {
 public:
  bool empty() const { return count_ == 0; }
  std::uint64_t count() const { return count_; }
  std::string_view bytes() const { return bytes_; }
  void clear() {
    bytes_.clear();
    count_ = 0;
  }
  // Begins an effect: kind, flags and key. The body is written through the result.
  ByteWriter Begin(EffectKind kind, std::uint8_t flags, std::string_view key) {
    ++count_;
    char head[2 + kMostVarintBytes] = {static_cast<char>(kind), static_cast<char>(flags)};
    bytes_.append(head, PutVarint(head + 2, key.size()));
    bytes_.append(key);
    return ByteWriter(bytes_);
  }
  void Append(const EffectList& other) {
    bytes_ += other.bytes_;
    count_ += other.count_;
  }

 private:
  std::string bytes_;
  std::uint64_t count_ = 0;
};

}  // namespace crdt
