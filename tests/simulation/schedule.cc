#include "tests/simulation/schedule.h"

#include <algorithm>

namespace simulation {

std::span<const KindOfFault> KindsOfFaults() {
  using enum KindOfFault::Involves;
  using enum KindOfFault::Amount;
  static constexpr KindOfFault kKinds[] = {
      {.kind = FaultKind::kPartition, .name = "partition", .involves = kBetween, .lasts = true},
      {.kind = FaultKind::kOneWayCut, .name = "cut", .involves = kOneWay, .lasts = true},
      {.kind = FaultKind::kReset, .name = "reset", .involves = kBetween},
      {.kind = FaultKind::kBreakMidway, .name = "break-midway", .involves = kBetween},
      {.kind = FaultKind::kHalfOpen, .name = "half-open", .involves = kBetween},
      {.kind = FaultKind::kDelay,
       .name = "delay",
       .involves = kOneWay,
       .lasts = true,
       .amount = kMilliseconds,
       .amount_word = "by"},
      {.kind = FaultKind::kSlowLinks,
       .name = "slow-links",
       .involves = kNothing,
       .lasts = true,
       .amount = kMilliseconds,
       .amount_word = "by"},
      {.kind = FaultKind::kKill, .name = "kill", .goes_away = true},
      {.kind = FaultKind::kMachineCrash, .name = "crash", .goes_away = true},
      {.kind = FaultKind::kKillAtStep,
       .name = "kill-at",
       .goes_away = true,
       .amount = kStep,
       .amount_word = "step"},
      {.kind = FaultKind::kCrashAtStep,
       .name = "crash-at",
       .goes_away = true,
       .amount = kStep,
       .amount_word = "step"},
      {.kind = FaultKind::kStopMidway,
       .name = "crash-between-writes",
       .lasts = true,
       .goes_away = true,
       .amount = kNumber,
       .amount_word = "after"},
      {.kind = FaultKind::kFreeze, .name = "freeze", .lasts = true},
      {.kind = FaultKind::kCleanStop, .name = "stop", .goes_away = true},
      {.kind = FaultKind::kStart, .name = "start"},
      {.kind = FaultKind::kPromotion, .name = "promote"},
      {.kind = FaultKind::kClockJump,
       .name = "clock",
       .lasts = true,
       .amount = kMilliseconds,
       .amount_word = "by"},
      {.kind = FaultKind::kClockDrift,
       .name = "clock-drift",
       .lasts = true,
       .amount = kMilliseconds,
       .amount_word = "by"},
      {.kind = FaultKind::kDiskFull,
       .name = "disk-full",
       .lasts = true,
       .amount = kNumber,
       .amount_word = "leaving"},
      {.kind = FaultKind::kFailingSync, .name = "failing-fsync", .lasts = true, .goes_away = true},
      {.kind = FaultKind::kSlowSync,
       .name = "slow-fsync",
       .lasts = true,
       .amount = kMilliseconds,
       .amount_word = "by"},
      {.kind = FaultKind::kFailingReads, .name = "failing-reads", .lasts = true},
      {.kind = FaultKind::kFlippedBit, .name = "flip-bit", .goes_away = true},
      {.kind = FaultKind::kLostWrite, .name = "lose-write", .goes_away = true},
      {.kind = FaultKind::kMisdirectedWrite, .name = "misdirect-write", .goes_away = true},
      {.kind = FaultKind::kEmptyDirectory, .name = "empty-directory", .goes_away = true},
      {.kind = FaultKind::kRestoredDirectory,
       .name = "restore-directory",
       .goes_away = true,
       .amount = kMilliseconds,
       .amount_word = "after"},
      {.kind = FaultKind::kClonedDirectory,
       .name = "clone-directory",
       .involves = kOneWay,
       .goes_away = true},
      {.kind = FaultKind::kCommand, .name = "do"},
      {.kind = FaultKind::kPace, .name = "pace", .involves = kNothing, .amount = kMilliseconds},
      {.kind = FaultKind::kLeap, .name = "leap", .involves = kNothing, .amount = kMilliseconds},
  };
  return kKinds;
}

const KindOfFault& DescribeFault(FaultKind kind) {
  return *std::ranges::find(KindsOfFaults(), kind, &KindOfFault::kind);
}

}  // namespace simulation
