#include "tests/simulation/faults.h"

#include <algorithm>

namespace simulation {

namespace {

// Of 64: a run does not use them up.
constexpr crdt::Epoch kMostEpoch = 44;
constexpr std::int64_t kMostForwardJumpMs = 2500;
constexpr std::int64_t kMostBackwardJumpMs = 20000;

}  // namespace

Faults::Faults(World world, std::vector<SimulatedNode*> nodes, Dice dice, std::set<int> without)
    : world_(world),
      nodes_(std::move(nodes)),
      draws_(dice),
      dice_(draws_.Split()),
      without_(std::move(without)) {
  constexpr Kind kAll[] = {
      Kind::kPartition, Kind::kOneWayCut, Kind::kIsolation,   Kind::kReset,     Kind::kFlapping,
      Kind::kSlowLinks, Kind::kKill,      Kind::kFreeze,      Kind::kPromotion, Kind::kMachineCrash,
      Kind::kClockJump, Kind::kDiskFull,  Kind::kFailingSync, Kind::kCleanStop, Kind::kStopMidway};
  // Each run has some kinds and not others: rare combinations come up that way.
  for (const Kind kind : kAll) {
    if (draws_.Chance(45)) kinds_.push_back(kind);
  }
  pause_ms_ = draws_.Between(80, 1200);
}

void Faults::Begin(std::int64_t until_ms) {
  until_ms_ = until_ms;
  if (!kinds_.empty()) PlanNext();
}

void Faults::PlanNext() {
  world_.events.After(draws_.Between(1, 2 * pause_ms_), [this] {
    if (world_.events.now_ms() >= until_ms_) return;
    const Kind kind = draws_.Pick(kinds_);
    dice_ = draws_.Split();
    if (!without_.contains(drawn_++)) Happen(kind);
    PlanNext();
  });
}

std::int64_t Faults::Duration() {
  return dice_.Chance(70) ? dice_.Between(20, 800) : dice_.Between(800, 4000);
}

void Faults::Happen(Kind kind) {
  switch (kind) {
    case Kind::kPartition:
      return Partition();
    case Kind::kOneWayCut:
      return OneWayCut();
    case Kind::kIsolation:
      return Isolate();
    case Kind::kReset:
      return Reset();
    case Kind::kFlapping:
      return Flap();
    case Kind::kSlowLinks:
      return SlowLinks();
    case Kind::kKill:
      return Kill();
    case Kind::kMachineCrash:
      return CrashMachine();
    case Kind::kFreeze:
      return Freeze();
    case Kind::kPromotion:
      return Promote();
    case Kind::kClockJump:
      return JumpClock();
    case Kind::kDiskFull:
      return FillDisk();
    case Kind::kFailingSync:
      return FailSync();
    case Kind::kCleanStop:
      return StopCleanly();
    case Kind::kStopMidway:
      return StopMidway();
  }
}

// --- Network -------------------------------------------------------------------------------------

void Faults::Cut(NodeNumber from, NodeNumber to, std::int64_t for_ms) {
  world_.network.Cut(from, to);
  world_.events.After(for_ms, [this, from, to] { world_.network.Heal(from, to); });
}

void Faults::Partition() {
  const crdt::RegionId one = AnyNode().config().region;
  const std::int64_t for_ms = Duration();
  int cuts = 0;
  const crdt::RegionId other = AnyNode().config().region;
  if (one == other) return;
  for (SimulatedNode* from : nodes_) {
    for (SimulatedNode* to : nodes_) {
      const bool between = (from->config().region == one && to->config().region == other) ||
                           (from->config().region == other && to->config().region == one);
      if (!between) continue;
      Cut(from->number(), to->number(), for_ms);
      ++cuts;
    }
  }
  Count("partition");
  world_.story.Tell("regions " + std::to_string(one) + " and " + std::to_string(other) +
                    " are cut off from each other for " + std::to_string(for_ms) + " ms");
}

void Faults::OneWayCut() {
  SimulatedNode& from = AnyNode();
  SimulatedNode& to = AnyNode();
  if (&from == &to) return;
  const std::int64_t for_ms = Duration();
  Cut(from.number(), to.number(), for_ms);
  Count("one-way cut");
  world_.story.Tell("nothing gets from " + from.name() + " to " + to.name() + " for " +
                    std::to_string(for_ms) + " ms");
}

void Faults::Isolate() {
  SimulatedNode& node = AnyNode();
  const std::int64_t for_ms = Duration();
  for (SimulatedNode* other : nodes_) {
    if (other == &node) continue;
    Cut(node.number(), other->number(), for_ms);
    Cut(other->number(), node.number(), for_ms);
  }
  Count("isolation");
  world_.story.Tell(node.name() + " is cut off from all for " + std::to_string(for_ms) + " ms");
}

void Faults::Reset() {
  SimulatedNode& one = AnyNode();
  SimulatedNode& other = AnyNode();
  if (world_.network.Reset(one.number(), other.number()) == 0) return;
  Count("reset");
  world_.story.Tell("the connection of " + one.name() + " and " + other.name() + " breaks");
}

void Faults::Flap() {
  SimulatedNode& one = AnyNode();
  SimulatedNode& other = AnyNode();
  if (&one == &other) return;
  Count("flapping");
  world_.story.Tell("the link of " + one.name() + " and " + other.name() + " flaps");
  std::int64_t at = 0;
  for (std::uint64_t i = 2 + dice_.Below(5); i > 0; --i) {
    const std::int64_t for_ms = dice_.Between(5, 120);
    world_.events.After(at, [this, &one, &other, for_ms] {
      Cut(one.number(), other.number(), for_ms);
      Cut(other.number(), one.number(), for_ms);
      if (dice_.Chance(50)) world_.network.Reset(one.number(), other.number());
    });
    at += for_ms + dice_.Between(5, 120);
  }
}

void Faults::SlowLinks() {
  const std::int64_t most = dice_.Between(20, 250);
  Count("slow links");
  world_.story.Tell("all links take up to " + std::to_string(most) + " ms");
  world_.network.SetLatency(1, most);
  world_.events.After(Duration(), [this] { world_.network.SetLatency(1, 3); });
}

// --- Processes and machines ----------------------------------------------------------------------

void Faults::StartLater(SimulatedNode& node, std::int64_t least_ms, std::int64_t most_ms) {
  world_.events.After(dice_.Between(least_ms, most_ms), [&node] {
    node.BootMachine();
    node.Start();
  });
}

bool Faults::EpochsLeft(SimulatedNode& node) {
  return std::ranges::all_of(nodes_, [&](SimulatedNode* other) {
    return other->config().region != node.config().region || !other->running() ||
           other->node().replicator().epoch() < kMostEpoch;
  });
}

void Faults::Kill() {
  SimulatedNode& node = AnyNode();
  if (!node.running()) return;
  Count("kill");
  node.Kill();
  StartLater(node, 5, 1500);
}

void Faults::CrashMachine() {
  SimulatedNode& node = AnyNode();
  if (!node.running() || !EpochsLeft(node)) return;
  Count("machine crash");
  node.CrashMachine();
  StartLater(node, 20, 2500);
}

void Faults::Freeze() {
  SimulatedNode& node = AnyNode();
  if (!node.running() || node.frozen()) return;
  const std::int64_t for_ms = Duration();
  Count("silence");
  world_.story.Tell(node.name() + " stands still for " + std::to_string(for_ms) + " ms");
  node.Freeze();
  world_.events.After(for_ms, [&node] { node.Thaw(); });
}

void Faults::Promote() {
  SimulatedNode& node = AnyNode();
  if (!node.running() || node.frozen() || node.leads() || !EpochsLeft(node)) return;
  Count("promotion");
  const auto said = node.node().TakeOver();
  node.Touch();
  world_.story.Tell(node.name() + " is promoted: " + (said ? *said : said.error().detail));
}

void Faults::StopCleanly() {
  SimulatedNode& node = AnyNode();
  if (!node.running() || node.frozen()) return;
  Count("clean stop");
  node.ShutDown();
  world_.events.After(dice_.Between(500, 3000), [this, &node] {
    if (node.running() && node.node().stopping()) node.Kill();
    StartLater(node, 1, 500);
  });
}

// The power goes between two steps of the program.
void Faults::StopMidway() {
  SimulatedNode& node = AnyNode();
  if (!node.running() || !EpochsLeft(node)) return;
  Count("crash between two writes");
  node.disk().StopAfter(dice_.Below(12));
  world_.events.After(dice_.Between(1, 40), [this, &node] {
    node.CrashMachine();
    StartLater(node, 20, 1500);
  });
}

// --- Clocks and disks ----------------------------------------------------------------------------

void Faults::JumpClock() {
  SimulatedNode& node = AnyNode();
  const std::int64_t jump = dice_.Chance(50) ? dice_.Between(10, kMostForwardJumpMs)
                                             : -dice_.Between(10, kMostBackwardJumpMs);
  Count(jump > 0 ? "clock ahead" : "clock back");
  world_.story.Tell("the clock of " + node.name() + " is set to be " + std::to_string(jump) +
                    " ms off");
  node.clock().SetSkew(jump);
  world_.events.After(Duration(), [&node] { node.clock().SetSkew(0); });
}

void Faults::FillDisk() {
  SimulatedNode& node = AnyNode();
  Count("disk full");
  world_.story.Tell("the disk of " + node.name() + " is full");
  node.disk().SetCapacity(node.disk().used_bytes() + dice_.Below(3000));
  world_.events.After(Duration(), [this, &node] {
    node.disk().SetCapacity(0);
    world_.story.Tell("the disk of " + node.name() + " has space again");
  });
}

void Faults::FailSync() {
  SimulatedNode& node = AnyNode();
  if (!node.running() || !EpochsLeft(node)) return;
  Count("failing fsync");
  world_.story.Tell("fsync fails at " + node.name());
  node.disk().FailSyncs(true);
  // Nobody knows what the kernel has dropped: the machine starts anew.
  world_.events.After(dice_.Between(30, 1500), [this, &node] {
    node.CrashMachine();
    StartLater(node, 20, 1500);
  });
}

// --- Healing -------------------------------------------------------------------------------------

void Faults::HealAll() {
  until_ms_ = 0;
  world_.story.Tell("everything is healed");
  world_.network.SetLatency(1, 3);
  for (SimulatedNode* node : nodes_) {
    node->clock().SetSkew(0);
    node->disk().SetCapacity(0);
    if (node->disk().stopped()) node->CrashMachine();
    node->disk().FailSyncs(false);
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

// A promoted node without a log on disk has forgotten its role: the operator chooses again.
void Faults::PromoteWhereNobodyLeads() {
  if (nodes_.front()->config().appendonly) return;
  const auto leads_or_will = [](SimulatedNode* node) {
    return !node->running() || node->leads() ||
           !node->node().replicator().waiting_to_lead().empty();
  };
  if (std::ranges::any_of(nodes_, leads_or_will)) return;
  for (SimulatedNode* node : nodes_) {
    if (node->node().floor().empty() || !node->node().TakeOver()) continue;
    world_.story.Tell(node->name() + " is promoted, since nobody leads");
    node->Touch();
    return;
  }
}

}  // namespace simulation
