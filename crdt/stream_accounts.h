// What each writer has said of a stream beside its entries: how many it has added, its last ID, and
// the greatest ID that it has deleted.
//
// A writer's account is what its latest effect says, until a delete covers it. Regions with the
// same writes thus have the same accounts. Shown: the sum of the added, the greatest of the IDs.
// They outlive the entries, so that IDs go on where they were; where nothing else is left of the
// stream, until that is stable.
#pragma once

#include <cstdint>
#include <vector>

#include "crdt/context.h"
#include "crdt/encoding.h"
#include "crdt/result.h"
#include "crdt/stream_id.h"

namespace crdt {

struct StreamAccount {
  Stamp stamp;  // Of the effect that said it; names the writer.
  std::uint64_t added = 0;
  StreamId last;
  StreamId deleted;

  bool operator==(const StreamAccount&) const = default;
};

class StreamAccounts {
 public:
  bool empty() const { return accounts_.empty(); }
  // Ascending by writer.
  const std::vector<StreamAccount>& all() const { return accounts_; }
  // What `writer` has said; an empty account where that is nothing.
  StreamAccount Of(Writer writer) const;
  // The sum, and the greatest of each.
  std::uint64_t added() const;
  StreamId last() const;
  StreamId deleted() const;

  void Say(const StreamAccount& account);
  void Clear(const Context& context);
  void Join(const StreamAccounts& other, const VersionVector& mine, const VersionVector& theirs);
  void Forget() { accounts_.clear(); }

  void Encode(ByteWriter& out) const;
  static Result<StreamAccounts> Decode(ByteReader& in);

  bool operator==(const StreamAccounts&) const = default;

 private:
  std::vector<StreamAccount> accounts_;
};

}  // namespace crdt
