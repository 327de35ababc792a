// What the process takes of the machine, for INFO.
#pragma once

#include <cstdint>
#include <string>

namespace server {

struct ProcessUsage {
  std::uint64_t allocated_bytes = 0;  // What the program has asked for and not given back.
  std::uint64_t active_bytes = 0;     // Of the pages that hold it.
  std::uint64_t mapped_bytes = 0;     // Of all pages that the allocator keeps in memory.
  std::uint64_t resident_bytes = 0;
  std::uint64_t peak_resident_bytes = 0;
  std::uint64_t machine_memory_bytes = 0;
  double cpu_system_seconds = 0;
  double cpu_user_seconds = 0;
  std::int64_t process_id = 0;
};

ProcessUsage MeasureProcess();
// Has the allocator give back to the system what it keeps and does not need.
void PurgeAllocator();
// From now on new threads give back at once what they free in whole pages: those that write a
// checkpoint take much for a moment and then sleep.
void KeepNothingForNewThreads();
// What the allocator tells of itself, for its experts; empty where it tells nothing.
std::string AllocatorReport();
// "jemalloc-5.3.0" or "libc".
std::string AllocatorName();

}  // namespace server
