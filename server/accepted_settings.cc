#include "server/accepted_settings.h"

#include <algorithm>

namespace server {
namespace {

constexpr AcceptedSetting kSettings[] = {
    {"activedefrag", "no"},
    {"activerehashing", "yes"},
    {"aof-load-truncated", "yes"},
    {"aof-use-rdb-preamble", "no"},
    {"appendfilename", "appendonly.aof", WhenSet::kRefused},
    {"auto-aof-rewrite-min-size", "67108864"},
    {"auto-aof-rewrite-percentage", "0"},
    {"busy-reply-threshold", "5000"},
    {"cluster-enabled", "no", WhenSet::kRefused},
    {"daemonize", "no", WhenSet::kRefused},
    {"databases", "1", WhenSet::kRefused},
    {"dbfilename", ""},
    {"dynamic-hz", "yes"},
    {"hash-max-listpack-entries", "512"},
    {"hash-max-listpack-value", "64"},
    {"hash-max-ziplist-entries", "512"},
    {"hash-max-ziplist-value", "64"},
    {"hll-sparse-max-bytes", "3000"},
    {"hz", "10"},
    {"io-threads", "1", WhenSet::kRefused},
    {"latency-monitor-threshold", "0"},
    {"latency-tracking", "no"},
    {"lazyfree-lazy-eviction", "no"},
    {"lazyfree-lazy-expire", "no"},
    {"lazyfree-lazy-server-del", "no"},
    {"lazyfree-lazy-user-del", "no"},
    {"lazyfree-lazy-user-flush", "no"},
    {"list-compress-depth", "0"},
    {"list-max-listpack-size", "-2"},
    {"list-max-ziplist-size", "-2"},
    {"lua-time-limit", "5000"},
    {"maxmemory", "0"},
    {"maxmemory-clients", "0"},
    {"maxmemory-policy", "noeviction"},
    {"maxmemory-samples", "5"},
    {"min-replicas-max-lag", "10"},
    {"min-replicas-to-write", "0"},
    {"min-slaves-max-lag", "10"},
    {"min-slaves-to-write", "0"},
    {"no-appendfsync-on-rewrite", "no"},
    {"notify-keyspace-events", ""},
    {"rdbchecksum", "yes", WhenSet::kRefused},
    {"rdbcompression", "yes"},
    {"repl-backlog-size", "1048576"},
    {"repl-backlog-ttl", "3600"},
    {"repl-diskless-sync", "yes"},
    {"replica-read-only", "yes"},
    {"replica-serve-stale-data", "yes"},
    {"replicaof", "", WhenSet::kRefused},
    {"save", ""},
    {"set-max-intset-entries", "512"},
    {"set-max-listpack-entries", "128"},
    {"set-max-listpack-value", "64"},
    {"slave-read-only", "yes"},
    {"slave-serve-stale-data", "yes"},
    {"slaveof", "", WhenSet::kRefused},
    {"slowlog-log-slower-than", "-1"},
    {"slowlog-max-len", "128"},
    {"stop-writes-on-bgsave-error", "yes"},
    {"stream-node-max-bytes", "4096"},
    {"stream-node-max-entries", "100"},
    {"tcp-backlog", "511", WhenSet::kRefused},
    {"tracking-table-max-keys", "1000000"},
    {"zset-max-listpack-entries", "128"},
    {"zset-max-listpack-value", "64"},
    {"zset-max-ziplist-entries", "128"},
    {"zset-max-ziplist-value", "64"},
};
static_assert(std::ranges::is_sorted(kSettings, {}, &AcceptedSetting::name));

}  // namespace

std::span<const AcceptedSetting> AcceptedSettings() {
  return kSettings;
}

const AcceptedSetting* FindAcceptedSetting(std::string_view name) {
  const auto found = std::ranges::lower_bound(kSettings, name, {}, &AcceptedSetting::name);
  return found != std::end(kSettings) && found->name == name ? &*found : nullptr;
}

}  // namespace server
