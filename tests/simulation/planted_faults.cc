#include "tests/simulation/planted_faults.h"

namespace simulation {

std::span<const PlantedFault> PlantedFaults() {
  static constexpr PlantedFault kFaults[] = {
      {Planted::kIdentityReused, "identity-reused", 200},
      {Planted::kRepliesAtOnce, "replies-at-once", 50},
      {Planted::kRepliesBeforeSync, "replies-before-sync", 100},
      {Planted::kSyncLies, "sync-lies", 50},
  };
  return kFaults;
}

std::unique_ptr<server::ShardNode> MakeNode(Planted, geo_config::Config config,
                                            server::Environment environment) {
  return std::make_unique<server::ShardNode>(std::move(config), std::move(environment));
}

SimulatedNetwork::Tamper MakeTamper(Planted) {
  return {};
}

}  // namespace simulation
