// What a stream must show, computed from its effects in the order of their stamps: see
// reference_model.h. Consumers and what is pending to them are not looked at.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "crdt/effect.h"
#include "crdt/stream_value.h"

namespace simulation {

class StreamModel {
 public:
  // Says whether the author of the effect had seen a stamp.
  using Covers = std::function<bool(crdt::Stamp)>;

  bool shows() const;
  crdt::Stamp newest() const;
  // What differs from what is shown, for people; empty: nothing.
  std::string Compare(const crdt::StreamValue& shown) const;

  // REQUIRES: effect.kind is a stream's.
  void Apply(const crdt::EffectView& effect, crdt::Stamp stamp, const Covers& covers);
  // A delete of the whole key, with what it says of groups.
  void Clear(const Covers& covers);
  void Bury(crdt::Stamp stamp);

 private:
  struct Group {
    std::set<crdt::Stamp> starts;
    std::vector<crdt::Stamp> destroyed;
  };

  std::string Describe() const;

  std::set<crdt::EntryKey> entries_;
  std::map<std::string, Group> groups_;
  std::vector<crdt::Stamp> buried_;
};

}  // namespace simulation
