// The process around a node: the event loop, the sockets, the threads and the signals.
#pragma once

#include <asio.hpp>
#include <memory>
#include <optional>

#include "geo-config/config.h"
#include "replication/net/peer_transport.h"
#include "server/logging.h"
#include "server/net/client_listener.h"
#include "server/net/client_server.h"
#include "server/net/job_thread.h"
#include "server/net/stop_signals.h"
#include "server/net/system_clock.h"
#include "server/shard_node.h"
#include "storage/checkpoint/checkpoint_store.h"
#include "storage/data_directory.h"
#include "storage/posix_disk.h"

namespace server {

class ServerProcess {
 public:
  ServerProcess(geo_config::Config config, Logging& logging);

  // Recovers, listens and serves until it is told to stop; the exit code.
  int Run();

 private:
  crdt::Status Prepare();
  crdt::Status OpenDirectory();
  void FitClientLimit();
  void Stop();
  void Tick();
  void Loop();
  std::uint64_t Dice();

  geo_config::Config config_;
  Logging& logging_;
  SystemClock clock_;
  storage::PosixDisk disk_;
  std::optional<storage::DataDirectory> directory_;
  // One thread serves it; others only post to it.
  asio::io_context context_{ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  asio::steady_timer timer_{context_};
  ClientServer clients_;
  ClientListener listener_{context_, clients_};
  replication::PeerTransport peers_;
  std::unique_ptr<storage::CheckpointStore> checkpoints_;
  std::unique_ptr<JobThread<storage::SyncJob>> sync_thread_;
  std::unique_ptr<JobThread<storage::CheckpointJob>> checkpoint_thread_;
  std::unique_ptr<JobThread<storage::SnapshotJob>> snapshot_thread_;
  std::unique_ptr<ShardNode> node_;
  std::optional<StopSignals> signals_;
  std::optional<int> exit_code_;
};

}  // namespace server
