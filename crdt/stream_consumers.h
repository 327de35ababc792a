// The consumers of a group in one region, and what was delivered to them and not acknowledged.
//
// Only the region's own clients see it. It is kept in all regions like everything else, by the same
// records: decisions/0013. A consumer and a pending entry are what the latest effect about them
// says, until an effect that has seen that takes them away.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "crdt/context.h"
#include "crdt/encoding.h"
#include "crdt/result.h"
#include "crdt/stream_id.h"

namespace crdt {

// An entry as groups name it: by the region that wrote it. Regions may write one ID both.
struct AuthoredId {
  RegionId region = 0;
  StreamId id;

  auto operator<=>(const AuthoredId&) const = default;
};

inline constexpr std::int64_t kNeverActive = -1;

class StreamConsumers {
 public:
  struct Consumer {
    Stamp stamp;                            // Of the latest effect about it.
    std::int64_t seen_ms = 0;               // Unix time of the last command that named it.
    std::int64_t active_ms = kNeverActive;  // And of the last that gave it something.
    std::uint64_t pending = 0;

    bool operator==(const Consumer&) const = default;
  };
  // By name. Addresses stay.
  using Consumers = std::map<std::string, Consumer, std::less<>>;

  struct Pending {
    Consumers::value_type* consumer = nullptr;
    Stamp stamp;  // Of the effect that gave it to the consumer.
    std::int64_t time_ms = 0;
    std::uint64_t deliveries = 0;
  };

  StreamConsumers() = default;
  StreamConsumers(StreamConsumers&&) = default;
  StreamConsumers& operator=(StreamConsumers&&) = default;
  StreamConsumers(const StreamConsumers&) = delete;
  StreamConsumers& operator=(const StreamConsumers&) = delete;

  // --- Questions ---------------------------------------------------------------------------------
  bool empty() const { return consumers_.empty() && pending_.empty(); }
  const Consumers& consumers() const { return consumers_; }
  const Consumer* Find(std::string_view name) const;
  std::uint64_t pending() const { return pending_.size(); }
  const Pending* FindPending(const AuthoredId& entry) const;
  // The least pending ID among entries of one region; null: none is pending.
  const StreamId* FirstPendingOf(RegionId region) const;
  // Visits what is pending of the IDs in [from, to] in the order of the IDs, until `visit` says
  // false. Nothing may change meanwhile.
  void ForEachPending(StreamId from, StreamId to,
                      const std::function<bool(const AuthoredId&, const Pending&)>& visit) const;
  std::size_t memory_bytes() const;

  // --- Changes -----------------------------------------------------------------------------------
  // A command named the consumer; made where there is none.
  enum class Touch { kSeen, kActive };
  void Name(std::string_view consumer, Stamp stamp, std::int64_t time_ms, Touch touch);
  // REQUIRES: the consumer was named.
  void Give(std::string_view consumer, const AuthoredId& entry, Stamp stamp, std::int64_t time_ms,
            std::uint64_t deliveries);
  void Acknowledge(const AuthoredId& entry, const Context& context);
  // With all that is pending to it.
  void Remove(std::string_view consumer, const Context& context);
  void Join(const StreamConsumers& other, const VersionVector& mine, const VersionVector& theirs);

  void Encode(ByteWriter& out) const;
  static Result<StreamConsumers> Decode(ByteReader& in);

 private:
  using PendingMap = absl::btree_map<AuthoredId, Pending>;  // By author first.

  PendingMap::iterator Take(PendingMap::iterator at);
  void Set(Consumers::value_type& consumer, const AuthoredId& entry, const Pending& pending);

  Consumers consumers_;
  PendingMap pending_;
};

}  // namespace crdt
