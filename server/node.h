// A node: one shard with its keyspace, its log and its conversations, without sockets or threads.
//
// The shell (server/net) or the simulator drives it: clients' commands, peers' bytes, ticks and
// finished fsyncs go in; what leaves is written through the interfaces of the environment.
// Everything runs on one thread. At the end of each turn of the loop EndOfTurn() hands the log to
// the kernel; only then replies and peer messages may leave (fine print 3).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "geo-config/config.h"
#include "server/client_pause.h"
#include "server/client_registry.h"
#include "server/command.h"
#include "server/conflict_ring.h"
#include "server/database.h"
#include "server/node_report.h"
#include "server/server_stats.h"
#include "server/slow_calls.h"
#include "storage/snapshot/snapshot_directory.h"

namespace server {

// How the node is to stop.
struct ShutdownRequest {
  bool now = false;        // Without waiting for replicas.
  bool force = false;      // Also where the log cannot be written.
  bool by_signal = false;  // Not to be aborted: nobody is let in any more.
};

class Node {
 public:
  virtual ~Node() = default;

  // --- For the dispatcher ------------------------------------------------------------------------
  // Begins a command: time stands still until EndCommand.
  virtual Database& BeginCommand() = 0;
  // Makes what the command (or EXEC) committed one record of the log, and notes its position and
  // last stamp in the session.
  virtual void EndCommand(ClientSession& session) = 0;
  // Empty where client writes are taken here; else the whole error: "READONLY …", "MISCONF …".
  virtual std::string WriteRefusal() const = 0;
  bool is_replica() const { return WriteRefusal().starts_with("READONLY"); }
  // The log is being replayed or partitions are being joined for the first time.
  virtual bool loading() const = 0;

  // --- For transactions --------------------------------------------------------------------------
  // From now on session.watch_dirty is set when `key` changes, by whomever.
  virtual void Watch(ClientSession& session, std::string_view key) = 0;
  virtual void Unwatch(ClientSession& session) = 0;

  // --- For commands about the server -------------------------------------------------------------
  virtual geo_config::Config& config() = 0;
  // Applies a setting that may be changed at run time; the error says why not.
  virtual crdt::Status Reconfigure(const std::string& name, const std::string& value) = 0;
  virtual ClientRegistry& clients() = 0;
  virtual ServerStats& stats() = 0;
  virtual SlowCalls& slow_calls() = 0;
  virtual ClientPause& pause() = 0;
  virtual ConflictRing& conflicts() = 0;
  virtual LogReport log_report() const = 0;
  // Empty where all keys are in memory. Else they are brought when they are asked for, and the rest
  // little by little.
  virtual std::optional<LoadProgress> load_progress() const = 0;
  // Empty where this node makes no checkpoints: its log is in memory only.
  virtual std::optional<CheckpointReport> checkpoint_report() const = 0;
  // Begins a checkpoint at once, or after the one that runs. Answers how many have to be finished
  // (CheckpointReport::finished) until all that is here now is in one.
  // REQUIRES: checkpoint_report().
  virtual std::uint64_t RequestCheckpoint() = 0;
  // Null where this node keeps nothing on disk.
  virtual const SnapshotReport* snapshot_report() const = 0;
  // Begins a snapshot at once, or after the one that runs. Answers how many have to be finished
  // (SnapshotReport::finished) until there is one of all that is here now, or it has failed.
  // REQUIRES: snapshot_report().
  virtual std::uint64_t RequestSnapshot() = 0;
  // REQUIRES: snapshot_report().
  virtual crdt::Result<std::vector<storage::FoundSnapshot>> ListSnapshots() const = 0;
  virtual ReplicationReport replication_report() const = 0;
  virtual std::vector<RegionReport> region_reports() const = 0;
  virtual std::vector<NodeReport> node_reports() const = 0;
  virtual std::int64_t steady_ms() const = 0;
  virtual std::int64_t steady_us() const = 0;
  virtual std::int64_t started_unix_ms() const = 0;
  // When the last checkpoint was finished; where there was none yet, when the node started.
  std::int64_t last_save_unix_ms() const {
    const auto report = checkpoint_report();
    return report && report->finished > 0 ? report->last_finished_unix_ms : started_unix_ms();
  }
  // Forty hex digits, new at each start.
  virtual const std::string& run_id() const = 0;
  // While the node stops, writes are refused. It may give up: where that was asked for, or where
  // the log cannot be written.
  virtual void RequestShutdown(ShutdownRequest request) = 0;
  virtual bool stopping() const = 0;
  // False: the node does not stop, or a signal stops it.
  virtual bool AbortShutdown() = 0;

  // --- For commands that wait (server/commands/region_commands.cc)
  // --------------------------------- What counts now towards WAIT, WAITAOF and REGION WAIT.
  virtual std::int64_t ReplicasAt(storage::LogPosition position) const = 0;
  virtual std::int64_t ReplicasDurableAt(storage::LogPosition position) const = 0;
  virtual bool LocallyDurableAt(storage::LogPosition position) const = 0;
  virtual std::int64_t RegionsDurableAt(crdt::Stamp stamp) const = 0;
  // Puts the session to sleep; the node answers when the wait is over.
  virtual void BeginWait(ClientSession& session, Wait wait) = 0;
  // Ends it now: as after its timeout, or with an error. REQUIRES: the session waits.
  virtual void EndWait(ClientSession& session, std::string_view error) = 0;
  // Carries out again the commands that wait for keys which have changed (blocked_clients.h).
  // Between commands only.
  virtual void ServeBlocked() = 0;

  // --- For REGION and FAILOVER -------------------------------------------------------------------
  virtual crdt::Status PauseRegion(crdt::RegionId region) = 0;
  virtual crdt::Status ResumeRegion(crdt::RegionId region) = 0;
  // Lets pass what is held because it is stamped too far ahead of this node's clock.
  virtual crdt::Status ReleaseRegion(crdt::RegionId region) = 0;
  // Compares what is here with what another region has, and repairs this side where the scope says
  // so; ends early after `timeout_ms` (0: never). Answers the number by which FindComparison()
  // tells the end. An error says why not.
  virtual crdt::Result<std::uint64_t> CompareRegion(crdt::RegionId region, ComparisonScope scope,
                                                    std::int64_t timeout_ms) = 0;
  // Null while it runs.
  virtual const ComparisonReport* FindComparison(std::uint64_t number) const = 0;
  // Makes a region part of the deployment, at all nodes of all regions.
  virtual crdt::Status AddRegion(geo_config::RegionEntry region) = 0;
  // It takes no writes from now on, and is removed once the others have all of its writes. By
  // force: removed at once, and what nobody else has of it is lost to the others.
  virtual crdt::Status RemoveRegion(crdt::RegionId region, bool by_force) = 0;
  // A region that is leaving stays.
  virtual crdt::Status KeepRegion(crdt::RegionId region) = 0;
  // Makes this replica the primary under a new epoch. Answers what the others lacked, for people.
  virtual crdt::Result<std::string> TakeOver() = 0;
};

}  // namespace server
