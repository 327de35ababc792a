// A register with counters: what a string key, a hash field or a set member (with empty values) is.
//
// The state is the set of assignments that no later assignment or delete has seen and replaced
// (siblings), plus counter parts. Shown: the sibling with the greatest stamp, plus what was added.
// A loser is never dropped at merge: somebody may delete the winner having seen only that one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/context.h"
#include "crdt/counter.h"
#include "crdt/packed_value.h"

namespace crdt {

struct Sibling {
  Stamp stamp;
  std::string value;

  bool operator==(const Sibling&) const = default;
};

// How the shown text comes about.
enum class Shown {
  kNothing,
  kAssigned,    // The greatest sibling alone.
  kSum,         // Sibling (or nothing) plus increments.
  kMasked,      // The sibling is no number: shown as is, the increments wait behind it.
  kSaturated,   // The merged sum is beyond 64 bits and is shown at the bound.
  kNotANumber,  // The merged float sum is NaN and is shown as 0.
};

class StringValue {
 public:
  // Nothing assigned, nothing added: as if it were not there. Spent counter parts may remain.
  bool visible() const { return !siblings_.empty() || counters_.live(); }
  // Nothing at all: may be forgotten.
  bool empty() const { return siblings_.empty() && counters_.empty(); }
  // Ascending by stamp: the shown one is the last.
  const std::vector<Sibling>& siblings() const { return siblings_; }
  const CounterParts& counters() const { return counters_; }
  CounterParts& counters() { return counters_; }
  // The greatest stamp of a sibling or of a live increment: decides type clashes.
  Stamp newest() const;

  Shown HowShown() const;
  // REQUIRES: visible(). The view is into this value or into `scratch`.
  std::string_view Text(std::string& scratch) const;

  // Drops the siblings that the context covers, then adds this one.
  void Assign(const Context& context, std::string_view value);
  // Drops the siblings that the context covers.
  void Clear(const Context& context);
  void Join(const StringValue& other, const VersionVector& mine, const VersionVector& theirs);

  static StringValue FromPacked(const PackedValue& packed);
  // Empty where it is more than a packed value can say. The view is into this value.
  std::optional<PackedValue> AsPacked() const;

  void Encode(ByteWriter& out) const;
  static Result<StringValue> Decode(ByteReader& in);
  // What the merge rules define: without spent parts. Equal at regions that have the same writes.
  void EncodeMerged(ByteWriter& out) const;

  bool operator==(const StringValue&) const = default;

 private:
  std::vector<Sibling> siblings_;
  CounterParts counters_;
};

// Text of numbers, as Redis prints them: 17 significant digits, no exponent, no trailing zeros.
std::string FormatFloat(Float128 value);
// Redis' string2ll: no sign but '-', no leading zeros or spaces, in range.
std::optional<std::int64_t> ParseInteger(std::string_view text);
// Redis' string2ld: the whole text is a number, no spaces; infinities allowed, NaN not.
std::optional<Float128> ParseFloat(std::string_view text);

}  // namespace crdt
