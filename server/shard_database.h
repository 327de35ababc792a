// The database of one shard: turns prepared effects into stamped, applied and logged records.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "crdt/hybrid_clock.h"
#include "server/blocked_clients.h"
#include "server/database.h"
#include "server/watch_index.h"
#include "storage/keyspace.h"
#include "storage/log/log.h"

namespace server {

class ShardDatabase : public Database {
 public:
  ShardDatabase(storage::Keyspace& keyspace, WatchIndex& watches, BlockedClients& blocked,
                std::function<std::uint64_t()> dice)
      : keyspace_(keyspace), watches_(watches), blocked_(blocked), dice_(std::move(dice)) {}

  // --- For the node ------------------------------------------------------------------------------
  void SetWriter(crdt::Writer writer) { writer_ = writer; }
  crdt::HybridClock& clock() { return clock_; }
  // Begins a command. `stamp_ms` is 0 where the wall clock is not to be trusted.
  void Begin(std::int64_t now_ms, std::int64_t stamp_ms) {
    now_ms_ = now_ms;
    stamp_ms_ = stamp_ms;
  }
  // Writes what was committed since Begin to the log as one record, and returns its last stamp.
  std::optional<crdt::Stamp> End(storage::Log& log);

  // --- Database ----------------------------------------------------------------------------------
  const storage::Keyspace& keyspace() const override { return keyspace_; }
  std::int64_t now_ms() const override { return now_ms_; }
  std::uint64_t Dice() override { return dice_(); }
  crdt::KeyView ReadToWrite(std::string_view key) override;
  crdt::EffectList& effects() override { return effects_; }
  void Commit() override;
  crdt::Writer writer() const override { return writer_; }

 private:
  storage::Keyspace& keyspace_;
  WatchIndex& watches_;
  BlockedClients& blocked_;
  std::function<std::uint64_t()> dice_;
  crdt::HybridClock clock_;
  crdt::Writer writer_;
  std::int64_t now_ms_ = 0;
  std::int64_t stamp_ms_ = 0;
  crdt::EffectList effects_;
  std::size_t applied_bytes_ = 0;  // Of effects_.
  std::uint64_t applied_count_ = 0;
  crdt::Stamp first_stamp_;
};

}  // namespace server
