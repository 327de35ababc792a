// The table of settings.
#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "geo-config/config.h"
#include "geo-config/setting_text.h"

namespace geo_config {
namespace {

using crdt::ErrorCode;
using crdt::Status;

// What may be written, by kind of setting.
constexpr const char* kSize = "a size such as 67108864, 64mb or 1gb";
constexpr const char* kLimit =
    "three words: hard limit, soft limit, seconds at the soft limit; such as `256mb 64mb 60`";

Status Expected(std::string what) {
  return crdt::Fail(ErrorCode::kInvalid, "expected " + std::move(what));
}

enum class When { kAtStart, kAtRunTime };
using enum When;

// How a setting is introduced; the functions below add its form.
struct Heading {
  std::string_view name;
  std::string_view section;
  When when;
  std::string_view doc;
};

Setting Make(const Heading& heading, std::string form, std::string (*get)(const Config&),
             Status (*set)(Config&, const std::string&)) {
  return {.name = heading.name,
          .section = heading.section,
          .form = std::move(form),
          .doc = heading.doc,
          .at_run_time = heading.when == kAtRunTime,
          .get = get,
          .set = set};
}

template <auto kMember>
Setting Text(const Heading& heading) {
  return Make(
      heading, "text", [](const Config& config) { return config.*kMember; },
      [](Config& config, const std::string& text) -> Status {
        config.*kMember = text;
        return {};
      });
}

// Text that is used and never shown.
template <auto kMember>
Setting Secret(const Heading& heading) {
  Setting setting = Text<kMember>(heading);
  setting.get = [](const Config& config) -> std::string {
    return (config.*kMember).empty() ? "" : "(not shown)";
  };
  return setting;
}

std::string RangeForm(std::uint64_t least, std::uint64_t most) {
  return "a number from " + std::to_string(least) + " to " + std::to_string(most);
}

template <auto kMember, std::uint64_t kLeast, std::uint64_t kMost>
Setting Number(const Heading& heading) {
  return Make(
      heading, RangeForm(kLeast, kMost),
      [](const Config& config) { return std::to_string(config.*kMember); },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseNumber(text);
        if (!value || *value < kLeast || *value > kMost) return Expected(RangeForm(kLeast, kMost));
        config.*kMember = static_cast<std::remove_reference_t<decltype(config.*kMember)>>(*value);
        return {};
      });
}

template <auto kMember, std::uint64_t kLeast = 0,
          std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max()>
Setting Size(const Heading& heading) {
  return Make(
      heading, kSize, [](const Config& config) { return std::to_string(config.*kMember); },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseBytes(text);
        if (!value) return Expected(kSize);
        if (*value < kLeast) return Expected("at least " + TextOfBytes(kLeast));
        if (*value > kMost) return Expected("at most " + TextOfBytes(kMost));
        config.*kMember = *value;
        return {};
      });
}

template <auto kMember>
Setting Flag(const Heading& heading) {
  return Make(
      heading, "yes or no", [](const Config& config) { return TextOf(config.*kMember); },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseFlag(text);
        if (!value) return Expected("yes or no");
        config.*kMember = *value;
        return {};
      });
}

template <auto kMember, std::int64_t kLeastMs = 0>
Setting Duration(const Heading& heading) {
  static constexpr const char* kForm = "a duration with its unit, such as 500ms, 5s or 5m";
  return Make(
      heading, kForm, [](const Config& config) { return TextOf(config.*kMember); },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseMilliseconds(text);
        if (!value) return Expected(kForm);
        if (value->count() < kLeastMs)
          return Expected("at least " + TextOf(milliseconds(kLeastMs)));
        config.*kMember = *value;
        return {};
      });
}

template <auto kMember>
Setting Seconds(const Heading& heading) {
  static constexpr const char* kForm = "seconds, such as 300, or 5m";
  return Make(
      heading, kForm,
      [](const Config& config) { return std::to_string((config.*kMember).count()); },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseSeconds(text);
        if (!value) return Expected(kForm);
        config.*kMember = *value;
        return {};
      });
}

