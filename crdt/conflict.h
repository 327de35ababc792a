// What apply() reports: two writes of one element of which neither had seen the other.
#pragma once

#include <cstdint>
#include <string_view>

#include "crdt/stamp.h"
#include "crdt/type_table.h"

namespace crdt {

// Numbers go to the conflict journal: given once.
enum class ConflictRule : std::uint8_t {
  kLastWriterWins = 1,   // SET ∥ SET: the greatest stamp is shown, the other stays hidden.
  kWriteSurvivesDelete,  // DEL, SREM, HDEL ∥ an unseen write: a delete takes only what it has seen.
  kIncrementsAddToWrite,  // SET ∥ INCR: the assigned value plus the unseen increments.
  kIncrementsMasked,      // The shown base is not a number: increments are kept behind it.
  kSaturated,             // The merged sum left 64 bits and is shown at the bound.
  kLongestExpiry,         // EXPIRE ∥ EXPIRE or PERSIST: the longest life wins.
  kTypeClash,             // Two types on one key: the greatest stamp inside is shown.
  kDoublePop,             // Both regions popped one element; it is removed once.
  kConditionBothHeld,     // SET NX and the like succeeded in both regions; last writer wins.
  kSameEntryId,           // XADD ∥ XADD of one ID: both entries are kept.
  kDeleteWins,            // XGROUP CREATE ∥ DESTROY or DEL, PFADD ∥ DEL: what had not seen the
                          // delete is void.
};

std::string_view NameOf(ConflictRule rule);

// Views into state and record; a sink copies what it keeps.
struct Conflict {
  std::string_view key;
  std::string_view element;  // A hash field or a set member; empty for the whole key.
  ValueType type;
  ConflictRule rule;
  Stamp winner;
  Stamp loser;
  // The text that was assigned; "+3" for increments; the deadline in ms, or "infinite"; the type's
  // name in a clash. Empty where there is none of it: a delete, a set's member.
  std::string_view winner_value;
  std::string_view loser_value;
};

class ConflictSink {
 public:
  virtual ~ConflictSink() = default;
  virtual void OnConflict(const Conflict& conflict) = 0;
};

}  // namespace crdt
