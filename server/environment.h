// What a node is handed by its composition root: time, dice, disk, network. Real in main.cc,
// simulated in tests/simulation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "replication/network.h"
#include "server/client_registry.h"
#include "storage/checkpoint/checkpointer.h"
#include "storage/disk.h"
#include "storage/log/log.h"
#include "storage/snapshot/snapshot_job.h"

namespace server {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t UnixMs() const = 0;    // May jump.
  virtual std::int64_t SteadyMs() const = 0;  // Never moves backwards.
  virtual std::int64_t SteadyUs() const = 0;  // The same clock, to the microsecond.
};

// Where events are told, one line each, never with a secret.
class EventLog {
 public:
  virtual ~EventLog() = default;
  virtual void Info(const std::string& line) = 0;
  virtual void Warn(const std::string& line) = 0;
  virtual void Error(const std::string& line) = 0;
};

struct Environment {
  Clock& clock;
  std::function<std::uint64_t()> dice;
  storage::Disk& disk;
  replication::PeerNetwork& network;
  ClientRegistry& clients;
  EventLog& log;
  // Runs the job where it may block; ShardNode::OnSyncDone follows on the node's thread.
  std::function<void(storage::SyncJob)> sync;
  // Null where no checkpoints are made.
  storage::CheckpointStore* checkpoints = nullptr;
  storage::CheckpointSlice checkpoint_slice = {};
  // Of the checkpoint, before the first client is served; the rest while they are, so many in a
  // turn: that bounds the pause.
  std::size_t rows_loaded_at_start = 100'000;
  std::size_t rows_loaded_per_turn = 1000;
  // Runs the job where it may block; ShardNode::OnCheckpointDone follows on the node's thread.
  std::function<void(storage::CheckpointJob)> checkpoint;
  // The same for a snapshot; ShardNode::OnSnapshotDone follows.
  std::function<void(storage::SnapshotJob)> snapshot;
  // The node cannot go on, or was told to stop and has: ends the process with this exit code.
  std::function<void(int exit_code)> exit;
  std::string boot_id;                   // Of the running machine.
  std::uint64_t directory_identity = 0;  // Of the data directory.
};

}  // namespace server
