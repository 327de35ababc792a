// The entries of a stream in the order of their IDs, packed into blocks.
//
// A block holds up to a hundred entries in one piece of memory. An entry tells its ID and its
// author's stamp by what they differ from the entry before; field names that it shares with the
// block's first entry are not repeated. Blocks stand in a B-tree: appending at the end and dropping
// at the front take constant time, whatever the length.
//
// A removed entry leaves nothing behind: absent and covered means removed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "crdt/context.h"
#include "crdt/encoding.h"
#include "crdt/piece.h"
#include "crdt/result.h"
#include "crdt/stream_id.h"

namespace crdt {

// Names and values of one entry together: as much as Redis takes.
inline constexpr std::size_t kMostEntryBytes = std::size_t{1} << 30;

// One entry, in views that live as long as what it was read from stays unchanged.
struct EntryView {
  StreamId id;
  Stamp stamp;
  std::uint64_t field_count = 0;
  std::string_view names;  // Where empty, `fields` has name, value, name, value, …
  std::string_view fields;

  EntryKey key() const { return {id, stamp}; }
};

// Goes through the fields of an entry in their order.
class FieldReader {
 public:
  explicit FieldReader(const EntryView& entry)
      : left_(entry.field_count),
        separate_(!entry.names.empty()),
        names_(entry.names),
        fields_(entry.fields) {}

  bool Next() {
    if (left_ == 0) return false;
    --left_;
    name_ = separate_ ? names_.Bytes() : fields_.Bytes();
    value_ = fields_.Bytes();
    return true;
  }
  std::string_view name() const { return name_; }
  std::string_view value() const { return value_; }

 private:
  std::uint64_t left_;
  bool separate_;
  ByteReader names_;
  ByteReader fields_;
  std::string_view name_;
  std::string_view value_;
};

// "name value name value": for people.
std::string FieldsText(const EntryView& entry);
// ID, number of fields, fields: as effects and states carry an entry beside its stamp.
void EncodeEntry(const EntryView& entry, ByteWriter& out);
// The views are into the bytes that are read. The stamp is not among them.
EntryView DecodeEntry(ByteReader& in);

class StreamBlock;

class StreamEntries {
 public:
  static constexpr std::size_t kMostBlockEntries = 100;
  static constexpr std::size_t kMostBlockBytes = 4096;

  StreamEntries();
  StreamEntries(StreamEntries&&) noexcept;
  StreamEntries& operator=(StreamEntries&&) noexcept;
  ~StreamEntries();

  // --- Questions ---------------------------------------------------------------------------------
  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t blocks() const { return blocks_.size(); }
  // The regions that entries were added of since the stream was last empty, with the greatest ID of
  // each, be it still there or not.
  const std::vector<std::pair<RegionId, StreamId>>& authors() const { return authors_; }
  // REQUIRES: !empty().
  EntryKey first() const;
  EntryKey last() const;
  // Visits entries whose keys are in [from, to], upwards or downwards, until `visit` says false.
  using Visit = std::function<bool(const EntryView&)>;
  void Ascend(const EntryKey& from, const EntryKey& to, const Visit& visit) const;
  void Descend(const EntryKey& from, const EntryKey& to, const Visit& visit) const;
  // As Ascend, leaving out blocks that have no entry of these authors (bit n: region n). Entries of
  // other authors may still be visited.
  void AscendOf(std::uint32_t regions, const EntryKey& from, const Visit& visit) const;
  std::uint64_t Count(StreamId id) const;
  // The entry that this region wrote under the ID.
  std::optional<EntryView> Find(RegionId author, StreamId id) const;
  std::uint64_t CountBelow(const EntryKey& end) const;
  // The key of the entry before which `count` entries stand. REQUIRES: count < size().
  EntryKey KeyAfter(std::uint64_t count) const;
  // Calls visit(last key, entries) for each block from the first on, until it says false.
  void ForEachBlock(const std::function<bool(const EntryKey&, std::size_t)>& visit) const;
  // The greatest stamp. Looks at every entry.
  Stamp newest() const;
  std::size_t memory_bytes() const;

  // --- Changes -----------------------------------------------------------------------------------
  // An entry that is there already stays as it is.
  void Add(const EntryView& entry);
  // Takes what the context covers of this ID.
  void Remove(StreamId id, const Context& context);
  // Takes what the context covers of all entries whose keys are less than `end`.
  void RemoveBelow(const EntryKey& end, const Context& context);
  void RemoveAll(const Context& context) {
    RemoveBelow(EntryKey::Behind(StreamId::Greatest()), context);
  }
  void Join(const StreamEntries& other, const VersionVector& mine, const VersionVector& theirs);

  // --- Bytes -------------------------------------------------------------------------------------
  void Encode(ByteWriter& out) const;
  static Result<StreamEntries> Decode(ByteReader& in);
  // A part of the entries, as Encode() writes all (piece.h). True: no more follow.
  bool EncodePiece(PieceCursor& at, PieceBudget& budget, ByteWriter& out) const;
  // REQUIRES of the bytes: behind all that are there.
  Status AddPiece(ByteReader& in);

 private:
  class Walk;
  using Blocks = absl::btree_map<EntryKey, std::unique_ptr<StreamBlock>>;

  // The block in which `key` stands or would stand. REQUIRES: there is a block.
  Blocks::iterator BlockOf(const EntryKey& key);
  Blocks::const_iterator BlockOf(const EntryKey& key) const;
  void AddInside(Blocks::iterator at, const EntryView& entry);
  // Leaves what `stays` says of a block; an empty block goes. Returns the next block.
  Blocks::iterator Keep(Blocks::iterator at, const std::function<bool(const EntryView&)>& stays);
  void Put(std::unique_ptr<StreamBlock> block);
  void NoteAuthor(const EntryKey& key);
  void ForgetAuthorsOfNothing() {
    if (empty()) authors_.clear();
  }

  // By a key that is at most the block's first one and greater than the last one of the block
  // before.
  Blocks blocks_;
  std::uint64_t size_ = 0;
  std::vector<std::pair<RegionId, StreamId>> authors_;
};

}  // namespace crdt
