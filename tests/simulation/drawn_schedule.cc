#include "tests/simulation/drawn_schedule.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/simulation/write_step.h"

namespace simulation {
namespace {

constexpr std::int64_t kMostForwardJumpMs = 2500;
constexpr std::int64_t kMostBackwardJumpMs = 20000;
// The wrong time that a drifting clock gets to stays below what a jump makes of it.
constexpr std::int64_t kMostDriftMsPerSecond = 400;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;

// What is drawn: some of them are several faults in a row, or one kind with other ends.
enum class Draw {
  kPartition,
  kOneWayCut,
  kIsolation,
  kLongPartition,
  kReset,
  kBreakMidway,
  kHalfOpen,
  kFlapping,
  kDelay,
  kSlowLinks,
  kKill,
  kMachineCrash,
  kFreeze,
  kPromotion,
  kClockJump,
  kClockDrift,
  kDiskFull,
  kFailingSync,
  kCleanStop,
  kStopMidway,
  kStopAtStep,
  kSlowSync,
  kFailingReads,
  kDamage,
  kLostDirectory,
};

class Drawer {
 public:
  Drawer(const std::vector<crdt::RegionId>& regions, Dice dice)
      : regions_(regions), draws_(dice), dice_(draws_.Split()) {}

  Schedule Run(std::int64_t until_ms) {
    // Each run has some kinds and not others: rare combinations come up that way.
    std::vector<Draw> kinds;
    for (int kind = 0; kind <= static_cast<int>(Draw::kLostDirectory); ++kind) {
      if (draws_.Chance(45)) kinds.push_back(static_cast<Draw>(kind));
    }
    // A clock that drifts through a week is days off.
    if (std::ranges::count(kinds, Draw::kLongPartition) > 0) std::erase(kinds, Draw::kClockDrift);
    const std::int64_t pause_ms = draws_.Between(80, 1200);
    while (!kinds.empty()) {
      at_ms_ += draws_.Between(1, 2 * pause_ms);
      if (at_ms_ >= until_ms + leaps_ms_) break;
      const Draw kind = draws_.Pick(kinds);
      // Of its own, so that the others stay as they are.
      dice_ = draws_.Split();
      Add(kind);
    }
    std::ranges::stable_sort(schedule_, {}, &Fault::at_ms);
    return std::move(schedule_);
  }

 private:
  NodeNumber AnyNode() { return static_cast<NodeNumber>(dice_.Below(regions_.size())); }
  std::vector<NodeNumber> AllOf(crdt::RegionId region) const {
    std::vector<NodeNumber> nodes;
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      if (regions_[i] == region) nodes.push_back(static_cast<NodeNumber>(i));
    }
    return nodes;
  }
  std::vector<NodeNumber> AllBut(const std::vector<NodeNumber>& some) const {
    std::vector<NodeNumber> nodes;
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      const auto node = static_cast<NodeNumber>(i);
      if (std::ranges::count(some, node) == 0) nodes.push_back(node);
    }
    return nodes;
  }
  std::int64_t Duration() {
    return dice_.Chance(70) ? dice_.Between(20, 800) : dice_.Between(800, 4000);
  }

  Fault& Plan(FaultKind kind, std::vector<NodeNumber> nodes = {}) {
    schedule_.push_back({.at_ms = at_ms_, .kind = kind, .nodes = std::move(nodes)});
    return schedule_.back();
  }
  Fault& PlanFor(std::int64_t for_ms, FaultKind kind, std::vector<NodeNumber> nodes = {}) {
    Fault& fault = Plan(kind, std::move(nodes));
    fault.for_ms = for_ms;
    return fault;
  }
  Fault& PlanAway(std::int64_t least_ms, std::int64_t most_ms, FaultKind kind) {
    Fault& fault = Plan(kind, {AnyNode()});
    fault.away_ms = dice_.Between(least_ms, most_ms);
    return fault;
  }

