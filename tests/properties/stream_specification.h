// What a stream shows, computed from the operations and from who had seen what alone.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "crdt/stream_value.h"

namespace properties {

struct Operation;

// What an operation on a stream names, beside its key.
struct StreamOperation {
  crdt::StreamId id;
  crdt::EntryKey end;
  std::string group;
  std::vector<crdt::AuthoredId> entries;
};

struct Stream {
  std::set<crdt::EntryKey> entries;
  std::map<std::string, std::set<crdt::Stamp>> groups;  // The stamps of their starts.
  // Group, reading region, entry.
  std::set<std::tuple<std::string, crdt::RegionId, crdt::AuthoredId>> pending;

  bool shows() const { return !entries.empty() || !groups.empty(); }
  crdt::Stamp newest() const;
  // Nothing where it does not show anything.
  std::string Describe() const;
};

// `operations`: those that a region has; causally closed.
Stream SpecifyStream(const std::string& key, const std::vector<const Operation*>& operations);
// The production state in the same words.
Stream Described(const crdt::StreamValue& stream);

}  // namespace properties
