#include "crdt/stream_group.h"

#include <algorithm>
#include <set>

namespace crdt {
namespace {

constexpr std::size_t kLeastGenerationBytes = 8 + 2 + 1 + 1 + 1;
constexpr std::size_t kLeastProgressBytes = 1 + 8 + 1 + 1;
constexpr std::size_t kTreeNodeBytes = 5 * sizeof(void*);

void EncodeStart(const GroupStart& start, ByteWriter& out) {
  out.U8(start.entries_read ? 1 : 0);
  start.Encode(out);
}

void EncodeProgress(const StreamGroup::Progress& progress, ByteWriter& out) {
  out.PutStamp(progress.stamp);
  out.U8(progress.entries_read ? 1 : 0);
  if (progress.entries_read) out.Varint(*progress.entries_read);
  out.Varint(progress.delivered.size());
  for (const auto& [author, id] : progress.delivered) EncodeAuthored({author, id}, out);
}

StreamGroup::Progress DecodeProgress(ByteReader& in) {
  StreamGroup::Progress progress{.stamp = in.GetStamp()};
  if (in.U8() != 0) progress.entries_read = in.Varint();
  const std::uint64_t count = in.Count(3);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const AuthoredId delivered = DecodeAuthored(in);
    progress.delivered[delivered.region] = delivered.id;
  }
  return progress;
}

void MergeProgress(StreamGroup::Progress& progress, const StreamGroup::Progress& other) {
  if (progress.stamp < other.stamp) {
    progress.stamp = other.stamp;
    progress.entries_read = other.entries_read;
  }
  for (const auto& [author, id] : other.delivered) {
    StreamId& delivered = progress.delivered[author];
    delivered = std::max(delivered, id);
  }
}

}  // namespace

// --- Questions -----------------------------------------------------------------------------------

std::optional<StreamId> StreamGroup::Delivered(RegionId reader, RegionId author) const {
  std::optional<StreamId> greatest;
  for (const Generation& generation : generations_) {
    const auto progress = generation.progress.find(reader);
    if (progress == generation.progress.end()) continue;
    const auto delivered = progress->second.delivered.find(author);
    if (delivered == progress->second.delivered.end()) continue;
    if (!greatest || *greatest < delivered->second) greatest = delivered->second;
  }
  return greatest;
}

StreamId StreamGroup::Position(RegionId reader, RegionId author) const {
  // Of concurrent starts the least: what one of them wants read is read.
  StreamId position = StreamId::Greatest();
  for (const Generation& generation : generations_) {
    position = std::min(position, generation.start.Of(author));
  }
  if (const auto own = Delivered(reader, author)) position = std::max(position, *own);
  std::set<RegionId> others;
  for (const Generation& generation : generations_) {
    for (const auto& [region, progress] : generation.progress) others.insert(region);
  }
  others.erase(reader);
  for (const RegionId other : others) {
    std::optional<StreamId> acknowledged = Delivered(other, author);
    if (!acknowledged) continue;
    // Up to the first that still waits to be acknowledged there.
    const StreamId* const waits = members(other).FirstPendingOf(author);
    if (waits != nullptr && *waits <= *acknowledged) {
      if (waits->is_zero()) continue;
      acknowledged = waits->Previous();
    }
    position = std::max(position, *acknowledged);
  }
  return position;
}

StreamId StreamGroup::LastDelivered(RegionId reader) const {
  std::set<RegionId> authors;
  StreamId start = StreamId::Greatest();
  for (const Generation& generation : generations_) {
    start = std::min(start, generation.start.greatest());
    for (const auto& [region, progress] : generation.progress) {
      for (const auto& [author, id] : progress.delivered) authors.insert(author);
    }
  }
  StreamId last = start;
  for (const RegionId author : authors) last = std::max(last, Position(reader, author));
  return last;
}

std::optional<std::uint64_t> StreamGroup::EntriesRead(RegionId reader) const {
  const Generation& latest = generations_.back();
  const auto progress = latest.progress.find(reader);
  return progress == latest.progress.end() ? latest.start.entries_read
                                           : progress->second.entries_read;
}

