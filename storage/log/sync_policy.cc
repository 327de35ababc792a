#include "storage/log/sync_policy.h"

namespace storage {

bool SyncIsDue(SyncPolicy policy, const Log& log, std::int64_t now_ms, std::int64_t last_sync_ms) {
  if (!log.on_disk() || log.failed() || log.syncing()) return false;
  if (log.has_dropped()) return true;
  if (log.durable() == log.written()) return false;
  switch (policy) {
    case SyncPolicy::kAlways:
      return true;
    case SyncPolicy::kEverySecond:
      return now_ms - last_sync_ms >= kEverySecondMs;
    // A finished segment is synced even so: its seal tells recovery what was durable, and what the
    // kernel holds back stays bounded by a segment.
    case SyncPolicy::kNo:
      return log.finished_segment_waits();
  }
  return false;
}

}  // namespace storage
