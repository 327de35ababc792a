// What a key shows, computed from the operations and from who had seen what alone.
//
// The merge rules as docs state them, without stamps per part, baselines or lineages: an operation
// counts unless one that takes it has seen it. Slow and simple; the production code must agree.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crdt/object.h"
#include "hyperloglog_specification.h"
#include "list_specification.h"
#include "stream_specification.h"

namespace properties {

enum class Kind {
  kSet,
  kDelete,
  kIncrement,
  kExpire,
  kSetAdd,
  kSetRemove,
  kHashSet,
  kHashDelete,
  kHashIncrement,
  kSortedSetAdd,
  kSortedSetRemove,
  kSortedSetIncrement,
  kListPush,
  kListInsert,
  kListSet,
  kListRemove,
  kListTrim,
  kStreamAdd,
  kStreamRemove,
  kStreamTrim,
  kGroupCreate,
  kGroupSetPosition,
  kGroupDestroy,
  kGroupDeliver,
  kGroupAcknowledge,
  kHyperLogLogAdd,
  kFlush,
};

// Amounts are counted in quarters, which floating point adds without a rounding error.
using Quarters = crdt::Int128;

struct Operation {
  crdt::Stamp stamp;
  crdt::VersionVector context;  // What its author had seen.
  Kind kind = Kind::kSet;
  std::string key;                    // Empty: kFlush.
  std::vector<std::string> elements;  // Members or fields.
  std::string value;
  Quarters amount = 0;
  bool is_float = false;
  ListNode node;                      // Of an insertion into a list; of a push: its side.
  std::vector<ListId> places;         // Elements of a list that it writes or takes.
  std::optional<ListId> first, last;  // What a trim keeps; nothing where both are empty.
  // What it writes into the time-to-live register.
  std::optional<crdt::DeadlineMs> deadline;
  bool keeps_ttl = false;
  // What its author's own state made of it.
  bool creates = false;
  bool empties = false;
  bool ends_hidden = false;
  StreamOperation stream;
  // Keys whose streams it took from what was shown to its author: of their groups it wins.
  std::set<std::string> buried;
  std::vector<crdt::RegisterValue> registers;  // Of kHyperLogLogAdd.
  // Keys whose HyperLogLogs it took likewise.
  std::set<std::string> buried_hyperloglogs;
};

struct Value {
  std::map<crdt::Stamp, std::string> assigned;
  std::map<crdt::Stamp, Quarters> added;

  bool shows() const { return !assigned.empty() || !added.empty(); }
  Quarters sum() const;
  crdt::Stamp newest() const;
  std::string Text() const;
  std::string Describe() const;
};

struct Key {
  Value string;
  std::map<std::string, Value> hash;
  std::map<std::string, Value> set;
  std::map<std::string, Value> sorted_set;  // Assigned texts are scores.
  std::vector<ListElement> list;
  ListTree list_tree;  // Of all that was ever in the list.
  Stream stream;
  Registers hyperloglog;
  std::map<crdt::Stamp, crdt::DeadlineMs> deadlines;

  crdt::ValueType type() const;
  bool clashes() const;
  std::optional<crdt::DeadlineMs> deadline() const;
  std::string Describe() const;
};

// `operations`: those that a region has; causally closed.
Key Specify(const std::string& key, const std::vector<const Operation*>& operations);
// The production state in the same words.
std::string Describe(const crdt::KeyView& view);

}  // namespace properties
