#include "server/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace server {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

ProcessUsage MeasureProcess() {
  ProcessUsage usage;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::uint64_t program_pages = 0;
  std::uint64_t resident_pages = 0;
  if (std::ifstream("/proc/self/statm") >> program_pages >> resident_pages) {
    usage.resident_bytes = resident_pages * page;
  }
  usage.machine_memory_bytes = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page;
  usage.process_id = getpid();
  rusage times{};
  if (getrusage(RUSAGE_SELF, &times) == 0) {
    usage.peak_resident_bytes = static_cast<std::uint64_t>(times.ru_maxrss) * 1024;
    usage.cpu_system_seconds = Seconds(times.ru_stime);
    usage.cpu_user_seconds = Seconds(times.ru_utime);
  }
  return usage;
}

}  // namespace server
