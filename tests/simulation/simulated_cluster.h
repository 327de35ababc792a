// A whole deployment in one thread: production nodes on simulated machines, with clients and
// faults, as a plan has them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/expectation_checker.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/run_plan.h"
#include "tests/simulation/simulated_client.h"
#include "tests/simulation/simulated_node.h"

namespace simulation {

struct Outcome {
  std::string violation;  // Empty: all promises were kept.
  std::uint64_t hash = 0;
  std::int64_t ended_ms = 0;
  std::int64_t simulated_ms = 0;  // Without what passed in leaps.
  std::uint64_t commands = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t records = 0;
  std::map<std::string, int> faults;
  std::map<std::string, std::uint64_t> conflicts;  // By rule.
  int faults_drawn = 0;
  std::size_t nodes = 0;
};

// What is left out of a seed's run, to find out what its failure needs.
struct Without {
  std::set<int> faults;                   // Their numbers, from 0.
  std::optional<std::int64_t> behind_ms;  // Clients and faults end here.
};

class SimulatedCluster {
 public:
  SimulatedCluster(RunPlan plan, Story::Telling telling, Planted planted, const Without& without);

  Outcome Run();

 private:
  void MakeNodes();
  void MakeClients();
  // What happens in the next step of time.
  void Advance();
  // What happens in the next step of time, once clients and faults have ended.
  void AdvanceInQuiet();
  void Converge();
  bool Equal();
  // The nodes of regions that were not removed.
  std::vector<SimulatedNode*> Members() const;
  // Until nobody holds anything but the data.
  void ComeToRest();
  std::string Differences();
  // What a node shows and should not, computed from the records that it has; empty: nothing.
  std::string CompareWithModel(SimulatedNode& node);

  EventQueue events_;
  Story story_;
  RunPlan plan_;
  Planted planted_;
  std::unique_ptr<SimulatedNetwork> network_;
  std::unique_ptr<History> history_;
  std::unique_ptr<Promises> promises_;
  std::vector<std::unique_ptr<SimulatedNode>> nodes_;
  std::vector<SimulatedNode*> all_;
  std::vector<std::unique_ptr<SimulatedClient>> clients_;
  std::int64_t next_restart_ms_ = 0;  // Of what does not run, once all is healed.
  std::unique_ptr<Faults> faults_;
  std::unique_ptr<ExpectationChecker> expectations_;
};

Outcome RunPlanned(RunPlan plan, Story::Telling telling, Planted planted = Planted::kNone,
                   const Without& without = {});
// One seed, from its beginning to its end.
Outcome RunSeed(std::uint64_t seed, Story::Telling telling, Planted planted,
                const Without& without = {});

}  // namespace simulation
