#include "server/info.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "server/commands/command_table.h"
#include "server/commands/letter_case.h"
#include "server/process_usage.h"
#include "server/version.h"

namespace server {
namespace {

// The lines of one section.
class Lines {
 public:
  explicit Lines(std::string& out) : out_(out) {}

  template <class Value>
  void Add(std::string_view name, const Value& value) {
    fmt::format_to(std::back_inserter(out_), "{}:{}\r\n", name, value);
  }

 private:
  std::string& out_;
};

struct Source {
  Node& node;
  const Database& database;
};

std::string HumanBytes(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "K", "M", "G", "T"};
  if (bytes < 1024) return fmt::format("{}B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.2f}{}", value, kUnits[unit]);
}

void Server(const Source& source, Lines& lines) {
  const std::int64_t now_ms = source.database.now_ms();
  const std::int64_t uptime_s = (now_ms - source.node.started_unix_ms()) / 1000;
  lines.Add("redis_version", kRedisVersion);
  lines.Add("meridian_version", kVersion);
  lines.Add("redis_mode", "standalone");
  lines.Add("os", "Linux");
  lines.Add("arch_bits", 64);
  lines.Add("multiplexing_api", "epoll");
  lines.Add("gcc_version", __VERSION__);
  lines.Add("process_id", MeasureProcess().process_id);
  lines.Add("run_id", source.node.run_id());
  lines.Add("tcp_port", source.node.config().port);
  lines.Add("server_time_usec", now_ms * 1000);
  lines.Add("uptime_in_seconds", uptime_s);
  lines.Add("uptime_in_days", uptime_s / 86400);
}

void Clients(const Source& source, Lines& lines) {
  int blocked = 0;
  source.node.clients().ForEach([&](const ClientSession& session) {
    if (session.waiting) ++blocked;
  });
  lines.Add("connected_clients", source.node.clients().size());
  lines.Add("cluster_connections", 0);
  lines.Add("maxclients", source.node.config().maxclients);
  lines.Add("blocked_clients", blocked);
  lines.Add("tracking_clients", 0);
}

void Memory(const Source&, Lines& lines) {
  const ProcessUsage usage = MeasureProcess();
  const std::uint64_t peak = std::max(usage.peak_resident_bytes, usage.resident_bytes);
  lines.Add("used_memory", usage.allocated_bytes);
  lines.Add("used_memory_human", HumanBytes(usage.allocated_bytes));
  lines.Add("used_memory_rss", usage.resident_bytes);
  lines.Add("used_memory_rss_human", HumanBytes(usage.resident_bytes));
  lines.Add("used_memory_peak", peak);
  lines.Add("used_memory_peak_human", HumanBytes(peak));
  lines.Add("total_system_memory", usage.machine_memory_bytes);
  lines.Add("total_system_memory_human", HumanBytes(usage.machine_memory_bytes));
  lines.Add("maxmemory", 0);
  lines.Add("maxmemory_human", "0B");
  lines.Add("maxmemory_policy", "noeviction");
  const double fragmentation =
      static_cast<double>(usage.resident_bytes) /
      static_cast<double>(std::max<std::uint64_t>(usage.allocated_bytes, 1));
  lines.Add("mem_fragmentation_ratio", fmt::format("{:.2f}", fragmentation));
  lines.Add("mem_allocator", AllocatorName());
  lines.Add("lazyfree_pending_objects", 0);
}

int UsedPercent(const LogReport& log) {
  if (log.filesystem_total == 0) return 0;
  const std::uint64_t used = log.filesystem_total - log.filesystem_free;
  return static_cast<int>(used * 100 / log.filesystem_total);
}

// Redis' names again.
void AddProgress(const LoadProgress& load, std::int64_t now_ms, Lines& lines) {
  const double part = static_cast<double>(load.partitions) / storage::kPartitions;
  const double seconds = static_cast<double>(now_ms - load.began_unix_ms) / 1000;
  lines.Add("loading_start_time", load.began_unix_ms / 1000);
  lines.Add("loading_total_bytes", load.disk_bytes);
  lines.Add("loading_loaded_bytes",
            static_cast<std::uint64_t>(part * static_cast<double>(load.disk_bytes)));
  lines.Add("loading_loaded_perc", fmt::format("{:.2f}", part * 100));
  lines.Add("loading_eta_seconds",
            part == 0 ? -1 : static_cast<std::int64_t>(seconds * (1 - part) / part));
}

void AddSnapshots(const Source& source, Lines& lines) {
  const SnapshotReport* report = source.node.snapshot_report();
  if (report == nullptr) return;
  const geo_config::SnapshotSchedule& schedule = source.node.config().snapshot_schedule;
  lines.Add("snapshot_in_progress", report->running ? 1 : 0);
  lines.Add("snapshot_last_name", report->newest);
  lines.Add("snapshot_last_time", report->manifest.unix_ms / 1000);
  lines.Add("snapshot_last_bytes", report->manifest.bytes());
  lines.Add("snapshot_last_status", report->last_error.empty() ? "ok" : "err");
  lines.Add("snapshot_last_error", report->last_error);
  lines.Add("snapshot_next_time",
            schedule.is_off() ? 0 : schedule.NextMoment(source.database.now_ms()) / 1000);
}

void Persistence(const Source& source, Lines& lines) {
  const LogReport log = source.node.log_report();
  lines.Add("loading", source.node.loading() ? 1 : 0);
  const std::optional<LoadProgress> load = source.node.load_progress();
  lines.Add("async_loading", load ? 1 : 0);
  if (load) AddProgress(*load, source.database.now_ms(), lines);
  // Redis' names for what a checkpoint is here.
  const CheckpointReport checkpoint = source.node.checkpoint_report().value_or(CheckpointReport());
  lines.Add("rdb_changes_since_last_save", checkpoint.changes);
  lines.Add("rdb_bgsave_in_progress", checkpoint.running ? 1 : 0);
  lines.Add("rdb_last_save_time", source.node.last_save_unix_ms() / 1000);
  lines.Add("rdb_last_bgsave_status", checkpoint.last_failed ? "err" : "ok");
  lines.Add("rdb_last_bgsave_time_sec",
            checkpoint.finished == 0 ? -1 : checkpoint.last_took_ms / 1000);
  lines.Add("rdb_current_bgsave_time_sec",
            checkpoint.running ? (source.database.now_ms() - checkpoint.began_unix_ms) / 1000 : -1);
  lines.Add("rdb_saves", checkpoint.finished);
  lines.Add("checkpoint_position", checkpoint.begin);
  lines.Add("checkpoint_replay_bytes", log.end - checkpoint.begin);
  lines.Add("checkpoint_disk_bytes", checkpoint.disk_bytes);
  lines.Add("checkpoint_rows_written", checkpoint.rows);
  lines.Add("checkpoint_longest_pause_usec", checkpoint.longest_turn_us);
  AddSnapshots(source, lines);
  lines.Add("aof_enabled", log.on_disk ? 1 : 0);
  lines.Add("aof_rewrite_in_progress", 0);
  lines.Add("aof_rewrite_scheduled", 0);
  lines.Add("aof_last_bgrewrite_status", "ok");
  lines.Add("aof_last_write_status", log.write_failing || log.failed ? "err" : "ok");
  lines.Add("aof_current_size", log.disk_bytes);
  lines.Add("aof_pending_bio_fsync", log.durable < log.written ? 1 : 0);
  lines.Add("aof_fsync_policy", log.fsync_policy);
  lines.Add("aof_segments", log.segments);
  lines.Add("aof_written_position", log.written);
  lines.Add("aof_durable_position", log.durable);
  lines.Add("aof_filesystem_free", log.filesystem_free);
  lines.Add("aof_filesystem_total", log.filesystem_total);
  lines.Add("aof_filesystem_used_percent", UsedPercent(log));
  if (UsedPercent(log) >= kDiskWarningPercent) {
    lines.Add("aof_warning", fmt::format("the file system of the log is {} % full; the log is kept "
                                         "whole",
                                         UsedPercent(log)));
  }
}

void Stats(const Source& source, Lines& lines) {
  const ServerStats& stats = source.node.stats();
  lines.Add("total_connections_received", stats.connections_received);
  lines.Add("total_commands_processed", stats.commands_processed);
  lines.Add("total_net_input_bytes", stats.net_input_bytes);
  lines.Add("total_net_output_bytes", stats.net_output_bytes);
  lines.Add("rejected_connections", stats.rejected_connections);
  lines.Add("expired_keys", stats.expired_keys);
  lines.Add("evicted_keys", 0);
  lines.Add("keyspace_hits", stats.keyspace_hits);
  lines.Add("keyspace_misses", stats.keyspace_misses);
  lines.Add("pubsub_channels", 0);
  lines.Add("pubsub_patterns", 0);
  lines.Add("latest_fork_usec", 0);
  lines.Add("total_error_replies", stats.error_replies);
  lines.Add("client_output_buffer_limit_disconnections", stats.output_limit_disconnections);
}

void PrimaryLines(const ReplicationReport& report, Lines& lines) {
  lines.Add("role", "master");
  lines.Add("connected_slaves", report.replicas.size());
  for (std::size_t i = 0; i < report.replicas.size(); ++i) {
    const ReplicaReport& replica = report.replicas[i];
    lines.Add(fmt::format("slave{}", i),
              fmt::format("ip={},port={},state={},offset={},lag={},durable={}", replica.host,
                          replica.port, replica.online ? "online" : "send_bulk", replica.applied,
                          replica.silent_ms / 1000, replica.durable));
  }
}

void ReplicaLines(const ReplicationReport& report, Lines& lines) {
  lines.Add("role", "slave");
  lines.Add("master_host", report.primary_host);
  lines.Add("master_port", report.primary_port);
  lines.Add("master_link_status", report.link_up ? "up" : "down");
  lines.Add("master_last_io_seconds_ago", report.link_up ? report.link_silent_ms / 1000 : -1);
  lines.Add("master_sync_in_progress", report.synchronising ? 1 : 0);
  lines.Add("slave_read_repl_offset", report.position);
  lines.Add("slave_repl_offset", report.position);
  if (!report.link_up) lines.Add("master_link_down_since_seconds", report.link_down_ms / 1000);
  lines.Add("slave_priority", 100);
  lines.Add("slave_read_only", 1);
  lines.Add("replica_announced", 1);
  lines.Add("connected_slaves", 0);
}

void Replication(const Source& source, Lines& lines) {
  const ReplicationReport report = source.node.replication_report();
  report.is_primary ? PrimaryLines(report, lines) : ReplicaLines(report, lines);
  lines.Add("master_failover_state", "no-failover");
  lines.Add("master_replid", report.log_id);
  lines.Add("master_replid2", std::string(40, '0'));
  lines.Add("master_repl_offset", report.position);
  lines.Add("second_repl_offset", -1);
  lines.Add("repl_backlog_active", source.node.log_report().on_disk ? 1 : 0);
  lines.Add("repl_backlog_size", source.node.log_report().disk_bytes);
}

void Cpu(const Source&, Lines& lines) {
  const ProcessUsage usage = MeasureProcess();
  lines.Add("used_cpu_sys", fmt::format("{:.6f}", usage.cpu_system_seconds));
  lines.Add("used_cpu_user", fmt::format("{:.6f}", usage.cpu_user_seconds));
  lines.Add("used_cpu_sys_children", "0.000000");
  lines.Add("used_cpu_user_children", "0.000000");
}

void Modules(const Source&, Lines&) {}

// A line for each command that was called, subcommands included, in the order of their names.
void ForEachCalled(const ServerStats& stats, std::span<const CommandSpec> specs,
                   const auto& visit) {
  for (const CommandSpec& spec : specs) {
    if (const CommandCalls* calls = stats.commands.Find(spec)) visit(spec, *calls);
    ForEachCalled(stats, spec.subcommands, visit);
  }
}

void ForEachCalled(const ServerStats& stats, const auto& visit) {
  for (const CommandSpec* spec : AllCommands()) ForEachCalled(stats, std::span(spec, 1), visit);
}

void CommandStats(const Source& source, Lines& lines) {
  ForEachCalled(source.node.stats(), [&](const CommandSpec& spec, const CommandCalls& calls) {
    if (calls.calls + calls.rejected == 0) return;
    const double per_call =
        calls.calls == 0 ? 0 : static_cast<double>(calls.usec()) / static_cast<double>(calls.calls);
    lines.Add(fmt::format("cmdstat_{}", spec.name),
              fmt::format("calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}",
                          calls.calls, calls.usec(), per_call, calls.rejected, calls.failed));
  });
}

void LatencyStats(const Source& source, Lines& lines) {
  ForEachCalled(source.node.stats(), [&](const CommandSpec& spec, const CommandCalls& calls) {
    const LatencyHistogram& latencies = calls.latencies();
    if (latencies.total() == 0) return;
    lines.Add(fmt::format("latency_percentiles_usec_{}", spec.name),
              fmt::format("p50={}.000,p99={}.000,p99.9={}.000", latencies.Percentile(50),
                          latencies.Percentile(99), latencies.Percentile(99.9)));
  });
}

void ErrorStats(const Source& source, Lines& lines) {
  for (const auto& [code, count] : source.node.stats().errors_by_code) {
    lines.Add("errorstat_" + code, fmt::format("count={}", count));
  }
}

void Cluster(const Source&, Lines& lines) {
  lines.Add("cluster_enabled", 0);
}

void KeyspaceSection(const Source& source, Lines& lines) {
  const storage::Keyspace& keyspace = source.database.keyspace();
  if (keyspace.visible_keys() == 0) return;
  lines.Add("db0", fmt::format("keys={},expires={},avg_ttl=0", keyspace.visible_keys(),
                               keyspace.keys_with_deadline()));
}

void Meridian(const Source& source, Lines& lines) {
  const geo_config::Config& config = source.node.config();
  lines.Add("meridian_version", kVersion);
  const geo_config::RegionEntry* own = config.OwnRegion();
  lines.Add("deployment", config.deployment);
  lines.Add("region_id", static_cast<int>(config.region));
  lines.Add("region_name", own != nullptr ? own->name : "");
  lines.Add("node_ordinal", config.ordinal);
  const ReplicationReport replication = source.node.replication_report();
  lines.Add("epoch", replication.epoch);
  lines.Add("clock", replication.clock_too_fast ? "ahead" : "ok");
  lines.Add("version_vector", source.database.keyspace().floor().ToString());
  lines.Add("conflicts_recorded", source.node.conflicts().recorded());
  lines.Add("conflicts_dropped", source.node.conflicts().dropped());
  const std::vector<RegionReport> regions = source.node.region_reports();
  lines.Add("region_links", regions.size());
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const RegionReport& region = regions[i];
    lines.Add(
        fmt::format("region{}", i),
        fmt::format("id={},name={},state={},lag_ms={},records_behind={},bytes_behind={},"
                    "bytes_sent={},bytes_received={}",
                    region.id, region.name, region.state, region.lag_ms, region.records_behind,
                    region.bytes_behind, region.bytes_sent, region.bytes_received));
  }
}

