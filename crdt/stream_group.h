// A consumer group of a stream: where its readers are, and what they have not acknowledged.
//
// Two parts. The *starts* are shared by all regions: each create, and each XGROUP SETID, begins a
// generation; one that has seen it ends it. A destroy ends all, also those that it has not seen
// (delete wins). What a region's clients read, `progress` and `members`, is known everywhere but
// shown in that region only, except that what it has delivered and acknowledged is not delivered in
// the other regions.
//
// Positions are kept for each region that writes: an entry that arrives late from one of them is
// still delivered (fine print 23).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "crdt/graves.h"
#include "crdt/stream_consumers.h"
#include "crdt/stream_effect.h"

namespace crdt {

class StreamGroup {
 public:
  // What one region's clients were given since a start.
  struct Progress {
    Stamp stamp;  // Of the latest delivery.
    std::optional<std::uint64_t> entries_read;
    std::map<RegionId, StreamId> delivered;  // By author: the greatest ID.

    bool operator==(const Progress&) const = default;
  };
  struct Generation {
    Stamp stamp;
    GroupStart start;
    std::map<RegionId, Progress> progress;  // By reading region.

    bool operator==(const Generation&) const = default;
  };

  // --- Questions ---------------------------------------------------------------------------------
  bool exists() const { return !generations_.empty(); }
  // Nothing at all is left, no graves either.
  bool empty() const { return generations_.empty() && graves_.empty(); }
  bool has_graves() const { return !graves_.empty(); }
  const std::vector<Generation>& generations() const { return generations_; }
  // The greatest stamp of a start.
  Stamp newest() const { return exists() ? generations_.back().stamp : Stamp(); }
  // The ID behind which `reader` goes on among the entries that `author` wrote.
  StreamId Position(RegionId reader, RegionId author) const;
  // As XINFO shows it: the greatest position.
  StreamId LastDelivered(RegionId reader) const;
  std::optional<std::uint64_t> EntriesRead(RegionId reader) const;
  const StreamConsumers& members(RegionId region) const;
  std::size_t memory_bytes() const;

  // --- Changes -----------------------------------------------------------------------------------
  // A delete that this effect has not seen: it is void. The zero stamp where it counts.
  Stamp Void(const Context& context) const { return graves_.Unseen(context); }
  void Create(const Context& context, const GroupStart& start);
  void SetPosition(const Context& context, const GroupStart& start);
  void Destroy(Stamp stamp);
  // As Destroy, by a delete of the whole stream, which keeps the grave.
  void End();
  void Deliver(const Context& context, const StreamEffect& effect, bool pending);
  void Acknowledge(const Context& context, const StreamEffect& effect);
  void TakeOver(const Context& context, const StreamEffect& effect, bool active);
  void NameConsumer(const Context& context, const StreamEffect& effect, bool active);
  void DeleteConsumer(const Context& context, const StreamEffect& effect);
  // Takes what the context covers: of a delete that knew nothing of groups.
  void Clear(const Context& context);
  void ForgetGraves() { graves_.Forget(); }
  void Join(const StreamGroup& other, const VersionVector& mine, const VersionVector& theirs);
  // As Join, where what the other side holds is void by a delete of the whole stream.
  void JoinGraves(const StreamGroup& other, const VersionVector& mine, const VersionVector& theirs);

  void Encode(ByteWriter& out) const;
  static Result<StreamGroup> Decode(ByteReader& in);
  // What the merge rules define: the starts.
  void EncodeMerged(ByteWriter& out) const;

 private:
  // What `reader` was given of `author`'s entries, in the generations that there are.
  std::optional<StreamId> Delivered(RegionId reader, RegionId author) const;
  void EndIfNoStartIsLeft();

  std::vector<Generation> generations_;  // Ascending by stamp.
  std::map<RegionId, StreamConsumers> members_;
  Graves graves_;
};

}  // namespace crdt
