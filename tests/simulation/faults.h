// What goes wrong, when, and how it is healed again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/dice.h"
#include "tests/simulation/simulated_node.h"

namespace simulation {

class Faults {
 public:
  // `without`: numbers, from 0, of faults that do not happen after all.
  Faults(World world, std::vector<SimulatedNode*> nodes, Dice dice, std::set<int> without);

  // Plans faults until `until_ms`.
  void Begin(std::int64_t until_ms);
  // From now on nothing is wrong: links, disks and clocks are right and every node runs.
  void HealAll();
  // Called now and then after HealAll: what stopped all the same is started again.
  void KeepRunning();
  const std::map<std::string, int>& counted() const { return counted_; }
  // How many were drawn, those included that did not happen.
  int drawn() const { return drawn_; }

 private:
  enum class Kind {
    kPartition,
    kOneWayCut,
    kIsolation,
    kReset,
    kFlapping,
    kSlowLinks,
    kKill,
    kMachineCrash,
    kFreeze,
    kPromotion,
    kClockJump,
    kDiskFull,
    kFailingSync,
    kCleanStop,
    kStopMidway,
  };

  void PlanNext();
  void PromoteWhereNobodyLeads();
  void Happen(Kind kind);
  void Count(const std::string& what) { ++counted_[what]; }
  void Cut(NodeNumber from, NodeNumber to, std::int64_t for_ms);
  void Partition();
  void OneWayCut();
  void Isolate();
  void Reset();
  void Flap();
  void SlowLinks();
  void Kill();
  void CrashMachine();
  void Freeze();
  void Promote();
  void JumpClock();
  void FillDisk();
  void FailSync();
  void StopCleanly();
  void StopMidway();
  void StartLater(SimulatedNode& node, std::int64_t least_ms, std::int64_t most_ms);
  SimulatedNode& AnyNode() { return *dice_.Pick(nodes_); }
  // Epochs are never used up in a run: what takes new ones stops in time.
  bool EpochsLeft(SimulatedNode& node);
  std::int64_t Duration();

  World world_;
  std::vector<SimulatedNode*> nodes_;
  Dice draws_;  // When which kind.
  Dice dice_;   // What the present one does: of its own, so that the others stay as they are.
  std::set<int> without_;
  int drawn_ = 0;
  std::vector<Kind> kinds_;  // That this run has; more often those that stand there twice.
  std::int64_t pause_ms_ = 500;
  std::int64_t until_ms_ = 0;
  std::map<std::string, int> counted_;
};

}  // namespace simulation
