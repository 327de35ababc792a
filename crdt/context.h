// What the author of an effect had seen. Observed means covered by the context.
//
// For a local write that is everything in the state, and no vector needs to be looked at; for a
// record from elsewhere it is the record's version vector plus the record's earlier effects.
#pragma once

#include "crdt/stamp.h"
#include "crdt/version_vector.h"

namespace crdt {

class Context {
 public:
  // The author's own apply: all that is there has been seen.
  static Context Everything(Stamp effect) { return Context(nullptr, effect); }
  // `vector` must outlive the context.
  static Context Of(const VersionVector& vector, Stamp effect) { return Context(&vector, effect); }

  bool covers_everything() const { return vector_ == nullptr; }
  // REQUIRES: !covers_everything().
  const VersionVector& vector() const { return *vector_; }
  // The effect's own stamp.
  Stamp stamp() const { return stamp_; }
  bool Covers(Stamp stamp) const {
    if (vector_ == nullptr) return true;
    // A writer's own log comes in order: whatever it stamped earlier, it has seen.
    if (stamp.writer() == stamp_.writer()) return stamp < stamp_;
    return vector_->Covers(stamp);
  }

 private:
  Context(const VersionVector* vector, Stamp stamp) : vector_(vector), stamp_(stamp) {}

  const VersionVector* vector_;
  Stamp stamp_;
};

}  // namespace crdt
