// All that is decided of a run before it begins: who is there with which settings, what clients do,
// what goes wrong, what is checked besides what always is. Drawn from a seed, or read from a
// scenario.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "geo-config/config.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/expectation.h"
#include "tests/simulation/schedule.h"
#include "tests/simulation/workload.h"

namespace simulation {

struct NodePlan {
  geo_config::Config config;
  std::int64_t skew_ms = 0;  // Of its clock.
};

struct ClientPlan {
  crdt::RegionId region = 1;
  Workload::Options workload;
  std::int64_t most_pause_ms = 25;  // Between a reply and the next command.
  std::int64_t patience_ms = 1500;  // For a reply.
};

struct RunPlan {
  std::vector<geo_config::RegionEntry> regions;
  std::vector<NodePlan> nodes;  // By their numbers: region by region.
  std::vector<ClientPlan> clients;
  std::int64_t most_latency_ms = 3;
  std::int64_t active_ms = 0;            // Clients and faults end then.
  std::int64_t convergence_ms = 25'000;  // Everything is equal so long after the last fault.
  Schedule schedule;
  std::vector<Expectation> expectations;
  Dice dice{0};  // For what is drawn during the run.

  std::string NameOfNode(NodeNumber node) const;
  // The others' files do not list it: it has to be added.
  void Unlist(crdt::RegionId region);
};

// Nodes of regions that have names and numbers of nodes, with host names as the network has them.
std::vector<geo_config::RegionEntry> MakeRegions(const std::vector<std::string>& names,
                                                 const std::vector<int>& nodes);
// What all simulated nodes have in common.
geo_config::Config MakeConfig(const std::vector<geo_config::RegionEntry>& regions,
                              crdt::RegionId region, std::uint32_t ordinal);

// What a seed draws.
RunPlan DrawPlan(std::uint64_t seed);

}  // namespace simulation
