// The table of scalar settings and their text forms.
#include <algorithm>
#include <charconv>
#include <limits>

#include "geo-config/config.h"

namespace geo_config {
namespace {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;

Status Expected(const char* what) { return Fail(ErrorCode::kInvalid, what); }

template <class Integer>
Status SetInteger(Integer& to, const std::string& text, std::uint64_t least, std::uint64_t most,
                  const char* expected) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return Expected(expected);
  }
  to = static_cast<Integer>(value);
  return {};
}

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

Status SetScaled(std::uint64_t& to, const std::string& text, std::span<const Unit> units,
                 const char* expected) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return Expected(expected);
  std::string suffix(end, text.data() + text.size());
  std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const Unit& unit : units) {
    if (unit.suffix != suffix) continue;
    if (value > std::numeric_limits<std::uint64_t>::max() / 2 / unit.factor) break;
    to = value * unit.factor;
    return {};
  }
  return Expected(expected);
}

constexpr Unit kByteUnits[] = {{"", 1},          {"b", 1},           {"k", 1000},
                               {"kb", 1024},     {"m", 1000000},     {"mb", 1 << 20},
                               {"g", 1000000000}, {"gb", 1 << 30}};
constexpr Unit kTimeUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
constexpr Unit kSecondUnits[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};

Status SetBytes(std::uint64_t& to, const std::string& text) {
  return SetScaled(to, text, kByteUnits, "expected a size such as 67108864, 64mb or 1gb");
}

Status SetMilliseconds(milliseconds& to, const std::string& text) {
  std::uint64_t value = 0;
  const Status set =
      SetScaled(value, text, kTimeUnits, "expected a duration with its unit, such as 500ms or 5m");
  if (set) to = milliseconds(value);
  return set;
}

Status SetSeconds(seconds& to, const std::string& text) {
  std::uint64_t value = 0;
  const Status set = SetScaled(value, text, kSecondUnits, "expected seconds, such as 300 or 5m");
  if (set) to = seconds(value);
  return set;
}

Status SetBool(bool& to, const std::string& text) {
  if (text != "yes" && text != "no" && text != "true" && text != "false") {
    return Expected("expected yes or no");
  }
  to = text == "yes" || text == "true";
  return {};
}

std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + ' ') {
    if (c != ' ' && c != ',') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Status SetLimit(OutputLimit& to, const std::string& text) {
  const std::vector<std::string> words = Words(text);
  OutputLimit limit;
  if (words.size() != 3 || !SetBytes(limit.hard, words[0]) || !SetBytes(limit.soft, words[1]) ||
      !SetSeconds(limit.soft_for, words[2])) {
    return Expected("expected three words: hard limit, soft limit, seconds; such as 256mb 64mb 60");
  }
  to = limit;
  return {};
}

std::string TextOf(const OutputLimit& limit) {
  return std::to_string(limit.hard) + " " + std::to_string(limit.soft) + " " +
         std::to_string(limit.soft_for.count());
}

std::string TextOf(bool value) { return value ? "yes" : "no"; }
std::string TextOf(milliseconds value) { return std::to_string(value.count()) + "ms"; }

std::string_view NameOf(FsyncPolicy policy) {
  switch (policy) {
    case FsyncPolicy::kAlways: return "always";
    case FsyncPolicy::kEverySecond: return "everysec";
    case FsyncPolicy::kNo: return "no";
  }
  return "everysec";
}


template <auto Member>
std::string GetText(const Config& config) {
  return config.*Member;
}
template <auto Member>
Status SetText(Config& config, const std::string& text) {
  config.*Member = text;
  return {};
}
template <auto Member>
std::string GetWords(const Config& config) {
  return Joined(config.*Member);
}
template <auto Member>
Status SetWords(Config& config, const std::string& text) {
  config.*Member = Words(text);
  return {};
}
template <auto Member>
std::string GetNumber(const Config& config) {
  return std::to_string(config.*Member);
}
template <auto Member, std::uint64_t kLeast, std::uint64_t kMost>
Status SetNumber(Config& config, const std::string& text) {
  static const std::string expected = "expected a number from " + std::to_string(kLeast) + " to " +
                                      std::to_string(kMost);
  return SetInteger(config.*Member, text, kLeast, kMost, expected.c_str());
}
template <auto Member>
Status SetByteSize(Config& config, const std::string& text) {
  return SetBytes(config.*Member, text);
}
template <auto Member>
std::string GetFlag(const Config& config) {
  return TextOf(config.*Member);
}
template <auto Member>
Status SetFlag(Config& config, const std::string& text) {
  return SetBool(config.*Member, text);
}
template <auto Member>
std::string GetDuration(const Config& config) {
  return TextOf(config.*Member);
}
template <auto Member>
Status SetDuration(Config& config, const std::string& text) {
  return SetMilliseconds(config.*Member, text);
}
template <auto Member>
std::string GetSeconds(const Config& config) {
  return std::to_string((config.*Member).count());
}
template <auto Member>
Status SetWholeSeconds(Config& config, const std::string& text) {
  return SetSeconds(config.*Member, text);
}
template <auto Member>
std::string GetLimit(const Config& config) {
  return TextOf(config.*Member);
}
template <auto Member>
Status SetOutputLimit(Config& config, const std::string& text) {
  return SetLimit(config.*Member, text);
}

std::string GetFsync(const Config& config) { return std::string(NameOf(config.appendfsync)); }
Status SetFsync(Config& config, const std::string& text) {
  for (const FsyncPolicy policy :
       {FsyncPolicy::kAlways, FsyncPolicy::kEverySecond, FsyncPolicy::kNo}) {
    if (text != NameOf(policy)) continue;
    config.appendfsync = policy;
    return {};
  }
  return Expected("expected always, everysec or no");
}

std::string GetSocketMode(const Config& config) {
  std::string text;
  for (std::uint32_t rest = config.unixsocketperm; rest != 0; rest /= 8) {
    text.insert(text.begin(), static_cast<char>('0' + rest % 8));
  }
  return text;
}
Status SetSocketMode(Config& config, const std::string& text) {
  std::uint32_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc() || end != text.data() + text.size() || mode > 0777) {
    return Expected("expected an octal mode such as 700");
  }
  config.unixsocketperm = mode;
  return {};
}

