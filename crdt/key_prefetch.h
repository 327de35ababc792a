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

// What a command is about to look up. `element` is empty where it names none.
struct Lookup {
  std::string_view key;
  std::string_view element;
};

class KeyPrefetch {
 public:
  static constexpr int kSteps = 6;

  KeyPrefetch() = default;
  KeyPrefetch(const KeyTable& table, const Lookup& lookup)
      : table_(&table), hash_(KeyTable::Hash(lookup.key)), element_(lookup.element) {}

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
