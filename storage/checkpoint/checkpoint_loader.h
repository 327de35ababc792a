// Brings the keys of a checkpoint into a keyspace: each one when it is first asked for, the others
// a slice at a time, so that a start need not wait for all of them.
//
// What the log did behind the checkpoint's mark to keys that are not there yet waits for them.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/context.h"
#include "crdt/effect.h"
#include "crdt/object.h"
#include "crdt/result.h"
#include "storage/checkpoint/checkpoint_store.h"
#include "storage/key_source.h"
#include "storage/keyspace.h"
#include "storage/name_set.h"

namespace storage {

// Keys that a checkpoint holds as they were when the log ended at that position, which lies behind
// the one from which the log is replayed.
using CheckpointedKeys = NameMap<LogPosition>;

class CheckpointLoader : public KeySource {
 public:
  // What the checkpointer has to know of rows.
  struct Found {
    std::function<void(std::string_view key)> gone;  // It holds nothing.
    std::function<void(std::string_view key, std::uint64_t cycle)> in_pieces;
  };
  // The keyspace has the mark's vectors and no keys; it asks this loader until done().
  // `log_has_all`: a damaged checkpoint is removed, and the log read instead.
  CheckpointLoader(CheckpointStore& store, Keyspace& keyspace, CheckpointMark mark,
                   bool log_has_all, Found found);

  // --- While the log is replayed -----------------------------------------------------------------
  bool IsLoaded(std::string_view key) const;
  // To be applied when its key is loaded. REQUIRES: !IsLoaded(effect.key); in the order of the log.
  void Defer(const crdt::EffectView& effect, crdt::Stamp stamp, const RecordView& record,
             LogPosition end);
  // Of the loaded keys.
  const CheckpointedKeys& ahead() const { return ahead_; }
  void EndReplay();

  // --- Afterwards --------------------------------------------------------------------------------
  // Loads about so many rows of those that nobody has asked for.
  void LoadSlice(std::size_t rows);
  bool done() const { return loaded_.all(); }
  std::uint64_t keys() const { return keys_; }
  // Of 256; keys that were asked for early do not count.
  std::size_t partitions_loaded() const { return loaded_.count(); }

  void Need(std::string_view key) override;
  void NeedPartition(PartitionId id) override;
  void NeedAll() override;

 private:
  struct Deferred {
    LogPosition end;
    crdt::Stamp stamp;
    // Null where the author had seen everything (Context::Everything).
    std::shared_ptr<const crdt::VersionVector> context;
    std::string effect;
  };

  // Loads at most so many rows of the partition, behind those that it has loaded.
  void LoadRows(PartitionId id, std::size_t rows);
  // All of a partition's rows are there.
  void Finish(PartitionId id);
  crdt::Status Place(std::string_view key, std::optional<std::string_view> row);
  // Answers its position, 0 where it is void.
  crdt::Result<LogPosition> PlaceRow(std::string_view key, std::string_view bytes);
  crdt::Result<crdt::Object> ObjectOf(const CheckpointRow& row);
  // Where the key's row is of that position.
  crdt::Status Apply(std::string_view key, const std::vector<Deferred>& effects,
                     LogPosition position);
  [[noreturn]] void Fail(const crdt::Error& error);

  CheckpointStore& store_;
  Keyspace& keyspace_;
  CheckpointMark mark_;
  bool log_has_all_;
  Found found_;

  // Of a partition that is not loaded.
  struct Progress {
    std::optional<std::string> reached;  // Its rows are loaded up to this key,
    NameSet early;                       // and those of keys that were asked for.
    NameMap<std::vector<Deferred>> deferred;
  };
  std::bitset<kPartitions> loaded_;
  std::array<Progress, kPartitions> progress_;
  std::shared_ptr<const crdt::VersionVector> last_context_;
  bool replays_ = true;
  CheckpointedKeys ahead_;
  std::uint64_t rows_ = 0;
  std::uint64_t keys_ = 0;
};

}  // namespace storage
