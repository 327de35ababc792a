#include "server/conflict_ring.h"

#include <algorithm>

#include "server/commands/glob.h"

namespace server {
namespace {

bool Matches(const ConflictRecord& record, const ConflictFilter& filter) {
  if (filter.since_unix_ms && record.unix_ms < *filter.since_unix_ms) return false;
  if (filter.type && record.type != *filter.type) return false;
  if (filter.rule && record.rule != *filter.rule) return false;
  if (filter.region && record.winner.region() != *filter.region &&
      record.loser.region() != *filter.region) {
    return false;
  }
  return !filter.key_pattern || GlobMatches(*filter.key_pattern, record.key);
}

}  // namespace

void ConflictRing::OnConflict(const crdt::Conflict& conflict) {
  ++recorded_;
  ++by_rule_[conflict.rule];
  if (capacity_ == 0) return;
  if (ring_.size() == capacity_) ring_.pop_front();
  ring_.push_back({.id = recorded_,
                   .unix_ms = unix_ms_,
                   .key = std::string(conflict.key),
                   .element = std::string(conflict.element),
                   .type = conflict.type,
                   .rule = conflict.rule,
                   .winner = conflict.winner,
                   .loser = conflict.loser,
                   .winner_value = std::string(conflict.winner_value.substr(0, kValueCap)),
                   .loser_value = std::string(conflict.loser_value.substr(0, kValueCap))});
}

std::vector<const ConflictRecord*> ConflictRing::List(const ConflictFilter& filter) const {
  std::vector<const ConflictRecord*> found;
  for (auto record = ring_.rbegin(); record != ring_.rend() && found.size() < filter.count;
       ++record) {
    if (Matches(*record, filter)) found.push_back(&*record);
  }
  return found;
}

const ConflictRecord* ConflictRing::Get(std::uint64_t id) const {
  if (ring_.empty() || id < ring_.front().id || id > ring_.back().id) return nullptr;
  return &ring_[id - ring_.front().id];  // Ids follow each other without a gap.
}

}  // namespace server
