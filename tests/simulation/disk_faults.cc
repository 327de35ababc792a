// Faults: of clocks, disks and directories.
#include <memory>

#include "tests/simulation/disk_damage.h"
#include "tests/simulation/faults.h"

namespace simulation {
// --- Clocks and disks ----------------------------------------------------------------------------

void Faults::JumpClock(const Fault& fault, SimulatedNode& node) {
  Count(fault);
  Tell("the clock of " + node.name() + " is set to be " + std::to_string(fault.amount) + " ms off" +
       Lasting(fault));
  node.clock().SetSkew(fault.amount);
  Later(fault.for_ms, [&node] { node.clock().SetSkew(0); });
}

void Faults::LetClockDrift(const Fault& fault, SimulatedNode& node) {
  Count(fault);
  Tell("the clock of " + node.name() + " gains " + std::to_string(fault.amount) + " ms a second" +
       Lasting(fault));
  node.clock().SetDrift(fault.amount);
  Later(fault.for_ms, [&node] {
    node.clock().SetDrift(0);
    node.clock().SetSkew(0);
  });
}

void Faults::FillDisk(const Fault& fault, SimulatedNode& node) {
  Count(fault);
  Tell("the disk of " + node.name() + " is full" + Lasting(fault));
  node.disk().SetCapacity(node.disk().used_bytes() + static_cast<std::uint64_t>(fault.amount));
  Later(fault.for_ms, [this, &node] {
    node.disk().SetCapacity(0);
    Tell("the disk of " + node.name() + " has space again");
  });
}

void Faults::FailSync(const Fault& fault, SimulatedNode& node) {
  if (!node.running() || !EpochsLeft(node)) return;
  Count(fault);
  Tell("fsync fails at " + node.name());
  node.disk().FailSyncs(true);
  // Nobody knows what the kernel has dropped: the machine starts anew.
  CrashLater(fault, node);
}

void Faults::SlowSync(const Fault& fault, SimulatedNode& node) {
  Count(fault);
  Tell("fsync takes up to " + std::to_string(fault.amount) + " ms longer at " + node.name() +
       Lasting(fault));
  node.SlowSyncs(fault.amount);
  Later(fault.for_ms, [&node] { node.SlowSyncs(0); });
}

void Faults::FailReads(const Fault& fault, SimulatedNode& node) {
  Count(fault);
  Tell("the disk of " + node.name() + " cannot be read" + Lasting(fault));
  node.disk().FailReads(true);
  Later(fault.for_ms, [&node] {
    node.disk().FailReads(false);
    if (node.tries_again()) node.Start();
  });
}

void Faults::Damage(const Fault& fault, SimulatedNode& node) {
  if (!node.running() || !node.config().appendonly || !EpochsLeft(node)) return;
  node.CrashMachine();
  node.disk().FailReads(false);
  const DiskDamage damage = fault.kind == FaultKind::kFlippedBit  ? DiskDamage::kFlippedBit
                            : fault.kind == FaultKind::kLostWrite ? DiskDamage::kLostWrite
                                                                  : DiskDamage::kMisdirectedWrite;
  const std::string what = DamageDirectory(node.disk(), node.config().dir, damage, dice_);
  if (!what.empty()) {
    Count(fault);
    Tell("at " + node.name() + " " + what);
    node.OnDirectoryDamaged();
  }
  StartLater(fault, node);
}

// --- Directories ---------------------------------------------------------------------------------

void Faults::EmptyDirectory(const Fault& fault, SimulatedNode& node) {
  if (!node.running() || !node.config().appendonly || !EpochsLeft(node)) return;
  Count(fault);
  node.Kill();
  Tell("the directory of " + node.name() + " is lost");
  node.ReplaceDirectory({});
  StartLater(fault, node);
}

// By a copy of before. Whatever was written since may exist nowhere any more.
void Faults::RestoreDirectory(const Fault& fault, SimulatedNode& node) {
  if (!node.running() || !node.config().appendonly) return;
  const auto copy = std::make_shared<storage::MemoryDisk>();
  copy->CopyFrom(node.disk());
  Tell("the directory of " + node.name() + " is copied");
  Later(fault.amount, [this, fault, copy, &node] {
    if (healed_ || !node.running() || !EpochsLeft(node)) return;
    Count(fault);
    node.Kill();
    Tell("the directory of " + node.name() + " is replaced by a copy of " +
         std::to_string(fault.amount) + " ms before");
    node.ReplaceDirectory(*copy);
    StartLater(fault, node);
  });
}

// By a directory that is made of a snapshot. The snapshot holds what a start at its moment would.
void Faults::RestoreSnapshot(const Fault& fault, SimulatedNode& node) {
  if (!node.running() || node.node().snapshot_report() == nullptr) return;
  node.node().RequestSnapshot();
  node.Touch();
  Tell("a snapshot of " + node.name() + " is asked for");
  Later(fault.amount, [this, fault, &node] {
    if (healed_ || !node.running() || !node.HasSnapshot() || !EpochsLeft(node)) return;
    Count(fault);
    node.Kill();
    Tell("the newest snapshot of " + node.name() + " is restored");
    node.RestoreNewestSnapshot();
    StartLater(fault, node);
  });
}

// What another node wrote is no directory of this one: it must say so.
void Faults::CloneDirectory(const Fault& fault) {
  SimulatedNode& source = *nodes_[fault.nodes.front()];
  for (const NodeNumber number : fault.others) {
    SimulatedNode& node = *nodes_[number];
    if (&node == &source || !node.running() || !node.config().appendonly || !EpochsLeft(node)) {
      continue;
    }
    Count(fault);
    node.Kill();
    Tell(node.name() + " gets a copy of the directory of " + source.name());
    node.ReplaceDirectory(source.disk());
    node.OnDirectoryDamaged();
    StartLater(fault, node);
  }
}

}  // namespace simulation
