// The bodies of the effects on streams, decoded. docs/formats.md, "Effects on streams".
//
//   kStreamAdd          account · entries; the account's last ID is that of the last entry, where
//   it
//                       is not given
//   kStreamRemove       account · IDs
//   kStreamTrim         the key below which all goes
//   kStreamSetId        account
//   kGroupCreate        group · start
//   kGroupDestroy       group
//   kGroupSetPosition   group · start
//   kGroupDeliver       group · consumer · generation · time · [entries read] · authored IDs
//   kGroupAcknowledge   group · authored IDs
//   kGroupClaim         group · consumer · time · (authored ID, time, deliveries)…
//   kConsumerName       group · consumer · time
//   kConsumerDelete     group · consumer
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/effect.h"
#include "crdt/stream_accounts.h"
#include "crdt/stream_consumers.h"
#include "crdt/stream_entries.h"

namespace crdt {

namespace stream_flag {
inline constexpr std::uint8_t kHasDeleted = 8;       // The account names a deleted ID.
inline constexpr std::uint8_t kHasLast = 16;         // kStreamAdd: the last ID is not the entry's.
inline constexpr std::uint8_t kHasEntriesRead = 16;  // A number of entries read is there.
inline constexpr std::uint8_t kNoAcknowledge = 32;   // kGroupDeliver: nothing becomes pending.
inline constexpr std::uint8_t kActive = 64;          // The consumer was given something new.
}  // namespace stream_flag

// Where a group begins to read: behind an ID, which may differ by the region that wrote the
// entries.
struct GroupStart {
  StreamId everywhere;
  std::vector<std::pair<RegionId, StreamId>> regions;  // Instead of `everywhere`; ascending.
  std::optional<std::uint64_t> entries_read;           // As XGROUP's ENTRIESREAD says.

  StreamId Of(RegionId author) const;
  StreamId greatest() const;
  // With `entries_read` announced from outside, by the flag of an effect.
  void Encode(ByteWriter& out) const;
  static GroupStart Decode(ByteReader& in, bool has_entries_read);

  bool operator==(const GroupStart&) const = default;
};

// One body. Which members mean something depends on the kind.
struct StreamEffect {
  StreamAccount account;  // Its stamp is the effect's.
  EntryKey end;
  std::string_view group;
  std::string_view consumer;
  GroupStart start;
  Stamp generation;  // The start that the delivered IDs continue.
  std::int64_t time_ms = 0;
  std::optional<std::uint64_t> entries_read;
  std::uint64_t count = 0;
  std::string_view items;  // Entries, IDs, authored IDs or claims: see the readers below.

  // Takes a body off the front of `in`, which is invalid afterwards where it makes no sense.
  static StreamEffect Decode(EffectKind kind, std::uint8_t flags, ByteReader& in);
  // Of an effect that was decoded as a whole before: what was checked then is not looked at again.
  static StreamEffect Of(const EffectView& effect);
};

constexpr bool IsStreamEffect(EffectKind kind) {
  return kind >= EffectKind::kStreamAdd && kind <= EffectKind::kConsumerDelete;
}
std::string_view CommandOf(EffectKind kind);  // For people.

// With its last ID.
void EncodeAccount(const StreamAccount& account, ByteWriter& out);
void EncodeAuthored(const AuthoredId& entry, ByteWriter& out);
AuthoredId DecodeAuthored(ByteReader& in);

// What XCLAIM and its kin make of one pending entry.
struct Claim {
  AuthoredId entry;
  std::int64_t time_ms = 0;
  std::uint64_t deliveries = 0;
};
void EncodeClaim(const Claim& claim, ByteWriter& out);
Claim DecodeClaim(ByteReader& in);

}  // namespace crdt
