// Counters for INFO.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

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
};

}  // namespace server
