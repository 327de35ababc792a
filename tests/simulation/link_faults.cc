// Faults: of links.
#include "tests/simulation/faults.h"

namespace simulation {

// --- Network -------------------------------------------------------------------------------------

void Faults::ForEachPair(const Fault& fault,
                         const std::function<void(NodeNumber, NodeNumber)>& visit) {
  for (const NodeNumber one : fault.nodes) {
    for (const NodeNumber other : fault.others) {
      if (one != other) visit(one, other);
    }
  }
}

void Faults::Cut(const Fault& fault, bool both_ways) {
  Count(fault);
  Tell((both_ways ? "nothing gets between " : "nothing gets from ") + NamesOf(fault.nodes) +
       (both_ways ? " and " : " to ") + NamesOf(fault.others) + Lasting(fault));
  const auto cut = [&](NodeNumber from, NodeNumber to) {
    world_.network.Cut(from, to);
    Later(fault.for_ms, [this, from, to] { world_.network.Heal(from, to); });
  };
  ForEachPair(fault, [&](NodeNumber one, NodeNumber other) {
    cut(one, other);
    if (both_ways) cut(other, one);
  });
}

void Faults::BreakConnections(const Fault& fault) {
  int broken = 0;
  ForEachPair(fault, [&](NodeNumber one, NodeNumber other) {
    if (fault.kind == FaultKind::kHalfOpen) {
      broken += world_.network.LeaveHalfOpen(one, other);
    } else if (fault.kind == FaultKind::kBreakMidway) {
      broken += world_.network.BreakMidway(one, other);
    } else {
      broken += world_.network.Reset(one, other);
    }
  });
  if (broken == 0) return;
  Count(fault);
  const bool half_open = fault.kind == FaultKind::kHalfOpen;
  Tell("the connections of " + NamesOf(fault.nodes) + " and " + NamesOf(fault.others) + " break" +
       (half_open ? ", and " + NamesOf(fault.nodes) + " takes them for alive" : ""));
}

void Faults::Delay(const Fault& fault) {
  Count(fault);
  Tell("what " + NamesOf(fault.nodes) + " sends to " + NamesOf(fault.others) + " takes up to " +
       std::to_string(fault.amount) + " ms longer" + Lasting(fault));
  ForEachPair(fault, [&](NodeNumber from, NodeNumber to) {
    world_.network.Delay(from, to, fault.amount);
    Later(fault.for_ms, [this, from, to] { world_.network.Delay(from, to, 0); });
  });
}

void Faults::SlowLinks(const Fault& fault) {
  Count(fault);
  Tell("all links take up to " + std::to_string(fault.amount) + " ms" + Lasting(fault));
  world_.network.SetLatency(1, fault.amount);
  Later(fault.for_ms, [this] { world_.network.SetLatency(1, most_latency_ms_); });
}

}  // namespace simulation