// Microseconds, or never.
template <auto kMember>
Setting Microseconds(const Heading& heading) {
  static constexpr const char* kForm = "microseconds, or -1";
  return Make(
      heading, kForm, [](const Config& config) { return std::to_string(config.*kMember); },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseNumber(text);
        const bool fits = value && *value <= std::numeric_limits<std::int64_t>::max();
        if (!fits && text != "-1") return Expected(kForm);
        config.*kMember = fits ? static_cast<std::int64_t>(*value) : -1;
        return {};
      });
}

bool IsAddress(const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

template <auto kMember>
Setting Addresses(const Heading& heading) {
  static constexpr const char* kForm =
      "IPv4 and IPv6 addresses, such as [\"127.0.0.1\", \"::1\"]; 0.0.0.0 and :: are all of a kind";
  return Make(
      heading, kForm, [](const Config& config) { return TextOf(config.*kMember); },
      [](Config& config, const std::string& text) -> Status {
        std::vector<std::string> words = ParseWords(text);
        if (!std::ranges::all_of(words, IsAddress)) return Expected(kForm);
        config.*kMember = std::move(words);
        return {};
      });
}

template <auto kMember>
Setting Limit(const Heading& heading) {
  return Make(
      heading, kLimit, [](const Config& config) { return TextOf(config.*kMember); },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseLimit(text);
        if (!value) return Expected(kLimit);
        config.*kMember = *value;
        return {};
      });
}

Setting AppendFsync(const Heading& heading) {
  static constexpr const char* kForm = "always, everysec or no";
  return Make(
      heading, kForm, [](const Config& config) { return TextOf(config.appendfsync); },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseFsyncPolicy(text);
        if (!value) return Expected(kForm);
        config.appendfsync = *value;
        return {};
      });
}

Setting StreamIdMode(const Heading& heading) {
  static constexpr const char* kForm = "strict, semi-strict or liberal";
  return Make(
      heading, kForm, [](const Config& config) { return TextOf(config.stream_ids); },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseStreamIds(text);
        if (!value) return Expected(kForm);
        config.stream_ids = *value;
        return {};
      });
}

Setting Schedule(const Heading& heading) {
  static constexpr const char* kForm = "nothing, 1h, 6h, 12h, or a time of day such as `at 03:30`";
  return Make(
      heading, kForm, [](const Config& config) { return TextOf(config.snapshot_schedule); },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseSnapshotSchedule(text);
        if (!value) return Expected(kForm);
        config.snapshot_schedule = *value;
        return {};
      });
}

Setting SocketMode(const Heading& heading) {
  static constexpr const char* kForm = "an octal mode such as 700";
  return Make(
      heading, kForm,
      [](const Config& config) {
        std::string text;
        for (std::uint32_t rest = config.unixsocketperm; rest != 0; rest /= 8) {
          text.insert(text.begin(), static_cast<char>('0' + rest % 8));
        }
        return text;
      },
      [](Config& config, const std::string& text) -> Status {
        const auto value = ParseNumber(text, 8);
        if (!value || *value > 0777) return Expected(kForm);
        config.unixsocketperm = static_cast<std::uint32_t>(*value);
        return {};
      });
}

Setting LogLevel(const Heading& heading) {
  static constexpr const char* kForm = "debug, info, warning or error";
  return Make(
      heading, kForm, [](const Config& config) { return config.loglevel; },
      [](Config& config, const std::string& text) -> Status {
        if (text != "debug" && text != "info" && text != "warning" && text != "error") {
          return Expected(kForm);
        }
        config.loglevel = text;
        return {};
      });
}

constexpr std::string_view kIdentity = "Who this node is";
constexpr std::string_view kClients = "Clients";
constexpr std::string_view kNodes = "Other nodes";
constexpr std::string_view kLog = "The log";
constexpr std::string_view kRegions = "Regions";
constexpr std::string_view kProcess = "The process";