Status SetLogLevel(Config& config, const std::string& text) {
  if (text != "debug" && text != "info" && text != "warning" && text != "error") {
    return Expected("expected debug, info, warning or error");
  }
  config.loglevel = text;
  return {};
}

constexpr bool kFixed = false;
constexpr bool kAtRunTime = true;
constexpr std::uint64_t kMost32 = 0xffffffff;

const Setting kSettings[] = {
    {"deployment", "identity", "Name of the deployment; nodes of another one are refused.", kFixed,
     GetText<&Config::deployment>, SetText<&Config::deployment>},
    {"region", "identity", "Id of this node's region.", kFixed, GetNumber<&Config::region>,
     SetNumber<&Config::region, 1, 31>},
    {"ordinal", "identity",
     "Number of this node within its region, from 0. Node 0 is the first primary.", kFixed,
     GetNumber<&Config::ordinal>, SetNumber<&Config::ordinal, 0, 15>},
    {"bind", "clients", "Addresses to listen on for clients; nothing listens beyond loopback unless "
     "told to here.", kFixed, GetWords<&Config::bind>, SetWords<&Config::bind>},
    {"port", "clients", "TCP port for clients.", kFixed, GetNumber<&Config::port>,
     SetNumber<&Config::port, 1, 65535>},
    {"unixsocket", "clients", "Path of a unix socket for clients; empty: none.", kFixed,
     GetText<&Config::unixsocket>, SetText<&Config::unixsocket>},
    {"unixsocketperm", "clients", "Mode of the unix socket, octal.", kFixed, GetSocketMode,
     SetSocketMode},
    {"requirepass", "clients", "Password of the default user; empty: none is asked for.", kAtRunTime,
     GetText<&Config::requirepass>, SetText<&Config::requirepass>},
    {"protected-mode", "clients", "Without a password, serve only loopback.", kAtRunTime,
     GetFlag<&Config::protected_mode>, SetFlag<&Config::protected_mode>},
    {"maxclients", "clients", "Most clients at the same time.", kAtRunTime,
     GetNumber<&Config::maxclients>, SetNumber<&Config::maxclients, 1, kMost32>},
    {"timeout", "clients", "Close a client that was idle for so many seconds; 0: never.", kAtRunTime,
     GetSeconds<&Config::timeout>, SetWholeSeconds<&Config::timeout>},
    {"tcp-keepalive", "clients", "Seconds between keepalive probes; 0: none.", kFixed,
     GetSeconds<&Config::tcp_keepalive>, SetWholeSeconds<&Config::tcp_keepalive>},
    {"proto-max-bulk-len", "clients", "Longest argument of a command.", kAtRunTime,
     GetNumber<&Config::proto_max_bulk_len>, SetByteSize<&Config::proto_max_bulk_len>},
    {"client-query-buffer-limit", "clients", "Most bytes of one client's unfinished request.",
     kAtRunTime, GetNumber<&Config::client_query_buffer_limit>,
     SetByteSize<&Config::client_query_buffer_limit>},
    {"output-limit-normal", "clients",
     "Unsent replies of a client: hard limit, soft limit, seconds at the soft limit; 0: none.",
     kAtRunTime, GetLimit<&Config::output_limit_normal>,
     SetOutputLimit<&Config::output_limit_normal>},
    {"output-limit-replica", "other nodes", "Unsent bytes to a node of the own region.", kFixed,
     GetLimit<&Config::output_limit_replica>, SetOutputLimit<&Config::output_limit_replica>},
    {"output-limit-peer", "other nodes", "Unsent bytes to another region.", kFixed,
     GetLimit<&Config::output_limit_peer>, SetOutputLimit<&Config::output_limit_peer>},
    {"peer-bind", "other nodes", "Addresses to listen on for other nodes; empty: as bind.", kFixed,
     GetWords<&Config::peer_bind>, SetWords<&Config::peer_bind>},
    {"peer-port", "other nodes", "TCP port for other nodes; 0: the client port + 10000.", kFixed,
     GetNumber<&Config::peer_port>, SetNumber<&Config::peer_port, 0, 65535>},
    {"secret", "other nodes", "Secret that all nodes of the deployment share.", kFixed,
     GetText<&Config::secret>, SetText<&Config::secret>},
    {"repl-timeout", "other nodes", "A node silent for so long is dropped and does not count.",
     kFixed, GetDuration<&Config::repl_timeout>, SetDuration<&Config::repl_timeout>},
    {"heartbeat", "other nodes", "Time between two heartbeats on a link.", kFixed,
     GetDuration<&Config::heartbeat>, SetDuration<&Config::heartbeat>},
    {"dir", "log", "Directory of this node's data.", kFixed, GetText<&Config::dir>,
     SetText<&Config::dir>},
    {"appendonly", "log", "Keep the log on disk. Needed where there are other regions.", kFixed,
     GetFlag<&Config::appendonly>, SetFlag<&Config::appendonly>},
    {"appendfsync", "log",
     "When the log is synced: always (before a reply), everysec, or no (when the kernel likes).",
     kAtRunTime, GetFsync, SetFsync},
    {"segment-bytes", "log", "Size of a log segment.", kFixed, GetNumber<&Config::segment_bytes>,
     SetByteSize<&Config::segment_bytes>},
    {"log-memory-bytes", "log",
     "How much of the newest log is kept in memory for replicas and regions; with appendonly no, "
     "all there is of it.", kFixed, GetNumber<&Config::log_memory_bytes>,
     SetByteSize<&Config::log_memory_bytes>},
    {"reserve-bytes", "log", "Space that is given up when the disk is full, so that in-flight work "
     "can finish.", kFixed, GetNumber<&Config::reserve_bytes>,
     SetByteSize<&Config::reserve_bytes>},
    {"bootstrap", "log",
     "This deployment is new: an empty directory takes writes although the other nodes have not "
     "told the greatest epoch that they know.", kFixed, GetFlag<&Config::bootstrap>,
     SetFlag<&Config::bootstrap>},
    {"max-clock-skew", "regions", "Records stamped further ahead than this are held.", kFixed,
     GetDuration<&Config::max_clock_skew>, SetDuration<&Config::max_clock_skew>},
    {"geo-ship-gate", "regions",
     "Records leave for other regions once an in-sync local replica has them.", kFixed,
     GetFlag<&Config::geo_ship_gate>, SetFlag<&Config::geo_ship_gate>},
    {"geo-ship-gate-timeout", "regions",
     "A replica that is behind for longer does not hold back records.", kFixed,
     GetDuration<&Config::geo_ship_gate_timeout>, SetDuration<&Config::geo_ship_gate_timeout>},
    {"geo-compression", "regions", "Compress what goes to other regions with zstd.", kFixed,
     GetFlag<&Config::geo_compression>, SetFlag<&Config::geo_compression>},
    {"expire-grace", "regions",
     "With a region cut off for longer, expired keys are deleted without its confirmation.",
     kAtRunTime, GetDuration<&Config::expire_grace>, SetDuration<&Config::expire_grace>},
    {"conflict-ring-entries", "regions", "How many conflicts are remembered.", kFixed,
     GetNumber<&Config::conflict_ring_entries>,
     SetNumber<&Config::conflict_ring_entries, 0, 100000000>},
    {"logfile", "process", "File for log lines; empty: standard output.", kFixed,
     GetText<&Config::logfile>, SetText<&Config::logfile>},
    {"loglevel", "process", "debug, info, warning or error.", kFixed, GetText<&Config::loglevel>,
     SetLogLevel},
};

}  // namespace

std::span<const Setting> Settings() { return kSettings; }

const Setting* FindSetting(std::string_view name) {
  const auto found = std::ranges::find(kSettings, name, &Setting::name);
  return found == std::end(kSettings) ? nullptr : &*found;
}

std::string DocumentSettings() {
  const Config defaults;
  std::string text =
      "# Configuration\n\nOne TOML file per node (`meridian-server --config FILE`); each setting can "
      "be given on the command line too (`--port 7001`). Sizes take a unit (`64mb`), durations need "
      "one (`500ms`). Regions and nodes are tables: see `geo-config/examples/`. This page is "
      "generated from the table of settings.\n";
  std::string_view section;
  for (const Setting& setting : kSettings) {
    if (setting.section != section) {
      section = setting.section;
      text += "\n## " + std::string(section) +
              "\n\n| Setting | Default | At run time | Meaning |\n|---|---|---|---|\n";
    }
    std::string value = setting.get(defaults);
    text += "| `" + std::string(setting.name) + "` | " +
            (value.empty() ? std::string("(empty)") : "`" + value + "`") + " | " +
            (setting.at_run_time ? "yes" : "no") + " | " + std::string(setting.doc) + " |\n";
  }
  return text;
}

}  // namespace geo_config
