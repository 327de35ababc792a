// What a group has still to deliver, and how far it is behind.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "crdt/stream_value.h"

namespace crdt {

// Up to `count` entries that the group has not delivered in `reader`'s region, in the order of
// their IDs; `visit` says false to stop. Late entries of an author come although later ones of
// others were delivered.
void ForEachUndelivered(const StreamValue& stream, const StreamGroup& group, RegionId reader,
                        const StreamEntries::Visit& visit);
bool AnyUndelivered(const StreamValue& stream, const StreamGroup& group, RegionId reader);

// Where a group begins that is to get only what comes from now on: behind the last of each author.
GroupStart StartAtEnd(const StreamValue& stream, RegionId reader);

// Redis' logical counters. How many entries were ever added up to this ID; empty where deletes make
// that unknowable.
std::optional<std::uint64_t> CountUpTo(const StreamValue& stream, StreamId id);
// Something at or behind this ID may have been deleted.
bool MayHaveGapsFrom(const StreamValue& stream, StreamId id);
// Entries that the group has still to read; empty: unknown.
std::optional<std::int64_t> Lag(const StreamValue& stream, const StreamGroup& group,
                                RegionId reader);
// The counter of a group after it was given the entry `id`.
std::optional<std::uint64_t> EntriesReadAfter(const StreamValue& stream,
                                              std::optional<std::uint64_t> before, StreamId id);

}  // namespace crdt
