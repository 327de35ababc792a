// Brings a keyspace to where a log ends, frame by frame: what a node does at its start.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/hybrid_clock.h"
#include "crdt/result.h"
#include "crdt/version_vector.h"
#include "storage/checkpoint/checkpoint_loader.h"
#include "storage/keyspace.h"
#include "storage/log/log_cursor.h"
#include "storage/log/record.h"

namespace storage {

class Replay {
 public:
  // `loader`: brings the keys as they were at the log's position from which the frames come, some
  // of them as they were later. Null: the keyspace is empty.
  Replay(Keyspace& keyspace, crdt::HybridClock& clock, CheckpointLoader* loader)
      : keyspace_(keyspace), clock_(clock), loader_(loader) {}

  // The next frame of the log. An error is a frame that this version cannot have written.
  crdt::Status Pass(const FrameView& frame);
  // Behind the last frame.
  void Finish() { keyspace_.Collect(stable_); }

 private:
  // A fragment of a join that its jump has not made visible.
  struct StagedFragment {
    PartitionId partition;
    std::string key;
    std::string object;
  };

  crdt::Status PassRecord(const FrameView& frame);
  crdt::Status PassJoin(const VectorJump& jump, LogPosition end);
  void Apply(const crdt::EffectView& effect, crdt::Stamp stamp, const RecordView& record,
             LogPosition end);
  // The key is in the keyspace as it was at `end` or later.
  bool IsAhead(std::string_view key, LogPosition end) const;
  // Changes all keys at once (of one partition, if that is given), but not those that are ahead of
  // `end`; `stamps` are what these have seen more for it.
  void Around(LogPosition end, std::optional<PartitionId> partition,
              const std::vector<crdt::Stamp>& stamps, const std::function<void()>& change);

  Keyspace& keyspace_;
  crdt::HybridClock& clock_;
  CheckpointLoader* loader_;
  std::vector<StagedFragment> staged_;
  // Collected at the end only: a key that is ahead may hold what later frames have to name first.
  crdt::VersionVector stable_;
};

}  // namespace storage
