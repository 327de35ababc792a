// A node's configuration: one TOML file, any setting overridable on the command line.
//
// Errors of syntax are reported one, with its line; errors of meaning all at once, each with its
// line and what would be right. docs/configuration.md is generated from the table of settings.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/result.h"
#include "crdt/stamp.h"
#include "geo-config/setting.h"
#include "geo-config/snapshot_schedule.h"
#include "geo-config/topology.h"

namespace geo_config {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum class FsyncPolicy { kAlways, kEverySecond, kNo };
// Which IDs XADD takes, and what it makes of "110": docs/data-types.md, "Streams".
enum class StreamIds { kStrict, kSemiStrict, kLiberal };

// A connection whose unsent output is beyond `hard`, or beyond `soft` for longer than `soft_for`,
// is closed. 0: no limit.
struct OutputLimit {
  std::uint64_t hard = 0;
  std::uint64_t soft = 0;
  seconds soft_for{0};
};

struct Config {
  // Who this node is.
  std::string deployment = "meridian";
  crdt::RegionId region = 1;
  std::uint32_t ordinal = 0;
  std::vector<RegionEntry> regions;  // Empty: this node alone.

  // Clients.
  std::vector<std::string> bind{"127.0.0.1"};
  std::uint16_t port = 6379;
  std::string unixsocket;
  std::uint32_t unixsocketperm = 0700;
  std::string requirepass;
  bool protected_mode = true;
  std::uint32_t maxclients = 10000;
  seconds timeout{0};
  seconds tcp_keepalive{300};
  std::uint64_t proto_max_bulk_len = std::uint64_t{512} << 20;
  std::uint64_t client_query_buffer_limit = std::uint64_t{1} << 30;
  OutputLimit output_limit_normal;
  std::int64_t slowlog_log_slower_than = -1;  // Microseconds; negative: no log is kept.
  std::uint32_t slowlog_max_len = 128;
  std::uint64_t latency_monitor_threshold = 0;  // Milliseconds; 0: nothing is monitored.
  OutputLimit output_limit_replica{std::uint64_t{256} << 20, std::uint64_t{64} << 20, seconds(60)};
  OutputLimit output_limit_peer{std::uint64_t{256} << 20, std::uint64_t{64} << 20, seconds(60)};

  // Other nodes.
  std::vector<std::string> peer_bind;  // Empty: as bind.
  std::uint16_t peer_port = 0;         // 0: the client port + 10000.
  std::string secret;                  // Also what the secret file holds.
  std::string secret_file;
  milliseconds repl_timeout{60000};
  milliseconds heartbeat{250};

  // The log.
  std::string dir = "./meridian-data";
  bool appendonly = true;
  FsyncPolicy appendfsync = FsyncPolicy::kEverySecond;
  std::uint64_t segment_bytes = 64 << 20;
  std::uint64_t log_memory_bytes = 16 << 20;
  std::uint64_t reserve_bytes = 16 << 20;
  milliseconds checkpoint_interval{60000};
  std::uint64_t checkpoint_log_bytes = 64 << 20;
  std::uint64_t geo_retention_bytes = std::uint64_t{16} << 30;
  milliseconds geo_retention_time{0};
  SnapshotSchedule snapshot_schedule;
  std::uint32_t snapshot_keep = 5;
  bool bootstrap = false;

  // Regions.
  milliseconds max_clock_skew{500};
  bool geo_ship_gate = true;
  milliseconds geo_ship_gate_timeout{200};
  bool geo_compression = true;
  std::uint64_t join_bytes_per_second = 0;
  milliseconds expire_grace{300000};
  milliseconds region_check_interval{3600000};
  std::uint64_t conflict_ring_entries = 10000;
  StreamIds stream_ids = StreamIds::kSemiStrict;

  // The process.
  std::string logfile;  // Empty: standard output.
  std::string loglevel = "info";

  std::uint16_t PeerPort() const { return peer_port != 0 ? peer_port : DefaultPeerPort(port); }
  const std::vector<std::string>& PeerBind() const { return peer_bind.empty() ? bind : peer_bind; }
  // Null where the node is configured alone.
  const RegionEntry* OwnRegion() const;
  bool has_other_regions() const { return regions.size() > 1; }
};

// Settings from outside of the file: (name, text), applied after it.
using Overrides = std::vector<std::pair<std::string, std::string>>;

// The error's detail is a list, one mistake per line, in the order of the file; what is wrong on
// the command line comes after it. Where the file or the command line names no port, this node
// takes its ports from its own entry among the regions.
crdt::Result<Config> Load(std::string_view text, const Overrides& overrides);
// What is allowed and probably not meant.
std::vector<std::string> Warnings(const Config& config);

}  // namespace geo_config
