#include "server/accepted_settings.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

#include "crdt/string_value.h"
#include "server/commands/letter_case.h"

namespace server {
namespace {

constexpr std::int64_t kMostInt = 2147483647;  // What fits in a C int.
constexpr std::uint64_t kMostBytes = std::numeric_limits<std::uint64_t>::max();

constexpr AcceptedSetting kSettings[] = {
    {"activedefrag", "no", Takes::kYesNo},
    {"activerehashing", "yes", Takes::kYesNo},
    {"aof-load-truncated", "yes", Takes::kYesNo},
    {"aof-use-rdb-preamble", "no", Takes::kYesNo},
    {"appendfilename", "appendonly.aof", Takes::kNothing},
    {"auto-aof-rewrite-min-size", "67108864", Takes::kMemory},
    {"auto-aof-rewrite-percentage", "0", Takes::kNumber, 0, kMostInt},
    {"busy-reply-threshold", "5000", Takes::kNumber},
    {"cluster-enabled", "no", Takes::kNothing},
    {"daemonize", "no", Takes::kNothing},
    {"databases", "1", Takes::kNothing},
    {"dbfilename", "", Takes::kText},
    {"dynamic-hz", "yes", Takes::kYesNo},
    {"hash-max-listpack-entries", "512", Takes::kNumber},
    {"hash-max-listpack-value", "64", Takes::kMemory},
    {"hash-max-ziplist-entries", "512", Takes::kNumber},
    {"hash-max-ziplist-value", "64", Takes::kMemory},
    {"hll-sparse-max-bytes", "3000", Takes::kMemory},
    {"hz", "10", Takes::kNumber, 0, kMostInt},
    {"io-threads", "1", Takes::kNothing},
    {"latency-tracking", "yes", Takes::kYesNo},
    {"latency-tracking-info-percentiles", "50 99 99.9", Takes::kText},
    {"lazyfree-lazy-eviction", "no", Takes::kYesNo},
    {"lazyfree-lazy-expire", "no", Takes::kYesNo},
    {"lazyfree-lazy-server-del", "no", Takes::kYesNo},
    {"lazyfree-lazy-user-del", "no", Takes::kYesNo},
    {"lazyfree-lazy-user-flush", "no", Takes::kYesNo},
    {"list-compress-depth", "0", Takes::kNumber, 0, kMostInt},
    {"list-max-listpack-size", "-2", Takes::kNumber, -kMostInt - 1, kMostInt},
    {"list-max-ziplist-size", "-2", Takes::kNumber, -kMostInt - 1, kMostInt},
    {"lua-time-limit", "5000", Takes::kNumber},
    {"maxmemory", "0", Takes::kMemory, 0, kMostBytes},
    {"maxmemory-clients", "0", Takes::kMemory, 0, kMostBytes},
    {"maxmemory-policy", "noeviction", Takes::kPolicy},
    {"maxmemory-samples", "5", Takes::kNumber, 1, kMostInt},
    {"min-replicas-max-lag", "10", Takes::kNumber, 0, kMostInt},
    {"min-replicas-to-write", "0", Takes::kNumber, 0, kMostInt},
    {"min-slaves-max-lag", "10", Takes::kNumber, 0, kMostInt},
    {"min-slaves-to-write", "0", Takes::kNumber, 0, kMostInt},
    {"no-appendfsync-on-rewrite", "no", Takes::kYesNo},
    {"notify-keyspace-events", "", Takes::kText},
    {"rdbchecksum", "yes", Takes::kNothing},
    {"rdbcompression", "yes", Takes::kYesNo},
    {"repl-backlog-size", "1048576", Takes::kMemory, 1},
    {"repl-backlog-ttl", "3600", Takes::kNumber},
    {"repl-diskless-sync", "yes", Takes::kYesNo},
    {"replica-read-only", "yes", Takes::kYesNo},
    {"replica-serve-stale-data", "yes", Takes::kYesNo},
    {"replicaof", "", Takes::kNothing},
    {"save", "", Takes::kText},
    {"set-max-intset-entries", "512", Takes::kNumber},
    {"set-max-listpack-entries", "128", Takes::kNumber},
    {"set-max-listpack-value", "64", Takes::kNumber},
    {"slave-read-only", "yes", Takes::kYesNo},
    {"slave-serve-stale-data", "yes", Takes::kYesNo},
    {"slaveof", "", Takes::kNothing},
    {"stop-writes-on-bgsave-error", "yes", Takes::kYesNo},
    {"stream-node-max-bytes", "4096", Takes::kMemory},
    {"stream-node-max-entries", "100", Takes::kNumber},
    {"tcp-backlog", "511", Takes::kNothing},
    {"tracking-table-max-keys", "1000000", Takes::kNumber},
    {"zset-max-listpack-entries", "128", Takes::kNumber},
    {"zset-max-listpack-value", "64", Takes::kMemory},
    {"zset-max-ziplist-entries", "128", Takes::kNumber},
    {"zset-max-ziplist-value", "64", Takes::kMemory},
};
static_assert(std::ranges::is_sorted(kSettings, {}, &AcceptedSetting::name));

constexpr std::string_view kPolicies[] = {
    "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
    "allkeys-lru",  "allkeys-lfu",  "allkeys-random",  "noeviction",
};

std::string OutOfRange(const AcceptedSetting& setting) {
  return "argument must be between " + std::to_string(setting.least) + " and " +
         std::to_string(setting.most) + " inclusive";
}

std::string WhyNotNumber(const AcceptedSetting& setting, std::string_view word) {
  const std::optional<std::int64_t> number = crdt::ParseInteger(word);
  if (!number) return "argument couldn't be parsed into an integer";
  const bool fits = *number >= setting.least &&
                    (*number < 0 || static_cast<std::uint64_t>(*number) <= setting.most);
  return fits ? std::string() : OutOfRange(setting);
}

// "100", "100mb", and nothing, which Redis takes for 0. What is too much for 64 bits counts as the
// most that they hold.
std::string WhyNotMemory(const AcceptedSetting& setting, std::string_view word) {
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  constexpr Unit kUnits[] = {{"", 1},        {"b", 1},        {"k", 1000},       {"kb", 1 << 10},
                             {"m", 1000000}, {"mb", 1 << 20}, {"g", 1000000000}, {"gb", 1 << 30}};
  const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
  const auto* unit = std::ranges::find(kUnits, LowerCase(word.substr(digits)), &Unit::name);
  if (unit == std::end(kUnits)) return "argument must be a memory value";
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + digits, bytes);
  if (error == std::errc::result_out_of_range ||
      __builtin_mul_overflow(bytes, unit->bytes, &bytes)) {
    bytes = std::numeric_limits<std::uint64_t>::max();
  }
  const bool fits = bytes >= static_cast<std::uint64_t>(setting.least) && bytes <= setting.most;
  return fits ? std::string() : OutOfRange(setting);
}

}  // namespace

std::string WhyNot(const AcceptedSetting& setting, std::string_view value) {
  switch (setting.takes) {
    case Takes::kNothing:
      return value == setting.value ? "" : "can't set immutable config";
    case Takes::kYesNo:
      return EqualsIgnoreCase(value, "yes") || EqualsIgnoreCase(value, "no")
                 ? ""
                 : "argument must be 'yes' or 'no'";
    case Takes::kNumber:
      return WhyNotNumber(setting, value);
    case Takes::kMemory:
      return WhyNotMemory(setting, value);
    case Takes::kPolicy:
      return std::ranges::any_of(kPolicies,
                                 [&](auto policy) { return EqualsIgnoreCase(value, policy); })
                 ? ""
                 : "argument(s) must be one of the following: volatile-lru, volatile-lfu, "
                   "volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, "
                   "noeviction";
    case Takes::kText:
      break;
  }
  return "";
}

std::span<const AcceptedSetting> AcceptedSettings() {
  return kSettings;
}

const AcceptedSetting* FindAcceptedSetting(std::string_view name) {
  const auto found = std::ranges::lower_bound(kSettings, name, {}, &AcceptedSetting::name);
  return found != std::end(kSettings) && found->name == name ? &*found : nullptr;
}

}  // namespace server
