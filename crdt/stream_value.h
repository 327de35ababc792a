// A stream: entries by ID, what its writers said of it, and its consumer groups.
//
// Entries unite; deletes and trims take what they have seen. Of groups a delete wins over whoever
// has not seen it. docs/data-types.md, "Streams".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/stream_accounts.h"
#include "crdt/stream_effect.h"
#include "crdt/stream_entries.h"
#include "crdt/stream_group.h"

namespace crdt {

class StreamValue {
 public:
  using Groups = std::map<std::string, StreamGroup, std::less<>>;

  // --- Questions ---------------------------------------------------------------------------------
  // A stream with neither entry nor group does not exist.
  bool visible() const { return !entries_.empty() || group_count_ > 0; }
  // Nothing at all: may be forgotten.
  bool empty() const {
    return entries_.empty() && accounts_.empty() && groups_.empty() && graves_.empty();
  }
  // Something is there only until it is stable: graves, or the accounts of what does not exist.
  bool has_spent() const { return has_graves_ || (!visible() && !accounts_.empty()); }
  const StreamEntries& entries() const { return entries_; }
  const StreamAccounts& accounts() const { return accounts_; }
  // No entry may get an ID up to this one.
  StreamId last_id() const;
  // Those that exist, and those of which only graves are left.
  const Groups& groups() const { return groups_; }
  std::uint64_t group_count() const { return group_count_; }
  // Null where it does not exist.
  const StreamGroup* Group(std::string_view name) const;
  // The greatest stamp inside of what shows something. Looks at every entry.
  Stamp newest() const;
  std::size_t memory_bytes() const;

  // --- Changes -----------------------------------------------------------------------------------
  void Apply(const EffectView& effect, const Context& context);
  // The delete of a group that makes this effect void; the zero stamp where there is none.
  Stamp Void(const StreamEffect& effect, const Context& context) const;
  // An observed delete of everything.
  void Clear(const Context& context);
  // A delete whose author had a stream here: ends all groups, also those that it had not seen.
  void BuryGroups(Stamp stamp);
  void DropSpent();
  void Join(const StreamValue& other, const VersionVector& mine, const VersionVector& theirs);

  // --- Bytes -------------------------------------------------------------------------------------
  void Encode(ByteWriter& out) const;
  static Result<StreamValue> Decode(ByteReader& in);
  // As Encode() with a part of the entries; what is no entry is in the first piece (piece.h). True:
  // no more follow.
  bool EncodePiece(PieceCursor& at, PieceBudget& budget, ByteWriter& out) const;
  // REQUIRES of the bytes: entries alone, behind all that are there.
  Status AddPiece(ByteReader& in);
  // For digests: without accounts, graves and what belongs to one region.
  void EncodeMerged(ByteWriter& out) const;

 private:
  void EncodeAllButEntries(ByteWriter& out) const;
  void ApplyToGroup(const EffectView& effect, const StreamEffect& body, const Context& context);
  void Recount();

  StreamEntries entries_;
  StreamAccounts accounts_;
  Groups groups_;
  Graves graves_;                  // Of deletes of the whole stream.
  std::uint64_t group_count_ = 0;  // Groups that exist.
  bool has_graves_ = false;
};

}  // namespace crdt