struct Section {
  std::string_view name;  // As it is asked for.
  std::string_view title;
  void (*write)(const Source&, Lines&);
  bool by_default = true;  // Also where "default", or nothing, is asked for.
};

constexpr std::array kSections = {
    Section{"server", "Server", Server},
    Section{"clients", "Clients", Clients},
    Section{"memory", "Memory", Memory},
    Section{"persistence", "Persistence", Persistence},
    Section{"stats", "Stats", Stats},
    Section{"replication", "Replication", Replication},
    Section{"cpu", "CPU", Cpu},
    Section{"modules", "Modules", Modules},
    Section{"commandstats", "Commandstats", CommandStats, false},
    Section{"errorstats", "Errorstats", ErrorStats},
    Section{"latencystats", "Latencystats", LatencyStats, false},
    Section{"cluster", "Cluster", Cluster},
    Section{"keyspace", "Keyspace", KeyspaceSection},
    Section{"meridian", "Meridian", Meridian},
};

bool IsWanted(const Section& section, std::span<const std::string_view> wanted) {
  if (wanted.empty()) return section.by_default;
  return std::ranges::any_of(wanted, [&section](std::string_view word) {
    return EqualsIgnoreCase(word, section.name) ||
           (EqualsIgnoreCase(word, "default") && section.by_default) ||
           EqualsIgnoreCase(word, "all") || EqualsIgnoreCase(word, "everything");
  });
}

}  // namespace

std::string InfoText(Node& node, const Database& database,
                     std::span<const std::string_view> wanted) {
  std::string text;
  for (const Section& section : kSections) {
    if (!IsWanted(section, wanted)) continue;
    if (!text.empty()) text += "\r\n";
    text.append("# ").append(section.title).append("\r\n");
    Lines lines(text);
    section.write({node, database}, lines);
  }
  return text;
}

}  // namespace server