  void Add(Draw kind);
  void AddBetween(FaultKind kind) {
    const NodeNumber one = AnyNode();
    const NodeNumber other = AnyNode();
    if (one != other) Plan(kind, {one}).others = {other};
  }
  void AddPartition();
  void AddLongPartition();
  void AddFlapping();
  void AddLostDirectory();

  const std::vector<crdt::RegionId>& regions_;
  Dice draws_;  // When which kind.
  Dice dice_;   // What the present one does.
  std::int64_t at_ms_ = 0;
  std::int64_t leaps_ms_ = 0;
  Schedule schedule_;
};

void Drawer::Add(Draw kind) {
  switch (kind) {
    case Draw::kPartition:
      return AddPartition();
    case Draw::kOneWayCut: {
      const NodeNumber from = AnyNode();
      const NodeNumber to = AnyNode();
      if (from != to) PlanFor(Duration(), FaultKind::kOneWayCut, {from}).others = {to};
      return;
    }
    case Draw::kIsolation: {
      const NodeNumber node = AnyNode();
      PlanFor(Duration(), FaultKind::kPartition, {node}).others = AllBut({node});
      return;
    }
    case Draw::kLongPartition:
      return AddLongPartition();
    case Draw::kReset:
      return AddBetween(FaultKind::kReset);
    case Draw::kBreakMidway:
      return AddBetween(FaultKind::kBreakMidway);
    case Draw::kHalfOpen:
      return AddBetween(FaultKind::kHalfOpen);
    case Draw::kDelay: {
      const std::size_t planned = schedule_.size();
      AddBetween(FaultKind::kDelay);
      if (schedule_.size() == planned) return;
      schedule_.back().for_ms = Duration();
      schedule_.back().amount = dice_.Between(20, 1500);
      return;
    }
    case Draw::kFlapping:
      return AddFlapping();
    case Draw::kSlowLinks:
      PlanFor(Duration(), FaultKind::kSlowLinks).amount = dice_.Between(20, 250);
      return;
    case Draw::kKill:
      PlanAway(5, 1500, FaultKind::kKill);
      return;
    case Draw::kMachineCrash:
      PlanAway(20, 2500, FaultKind::kMachineCrash);
      return;
    case Draw::kFreeze:
      PlanFor(Duration(), FaultKind::kFreeze, {AnyNode()});
      return;
    case Draw::kPromotion:
      Plan(FaultKind::kPromotion, {AnyNode()});
      return;
    case Draw::kClockJump:
      PlanFor(Duration(), FaultKind::kClockJump, {AnyNode()}).amount =
          dice_.Chance(50) ? dice_.Between(10, kMostForwardJumpMs)
                           : -dice_.Between(10, kMostBackwardJumpMs);
      return;
    case Draw::kClockDrift:
      PlanFor(Duration(), FaultKind::kClockDrift, {AnyNode()}).amount =
          dice_.Between(-kMostDriftMsPerSecond, kMostDriftMsPerSecond);
      return;
    case Draw::kDiskFull:
      PlanFor(Duration(), FaultKind::kDiskFull, {AnyNode()}).amount = dice_.Between(0, 3000);
      return;
    case Draw::kFailingSync:
      PlanAway(20, 1500, FaultKind::kFailingSync).for_ms = dice_.Between(30, 1500);
      return;
    case Draw::kCleanStop:
      PlanAway(500, 3500, FaultKind::kCleanStop);
      return;
    case Draw::kStopMidway: {
      Fault& fault = PlanAway(20, 1500, FaultKind::kStopMidway);
      fault.for_ms = dice_.Between(1, 40);
      fault.amount = dice_.Between(0, 11);
      return;
    }
    case Draw::kStopAtStep:
      PlanAway(5, 1500, dice_.Chance(50) ? FaultKind::kKillAtStep : FaultKind::kCrashAtStep)
          .amount = static_cast<std::int64_t>(dice_.Below(kWriteSteps));
      return;
    case Draw::kSlowSync:
      PlanFor(Duration(), FaultKind::kSlowSync, {AnyNode()}).amount = dice_.Between(20, 1500);
      return;
    case Draw::kFailingReads:
      PlanFor(Duration(), FaultKind::kFailingReads, {AnyNode()});
      return;
    case Draw::kDamage: {
      static constexpr std::array kKinds = {FaultKind::kFlippedBit, FaultKind::kLostWrite,
                                            FaultKind::kMisdirectedWrite};
      PlanAway(20, 2500, dice_.Pick(kKinds));
      return;
    }
    case Draw::kLostDirectory:
      return AddLostDirectory();
  }
}

