// Makes a schedule happen, and heals everything in the end.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/dice.h"
#include "tests/simulation/schedule.h"
#include "tests/simulation/simulated_node.h"

namespace simulation {

class Faults {
 public:
  // `without`: numbers, from 0, of faults that do not happen after all.
  Faults(World world, std::vector<SimulatedNode*> nodes, const Schedule& schedule,
         const std::set<int>& without, std::int64_t most_latency_ms, Dice dice);

  // From now on nothing is wrong: links, disks and clocks are right and every node runs.
  void HealAll();
  // Called now and then after HealAll: what stopped all the same is started again.
  void KeepRunning();
  const std::map<std::string, int>& counted() const { return counted_; }
  // Regions that were to be added or removed are, and all who have to know know it.
  bool settled() const { return unsettled_ == 0; }
  // It was asked for that the region is removed.
  bool MayBeRemoved(crdt::RegionId region) const { return to_remove_.contains(region); }
  // The nodes of regions that were removed: what they have binds nobody any more.
  const Promises::Disks& gone() const { return gone_; }
  // How long the next step is in which time passes.
  std::int64_t TakeStep();
  // How much of the time has passed in leaps.
  std::int64_t leapt_ms() const { return leapt_ms_; }

 private:
  void Happen(const Fault& fault);
  void HappenToNode(const Fault& fault, SimulatedNode& node);
  // Tells and counts what has really happened.
  void Count(const Fault& fault) { ++counted_[std::string(DescribeFault(fault.kind).name)]; }
  void Tell(const std::string& line) { world_.story.Tell(line); }
  // Undoes something when the fault is over.
  void Later(std::int64_t for_ms, std::function<void()> undo);
  void ForEachPair(const Fault& fault, const std::function<void(NodeNumber, NodeNumber)>& visit);
  void Do(const Fault& fault);
  void Cut(const Fault& fault, bool both_ways);
  void BreakConnections(const Fault& fault);
  void Delay(const Fault& fault);
  void SlowLinks(const Fault& fault);
  void StopAtStep(const Fault& fault, SimulatedNode& node);
  void StopMidway(const Fault& fault, SimulatedNode& node);
  void AddRegion(const Fault& fault);
  void RemoveRegion(const Fault& fault);
  void ForceRegionOut(const Fault& fault);
  // Again and again until it is true.
  void Pursue(std::function<bool()> attempt);
  bool AskOthers(crdt::RegionId region, const std::vector<std::string>& words);
  std::vector<SimulatedNode*> Others(crdt::RegionId region) const;
  bool AreRemoved(const Fault& fault) const;
  void CheckThatOthersHaveAll(const Fault& fault) const;
  void Freeze(const Fault& fault, SimulatedNode& node);
  void StopCleanly(const Fault& fault, SimulatedNode& node);
  void Promote(const Fault& fault, SimulatedNode& node);
  void JumpClock(const Fault& fault, SimulatedNode& node);
  void LetClockDrift(const Fault& fault, SimulatedNode& node);
  void FillDisk(const Fault& fault, SimulatedNode& node);
  void FailSync(const Fault& fault, SimulatedNode& node);
  void SlowSync(const Fault& fault, SimulatedNode& node);
  void FailReads(const Fault& fault, SimulatedNode& node);
  void Damage(const Fault& fault, SimulatedNode& node);
  void EmptyDirectory(const Fault& fault, SimulatedNode& node);
  void RestoreSnapshot(const Fault& fault, SimulatedNode& node);
  void RestoreDirectory(const Fault& fault, SimulatedNode& node);
  void CloneDirectory(const Fault& fault);
  void CrashLater(const Fault& fault, SimulatedNode& node);
  void StartLater(const Fault& fault, SimulatedNode& node);
  void PromoteWhereNobodyLeads();
  void PromoteMostAdvanced(const std::vector<SimulatedNode*>& region);
  // Epochs are never used up in a run: what takes new ones stops in time.
  bool EpochsLeft(SimulatedNode& node);
  std::string NamesOf(const std::vector<NodeNumber>& nodes) const;
  static std::string Lasting(const Fault& fault);

  World world_;
  Dice dice_;
  std::vector<SimulatedNode*> nodes_;
  std::int64_t most_latency_ms_;
  std::int64_t pace_ms_ = 1;
  std::int64_t leap_ms_ = 0;  // That comes next.
  std::int64_t leapt_ms_ = 0;
  bool healed_ = false;
  int unsettled_ = 0;
  Promises::Disks gone_;
  std::set<crdt::RegionId> to_remove_;
  std::map<std::string, int> counted_;
};

}  // namespace simulation
