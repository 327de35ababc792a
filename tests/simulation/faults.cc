#include "tests/simulation/faults.h"

#include <algorithm>
#include <utility>

namespace simulation {

namespace {

// Of 64: a run does not use them up.
constexpr crdt::Epoch kMostEpoch = 44;
// A node that was told to stop has so long for it.
constexpr std::int64_t kStoppingMs = 3000;

}  // namespace

Faults::Faults(World world, std::vector<SimulatedNode*> nodes, const Schedule& schedule,
               const std::set<int>& without, std::int64_t most_latency_ms, Dice dice)
    : world_(world), dice_(dice), nodes_(std::move(nodes)), most_latency_ms_(most_latency_ms) {
  int number = 0;
  for (const Fault& fault : schedule) {
    // Time passes all the same.
    if (without.contains(number++) && fault.kind != FaultKind::kLeap) continue;
    world_.events.At(fault.at_ms, [this, fault] {
      if (!healed_) Happen(fault);
    });
  }
}

void Faults::Later(std::int64_t for_ms, std::function<void()> undo) {
  if (for_ms != Fault::kForGood) world_.events.After(for_ms, std::move(undo));
}

std::int64_t Faults::TakeStep() {
  const std::int64_t leap_ms = std::exchange(leap_ms_, 0);
  leapt_ms_ += leap_ms;
  return leap_ms > 0 ? leap_ms : pace_ms_;
}

void Faults::Happen(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kPartition:
      return Cut(fault, true);
    case FaultKind::kOneWayCut:
      return Cut(fault, false);
    case FaultKind::kReset:
    case FaultKind::kBreakMidway:
    case FaultKind::kHalfOpen:
      return BreakConnections(fault);
    case FaultKind::kDelay:
      return Delay(fault);
    case FaultKind::kSlowLinks:
      return SlowLinks(fault);
    case FaultKind::kClonedDirectory:
      return CloneDirectory(fault);
    case FaultKind::kAddedRegion:
      return AddRegion(fault);
    case FaultKind::kRemovedRegion:
      return RemoveRegion(fault);
    case FaultKind::kRegionForcedOut:
      return ForceRegionOut(fault);
    case FaultKind::kCommand:
      return Do(fault);
    case FaultKind::kPace:
      Tell("time passes in steps of " + std::to_string(fault.amount) + " ms");
      pace_ms_ = fault.amount;
      return;
    case FaultKind::kLeap:
      Count(fault);
      Tell(std::to_string(fault.amount) + " ms pass at once");
      leap_ms_ += fault.amount;
      return;
    default:
      for (const NodeNumber node : fault.nodes) HappenToNode(fault, *nodes_[node]);
  }
}

void Faults::HappenToNode(const Fault& fault, SimulatedNode& node) {
  switch (fault.kind) {
    case FaultKind::kKill:
      if (!node.running()) return;
      Count(fault);
      node.Kill();
      return StartLater(fault, node);
    case FaultKind::kMachineCrash:
      if (!node.running() || !EpochsLeft(node)) return;
      Count(fault);
      node.CrashMachine();
      return StartLater(fault, node);
    case FaultKind::kKillAtStep:
    case FaultKind::kCrashAtStep:
      return StopAtStep(fault, node);
    case FaultKind::kStopMidway:
      return StopMidway(fault, node);
    case FaultKind::kFreeze:
      return Freeze(fault, node);
    case FaultKind::kCleanStop:
      return StopCleanly(fault, node);
    case FaultKind::kStart:
      node.BootMachine();
      return node.Start();
    case FaultKind::kPromotion:
      return Promote(fault, node);
    case FaultKind::kClockJump:
      return JumpClock(fault, node);
    case FaultKind::kClockDrift:
      return LetClockDrift(fault, node);
    case FaultKind::kDiskFull:
      return FillDisk(fault, node);
    case FaultKind::kFailingSync:
      return FailSync(fault, node);
    case FaultKind::kSlowSync:
      return SlowSync(fault, node);
    case FaultKind::kFailingReads:
      return FailReads(fault, node);
    case FaultKind::kFlippedBit:
    case FaultKind::kLostWrite:
    case FaultKind::kMisdirectedWrite:
      return Damage(fault, node);
    case FaultKind::kEmptyDirectory:
      return EmptyDirectory(fault, node);
    case FaultKind::kRestoredDirectory:
      return RestoreDirectory(fault, node);
    case FaultKind::kRestoredSnapshot:
      return RestoreSnapshot(fault, node);
    default:
      return;  // Of links.
  }
}

void Faults::Do(const Fault& fault) {
  for (const NodeNumber number : fault.nodes) {
    SimulatedNode& node = *nodes_[number];
    if (!node.running()) throw Violation(node.name() + " does not run and is to do something");
    const std::string reply = node.Ask(fault.command);
    std::string text;
    for (const std::string& word : fault.command) text += (text.empty() ? "" : " ") + word;
    Tell("at " + node.name() + ": " + text + " → " + reply.substr(0, reply.find('\r')));
    if (reply.starts_with('-')) throw Violation(node.name() + " refuses " + text + ": " + reply);
  }
}

std::string Faults::Lasting(const Fault& fault) {
  return fault.for_ms == Fault::kForGood ? "" : " for " + std::to_string(fault.for_ms) + " ms";
}

std::string Faults::NamesOf(const std::vector<NodeNumber>& nodes) const {
  std::string text;
  for (const NodeNumber node : nodes) text += (text.empty() ? "" : ", ") + nodes_[node]->name();
  return text;
}

