// The comparisons of a primary with other regions: those that somebody asked for, and the check of
// everything that runs by itself from time to time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "crdt/result.h"
#include "replication/peer_link.h"
#include "replication/region_comparison.h"
#include "replication/report.h"

namespace replication {

class Comparisons {
 public:
  // `alarm`: a check has found what it should not, in words.
  explicit Comparisons(std::function<void(const std::string&)> alarm) : alarm_(std::move(alarm)) {}

  // How long after one check of a region the next one begins; 0: none does.
  void SetCheckInterval(std::int64_t interval_ms) { check_interval_ms_ = interval_ms; }
  // Compares with the region at the other end; ends early after `timeout_ms`, 0: never. Answers the
  // number under which Find() tells what came of it. An error: one that was asked for runs already,
  // or the scope is none.
  crdt::Result<std::uint64_t> Begin(PeerLink& link, ComparisonScope scope, std::int64_t timeout_ms,
                                    std::int64_t steady_ms);
  // Null while it runs, and for one that ended long ago.
  const ComparisonReport* Find(std::uint64_t number) const;
  crdt::Status OnReply(const PeerLink& link, DigestReply&& reply, ReplicatedShard& shard);
  // A comparison with the region runs, or the check is due.
  bool HasWork(crdt::RegionId region, std::int64_t steady_ms);
  // Some of what is to be done for a region; once a turn. `link`: the one to its primary that may
  // be used, if there is one. True: more is to be done at once. REQUIRES: HasWork().
  bool Work(crdt::RegionId region, PeerLink* link, ReplicatedShard& shard, std::int64_t steady_ms,
            std::int64_t unix_ms);

  // Ends what runs with the region, which is gone for good.
  void Forget(crdt::RegionId region, std::int64_t steady_ms);

  // When all was last compared with the region, on the monotonic clock; and what differed then.
  struct LastCheck {
    std::int64_t steady_ms = 0;
    std::uint64_t differing = 0;
  };
  std::optional<LastCheck> last_check(crdt::RegionId region) const;

 private:
  struct Running {
    RegionComparison comparison;
    LinkId link;
    std::uint64_t number = 0;  // 0: the check.
    std::int64_t deadline_ms = 0;
  };
  struct OfRegion {
    std::optional<Running> running;
    std::int64_t next_check_ms = 0;  // 0: not known yet.
    std::int64_t last_step_ms = 0;
    std::optional<LastCheck> last_check;
  };

  bool CheckIsDue(OfRegion& of, std::int64_t steady_ms) const;
  void End(OfRegion& of, std::int64_t steady_ms);

  std::function<void(const std::string&)> alarm_;
  std::int64_t check_interval_ms_ = 0;
  std::map<crdt::RegionId, OfRegion> regions_;
  std::uint64_t last_number_ = 0;
  // In the order in which they ended, with their numbers.
  std::deque<std::pair<std::uint64_t, ComparisonReport>> ended_;
};

}  // namespace replication
