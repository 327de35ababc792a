// Counter parts: what each writer has added to a value, as cumulative totals.
//
// An increment ships its writer's total, not the step, so it is idempotent. A delete or an
// assignment ships what it had observed of each part and thereby moves that part's baseline:
// increments that it had not seen stay visible. A part belongs to a writer (region and epoch),
// never to a region: after a failover the new primary's total lacks the lost tail. A writer whose
// part has been fully reset starts a new lineage (`start` = its stamp); a spent part is dropped
// when its reset is stable. docs/data-types.md, "Counters"; both halves of the last rule are needed
// (fine print 13).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/encoding.h"
#include "crdt/stamp.h"
#include "crdt/version_vector.h"

namespace crdt {

using Int128 = __int128;
using Float128 = __float128;

// A sum of integers kept exactly and a sum of floating-point increments kept apart from it.
struct Total {
  Int128 integer = 0;
  Float128 floating = 0;

  // An integer of 64 bits and no floating-point part.
  bool is_small_integer() const;

  void Encode(ByteWriter& out) const;
  static Total Decode(ByteReader& in);
  bool operator==(const Total&) const = default;
};

struct CounterPart {
  Stamp start;  // The lineage: the stamp of its first increment. Names the writer.
  Stamp last;   // The newest increment that is in `total`.
  Total total;
  Stamp base_stamp;  // The newest increment that a reset had observed; zero if none was reset.
  Total base;        // The total at that increment.

  Writer writer() const { return start.writer(); }
  bool spent() const { return last <= base_stamp; }
  bool operator==(const CounterPart&) const = default;
};

// What a reset had observed of one part.
struct ObservedPart {
  Stamp start;
  Stamp last;
  Total total;
};

class CounterParts {
 public:
  bool empty() const { return parts_.empty(); }
  // Something that no reset has taken: makes a key exist.
  bool live() const;
  bool has_spent() const;
  // Ascending by writer; the order in which floats are summed.
  const std::vector<CounterPart>& parts() const { return parts_; }
  const CounterPart* Find(Writer writer) const;
  // The stamp of the newest increment that is not reset; zero if none.
  Stamp newest_live() const;

  // Σ(total − base) over the live parts, in writer order. Sums are 128-bit.
  Total Sum() const;

  // `writer`'s total was `total` at `stamp`, in the lineage that began at `start`.
  void Increase(Stamp start, Stamp stamp, const Total& total);
  void Reset(const ObservedPart& observed);
  void DropSpent();
  // REQUIRES: both vectors describe the state that their part list belongs to.
  void Join(const CounterParts& other, const VersionVector& mine, const VersionVector& theirs);

  void Encode(ByteWriter& out) const;
  static Result<CounterParts> Decode(ByteReader& in);

  bool operator==(const CounterParts&) const = default;

 private:
  std::vector<CounterPart> parts_;
};

}  // namespace crdt