// --- Processes and machines ----------------------------------------------------------------------

void Faults::StartLater(const Fault& fault, SimulatedNode& node) {
  Later(fault.away_ms, [&node] {
    node.BootMachine();
    node.Start();
  });
}

void Faults::CrashLater(const Fault& fault, SimulatedNode& node) {
  Later(fault.for_ms, [this, fault, &node] {
    node.CrashMachine();
    StartLater(fault, node);
  });
}

bool Faults::EpochsLeft(SimulatedNode& node) {
  return std::ranges::all_of(nodes_, [&](SimulatedNode* other) {
    return other->config().region != node.config().region || !other->running() ||
           other->node().replicator().epoch() < kMostEpoch;
  });
}

void Faults::StopAtStep(const Fault& fault, SimulatedNode& node) {
  const bool machine = fault.kind == FaultKind::kCrashAtStep;
  if (!node.running() || !EpochsLeft(node)) return;
  node.StopAt(static_cast<WriteStep>(fault.amount), [this, fault, machine, &node] {
    Count(fault);
    machine ? node.CrashMachine() : node.Kill();
    StartLater(fault, node);
  });
}

// The power goes between two steps of the program.
void Faults::StopMidway(const Fault& fault, SimulatedNode& node) {
  if (!node.running() || !EpochsLeft(node)) return;
  Count(fault);
  node.disk().StopAfter(static_cast<std::uint64_t>(fault.amount));
  CrashLater(fault, node);
}

void Faults::Freeze(const Fault& fault, SimulatedNode& node) {
  if (!node.running() || node.frozen()) return;
  Count(fault);
  Tell(node.name() + " stands still" + Lasting(fault));
  node.Freeze();
  Later(fault.for_ms, [&node] { node.Thaw(); });
}

void Faults::Promote(const Fault& fault, SimulatedNode& node) {
  if (!node.running() || node.frozen() || node.leads() || !EpochsLeft(node)) return;
  Count(fault);
  const auto said = node.node().TakeOver();
  node.Touch();
  Tell(node.name() + " is promoted: " + (said ? *said : said.error().detail));
}

void Faults::StopCleanly(const Fault& fault, SimulatedNode& node) {
  if (!node.running() || node.frozen()) return;
  Count(fault);
  node.ShutDown();
  world_.events.After(kStoppingMs, [&node] {
    if (node.running() && node.node().stopping()) node.Kill();
  });
  Later(fault.away_ms, [this, fault, &node] {
    if (node.running() && node.node().stopping()) node.Kill();
    node.BootMachine();
    node.Start();
  });
}

// --- Healing -------------------------------------------------------------------------------------

void Faults::HealAll() {
  healed_ = true;
  Tell("everything is healed");
  world_.network.SetLatency(1, most_latency_ms_);
  for (SimulatedNode* node : nodes_) {
    node->clock().SetDrift(0);
    node->clock().SetSkew(0);
    node->disk().SetCapacity(0);
    if (node->disk().stopped()) node->CrashMachine();
    node->disk().FailSyncs(false);
    node->disk().FailReads(false);
    node->SlowSyncs(0);
    node->DoNotStop();
    node->Thaw();
  }
  world_.network.HealAll();
  KeepRunning();
  for (SimulatedNode* node : nodes_) {
    if (!node->running()) continue;
    for (const SimulatedNode* other : nodes_) {
      if (other->config().region == node->config().region) continue;
      (void)node->node().ResumeRegion(other->config().region);
    }
    node->Touch();
  }
}

void Faults::KeepRunning() {
  for (SimulatedNode* node : nodes_) {
    if (node->running()) continue;
    node->BootMachine();
    node->Start();
  }
  PromoteWhereNobodyLeads();
}

// A promoted node whose log was in memory, or that has lost its directory, has forgotten its role:
// the operator chooses again.
void Faults::PromoteWhereNobodyLeads() {
  std::map<crdt::RegionId, std::vector<SimulatedNode*>> regions;
  for (SimulatedNode* node : nodes_) regions[node->config().region].push_back(node);
  for (const auto& [id, region] : regions) {
    const auto leads_or_will = [](SimulatedNode* node) {
      return !node->running() || node->leads() ||
             !node->node().replicator().waiting_to_lead().empty();
    };
    const auto may_have_forgotten = [](SimulatedNode* node) {
      return !node->config().appendonly || node->lost_directory();
    };
    if (std::ranges::any_of(region, leads_or_will)) continue;
    if (std::ranges::any_of(region, may_have_forgotten)) PromoteMostAdvanced(region);
  }
}

void Faults::PromoteMostAdvanced(const std::vector<SimulatedNode*>& region) {
  std::vector<SimulatedNode*> candidates = region;
  std::ranges::stable_sort(candidates, std::ranges::greater(), [&](SimulatedNode* node) {
    return std::ranges::count_if(region, [node](SimulatedNode* other) {
      return node->node().floor().Covers(other->node().floor());
    });
  });
  // One that has nothing has to do where another one cannot: what that has is half of something
  // whose other half is gone.
  const bool orphaned = std::ranges::any_of(
      region, [](SimulatedNode* node) { return node->node().replicator().joining(); });
  for (SimulatedNode* node : candidates) {
    if (!orphaned && !node->config().appendonly && node->node().floor().empty()) continue;
    if (!node->node().TakeOver()) continue;
    Tell(node->name() + " is promoted, since nobody leads");
    node->Touch();
    return;
  }
}

}  // namespace simulation