void Drawer::AddPartition() {
  const crdt::RegionId one = regions_[AnyNode()];
  const crdt::RegionId other = regions_[AnyNode()];
  if (one == other) return;
  PlanFor(Duration(), FaultKind::kPartition, AllOf(one)).others = AllOf(other);
}

// Minutes to a week pass in a few leaps, with a moment between them that is looked at. What is
// drawn next happens during the rest of it.
void Drawer::AddLongPartition() {
  const NodeNumber node = AnyNode();
  const bool of_region = dice_.Chance(70) && AllOf(regions_[node]).size() < regions_.size();
  const std::vector<NodeNumber> cut_off = of_region ? AllOf(regions_[node]) : std::vector{node};
  static constexpr std::array kSpans = {5 * kMinuteMs, kHourMs, 12 * kHourMs, 48 * kHourMs,
                                        168 * kHourMs};
  const std::int64_t span_ms = dice_.Pick(kSpans) * dice_.Between(30, 100) / 100;
  const std::int64_t leaps = dice_.Between(1, 3);
  const std::int64_t began_ms = at_ms_;
  const std::size_t number = schedule_.size();
  Plan(FaultKind::kPartition, cut_off).others = AllBut(cut_off);
  for (std::int64_t i = 0; i < leaps; ++i) {
    at_ms_ += dice_.Between(10, 300);
    Plan(FaultKind::kLeap).amount = span_ms / leaps;
    at_ms_ += span_ms / leaps;
    leaps_ms_ += span_ms / leaps;
  }
  schedule_[number].for_ms = at_ms_ - began_ms + Duration();
}

void Drawer::AddLostDirectory() {
  static constexpr std::array kKinds = {FaultKind::kEmptyDirectory, FaultKind::kRestoredDirectory,
                                        FaultKind::kClonedDirectory, FaultKind::kRestoredSnapshot};
  const FaultKind kind = dice_.Pick(kKinds);
  Fault& fault = PlanAway(20, 2500, kind);
  const bool is_restored =
      kind == FaultKind::kRestoredDirectory || kind == FaultKind::kRestoredSnapshot;
  if (is_restored) fault.amount = dice_.Between(50, 3000);
  if (kind == FaultKind::kClonedDirectory) fault.others = {AnyNode()};
}

void Drawer::AddFlapping() {
  const NodeNumber one = AnyNode();
  const NodeNumber other = AnyNode();
  if (one == other) return;
  const std::int64_t began_ms = at_ms_;
  for (std::uint64_t i = 2 + dice_.Below(5); i > 0; --i) {
    const std::int64_t for_ms = dice_.Between(5, 120);
    PlanFor(for_ms, FaultKind::kPartition, {one}).others = {other};
    if (dice_.Chance(50)) Plan(FaultKind::kReset, {one}).others = {other};
    at_ms_ += for_ms + dice_.Between(5, 120);
  }
  at_ms_ = began_ms;
}

}  // namespace

Schedule DrawSchedule(const std::vector<crdt::RegionId>& regions, std::int64_t until_ms,
                      Dice dice) {
  return Drawer(regions, dice).Run(until_ms);
}

}  // namespace simulation
