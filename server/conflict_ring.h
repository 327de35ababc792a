// The last conflicts that apply() reported, in memory, with exact counters of recorded and dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/conflict.h"

namespace server {

struct ConflictRecord {
  std::uint64_t id;  // 1, 2, 3, … since the node started.
  std::int64_t unix_ms;
  std::string key;
  std::string element;
  crdt::ValueType type;
  crdt::ConflictRule rule;
  crdt::Stamp winner;
  crdt::Stamp loser;
  // Cut at kValueCap bytes.
  std::string winner_value;
  std::string loser_value;
};

struct ConflictFilter {
  std::optional<std::string> key_pattern;  // Glob, as KEYS.
  std::optional<crdt::ValueType> type;
  std::optional<crdt::ConflictRule> rule;
  std::optional<crdt::RegionId> region;  // Winner or loser.
  std::optional<std::int64_t> since_unix_ms;
  std::size_t count = 50;
};

class ConflictRing : public crdt::ConflictSink {
 public:
  static constexpr std::size_t kValueCap = 1024;

  // `entries` is the most that is kept; the oldest make room.
  explicit ConflictRing(std::size_t entries) : capacity_(entries) {}

  // The time that the next conflicts are recorded under.
  void SetTime(std::int64_t unix_ms) { unix_ms_ = unix_ms; }
  void OnConflict(const crdt::Conflict& conflict) override;

  // Newest first.
  std::vector<const ConflictRecord*> List(const ConflictFilter& filter) const;
  const ConflictRecord* Get(std::uint64_t id) const;
  std::uint64_t recorded() const { return recorded_; }
  std::uint64_t dropped() const { return recorded_ - ring_.size(); }
  const std::map<crdt::ConflictRule, std::uint64_t>& by_rule() const { return by_rule_; }

 private:
  std::size_t capacity_;
  std::int64_t unix_ms_ = 0;
  std::uint64_t recorded_ = 0;
  std::deque<ConflictRecord> ring_;
  std::map<crdt::ConflictRule, std::uint64_t> by_rule_;
};

}  // namespace server
