// The graves of a container whose rule is "delete wins": which deletes took it.
//
// A write that has not seen each of them is void, on arrival as when the delete came later. A grave
// is kept until its delete is stable: then no such write can come any more. docs/data-types.md,
// "Delete wins".
#pragma once

#include "crdt/context.h"
#include "crdt/encoding.h"
#include "crdt/result.h"
#include "crdt/stamp.h"
#include "crdt/version_vector.h"

namespace crdt {

class Graves {
 public:
  bool empty() const { return deletes_.empty(); }
  // Deletes that the author had not seen; the zero stamp: none, and the write counts.
  Stamp Unseen(const Context& context) const {
    for (const Stamp stamp : deletes_.entries()) {
      if (!context.Covers(stamp)) return stamp;
    }
    return {};
  }
  // Of a writer the latest one is enough: who has seen that has seen those before.
  void Dig(Stamp stamp) { deletes_.Advance(stamp); }
  // A state under `vector` has not seen one of these deletes: what it holds is void.
  bool AnyBeyond(const VersionVector& vector) const { return !vector.Covers(deletes_); }
  void Merge(const Graves& other) { deletes_.Merge(other.deletes_); }
  void Forget() { deletes_ = VersionVector(); }

  void Encode(ByteWriter& out) const { deletes_.Encode(out); }
  static Result<Graves> Decode(ByteReader& in) {
    Result<VersionVector> deletes = VersionVector::Decode(in);
    if (!deletes) return std::unexpected(deletes.error());
    Graves graves;
    graves.deletes_ = *std::move(deletes);
    return graves;
  }

  bool operator==(const Graves&) const = default;

 private:
  VersionVector deletes_;
};

}  // namespace crdt
