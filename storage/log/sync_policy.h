// When the log is synced: `appendfsync`.
#pragma once

#include <cstdint>

#include "storage/log/log.h"

namespace storage {

enum class SyncPolicy { kAlways, kEverySecond, kNo };

inline constexpr std::int64_t kEverySecondMs = 1000;

// Whether to call BeginSync() now. `last_sync_ms` is when the last sync began, on the same
// monotonic clock as `now_ms`.
bool SyncIsDue(SyncPolicy policy, const Log& log, std::int64_t now_ms, std::int64_t last_sync_ms);

}  // namespace storage
