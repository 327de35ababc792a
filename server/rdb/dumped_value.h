// A value as DUMP and RESTORE carry it: what it is, whichever of Redis' forms its bytes have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "crdt/stream_id.h"

namespace server {

struct DumpedString {
  std::string text;

  bool operator==(const DumpedString&) const = default;
};

struct DumpedList {
  std::vector<std::string> elements;

  bool operator==(const DumpedList&) const = default;
};

struct DumpedSet {
  std::vector<std::string> members;

  bool operator==(const DumpedSet&) const = default;
};

struct DumpedHash {
  std::vector<std::pair<std::string, std::string>> fields;

  bool operator==(const DumpedHash&) const = default;
};

struct DumpedSortedSet {
  std::vector<std::pair<std::string, double>> members;

  bool operator==(const DumpedSortedSet&) const = default;
};

struct DumpedStream {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Entry {
    crdt::StreamId id;
    Fields fields;

    bool operator==(const Entry&) const = default;
  };
  struct Pending {
    crdt::StreamId id;
    std::int64_t time_ms = 0;
    std::uint64_t deliveries = 0;

    bool operator==(const Pending&) const = default;
  };
  struct Consumer {
    std::string name;
    std::int64_t seen_ms = 0;
    std::vector<Pending> pending;  // Ascending by ID.

    bool operator==(const Consumer&) const = default;
  };
  struct Group {
    std::string name;
    crdt::StreamId last_delivered;
    std::optional<std::uint64_t> entries_read;
    std::vector<Consumer> consumers;

    bool operator==(const Group&) const = default;
  };

  std::vector<Entry> entries;  // Ascending by ID.
  crdt::StreamId last;
  crdt::StreamId deleted;  // The greatest that was deleted.
  std::uint64_t added = 0;
  std::vector<Group> groups;

  bool operator==(const DumpedStream&) const = default;
};

using DumpedValue =
    std::variant<DumpedString, DumpedList, DumpedSet, DumpedHash, DumpedSortedSet, DumpedStream>;

}  // namespace server
