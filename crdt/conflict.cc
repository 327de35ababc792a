#include "crdt/conflict.h"

namespace crdt {

std::string_view NameOf(ConflictRule rule) {
  switch (rule) {
    case ConflictRule::kLastWriterWins:
      return "last-writer-wins";
    case ConflictRule::kWriteSurvivesDelete:
      return "write-survives-delete";
    case ConflictRule::kIncrementsAddToWrite:
      return "increments-add-to-write";
    case ConflictRule::kIncrementsMasked:
      return "increments-masked";
    case ConflictRule::kSaturated:
      return "saturated";
    case ConflictRule::kLongestExpiry:
      return "longest-expiry";
    case ConflictRule::kTypeClash:
      return "type-clash";
    case ConflictRule::kDoublePop:
      return "double-pop";
    case ConflictRule::kConditionBothHeld:
      return "condition-both-held";
    case ConflictRule::kSameEntryId:
      return "same-entry-id";
    case ConflictRule::kDeleteWins:
      return "delete-wins";
  }
  return "unknown";
}

}  // namespace crdt
