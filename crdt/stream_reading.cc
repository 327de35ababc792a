#include "crdt/stream_reading.h"

#include <algorithm>
#include <array>

namespace crdt {

void ForEachUndelivered(const StreamValue& stream, const StreamGroup& group, RegionId reader,
                        const StreamEntries::Visit& visit) {
  std::array<StreamId, kMaxRegion + 1> positions{};
  std::uint32_t wanted = 0;
  StreamId first = StreamId::Greatest();
  for (const auto& [author, last] : stream.entries().authors()) {
    positions[author] = group.Position(reader, author);
    if (last <= positions[author]) continue;
    wanted |= std::uint32_t{1} << author;
    first = std::min(first, positions[author]);
  }
  if (wanted == 0) return;
  stream.entries().AscendOf(wanted, EntryKey::Behind(first), [&](const EntryView& entry) {
    return entry.id <= positions[entry.stamp.region()] || visit(entry);
  });
}

bool AnyUndelivered(const StreamValue& stream, const StreamGroup& group, RegionId reader) {
  bool any = false;
  ForEachUndelivered(stream, group, reader, [&any](const EntryView&) {
    any = true;
    return false;
  });
  return any;
}

GroupStart StartAtEnd(const StreamValue& stream, RegionId reader) {
  std::array<StreamId, kMaxRegion + 1> lasts{};
  std::size_t unknown = stream.entries().authors().size();
  stream.entries().Descend({}, EntryKey::Behind(StreamId::Greatest()), [&](const EntryView& entry) {
    StreamId& last = lasts[entry.stamp.region()];
    if (last.is_zero()) --unknown;
    last = std::max(last, entry.id);
    return unknown > 0;
  });
  for (const StreamAccount& account : stream.accounts().all()) {
    StreamId& last = lasts[account.stamp.region()];
    last = std::max(last, account.last);
  }
  lasts[reader] = stream.last_id();
  GroupStart start;
  for (std::size_t region = 0; region < lasts.size(); ++region) {
    if (lasts[region].is_zero()) continue;
    start.regions.emplace_back(static_cast<RegionId>(region), lasts[region]);
  }
  return start;
}

std::optional<std::uint64_t> CountUpTo(const StreamValue& stream, StreamId id) {
  const StreamEntries& entries = stream.entries();
  const std::uint64_t added = stream.accounts().added();
  const StreamId deleted = stream.accounts().deleted();
  if (added == 0) return 0;
  if (entries.empty() && id <= stream.last_id()) return added;
  if (!id.is_zero() && id < deleted) return std::nullopt;
  if (id == stream.last_id()) return added;
  if (id > stream.last_id()) return std::nullopt;
  const StreamId first = entries.empty() ? StreamId() : entries.first().id;
  if (!deleted.is_zero() && deleted >= first) return std::nullopt;
  // Nothing between the first entry and the last was deleted.
  const std::uint64_t before_first = added - std::min(added, entries.size());
  if (id < first) return before_first;
  return id == first ? std::optional(before_first + 1) : std::nullopt;
}

bool MayHaveGapsFrom(const StreamValue& stream, StreamId id) {
  const StreamId deleted = stream.accounts().deleted();
  return !stream.entries().empty() && !deleted.is_zero() && id <= deleted;
}

std::optional<std::int64_t> Lag(const StreamValue& stream, const StreamGroup& group,
                                RegionId reader) {
  const auto added = static_cast<std::int64_t>(stream.accounts().added());
  if (added == 0) return 0;
  const StreamId last = group.LastDelivered(reader);
  const auto read = group.EntriesRead(reader);
  if (read && !MayHaveGapsFrom(stream, last)) return added - static_cast<std::int64_t>(*read);
  const auto counted = CountUpTo(stream, last);
  if (!counted) return std::nullopt;
  return added - static_cast<std::int64_t>(*counted);
}

std::optional<std::uint64_t> EntriesReadAfter(const StreamValue& stream,
                                              std::optional<std::uint64_t> before, StreamId id) {
  if (before && !MayHaveGapsFrom(stream, id)) return *before + 1;
  return stream.accounts().added() == 0 ? before : CountUpTo(stream, id);
}

}  // namespace crdt
