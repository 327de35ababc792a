// Whether this node's wall clock is the one that is wrong (fine print 25).
//
// A clock that runs ahead of the majority of the peers by more than the bound is not to be trusted:
// the node counts logically. A slow clock is told from a fast one by majority: with two nodes
// nobody can tell, and nobody is blamed.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "crdt/stamp.h"

namespace replication {

class ClockMajority {
 public:
  explicit ClockMajority(std::int64_t bound_ms) : bound_ms_(bound_ms) {}

  // A peer said that its clock shows `peer_unix_ms` when ours showed `own_unix_ms`.
  void Hear(std::pair<crdt::RegionId, std::uint32_t> peer, std::int64_t peer_unix_ms,
            std::int64_t own_unix_ms) {
    ahead_ms_[peer] = own_unix_ms - peer_unix_ms;
  }
  void Forget(std::pair<crdt::RegionId, std::uint32_t> peer) { ahead_ms_.erase(peer); }
  bool TooFast() const {
    std::size_t behind_us = 0;
    for (const auto& [peer, ahead] : ahead_ms_) behind_us += ahead > bound_ms_ ? 1 : 0;
    return behind_us >= 2 && behind_us * 2 > ahead_ms_.size();
  }

 private:
  std::int64_t bound_ms_;
  std::map<std::pair<crdt::RegionId, std::uint32_t>, std::int64_t> ahead_ms_;
};

}  // namespace replication
