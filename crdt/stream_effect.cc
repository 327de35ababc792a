#include "crdt/stream_effect.h"

#include <algorithm>

namespace crdt {
namespace {

// The account's flag says whether a deleted ID follows, since most streams have none.
StreamAccount DecodeAccount(EffectKind kind, std::uint8_t flags, ByteReader& in) {
  StreamAccount account;
  account.added = in.Varint();
  if (kind != EffectKind::kStreamAdd || (flags & stream_flag::kHasLast) != 0) {
    account.last = StreamId::Decode(in);
  }
  if ((flags & stream_flag::kHasDeleted) != 0) account.deleted = StreamId::Decode(in);
  return account;
}

// Reads `count` items by `decode` and keeps their bytes.
template <class Decode>
void TakeItems(StreamEffect& effect, std::size_t least_bytes, ByteReader& in, Decode decode) {
  effect.count = in.Count(least_bytes);
  const char* const begin = in.position();
  for (std::uint64_t i = 0; i < effect.count && in.ok(); ++i) decode(in);
  if (in.ok()) effect.items = {begin, static_cast<std::size_t>(in.position() - begin)};
}

}  // namespace

// --- GroupStart ----------------------------------------------------------------------------------

StreamId GroupStart::Of(RegionId author) const {
  for (const auto& [region, id] : regions) {
    if (region == author) return id;
  }
  return everywhere;
}

StreamId GroupStart::greatest() const {
  StreamId greatest = everywhere;
  for (const auto& [region, id] : regions) greatest = std::max(greatest, id);
  return greatest;
}

void GroupStart::Encode(ByteWriter& out) const {
  everywhere.Encode(out);
  out.Varint(regions.size());
  for (const auto& [region, id] : regions) {
    out.U8(region);
    id.Encode(out);
  }
  if (entries_read) out.Varint(*entries_read);
}

GroupStart GroupStart::Decode(ByteReader& in, bool has_entries_read) {
  GroupStart start;
  start.everywhere = StreamId::Decode(in);
  const std::uint64_t count = in.Count(3);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const RegionId region = in.U8();
    if (region > kMaxRegion || (!start.regions.empty() && start.regions.back().first >= region)) {
      in.Invalidate();
    }
    start.regions.emplace_back(region, StreamId::Decode(in));
  }
  if (has_entries_read) start.entries_read = in.Varint();
  return start;
}

// --- StreamEffect --------------------------------------------------------------------------------

void EncodeAccount(const StreamAccount& account, ByteWriter& out) {
  out.Varint(account.added);
  account.last.Encode(out);
  if (!account.deleted.is_zero()) account.deleted.Encode(out);
}

void EncodeAuthored(const AuthoredId& entry, ByteWriter& out) {
  out.U8(entry.region);
  entry.id.Encode(out);
}

AuthoredId DecodeAuthored(ByteReader& in) {
  AuthoredId entry;
  entry.region = in.U8();
  entry.id = StreamId::Decode(in);
  if (entry.region > kMaxRegion) in.Invalidate();
  return entry;
}

void EncodeClaim(const Claim& claim, ByteWriter& out) {
  EncodeAuthored(claim.entry, out);
  out.Signed(claim.time_ms);
  out.Varint(claim.deliveries);
}

Claim DecodeClaim(ByteReader& in) {
  Claim claim;
  claim.entry = DecodeAuthored(in);
  claim.time_ms = in.Signed();
  claim.deliveries = in.Varint();
  return claim;
}

StreamEffect StreamEffect::Decode(EffectKind kind, std::uint8_t flags, ByteReader& in) {
  const bool has_entries_read = (flags & stream_flag::kHasEntriesRead) != 0;
  StreamEffect effect;
  if (kind >= EffectKind::kGroupCreate) effect.group = in.Bytes();
  switch (kind) {
    case EffectKind::kStreamAdd:
      effect.account = DecodeAccount(kind, flags, in);
      TakeItems(effect, 5, in, DecodeEntry);
      break;
    case EffectKind::kStreamRemove:
      effect.account = DecodeAccount(kind, flags, in);
      TakeItems(effect, 2, in, StreamId::Decode);
      break;
    case EffectKind::kStreamTrim:
      effect.end.id = StreamId::Decode(in);
      effect.end.stamp = in.GetStamp();
      break;
    case EffectKind::kStreamSetId:
      effect.account = DecodeAccount(kind, flags, in);
      break;
    case EffectKind::kGroupCreate:
    case EffectKind::kGroupSetPosition:
      effect.start = GroupStart::Decode(in, has_entries_read);
      break;
    case EffectKind::kGroupDeliver:
      effect.consumer = in.Bytes();
      effect.generation = in.GetStamp();
      effect.time_ms = in.Signed();
      if (has_entries_read) effect.entries_read = in.Varint();
      TakeItems(effect, 3, in, DecodeAuthored);
      break;
    case EffectKind::kGroupAcknowledge:
      TakeItems(effect, 3, in, DecodeAuthored);
      break;
    case EffectKind::kGroupClaim:
      effect.consumer = in.Bytes();
      effect.time_ms = in.Signed();
      TakeItems(effect, 5, in, DecodeClaim);
      break;
    case EffectKind::kConsumerName:
      effect.consumer = in.Bytes();
      effect.time_ms = in.Signed();
      break;
    case EffectKind::kConsumerDelete:
      effect.consumer = in.Bytes();
      break;
    default:
      break;
  }
  return effect;
}

StreamEffect StreamEffect::Of(const EffectView& effect) {
  ByteReader in(effect.elements);
  if (effect.kind != EffectKind::kStreamAdd) return Decode(effect.kind, effect.flags, in);
  StreamEffect add;
  add.account = DecodeAccount(effect.kind, effect.flags, in);
  add.count = in.Varint();
  add.items = in.Raw(in.remaining());
  return add;
}

std::string_view CommandOf(EffectKind kind) {
  switch (kind) {
    case EffectKind::kStreamAdd:
      return "XADD";
    case EffectKind::kStreamRemove:
      return "XDEL";
    case EffectKind::kStreamTrim:
      return "XTRIM";
    case EffectKind::kStreamSetId:
      return "XSETID";
    case EffectKind::kGroupCreate:
      return "XGROUP CREATE";
    case EffectKind::kGroupDestroy:
      return "XGROUP DESTROY";
    case EffectKind::kGroupSetPosition:
      return "XGROUP SETID";
    case EffectKind::kGroupDeliver:
      return "XREADGROUP";
    case EffectKind::kGroupAcknowledge:
      return "XACK";
    case EffectKind::kGroupClaim:
      return "XCLAIM";
    case EffectKind::kConsumerName:
      return "XGROUP CREATECONSUMER";
    case EffectKind::kConsumerDelete:
      return "XGROUP DELCONSUMER";
    default:
      return "unknown";
  }
}

}  // namespace crdt
