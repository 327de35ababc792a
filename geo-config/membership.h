// Which regions belong to the deployment, where commands have changed what the files say.
//
// Each node keeps it durably and tells it to the others, who merge it. A region only goes forward:
// added, leaving, removed; leaving may be taken back, under a greater generation. So nodes that
// have heard the same agree, in whatever order they heard it. An id is never used again: what a
// removed region wrote carries it.
#pragma once

#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/result.h"
#include "crdt/stamp.h"
#include "geo-config/topology.h"

namespace geo_config {

enum class Standing : std::uint8_t {
  kAdded = 1,
  kLeaving = 2,  // Takes no writes any more; removed once the others have all of its writes.
  kRemoved = 3,  // Nothing is taken from its nodes any more.
};

// Bit n stands for region n.
using RegionSet = std::bitset<crdt::kMaxRegion + 1>;

class Membership {
 public:
  // The regions that belong to the deployment, by their ids: those of the file but for removed
  // ones, and those that were added. For a region of the file that also tells where its nodes are.
  std::vector<RegionEntry> Regions(const std::vector<RegionEntry>& from_file) const;
  // Empty: no command has said anything of it.
  std::optional<Standing> StandingOf(crdt::RegionId id) const;
  bool HasRemoved(crdt::RegionId id) const { return StandingOf(id) == Standing::kRemoved; }
  bool IsLeaving(crdt::RegionId id) const { return StandingOf(id) == Standing::kLeaving; }
  RegionSet removed() const;
  bool empty() const { return changes_.empty(); }

  // The region has this standing from now on, if it is not further already.
  void Note(Standing standing, const RegionEntry& region);
  // It does not leave after all. REQUIRES: IsLeaving().
  void Keep(crdt::RegionId id);
  // Takes what another node knows; true: something was new. Where two have added different regions
  // under one id, the same one wins everywhere.
  bool Merge(const Membership& other);
  // Takes what it says of one region.
  bool MergeOf(crdt::RegionId id, const Membership& other);

  // docs/formats.md, "Membership".
  std::string Encode() const;
  static crdt::Result<Membership> Decode(std::string_view bytes);

  bool operator==(const Membership&) const = default;

 private:
  struct Change {
    std::uint64_t generation = 0;
    Standing standing;
    std::string region;  // Name and nodes, as they are encoded.

    bool operator==(const Change&) const = default;
  };
  bool Take(crdt::RegionId id, Change change);

  std::map<crdt::RegionId, Change> changes_;
};

// Why `region` cannot become part of a deployment of these regions. One that is part of it already
// as it is here may be added once more: others may not know it yet.
crdt::Status CheckNewRegion(const RegionEntry& region, const std::vector<RegionEntry>& regions,
                            const Membership& membership);

// A node as commands name it: host:port, or host:port@peer-port; an IPv6 address in brackets. An
// error says what is wrong with it.
crdt::Result<NodeEntry> ParseNode(std::string_view text, std::uint32_t ordinal);

}  // namespace geo_config
