// What goes wrong in a run and what operators do about it, and when: plain values. A seed draws
// them, a scenario's file tells them; Faults makes them happen.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/simulated_network.h"

namespace simulation {

enum class FaultKind {
  // Links.
  kPartition,
  kOneWayCut,
  kReset,
  kBreakMidway,
  kHalfOpen,
  kDelay,
  kSlowLinks,
  // Processes and machines.
  kKill,
  kMachineCrash,
  kKillAtStep,
  kCrashAtStep,
  kStopMidway,
  kFreeze,
  kCleanStop,
  kStart,
  kPromotion,
  // Clocks.
  kClockJump,
  kClockDrift,
  // Disks.
  kDiskFull,
  kFailingSync,
  kSlowSync,
  kFailingReads,
  // Found when the machine that went down with it reads its directory again.
  kFlippedBit,
  kLostWrite,
  kMisdirectedWrite,
  // Directories. Each is another one from then on, as a new or copied one is.
  kEmptyDirectory,
  kRestoredDirectory,
  kRestoredSnapshot,
  kClonedDirectory,
  // No faults: what the operator does, and how time passes. Of regions: all their nodes.
  kAddedRegion,
  kRemovedRegion,
  kRegionForcedOut,
  kCommand,
  kPace,
  kLeap,
};

struct Fault {
  // Until everything is healed.
  static constexpr std::int64_t kForGood = -1;

  std::int64_t at_ms = 0;
  FaultKind kind = FaultKind::kPace;
  std::vector<NodeNumber> nodes;   // Whom it befalls.
  std::vector<NodeNumber> others;  // The other ends of links.
  std::int64_t for_ms = kForGood;
  std::int64_t away_ms = kForGood;  // For how long the node is away then.
  std::int64_t amount = 0;          // What of: the table says it.
  std::vector<std::string> command;
};

// In the order of their times.
using Schedule = std::vector<Fault>;

// What has to be said of a kind besides the time.
struct KindOfFault {
  enum class Involves { kNothing, kNodes, kBetween, kOneWay };
  enum class Amount { kNone, kMilliseconds, kNumber, kStep };

  FaultKind kind;
  std::string_view name;  // Of scenarios and totals.
  Involves involves = Involves::kNodes;
  bool lasts = false;      // "for".
  bool goes_away = false;  // "away".
  Amount amount = Amount::kNone;
  std::string_view amount_word = {};  // In front of it; empty: nothing is.
};

std::span<const KindOfFault> KindsOfFaults();
const KindOfFault& DescribeFault(FaultKind kind);

}  // namespace simulation
