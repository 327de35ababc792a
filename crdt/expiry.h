// The time-to-live register of a key: siblings of deadlines, of which the longest life is shown.
//
// No deadline is a deadline too (infinite): PERSIST and the write that creates a key for its author
// write it, else a delete, an expire and an add that are concurrent end in two ways. The register
// outlives the key's containers until it is covered (fine print 19).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "crdt/context.h"
#include "crdt/encoding.h"

namespace crdt {

// Unix time in milliseconds.
using DeadlineMs = std::int64_t;
inline constexpr DeadlineMs kInfinite = std::numeric_limits<DeadlineMs>::max();

class TtlRegister {
 public:
  struct Sibling {
    Stamp stamp;
    DeadlineMs deadline;

    bool operator==(const Sibling&) const = default;
  };

  // One deadline is the usual number, and every key with an Object has it: no memory of its own.
  using Siblings = absl::InlinedVector<Sibling, 1>;

  bool empty() const { return siblings_.empty(); }
  const Siblings& siblings() const { return siblings_; }
  // The longest life; equal deadlines belong to the greatest stamp. Empty: no register.
  std::optional<Sibling> winner() const;
  // Empty where the key lives for ever.
  std::optional<DeadlineMs> deadline() const;

  void Assign(const Context& context, DeadlineMs deadline);
  void Clear(const Context& context);
  void Join(const TtlRegister& other, const VersionVector& mine, const VersionVector& theirs);

  void Encode(ByteWriter& out) const;
  static Result<TtlRegister> Decode(ByteReader& in);

  bool operator==(const TtlRegister&) const = default;

 private:
  Siblings siblings_;  // Ascending by stamp.
};

}  // namespace crdt
