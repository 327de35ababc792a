#include "server/accepted_settings.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "server/commands/letter_case.h"

namespace server {
namespace {

constexpr AcceptedSetting kSettings[] = {
    {"activedefrag", "no", Takes::kYesNo},
    {"activerehashing", "yes", Takes::kYesNo},
    {"aof-load-truncated", "yes", Takes::kYesNo},
    {"aof-use-rdb-preamble", "no", Takes::kYesNo},
    {"appendfilename", "appendonly.aof", Takes::kNothing},
    {"auto-aof-rewrite-min-size", "67108864", Takes::kMemory},
    {"auto-aof-rewrite-percentage", "0", Takes::kNumber},
    {"busy-reply-threshold", "5000", Takes::kNumber},
    {"cluster-enabled", "no", Takes::kNothing},
    {"daemonize", "no", Takes::kNothing},
    {"databases", "1", Takes::kNothing},
    {"dbfilename", "", Takes::kText},
    {"dynamic-hz", "yes", Takes::kYesNo},
    {"hash-max-listpack-entries", "512", Takes::kNumber},
    {"hash-max-listpack-value", "64", Takes::kNumber},
    {"hash-max-ziplist-entries", "512", Takes::kNumber},
    {"hash-max-ziplist-value", "64", Takes::kNumber},
    {"hll-sparse-max-bytes", "3000", Takes::kMemory},
    {"hz", "10", Takes::kNumber},
    {"io-threads", "1", Takes::kNothing},
    {"latency-tracking", "yes", Takes::kYesNo},
    {"latency-tracking-info-percentiles", "50 99 99.9", Takes::kText},
    {"lazyfree-lazy-eviction", "no", Takes::kYesNo},
    {"lazyfree-lazy-expire", "no", Takes::kYesNo},
    {"lazyfree-lazy-server-del", "no", Takes::kYesNo},
    {"lazyfree-lazy-user-del", "no", Takes::kYesNo},
    {"lazyfree-lazy-user-flush", "no", Takes::kYesNo},
    {"list-compress-depth", "0", Takes::kNumber},
    {"list-max-listpack-size", "-2", Takes::kNumber},
    {"list-max-ziplist-size", "-2", Takes::kNumber},
    {"lua-time-limit", "5000", Takes::kNumber},
    {"maxmemory", "0", Takes::kMemory},
    {"maxmemory-clients", "0", Takes::kMemory},
    {"maxmemory-policy", "noeviction", Takes::kPolicy},
    {"maxmemory-samples", "5", Takes::kNumber},
    {"min-replicas-max-lag", "10", Takes::kNumber},
    {"min-replicas-to-write", "0", Takes::kNumber},
    {"min-slaves-max-lag", "10", Takes::kNumber},
    {"min-slaves-to-write", "0", Takes::kNumber},
    {"no-appendfsync-on-rewrite", "no", Takes::kYesNo},
    {"notify-keyspace-events", "", Takes::kText},
    {"rdbchecksum", "yes", Takes::kNothing},
    {"rdbcompression", "yes", Takes::kYesNo},
    {"repl-backlog-size", "1048576", Takes::kMemory},
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
    {"zset-max-listpack-value", "64", Takes::kNumber},
    {"zset-max-ziplist-entries", "128", Takes::kNumber},
    {"zset-max-ziplist-value", "64", Takes::kNumber},
};
static_assert(std::ranges::is_sorted(kSettings, {}, &AcceptedSetting::name));

constexpr std::string_view kPolicies[] = {
    "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
    "allkeys-lru",  "allkeys-lfu",  "allkeys-random",  "noeviction",
};

bool IsInteger(std::string_view word) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size();
}

// "100", "100mb", "-0": a number and a unit, and no negative number but of percent.
bool IsMemory(std::string_view word) {
  const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
  if (digits == 0 || !IsInteger(word.substr(0, digits))) return false;
  const std::string unit = LowerCase(word.substr(digits));
  constexpr std::string_view kUnits[] = {"", "b", "k", "kb", "m", "mb", "g", "gb"};
  return std::ranges::find(kUnits, unit) != std::end(kUnits);
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
      return IsInteger(value) ? "" : "argument couldn't be parsed into an integer";
    case Takes::kMemory:
      return IsMemory(value) ? "" : "argument must be a memory value";
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
