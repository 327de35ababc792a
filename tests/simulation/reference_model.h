// What the deployment must show in the end, computed from the records alone.
//
// Written without the merge rules of crdt/: records are taken in the order of their stamps, which
// agrees with causality, so that "a later write has seen it" needs only the later write's context.
// A counter is the sum of the increments that no reset has seen; there are no totals, lineages or
// baselines here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/effect.h"
#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "storage/keyspace.h"
#include "tests/simulation/history.h"
#include "tests/simulation/hyperloglog_model.h"
#include "tests/simulation/stream_model.h"

namespace simulation {

class ReferenceModel {
 public:
  using WasLost = std::function<bool(std::string_view key, crdt::Stamp stamp)>;

  // But for the effects on keys that `was_lost` names.
  void Apply(crdt::Stamp first, const KnownRecord& record, const WasLost& was_lost);
  // What differs from the keyspace, for people; empty: nothing. Keys whose deadline is at or before
  // `now_ms` are not looked at.
  std::string Compare(const storage::Keyspace& keyspace, std::int64_t now_ms) const;

 private:
  struct Increment {
    crdt::Stamp lineage;
    crdt::Total total;  // As shipped.
    crdt::Total step;
  };
  // A string key, a hash field or a member of a set or a sorted set.
  struct Value {
    std::map<crdt::Stamp, std::string> assigned;
    std::map<crdt::Stamp, Increment> added;

    bool visible() const { return !assigned.empty() || !added.empty(); }
    crdt::Stamp newest() const;
    std::string Text() const;
  };
  using Values = std::map<std::string, Value, std::less<>>;
  struct StandsBefore {
    bool operator()(const crdt::ListPosition& left, const crdt::ListPosition& right) const {
      return crdt::CompareListPlaces(left, right) < 0;
    }
  };
  using List = std::map<crdt::ListPosition, Value, StandsBefore>;
  struct Key {
    Value string;
    Values hash;
    Values set;
    Values sorted_set;
    StreamModel stream;
    List list;
    HyperLogLogModel hyperloglog;
    std::map<crdt::Stamp, std::int64_t> deadlines;
  };
  struct Seen;
  // The newest increment of a writer and lineage at one place: what a total is counted from.
  struct Place {
    std::string key;
    std::string field;  // With a mark in front, so that a field never looks like the key itself.
    crdt::Stamp lineage;
    auto operator<=>(const Place&) const = default;
  };

  void ApplyEffect(const crdt::EffectView& effect, const Seen& seen, const WasLost& was_lost);
  void Increase(const crdt::EffectView& effect, const Seen& seen, Value& value);
  static void Clear(Value& value, const Seen& seen);
  static void Clear(Values& values, const Seen& seen);
  static void Clear(List& list, const Seen& seen);
  static void Clear(Key& key, const Seen& seen);
  static void Bury(Key& key, std::string_view resets, crdt::Stamp stamp);
  static void ApplyToList(const crdt::EffectView& effect, const Seen& seen, List& list);
  static Values& ElementsOf(Key& key, crdt::EffectKind kind);
  static std::string CompareOrder(const std::string& name, const crdt::SortedSet& set);
  static crdt::Stamp Newest(const Values& values);
  static crdt::ValueType VisibleType(const Key& key);
  static std::string CompareList(const std::string& name, const List& right,
                                 const crdt::ListValue& list);
  static std::string CompareKey(const std::string& name, const Key& key, const crdt::KeyView& view);

  std::map<std::string, Key, std::less<>> keys_;
  std::map<Place, crdt::Total> totals_;
};

}  // namespace simulation
