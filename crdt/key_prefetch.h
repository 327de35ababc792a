// Fetches into the cache what a command will look at, step by step.
//
// Reading a key follows a chain: slot, cell, object, container, element. Waiting for memory at each
// link would be the greatest part of a small command's time. Taken for many keys at once, each step
// finds that what the step before asked for has arrived.
#pragma once

#include <cstdint>
#include <string_view>

#include "crdt/object.h"

namespace crdt {

class KeyPrefetch {
 public:
  static constexpr int kSteps = 6;

  KeyPrefetch() = default;
  // `hash` is that of a key; `element` is empty where none is looked up in what the key holds.
  KeyPrefetch(const KeyTable& table, std::uint64_t hash, std::string_view element)
      : table_(&table), hash_(hash), element_(element) {}

  // One step after the other, from 0 on. False: the chain ends here.
  bool Step(int step);

 private:
  void Containers() const;
  // Of the one collection that the element is looked up in; null where there is none.
  const ElementTable* Elements() const;

  const KeyTable* table_ = nullptr;
  std::uint64_t hash_ = 0;
  std::string_view element_;
  const KeyCell* cell_ = nullptr;
  const ElementTable* elements_ = nullptr;
  std::uint64_t element_hash_ = 0;
};

}  // namespace crdt
