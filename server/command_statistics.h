// How often each command was called, and how long that took: INFO commandstats and latencystats,
// LATENCY HISTOGRAM.
//
// Reading a clock twice costs a good part of what a GET costs. So the first calls of a command are
// timed, and then one of sixteen, which stands for those since the last timed one; after a slow
// call every call is timed until one is fast again. Whether a call is timed never depends on how
// long that call takes, so the sums are right on average, and exact of what is slow or rare.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/container/flat_hash_map.h"
#include "server/latency_histogram.h"

namespace server {

struct CommandSpec;

class CommandCalls {
 public:
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;    // Were carried out and answered an error.
  std::uint64_t rejected = 0;  // Were not carried out.

  // Before each call: whether this one is to be timed.
  bool Begin(bool time_all) { return ++since_timed_ >= stride_ || time_all; }
  // After a call that Begin has chosen.
  void AddTime(std::uint64_t usec);

  // Microseconds of all calls, as far as that is known.
  std::uint64_t usec() const;
  const LatencyHistogram& latencies() const { return latencies_; }

 private:
  static constexpr std::uint64_t kStride = 16;
  static constexpr std::uint64_t kFirstCalls = 16;
  static constexpr std::uint64_t kSlowUsec = 64;

  std::uint64_t stride_ = 1;
  std::uint64_t since_timed_ = 0;  // Calls since the last timed one, with the present one.
  std::uint64_t represented_ = 0;  // Calls for which timed ones stand, they included.
  std::uint64_t represented_usec_ = 0;
  LatencyHistogram latencies_;
};

class CommandStatistics {
 public:
  // Stays where it is, also over Reset().
  CommandCalls& Of(const CommandSpec& spec) {
    Recent& recent = recent_[reinterpret_cast<std::uintptr_t>(&spec) / kSpacing % kRecent];
    if (recent.spec != &spec) recent = {&spec, &Known(spec)};
    return *recent.calls;
  }
  // Null where it was never called.
  const CommandCalls* Find(const CommandSpec& spec) const;
  void Reset();

 private:
  // Which of those that share a place was asked for last: most calls are of a few commands.
  struct Recent {
    const CommandSpec* spec = nullptr;
    CommandCalls* calls = nullptr;
  };
  static constexpr std::uintptr_t kSpacing = 64;  // They are larger.
  static constexpr std::size_t kRecent = 64;

  CommandCalls& Known(const CommandSpec& spec);

  std::array<Recent, kRecent> recent_;
  std::deque<CommandCalls> all_;
  absl::flat_hash_map<const CommandSpec*, CommandCalls*> calls_;
};

}  // namespace server
