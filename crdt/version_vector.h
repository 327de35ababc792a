// "I have everything of these writers up to here": writer → stamp.
//
// Since a stamp names its writer, the vector is a sorted array of stamps, one per writer. A handful
// of entries in practice (regions × open epochs).
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "crdt/encoding.h"
#include "crdt/result.h"
#include "crdt/stamp.h"

namespace crdt {

class VersionVector {
 public:
  // The zero stamp where nothing of the writer is covered.
  Stamp Get(Writer writer) const {
    for (Stamp stamp : stamps_) {
      if (stamp.writer() == writer) return stamp;
    }
    return {};
  }
  bool Covers(Stamp stamp) const { return stamp.is_zero() || stamp <= Get(stamp.writer()); }
  bool Covers(const VersionVector& other) const {
    return std::ranges::all_of(other.stamps_, [this](Stamp stamp) { return Covers(stamp); });
  }
  bool empty() const { return stamps_.empty(); }
  // Ascending by writer.
  const std::vector<Stamp>& entries() const { return stamps_; }

  // Covers `stamp` and all before it from now on. Never moves backwards.
  void Advance(Stamp stamp);
  // The entrywise maximum.
  void Merge(const VersionVector& other) {
    for (Stamp stamp : other.stamps_) Advance(stamp);
  }
  // The entrywise minimum; a writer that either side lacks is dropped.
  static VersionVector Minimum(const VersionVector& left, const VersionVector& right);

  void Encode(ByteWriter& out) const;
  static Result<VersionVector> Decode(ByteReader& in);

  // Only what differs from `reference`, which the reader must know too: usually one byte. `this`
  // may be smaller or greater than the reference in any entry.
  void EncodeDelta(const VersionVector& reference, ByteWriter& out) const;
  static Result<VersionVector> DecodeDelta(const VersionVector& reference, ByteReader& in);

  // "1.0:123 2.0:456": region.slot:stamp, for logs and INFO.
  std::string ToString() const;

  bool operator==(const VersionVector&) const = default;

 private:
  std::vector<Stamp> stamps_;
};

}  // namespace crdt
