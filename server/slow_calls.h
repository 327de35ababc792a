// What is kept of calls that took long, where a setting asks for it.
#pragma once

#include "server/latency_monitor.h"
#include "server/slow_log.h"

namespace server {

struct SlowCalls {
  SlowLog log;             // slowlog-log-slower-than
  LatencyMonitor latency;  // latency-monitor-threshold
};

}  // namespace server
