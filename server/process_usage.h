// What the process takes of the machine, for INFO.
#pragma once

#include <cstdint>
#include <string>

namespace server {

struct ProcessUsage {
  std::uint64_t allocated_bytes = 0;  // What the program has asked for and not given back.
  std::uint64_t resident_bytes = 0;
  std::uint64_t peak_resident_bytes = 0;
  std::uint64_t machine_memory_bytes = 0;
  double cpu_system_seconds = 0;
  double cpu_user_seconds = 0;
  std::int64_t process_id = 0;
};

ProcessUsage MeasureProcess();
// "jemalloc-5.3.0" or "libc".
std::string AllocatorName();

}  // namespace server