std::vector<Setting> MakeTable() {
  return {
      Text<&Config::deployment>({"deployment", kIdentity, kAtStart,
                                 "Name of the deployment; nodes of another one are refused."}),
      Number<&Config::region, 1, crdt::kMaxRegion>(
          {"region", kIdentity, kAtStart, "Id of this node's region."}),
      Number<&Config::ordinal, 0, 15>(
          {"ordinal", kIdentity, kAtStart,
           "Number of this node within its region's list of nodes, from 0. Node 0 is the first "
           "primary."}),

      Addresses<&Config::bind>({"bind", kClients, kAtStart,
                                "Addresses to listen on for clients. Nothing listens beyond "
                                "loopback unless told to here."}),
      Number<&Config::port, 1, 65535>(
          {"port", kClients, kAtStart,
           "TCP port for clients. Where it is not given, it is the one that this node's entry "
           "among the regions has."}),
      Text<&Config::unixsocket>(
          {"unixsocket", kClients, kAtStart, "Path of a unix socket for clients; empty: none."}),
      SocketMode({"unixsocketperm", kClients, kAtStart, "Mode of the unix socket."}),
      Text<&Config::requirepass>({"requirepass", kClients, kAtRunTime,
                                  "Password of the default user; empty: none is asked for."}),
      Flag<&Config::protected_mode>(
          {"protected-mode", kClients, kAtRunTime, "Without a password, serve only loopback."}),
      Number<&Config::maxclients, 1, 0xffffffff>(
          {"maxclients", kClients, kAtRunTime, "Most clients at the same time."}),
      Seconds<&Config::timeout>(
          {"timeout", kClients, kAtRunTime, "Close a client that was idle for so long; 0: never."}),
      Seconds<&Config::tcp_keepalive>(
          {"tcp-keepalive", kClients, kAtStart, "Time between keepalive probes; 0: none."}),
      // Records and messages between nodes hold values whole.
      Size<&Config::proto_max_bulk_len, 1 << 20, 1 << 30>(
          {"proto-max-bulk-len", kClients, kAtRunTime,
           "Longest argument of a command, and longest value: at most 1gb."}),
      Size<&Config::client_query_buffer_limit, 1 << 20>(
          {"client-query-buffer-limit", kClients, kAtRunTime,
           "Most bytes of one client's unfinished request."}),
      Limit<&Config::output_limit_normal>({"output-limit-normal", kClients, kAtRunTime,
                                           "Replies that a client has not read: beyond the limit "
                                           "it is closed. 0: no limit."}),

      Microseconds<&Config::slowlog_log_slower_than>(
          {"slowlog-log-slower-than", kClients, kAtRunTime,
           "Commands that take this long or longer are kept for SLOWLOG; -1: none is. While it is "
           "on every command is timed, which costs small ones a few percent."}),
      Number<&Config::slowlog_max_len, 0, 1000000>(
          {"slowlog-max-len", kClients, kAtRunTime, "How many of them are kept."}),
      Number<&Config::latency_monitor_threshold, 0, 1000000000>(
          {"latency-monitor-threshold", kClients, kAtRunTime,
           "Milliseconds from which on LATENCY remembers a command; 0: it remembers none. While it "
           "is on every command is timed."}),

      Addresses<&Config::peer_bind>({"peer-bind", kNodes, kAtStart,
                                     "Addresses to listen on for other nodes; empty: as `bind`."}),
      Number<&Config::peer_port, 0, 65535>(
          {"peer-port", kNodes, kAtStart, "TCP port for other nodes; 0: the client port + 10000."}),
      Secret<&Config::secret>({"secret", kNodes, kAtStart,
                               "Secret that all nodes of the deployment share. Needed where a "
                               "node is beyond loopback."}),
      Text<&Config::secret_file>(
          {"secret-file", kNodes, kAtStart, "File that holds the secret, instead of `secret`."}),
      Limit<&Config::output_limit_replica>(
          {"output-limit-replica", kNodes, kAtStart,
           "Bytes that wait for a node of the own region: beyond the limit the link is cut, and "
           "made anew. A few MB wait at most, the rest stays in the log; with a limit below 32mb a "
           "node may never catch up."}),
      Limit<&Config::output_limit_peer>(
          {"output-limit-peer", kNodes, kAtStart, "The same for a node of another region."}),
      Duration<&Config::repl_timeout, 100>(
          {"repl-timeout", kNodes, kAtStart,
           "A node that was silent for so long is dropped and does not count."}),
      Duration<&Config::heartbeat, 10>(
          {"heartbeat", kNodes, kAtStart, "Time between two heartbeats on a link."}),

      Text<&Config::dir>({"dir", kLog, kAtStart, "Directory of this node's data."}),
      Flag<&Config::appendonly>({"appendonly", kLog, kAtStart,
                                 "Keep the log on disk. Needed where there are other regions."}),
      AppendFsync({"appendfsync", kLog, kAtRunTime,
                   "When the log is synced: always (before a reply), everysec, or no (when the "
                   "kernel likes)."}),
      Size<&Config::segment_bytes, 64 << 10>(
          {"segment-bytes", kLog, kAtStart, "Size of a log segment."}),
      Size<&Config::log_memory_bytes, 64 << 10>(
          {"log-memory-bytes", kLog, kAtStart,
           "How much of the newest log is kept in memory for replicas and regions, where there are "
           "any; with `appendonly = false` that is all there is of it."}),
      Size<&Config::reserve_bytes>({"reserve-bytes", kLog, kAtStart,
                                    "Space that is given up when the disk is full, so that "
                                    "in-flight work can finish."}),
      Duration<&Config::checkpoint_interval>(
          {"checkpoint-interval", kLog, kAtRunTime,
           "A checkpoint begins so long after the last one began, if something has changed; 0: not "
           "for this reason."}),
      Size<&Config::checkpoint_log_bytes>(
          {"checkpoint-log-bytes", kLog, kAtRunTime,
           "A checkpoint begins where a restart would have to replay more of the log than this; 0: "
           "not for this reason."}),
      Size<&Config::geo_retention_bytes>(
          {"geo-retention-bytes", kLog, kAtRunTime,
           "The log is kept for nodes and regions that are away, but no more of it than this; who "
           "comes back later gets whole partitions, and while it does the log is kept from there "
           "on. 0: without a bound."}),
      Duration<&Config::geo_retention_time>({"geo-retention-time", kLog, kAtRunTime,
                                             "Nor what is older than this. 0: however old it is."}),
      Schedule({"snapshot-schedule", kLog, kAtRunTime,
                "When this node makes a snapshot by itself: on the full hour each 1, 6 or 12 hours "
                "since midnight, or at a time of day, in UTC. Empty: never."}),
      Number<&Config::snapshot_keep, 0, 10000>(
          {"snapshot-keep", kLog, kAtRunTime,
           "So many of the newest snapshots are kept; older ones are removed once a newer one is "
           "complete. 0: all."}),
      Flag<&Config::bootstrap>({"bootstrap", kLog, kAtStart,
                                "This deployment is new: an empty directory takes writes although "
                                "the other nodes have not told the greatest epoch that they "
                                "know."}),

      Duration<&Config::max_clock_skew, 1>({"max-clock-skew", kRegions, kAtStart,
                                            "Records stamped further ahead than this are held."}),
      Flag<&Config::geo_ship_gate>(
          {"geo-ship-gate", kRegions, kAtStart,
           "Records leave for other regions once an in-sync local replica has them."}),
      Duration<&Config::geo_ship_gate_timeout, 1>(
          {"geo-ship-gate-timeout", kRegions, kAtStart,
           "A replica that is behind for longer does not hold back records."}),
      Flag<&Config::geo_compression>({"geo-compression", kRegions, kAtStart,
                                      "Compress what goes to other regions with zstd."}),
      Size<&Config::join_bytes_per_second>(
          {"join-bytes-per-second", kRegions, kAtRunTime,
           "Whole partitions are sent to each other region and replica no faster than this, before "
           "compression. 0: as fast as it goes."}),
      Duration<&Config::expire_grace>(
          {"expire-grace", kRegions, kAtRunTime,
           "With a region cut off for longer, expired keys are deleted without its "
           "confirmation."}),
      Duration<&Config::region_check_interval>(
          {"region-check-interval", kRegions, kAtRunTime,
           "So long after the last time it is checked, little by little, whether the other regions "
           "have the same data; what nothing explains is told in the log. 0: never."}),
      Number<&Config::conflict_ring_entries, 0, 100000000>(
          {"conflict-ring-entries", kRegions, kAtStart, "How many conflicts are remembered."}),
      StreamIdMode({"stream-ids", kRegions, kAtRunTime,
                    "What XADD makes of an ID that a client gives: strict refuses one with a "
                    "sequence, liberal takes a time alone as sequence 0."}),

      Text<&Config::logfile>(
          {"logfile", kProcess, kAtStart, "File for log lines; empty: standard output."}),
      LogLevel({"loglevel", kProcess, kAtStart, "The least important lines that are logged."}),
  };
}

