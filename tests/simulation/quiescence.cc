#include "tests/simulation/quiescence.h"

#include <algorithm>
#include <map>
#include <set>

namespace simulation {

namespace {

// A log in memory is cut at marks, and looked at when it is twice as long as it has to be.
constexpr std::uint64_t kLogSlack = 16 << 10;

std::string Number(std::uint64_t number) {
  return std::to_string(number);
}

// Spent counter parts, graves, keys of which nothing else is left, and keys whose time is over.
std::string RetainedKeys(SimulatedNode& node, std::set<std::string>& names) {
  const storage::Keyspace& keyspace = node.node().BeginCommand().keyspace();
  const std::int64_t now_ms = node.clock().UnixMs();
  std::string retained;
  for (const crdt::KeyTable* table : keyspace.Tables()) {
    table->ForEach([&](const crdt::KeyCell& cell) {
      const std::string name(cell.name());
      names.insert(name);
      std::string merged;
      crdt::ByteWriter out(merged);
      crdt::EncodeMergedCell(cell, out);
      if (merged.empty() || (!cell.is_packed() && cell.full().has_spent())) {
        retained = "key " + name + " holds what only waits to be collected";
      }
      const crdt::KeyView view(&cell);
      if (const auto deadline = view.deadline(); view.exists() && deadline && *deadline <= now_ms) {
        retained = "key " + name + " has expired and is still there";
      }
    });
  }
  for (storage::PartitionId id = 0; id < storage::kPartitions; ++id) {
    if (!keyspace.partition(id).has_pending_resets()) continue;
    retained = "partition " + Number(id) + " waits for resets to be stable";
  }
  return retained;
}

std::string RetainedForPeers(server::ShardNode& node) {
  const replication::Replicator& replicator = node.replicator();
  if (const auto waiting = replicator.waiting_records(); waiting > 0) {
    return Number(waiting) + " records wait at causal gates";
  }
  if (const auto unsent = replicator.unsent_bytes(); unsent > 0) {
    return Number(unsent) + " bytes wait for links";
  }
  if (!replicator.primary()) return {};
  for (const auto& region : node.region_reports()) {
    if (region.records_behind == 0 && region.bytes_behind == 0) continue;
    return Number(region.bytes_behind) + " bytes are kept for region " + region.name;
  }
  return {};
}

// A row for each key and no other, and no pieces beside theirs.
std::string RetainedRows(SimulatedNode& node, const std::set<std::string>& names) {
  const auto report = node.node().checkpoint_report();
  if (!report) return {};
  if (const std::size_t strays = node.checkpoints()->stray_pieces(); strays > 0) {
    return "the checkpoint has " + Number(strays) + " pieces that belong to no row";
  }
  const std::set<std::string> rows = node.checkpoints()->row_keys();
  if (rows == names) return {};
  std::string retained = "the checkpoint has " + Number(rows.size()) + " rows for " +
                         Number(names.size()) + " keys, of no key:";
  for (const std::string& row : rows) {
    if (!names.contains(row)) retained += " " + row;
  }
  return retained;
}

}  // namespace

std::string WhatIsRetained(SimulatedNode& node) {
  const auto checkpoint = node.node().checkpoint_report();
  if (checkpoint && !checkpoint->running) {
    node.node().RequestCheckpoint();
    node.Touch();
  }
  std::set<std::string> names;
  std::string retained = RetainedKeys(node, names);
  if (retained.empty()) retained = RetainedForPeers(node.node());
  if (retained.empty()) retained = RetainedRows(node, names);
  return retained;
}

std::string WhereLogIsTooLong(SimulatedNode& node, std::uint64_t longest_frame) {
  const storage::Log& log = node.node().log();
  if (log.on_disk()) {
    // One segment holds the end, and one the place where the newest checkpoint began.
    if (!node.node().checkpoint_report() || log.segments() <= 2) return {};
    return node.name() + " keeps " + Number(log.segments()) + " segments of its log";
  }
  const std::uint64_t most = 2 * (node.config().log_memory_bytes + longest_frame) + kLogSlack;
  if (log.bytes_in_memory() <= most) return {};
  return node.name() + " keeps " + Number(log.bytes_in_memory()) + " bytes of its log, where " +
         Number(most) + " is the most";
}

}  // namespace simulation