const StreamConsumers& StreamGroup::members(RegionId region) const {
  static const StreamConsumers kNobody;
  const auto found = members_.find(region);
  return found == members_.end() ? kNobody : found->second;
}

std::size_t StreamGroup::memory_bytes() const {
  std::size_t bytes = sizeof *this + generations_.capacity() * sizeof(Generation);
  for (const auto& [region, members] : members_) bytes += kTreeNodeBytes + members.memory_bytes();
  return bytes;
}

// --- Changes -------------------------------------------------------------------------------------

void StreamGroup::Create(const Context& context, const GroupStart& start) {
  const auto at = std::ranges::lower_bound(generations_, context.stamp(), {}, &Generation::stamp);
  if (at != generations_.end() && at->stamp == context.stamp()) return;
  generations_.insert(at, {.stamp = context.stamp(), .start = start, .progress = {}});
}

void StreamGroup::SetPosition(const Context& context, const GroupStart& start) {
  std::erase_if(generations_, [&context](const Generation& generation) {
    return context.Covers(generation.stamp) && generation.stamp != context.stamp();
  });
  Create(context, start);
}

void StreamGroup::Destroy(Stamp stamp) {
  graves_.Dig(stamp);
  End();
}

void StreamGroup::End() {
  generations_.clear();
  members_.clear();
}

void StreamGroup::EndIfNoStartIsLeft() {
  if (generations_.empty()) members_.clear();
}

void StreamGroup::Deliver(const Context& context, const StreamEffect& effect, bool pending) {
  if (!exists()) return;
  const RegionId reader = context.stamp().region();
  StreamConsumers& members = members_[reader];
  members.Name(effect.consumer, context.stamp(), effect.time_ms, StreamConsumers::Touch::kActive);
  const auto generation = std::ranges::find(generations_, effect.generation, &Generation::stamp);
  Progress progress{.stamp = context.stamp(), .entries_read = effect.entries_read, .delivered = {}};
  ByteReader items(effect.items);
  for (std::uint64_t i = 0; i < effect.count; ++i) {
    const AuthoredId entry = DecodeAuthored(items);
    if (pending) members.Give(effect.consumer, entry, context.stamp(), effect.time_ms, 1);
    StreamId& delivered = progress.delivered[entry.region];
    delivered = std::max(delivered, entry.id);
  }
  // A start that XGROUP SETID has ended takes the positions with it, not what is pending.
  if (generation != generations_.end()) MergeProgress(generation->progress[reader], progress);
}

void StreamGroup::Acknowledge(const Context& context, const StreamEffect& effect) {
  const auto members = members_.find(context.stamp().region());
  if (members == members_.end()) return;
  ByteReader items(effect.items);
  for (std::uint64_t i = 0; i < effect.count; ++i) {
    members->second.Acknowledge(DecodeAuthored(items), context);
  }
}

void StreamGroup::TakeOver(const Context& context, const StreamEffect& effect, bool active) {
  if (!exists()) return;
  NameConsumer(context, effect, active);
  StreamConsumers& members = members_[context.stamp().region()];
  ByteReader items(effect.items);
  for (std::uint64_t i = 0; i < effect.count; ++i) {
    const Claim claim = DecodeClaim(items);
    members.Give(effect.consumer, claim.entry, context.stamp(), claim.time_ms, claim.deliveries);
  }
}

void StreamGroup::NameConsumer(const Context& context, const StreamEffect& effect, bool active) {
  if (!exists()) return;
  members_[context.stamp().region()].Name(
      effect.consumer, context.stamp(), effect.time_ms,
      active ? StreamConsumers::Touch::kActive : StreamConsumers::Touch::kSeen);
}

void StreamGroup::DeleteConsumer(const Context& context, const StreamEffect& effect) {
  const auto members = members_.find(context.stamp().region());
  if (members != members_.end()) members->second.Remove(effect.consumer, context);
}

void StreamGroup::Clear(const Context& context) {
  std::erase_if(generations_, [&context](const Generation& generation) {
    return context.Covers(generation.stamp);
  });
  EndIfNoStartIsLeft();
}