// A default as people would write it.
std::string Readable(const Setting& setting, const std::string& text) {
  if (text.empty()) return "(empty)";
  if (setting.form != kSize && setting.form != kLimit) return "`" + text + "`";
  std::vector<std::string> words = ParseWords(text);
  for (std::string& word : words) word = TextOfBytes(ParseNumber(word).value_or(0));
  return "`" + TextOf(words) + "`";
}

}  // namespace

std::span<const Setting> Settings() {
  static const std::vector<Setting> table = MakeTable();
  return table;
}

const Setting* FindSetting(std::string_view name) {
  const auto found = std::ranges::find(Settings(), name, &Setting::name);
  return found == Settings().end() ? nullptr : &*found;
}

std::string DocumentSettings() {
  const Config defaults;
  std::string text =
      R"(# Configuration

One TOML file per node: `meridian-server --config FILE`. Every setting of the tables below can be
given on the command line too, where it wins over the file: `--port 7001` or `--port=7001`.
`meridian-server --config FILE --check-config` says what is wrong with a file, all mistakes at once.

In the file numbers and `true`, `false` stand as they are, everything else in quotes:
`port = 7001`, `segment-bytes = "64mb"`, `heartbeat = "250ms"`. Lists of addresses are TOML lists in
the file and words on the command line: `--bind "127.0.0.1 ::1"`.

The regions and their nodes are tables of the file, the same in the file of every node:

```toml
[[regions]]
id = 1                  # 1 to 31
name = "eu"
nodes = [               # in the order of their ordinals; the first is the first primary
  {host = "10.1.0.1", port = 6379},                       # peer-port is 16379
  {host = "10.1.0.2", port = 6379, peer-port = 7000},
]
```

Without them a node is alone. Examples: [one node](../geo-config/examples/one-node.toml),
[three regions on one machine](../geo-config/examples/three-regions-on-one-machine/).

This page is generated from the table of settings (`geo-config/settings.cc`).
)";
  std::string_view section;
  for (const Setting& setting : Settings()) {
    if (setting.section != section) {
      section = setting.section;
      text += "\n## " + std::string(section) +
              "\n\n| Setting | Meaning | Form | Default | `CONFIG SET` |\n|---|---|---|---|---|\n";
    }
    text += "| `" + std::string(setting.name) + "` | " + std::string(setting.doc) + " | " +
            setting.form + " | " + Readable(setting, setting.get(defaults)) + " | " +
            (setting.at_run_time ? "yes" : "no") + " |\n";
  }
  return text;
}

}  // namespace geo_config
