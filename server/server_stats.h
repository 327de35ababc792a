// Counters for INFO.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "server/command_statistics.h"

namespace server {

struct ServerStats {
  std::uint64_t connections_received = 0;
  std::uint64_t rejected_connections = 0;
  std::uint64_t commands_processed = 0;
  std::uint64_t error_replies = 0;
  std::map<std::string, std::uint64_t, std::less<>> errors_by_code;  // "ERR", "WRONGTYPE", …
  std::uint64_t keyspace_hits = 0;
  std::uint64_t keyspace_misses = 0;
  std::uint64_t expired_keys = 0;
  std::uint64_t net_input_bytes = 0;
  std::uint64_t net_output_bytes = 0;
  std::uint64_t output_limit_disconnections = 0;
  CommandStatistics commands;

  // CONFIG RESETSTAT. What `commands` has given out stays valid.
  void Reset() {
    CommandStatistics kept = std::move(commands);
    kept.Reset();
    *this = {};
    commands = std::move(kept);
  }
};

}  // namespace server