void StreamGroup::Join(const StreamGroup& other, const VersionVector& mine,
                       const VersionVector& theirs) {
  // A destroy that the other side has not seen makes void all that it holds.
  const bool theirs_is_void = graves_.AnyBeyond(theirs);
  if (other.graves_.AnyBeyond(mine)) End();
  graves_.Merge(other.graves_);
  const StreamGroup nothing;
  const StreamGroup& from = theirs_is_void ? nothing : other;
  std::erase_if(generations_, [&](const Generation& generation) {
    return theirs.Covers(generation.stamp) &&
           std::ranges::find(from.generations_, generation.stamp, &Generation::stamp) ==
               from.generations_.end();
  });
  for (const Generation& generation : from.generations_) {
    auto at = std::ranges::lower_bound(generations_, generation.stamp, {}, &Generation::stamp);
    if (at == generations_.end() || at->stamp != generation.stamp) {
      if (!mine.Covers(generation.stamp)) generations_.insert(at, generation);
      continue;
    }
    for (const auto& [reader, progress] : generation.progress) {
      MergeProgress(at->progress[reader], progress);
    }
  }
  std::set<RegionId> regions;
  for (const auto& [region, members] : members_) regions.insert(region);
  for (const auto& [region, members] : from.members_) regions.insert(region);
  for (const RegionId region : regions) {
    members_[region].Join(from.members(region), mine, theirs);
  }
  EndIfNoStartIsLeft();
}

void StreamGroup::JoinGraves(const StreamGroup& other, const VersionVector& mine,
                             const VersionVector& theirs) {
  StreamGroup graves;
  graves.graves_ = other.graves_;
  Join(graves, mine, theirs);
}

// --- Bytes ---------------------------------------------------------------------------------------

void StreamGroup::Encode(ByteWriter& out) const {
  graves_.Encode(out);
  out.Varint(generations_.size());
  for (const Generation& generation : generations_) {
    out.PutStamp(generation.stamp);
    EncodeStart(generation.start, out);
    out.Varint(generation.progress.size());
    for (const auto& [reader, progress] : generation.progress) {
      out.U8(reader);
      EncodeProgress(progress, out);
    }
  }
  std::uint64_t regions = 0;
  for (const auto& [region, members] : members_) regions += members.empty() ? 0 : 1;
  out.Varint(regions);
  for (const auto& [region, members] : members_) {
    if (members.empty()) continue;
    out.U8(region);
    members.Encode(out);
  }
}

Result<StreamGroup> StreamGroup::Decode(ByteReader& in) {
  StreamGroup group;
  Result<Graves> graves = Graves::Decode(in);
  if (!graves) return std::unexpected(graves.error());
  group.graves_ = *std::move(graves);
  const std::uint64_t generations = in.Count(kLeastGenerationBytes);
  for (std::uint64_t i = 0; i < generations && in.ok(); ++i) {
    Generation generation{.stamp = in.GetStamp()};
    const bool has_entries_read = in.U8() != 0;
    generation.start = GroupStart::Decode(in, has_entries_read);
    const std::uint64_t readers = in.Count(kLeastProgressBytes);
    for (std::uint64_t k = 0; k < readers && in.ok(); ++k) {
      const RegionId reader = in.U8();
      generation.progress[reader] = DecodeProgress(in);
    }
    if (!group.generations_.empty() && group.generations_.back().stamp >= generation.stamp) {
      in.Invalidate();
    }
    group.generations_.push_back(std::move(generation));
  }
  const std::uint64_t regions = in.Count(3);
  for (std::uint64_t i = 0; i < regions && in.ok(); ++i) {
    const RegionId region = in.U8();
    Result<StreamConsumers> members = StreamConsumers::Decode(in);
    if (!members) return std::unexpected(members.error());
    group.members_[region] = *std::move(members);
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a consumer group does not decode");
  return group;
}

void StreamGroup::EncodeMerged(ByteWriter& out) const {
  out.Varint(generations_.size());
  for (const Generation& generation : generations_) {
    out.PutStamp(generation.stamp);
    EncodeStart(generation.start, out);
  }
}

}  // namespace crdt
