#include "crdt/stream_value.h"

#include <xxhash.h>

#include <algorithm>
#include <set>
#include <utility>

namespace crdt {
namespace {

constexpr std::size_t kTreeNodeBytes = 5 * sizeof(void*);
// Name, graves, generations, members.
constexpr std::size_t kLeastGroupBytes = 4;

}  // namespace

// --- Questions -----------------------------------------------------------------------------------

StreamId StreamValue::last_id() const {
  const StreamId said = accounts_.last();
  return entries_.empty() ? said : std::max(said, entries_.last().id);
}

const StreamGroup* StreamValue::Group(std::string_view name) const {
  const auto found = groups_.find(name);
  return found == groups_.end() || !found->second.exists() ? nullptr : &found->second;
}

Stamp StreamValue::newest() const {
  Stamp newest = entries_.newest();
  for (const auto& [name, group] : groups_) newest = std::max(newest, group.newest());
  return newest;
}

std::size_t StreamValue::memory_bytes() const {
  std::size_t bytes =
      sizeof *this + entries_.memory_bytes() + accounts_.all().capacity() * sizeof(StreamAccount);
  for (const auto& [name, group] : groups_) {
    bytes += kTreeNodeBytes + name.size() + group.memory_bytes();
  }
  return bytes;
}

Stamp StreamValue::Void(const StreamEffect& effect, const Context& context) const {
  if (!has_graves_) return {};
  if (const Stamp unseen = graves_.Unseen(context); !unseen.is_zero()) return unseen;
  const auto group = groups_.find(effect.group);
  return group == groups_.end() ? Stamp() : group->second.Void(context);
}

// --- Changes -------------------------------------------------------------------------------------

void StreamValue::Apply(const EffectView& effect, const Context& context) {
  StreamEffect body = StreamEffect::Of(effect);
  body.account.stamp = context.stamp();
  ByteReader items(body.items);
  switch (effect.kind) {
    case EffectKind::kStreamAdd:
      for (std::uint64_t i = 0; i < body.count; ++i) {
        EntryView entry = DecodeEntry(items);
        entry.stamp = context.stamp();
        entries_.Add(entry);
        if (!effect.has(stream_flag::kHasLast)) body.account.last = entry.id;
      }
      accounts_.Say(body.account);
      break;
    case EffectKind::kStreamRemove:
      for (std::uint64_t i = 0; i < body.count; ++i) {
        entries_.Remove(StreamId::Decode(items), context);
      }
      accounts_.Say(body.account);
      break;
    case EffectKind::kStreamTrim:
      entries_.RemoveBelow(body.end, context);
      break;
    case EffectKind::kStreamSetId:
      accounts_.Clear(context);
      accounts_.Say(body.account);
      break;
    default:
      ApplyToGroup(effect, body, context);
      break;
  }
}

void StreamValue::ApplyToGroup(const EffectView& effect, const StreamEffect& body,
                               const Context& context) {
  if (effect.kind == EffectKind::kGroupDestroy) {
    groups_[std::string(body.group)].Destroy(context.stamp());
    return Recount();
  }
  if (!Void(body, context).is_zero()) return;
  const bool creates =
      effect.kind == EffectKind::kGroupCreate || effect.kind == EffectKind::kGroupSetPosition;
  auto found = groups_.find(body.group);
  if (found == groups_.end()) {
    if (!creates) return;
    found = groups_.emplace(std::string(body.group), StreamGroup()).first;
  }
  StreamGroup& group = found->second;
  switch (effect.kind) {
    case EffectKind::kGroupCreate:
      group.Create(context, body.start);
      break;
    case EffectKind::kGroupSetPosition:
      group.SetPosition(context, body.start);
      break;
    case EffectKind::kGroupDeliver:
      group.Deliver(context, body, !effect.has(stream_flag::kNoAcknowledge));
      break;
    case EffectKind::kGroupAcknowledge:
      group.Acknowledge(context, body);
      break;
    case EffectKind::kGroupClaim:
      group.TakeOver(context, body, effect.has(stream_flag::kActive));
      break;
    case EffectKind::kConsumerName:
      group.NameConsumer(context, body, effect.has(stream_flag::kActive));
      break;
    case EffectKind::kConsumerDelete:
      group.DeleteConsumer(context, body);
      break;
    default:
      break;
  }
  if (creates) Recount();
}

void StreamValue::Clear(const Context& context) {
  entries_.RemoveAll(context);
  accounts_.Clear(context);
  for (auto& [name, group] : groups_) group.Clear(context);
  Recount();
}

void StreamValue::BuryGroups(Stamp stamp) {
  graves_.Dig(stamp);
  for (auto& [name, group] : groups_) group.End();
  Recount();
}

void StreamValue::DropSpent() {
  graves_.Forget();
  for (auto& [name, group] : groups_) group.ForgetGraves();
  Recount();
  if (!visible()) accounts_.Forget();
}

void StreamValue::Recount() {
  std::erase_if(groups_, [](const auto& entry) { return entry.second.empty(); });
  group_count_ = 0;
  has_graves_ = !graves_.empty();
  for (const auto& [name, group] : groups_) {
    group_count_ += group.exists() ? 1 : 0;
    has_graves_ = has_graves_ || group.has_graves();
  }
}

void StreamValue::Join(const StreamValue& other, const VersionVector& mine,
                       const VersionVector& theirs) {
  entries_.Join(other.entries_, mine, theirs);
  accounts_.Join(other.accounts_, mine, theirs);
  // A delete of the whole stream that one side has not seen makes void the groups that it holds.
  if (other.graves_.AnyBeyond(mine)) {
    for (auto& [name, group] : groups_) group.End();
  }
  const bool theirs_are_void = graves_.AnyBeyond(theirs);
  graves_.Merge(other.graves_);
  std::set<std::string_view> names;
  for (const auto& [name, group] : groups_) names.insert(name);
  for (const auto& [name, group] : other.groups_) names.insert(name);
  const StreamGroup nothing;
  for (const std::string_view name : names) {
    const auto found = other.groups_.find(name);
    StreamGroup& group = groups_[std::string(name)];
    if (found == other.groups_.end()) {
      group.Join(nothing, mine, theirs);
    } else if (theirs_are_void) {
      group.JoinGraves(found->second, mine, theirs);
    } else {
      group.Join(found->second, mine, theirs);
    }
  }
  Recount();
}

// --- Bytes ---------------------------------------------------------------------------------------

void StreamValue::Encode(ByteWriter& out) const {
  entries_.Encode(out);
  EncodeAllButEntries(out);
}

bool StreamValue::EncodePiece(PieceCursor& at, PieceBudget& budget, ByteWriter& out) const {
  const bool ended = entries_.EncodePiece(at, budget, out);
  static const StreamValue kNothing;
  (at.began ? kNothing : *this).EncodeAllButEntries(out);
  return ended;
}

Status StreamValue::AddPiece(ByteReader& in) {
  if (Status added = entries_.AddPiece(in); !added) return added;
  const Result<StreamAccounts> accounts = StreamAccounts::Decode(in);
  if (!accounts) return std::unexpected(accounts.error());
  const Result<Graves> graves = Graves::Decode(in);
  if (!graves) return std::unexpected(graves.error());
  const std::uint64_t groups = in.Varint();
  if (in.ok() && accounts->empty() && graves->empty() && groups == 0) return {};
  return Fail(ErrorCode::kCorrupt, "a later piece of a stream has more than entries");
}

void StreamValue::EncodeAllButEntries(ByteWriter& out) const {
  accounts_.Encode(out);
  graves_.Encode(out);
  out.Varint(groups_.size());
  for (const auto& [name, group] : groups_) {
    out.Bytes(name);
    group.Encode(out);
  }
}

Result<StreamValue> StreamValue::Decode(ByteReader& in) {
  StreamValue stream;
  Result<StreamEntries> entries = StreamEntries::Decode(in);
  if (!entries) return std::unexpected(entries.error());
  stream.entries_ = *std::move(entries);
  Result<StreamAccounts> accounts = StreamAccounts::Decode(in);
  if (!accounts) return std::unexpected(accounts.error());
  stream.accounts_ = *std::move(accounts);
  Result<Graves> graves = Graves::Decode(in);
  if (!graves) return std::unexpected(graves.error());
  stream.graves_ = *std::move(graves);
  const std::uint64_t groups = in.Count(kLeastGroupBytes);
  for (std::uint64_t i = 0; i < groups && in.ok(); ++i) {
    const std::string_view name = in.Bytes();
    Result<StreamGroup> group = StreamGroup::Decode(in);
    if (!group) return std::unexpected(group.error());
    if (!stream.groups_.empty() && stream.groups_.rbegin()->first >= name) in.Invalidate();
    stream.groups_.emplace(std::string(name), *std::move(group));
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a stream does not decode");
  stream.Recount();
  return stream;
}

void StreamValue::EncodeMerged(ByteWriter& out) const {
  out.Varint(entries_.size());
  std::uint64_t sum = 0;
  std::string bytes;
  entries_.Ascend({}, EntryKey::Behind(StreamId::Greatest()), [&](const EntryView& entry) {
    bytes.clear();
    ByteWriter one(bytes);
    one.PutStamp(entry.stamp);
    EncodeEntry(entry, one);
    sum += XXH3_64bits(bytes.data(), bytes.size());
    return true;
  });
  out.U64(sum);
  out.Varint(group_count_);
  for (const auto& [name, group] : groups_) {
    if (!group.exists()) continue;
    out.Bytes(name);
    group.EncodeMerged(out);
  }
}

}  // namespace crdt
