// The keyspace as commands see it: reads hide what has expired, writes go through prepared effects.
//
// A command prepares effects into `effects()` and commits them: each gets the next stamp and is
// applied. What one command, or one EXEC, commits becomes one record of the log at its end.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "crdt/effect.h"
#include "crdt/object.h"
#include "crdt/prepare.h"
#include "storage/keyspace.h"

namespace server {

class Database {
 public:
  virtual ~Database() = default;

  // --- Reading -----------------------------------------------------------------------------------
  // The key as it is shown here and now; a key past its deadline shows nothing. Valid until the
  // next Commit. Counts as a use of the key (OBJECT IDLETIME).
  crdt::KeyView Read(std::string_view key) const {
    return Shown(marks_use_ ? keyspace().Use(key) : keyspace().Find(key));
  }
  // As Read, but no use: what Redis looks up with LOOKUP_NOTOUCH.
  crdt::KeyView Look(std::string_view key) const { return Shown(keyspace().Find(key)); }
  // Whether Read and ReadToWrite count as a use from now on (CLIENT NO-TOUCH).
  void SetMarksUse(bool marks) { marks_use_ = marks; }
  bool IsExpired(const crdt::KeyView& view) const {
    const auto deadline = view.deadline();
    return deadline && *deadline <= now_ms();
  }
  virtual const storage::Keyspace& keyspace() const = 0;
  // Unix milliseconds; stands still within a command and within EXEC.
  virtual std::int64_t now_ms() const = 0;
  // A random 64-bit word.
  virtual std::uint64_t Dice() = 0;

  // --- Writing -----------------------------------------------------------------------------------
  // As Read, for a key that is about to be written: one past its deadline is deleted first, in the
  // same record.
  virtual crdt::KeyView ReadToWrite(std::string_view key) = 0;
  // Where Prepare… functions put what they want changed.
  virtual crdt::EffectList& effects() = 0;
  // Stamps and applies the effects that were prepared since the last Commit.
  virtual void Commit() = 0;
  // This shard's present writer: the author of its increments.
  virtual crdt::Writer writer() const = 0;

 protected:
  bool marks_use_ = true;

 private:
  crdt::KeyView Shown(const crdt::KeyView& view) const {
    return IsExpired(view) ? crdt::KeyView() : view;
  }
};

}  // namespace server
