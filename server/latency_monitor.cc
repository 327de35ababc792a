#include "server/latency_monitor.h"

#include <algorithm>

namespace server {

void LatencyMonitor::Add(std::string_view event, std::int64_t unix_s, std::int64_t ms) {
  auto found = events_.find(event);
  if (found == events_.end()) found = events_.emplace(event, Series()).first;
  Series& series = found->second;
  series.worst_ms = std::max(series.worst_ms, ms);
  if (!series.samples.empty() && series.samples.back().unix_s == unix_s) {
    series.samples.back().ms = std::max(series.samples.back().ms, ms);
    return;
  }
  series.samples.push_back({unix_s, ms});
  if (series.samples.size() > kMostSamples) series.samples.pop_front();
}

bool LatencyMonitor::Forget(std::string_view event) {
  const auto found = events_.find(event);
  if (found == events_.end()) return false;
  events_.erase(found);
  return true;
}

}  // namespace server
