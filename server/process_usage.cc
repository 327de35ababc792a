#include "server/process_usage.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

// Of jemalloc, where the program is linked with it; the sanitizers bring an allocator of their own.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old, std::size_t* old_size,
                                             void* fresh, std::size_t fresh_size);

extern "C" __attribute__((weak)) void malloc_stats_print(void (*write)(void*, const char*),
                                                         void* opaque, const char* options);

namespace server {
namespace {

template <class T>
bool AskAllocator(const char* name, T& answer) {
  std::size_t size = sizeof answer;
  return mallctl != nullptr && mallctl(name, &answer, &size, nullptr, 0) == 0;
}

std::uint64_t AllocatedBytes() {
  // Its counts are those of the last epoch.
  std::uint64_t epoch = 1;
  if (mallctl != nullptr) mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch);
  std::size_t allocated = 0;
  return AskAllocator("stats.allocated", allocated) ? allocated : mallinfo2().uordblks;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

std::string AllocatorName() {
  const char* version = nullptr;
  if (!AskAllocator("version", version)) return "libc";
  const std::string text = version;  // "5.3.0-0-g54eaed1d…"
  return "jemalloc-" + text.substr(0, text.find('-'));
}

void PurgeAllocator() {
  if (mallctl == nullptr) {
    malloc_trim(0);
    return;
  }
  // 4096: jemalloc's MALLCTL_ARENAS_ALL.
  mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

void KeepNothingForNewThreads() {
  // Each thread gets an arena that is made for it, and that takes over this time.
  ssize_t decay_ms = 0;
  if (mallctl != nullptr) {
    mallctl("arenas.dirty_decay_ms", nullptr, nullptr, &decay_ms, sizeof decay_ms);
  }
}

std::string AllocatorReport() {
  std::string report;
  if (malloc_stats_print != nullptr) {
    malloc_stats_print([](void* out, const char* text) { *static_cast<std::string*>(out) += text; },
                       &report, nullptr);
  }
  return report;
}

ProcessUsage MeasureProcess() {
  ProcessUsage usage;
  usage.allocated_bytes = AllocatedBytes();
  std::size_t bytes = 0;
  usage.active_bytes = AskAllocator("stats.active", bytes) ? bytes : usage.allocated_bytes;
  usage.mapped_bytes = AskAllocator("stats.resident", bytes) ? bytes : usage.allocated_bytes;
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
