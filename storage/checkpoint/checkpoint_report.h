// How checkpoints go: plain values for INFO, SAVE and the log.
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/log/log_position.h"

namespace storage {

struct CheckpointReport {
  bool running = false;
  bool last_failed = false;    // The store did not take what it was given; it is tried again.
  LogPosition begin = 0;       // Where a restart begins to replay.
  std::uint64_t finished = 0;  // Cycles since the start.
  std::int64_t last_finished_unix_ms = 0;  // 0: none.
  std::int64_t last_took_ms = 0;
  std::int64_t began_unix_ms = 0;    // Of the running one.
  std::uint64_t rows = 0;            // Written since the start.
  std::uint64_t changes = 0;         // That the last one does not have, repetitions included.
  std::uint64_t disk_bytes = 0;      // That the checkpoint takes.
  std::int64_t longest_turn_us = 0;  // That clients had to wait for it at once, since the start.
};

// Of a start whose keys are not all in memory yet.
struct LoadProgress {
  std::int64_t began_unix_ms = 0;
  std::size_t partitions = 0;    // Of kPartitions, that are in memory.
  std::uint64_t disk_bytes = 0;  // Of all that is to be loaded.
};

}  // namespace storage
