// A HyperLogLog: how many different elements were added, about.
//
// Registers of all regions merge by their maximum. A delete wins over whoever has not seen it, and
// takes all registers: which write raised which of them is not known. docs/data-types.md,
// "HyperLogLog".
#pragma once

#include <cstdint>
#include <optional>

#include "crdt/context.h"
#include "crdt/effect.h"
#include "crdt/graves.h"
#include "crdt/hyperloglog_registers.h"

namespace crdt {

class HyperLogLog {
 public:
  // --- Questions ---------------------------------------------------------------------------------
  // It is there also while nothing was added.
  bool visible() const { return !writers_.empty(); }
  // Nothing at all: may be forgotten.
  bool empty() const { return writers_.empty() && graves_.empty(); }
  bool has_spent() const { return !graves_.empty(); }
  const HyperLogLogRegisters& registers() const { return registers_; }
  // The latest write of each writer that has written to what is there.
  const VersionVector& writers() const { return writers_; }
  // The greatest stamp of them.
  Stamp newest() const;
  std::uint64_t Count() const;
  std::size_t memory_bytes() const;

  // --- Changes -----------------------------------------------------------------------------------
  // The delete that makes a write void; the zero stamp where it counts.
  Stamp Void(const Context& context) const { return graves_.Unseen(context); }
  // REQUIRES: effect.kind is kHyperLogLogMerge.
  void Apply(const EffectView& effect, const Context& context);
  // A delete whose author had a HyperLogLog here: takes everything, also what it had not seen.
  void Bury(Stamp stamp);
  void DropSpent() { graves_.Forget(); }
  void Join(const HyperLogLog& other, const VersionVector& mine, const VersionVector& theirs);

  // --- Bytes -------------------------------------------------------------------------------------
  void Encode(ByteWriter& out) const;
  static Result<HyperLogLog> Decode(ByteReader& in);
  // For digests: without graves.
  void EncodeMerged(ByteWriter& out) const;

 private:
  void Clear();

  HyperLogLogRegisters registers_;
  VersionVector writers_;
  Graves graves_;
  mutable std::optional<std::uint64_t> count_;  // Of the registers, once it was asked for.
};

}  // namespace crdt
