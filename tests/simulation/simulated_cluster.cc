#include "tests/simulation/simulated_cluster.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "tests/simulation/quiescence.h"
#include "tests/simulation/reference_model.h"

namespace simulation {

namespace {

constexpr std::int64_t kLookMs = 50;
constexpr std::int64_t kRestartMs = 500;
// Longer than the longest life that clients give a key, and what is stable takes.
constexpr std::int64_t kMostUnrestMs = 20'000;
constexpr std::int64_t kMostHeartbeatsOfUnrest = 6;  // That is told by heartbeats.
constexpr std::int64_t kLookForRestMs = 250;

// What the merge rules define of each key, in hexadecimal digits.
std::map<std::string, std::string> MergedKeys(const storage::Keyspace& keyspace) {
  std::map<std::string, std::string> keys;
  for (const crdt::KeyTable* table : keyspace.Tables()) {
    table->ForEach([&](const crdt::KeyCell& cell) {
      std::string bytes;
      crdt::ByteWriter out(bytes);
      crdt::EncodeMergedCell(cell, out);
      std::string& digits = keys[std::string(cell.name())];
      for (const char byte : bytes) {
        digits += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
        digits += "0123456789abcdef"[byte & 15];
      }
    });
  }
  std::erase_if(keys, [](const auto& entry) { return entry.second.empty(); });
  return keys;
}

// The first key that two nodes hold differently.
std::string FirstDifference(const storage::Keyspace& one, const storage::Keyspace& other) {
  auto left = MergedKeys(one);
  auto right = MergedKeys(other);
  for (const auto& [key, bytes] : right) left.try_emplace(key);
  for (const auto& [key, bytes] : left) {
    if (bytes == right[key]) continue;
    return "key " + key + " is " + bytes.substr(0, 600) + " and " + right[key].substr(0, 600);
  }
  return "no key differs";
}

}  // namespace

SimulatedCluster::SimulatedCluster(RunPlan plan, Story::Telling telling, Planted planted,
                                   const Without& without)
    : story_(events_, telling), plan_(std::move(plan)), planted_(planted) {
  if (without.behind_ms) plan_.active_ms = std::min(plan_.active_ms, *without.behind_ms);
  std::erase_if(plan_.schedule, [&](const Fault& fault) { return fault.at_ms >= plan_.active_ms; });
  MakeNodes();
  MakeClients();
  const World world{events_, story_, *network_, *history_, *promises_, planted_};
  faults_ = std::make_unique<Faults>(world, all_, plan_.schedule, without.faults,
                                     plan_.most_latency_ms, plan_.dice.Split());
  expectations_ = std::make_unique<ExpectationChecker>(world, plan_.expectations, all_, clients_);
}

void SimulatedCluster::MakeNodes() {
  std::vector<std::string> names;
  std::vector<crdt::RegionId> regions;
  for (NodeNumber i = 0; i < static_cast<NodeNumber>(plan_.nodes.size()); ++i) {
    names.push_back(plan_.NameOfNode(i));
    regions.push_back(plan_.nodes[static_cast<std::size_t>(i)].config.region);
  }
  network_ = std::make_unique<SimulatedNetwork>(events_, story_, plan_.dice.Split());
  network_->SetLatency(1, plan_.most_latency_ms);
  if (auto tamper = MakeTamper(planted_)) network_->SetTamper(std::move(tamper));
  history_ = std::make_unique<History>(names, std::move(regions));
  promises_ = std::make_unique<Promises>(names);
  const World world{events_, story_, *network_, *history_, *promises_, planted_};
  NodeNumber number = 0;
  for (const NodePlan& node : plan_.nodes) {
    nodes_.push_back(std::make_unique<SimulatedNode>(world, number, names[number], node.config,
                                                     node.skew_ms, plan_.dice.Split()));
    all_.push_back(nodes_.back().get());
    ++number;
  }
  network_->SetUsers({all_.begin(), all_.end()});
}

void SimulatedCluster::MakeClients() {
  const World world{events_, story_, *network_, *history_, *promises_, planted_};
  std::map<crdt::RegionId, int> numbers;
  for (const ClientPlan& plan : plan_.clients) {
    std::vector<SimulatedNode*> own;
    for (SimulatedNode* node : all_) {
      if (node->config().region == plan.region) own.push_back(node);
    }
    const std::string name =
        own[0]->config().OwnRegion()->name + "-" + std::to_string(++numbers[plan.region]);
    clients_.push_back(
        std::make_unique<SimulatedClient>(world, name, all_, own, plan, plan_.dice.Split()));
  }
}

void SimulatedCluster::Advance() {
  events_.RunUntil(events_.now_ms() + faults_->TakeStep());
  for (const auto& client : clients_) client->Act();
  for (SimulatedNode* node : all_) node->EndTurn();
}

Outcome SimulatedCluster::Run() {
  Outcome outcome;
  try {
    for (SimulatedNode* node : all_) {
      events_.After(plan_.dice.Between(0, 300), [node] { node->Start(); });
    }
    while (events_.now_ms() < plan_.active_ms) {
      Advance();
      expectations_->CheckUntil(events_.now_ms());
    }
    for (const auto& client : clients_) client->Leave();
    faults_->HealAll();
    Converge();
    ComeToRest();
    SimulatedNode& first = *Members().at(0);
    if (const std::string wrong = CompareWithModel(first); !wrong.empty()) {
      throw Violation("against the specification: " + wrong);
    }
    promises_->OnEnd(first.node().floor(), faults_->gone());
    expectations_->CheckInTheEnd();
  } catch (const Violation& violation) {
    outcome.violation = violation.what();
    story_.Tell("VIOLATION: " + outcome.violation);
  }
  outcome.hash = story_.hash();
  outcome.ended_ms = events_.now_ms();
  outcome.simulated_ms = events_.now_ms() - faults_->leapt_ms();
  outcome.records = history_->records().size();
  outcome.faults = faults_->counted();
  outcome.faults_drawn = static_cast<int>(plan_.schedule.size());
  outcome.nodes = all_.size();
  for (SimulatedNode* node : all_) {
    if (!node->running()) continue;
    for (const auto& [rule, count] : node->node().conflicts().by_rule()) {
      outcome.conflicts[std::string(NameOf(rule))] += count;
    }
  }
  for (const auto& client : clients_) {
    outcome.commands += client->commands();
    outcome.acknowledged += client->acknowledged();
  }
  return outcome;
}

// --- The end -------------------------------------------------------------------------------------

void SimulatedCluster::AdvanceInQuiet() {
  events_.RunUntil(events_.now_ms() + faults_->TakeStep());
  for (SimulatedNode* node : all_) node->EndTurn();
  if (events_.now_ms() < next_restart_ms_) return;
  faults_->KeepRunning();
  next_restart_ms_ = events_.now_ms() + kRestartMs;
}

void SimulatedCluster::Converge() {
  const std::int64_t healed_ms = events_.now_ms();
  std::int64_t next_look_ms = healed_ms;
  while (events_.now_ms() - healed_ms < plan_.convergence_ms) {
    AdvanceInQuiet();
    const std::int64_t now_ms = events_.now_ms();
    if (now_ms < next_look_ms) continue;
    next_look_ms = now_ms + kLookMs;
    if (!Equal()) continue;
    story_.Tell("all are equal again after " + std::to_string(now_ms - healed_ms) + " ms");
    return;
  }
  throw Violation("not equal " + std::to_string(plan_.convergence_ms) +
                  " ms after the last fault:" + Differences());
}

std::vector<SimulatedNode*> SimulatedCluster::Members() const {
  std::vector<SimulatedNode*> members;
  std::ranges::copy_if(all_, std::back_inserter(members), [this](SimulatedNode* node) {
    if (!node->running() || !node->node().replicator().removed()) return true;
    if (faults_->MayBeRemoved(node->config().region)) return false;
    throw Violation(node->name() + " was removed, and nobody asked for it");
  });
  return members;
}

bool SimulatedCluster::Equal() {
  if (!faults_->settled()) return false;
  const std::vector<SimulatedNode*> members = Members();
  // Without a directory a node that was promoted does not remember it: nobody may lead then.
  const auto has_nothing = [](SimulatedNode* node) {
    return node->running() && !node->config().appendonly && node->node().floor().empty();
  };
  if (std::ranges::all_of(members, has_nothing)) return true;
  for (SimulatedNode* node : members) {
    if (!node->running() || node->node().replicator().joining()) return false;
    if (node->node().floor() != members[0]->node().floor()) return false;
  }
  for (const geo_config::RegionEntry& region : plan_.regions) {
    const auto is_of_region = [&](SimulatedNode* node) {
      return node->config().region == region.id;
    };
    if (std::ranges::none_of(members, is_of_region)) continue;
    const auto leads = [&](SimulatedNode* node) { return is_of_region(node) && node->leads(); };
    if (std::ranges::count_if(members, leads) != 1) return false;
  }
  const std::int64_t now = members[0]->clock().UnixMs();
  const std::uint64_t digest = members[0]->node().BeginCommand().keyspace().Digest(now);
  for (SimulatedNode* node : members) {
    if (node->node().BeginCommand().keyspace().Digest(now) == digest) continue;
    std::string wrong = CompareWithModel(*node);
    wrong = wrong.empty() ? members[0]->name() + " " + CompareWithModel(*members[0])
                          : node->name() + " " + wrong;
    throw Violation(node->name() + " has applied the same as " + members[0]->name() +
                    " and holds something else: " + wrong + ", " +
                    FirstDifference(node->node().BeginCommand().keyspace(),
                                    members[0]->node().BeginCommand().keyspace()));
  }
  return true;
}

void SimulatedCluster::ComeToRest() {
  const std::int64_t began_ms = events_.now_ms();
  std::string retained = "nobody was looked at";
  const std::int64_t most_ms = std::max<std::int64_t>(
      kMostUnrestMs, kMostHeartbeatsOfUnrest * all_[0]->config().heartbeat.count());
  while (events_.now_ms() - began_ms < most_ms) {
    const std::int64_t next_look_ms = events_.now_ms() + kLookForRestMs;
    while (events_.now_ms() < next_look_ms) AdvanceInQuiet();
    retained.clear();
    for (SimulatedNode* node : Members()) {
      std::string here = node->running() ? WhatIsRetained(*node) : "does not run";
      if (here.empty()) {
        here = WhereLogIsTooLong(*node, history_->longest_frame(node->number()));
      }
      if (!here.empty()) retained = node->name() + ": " + here;
    }
    if (!retained.empty()) continue;
    story_.Tell("nothing waits any more " + std::to_string(events_.now_ms() - began_ms) +
                " ms after that");
    return;
  }
  throw Violation("still " + std::to_string(most_ms) + " ms after all were equal, " + retained);
}

std::string SimulatedCluster::Differences() {
  std::string text;
  for (SimulatedNode* node : all_) {
    text += "\n    " + node->name();
    if (!node->running()) {
      text += " does not run";
      continue;
    }
    const auto report = node->node().replication_report();
    text += std::string(report.is_primary ? " leads" : " follows") + " under epoch " +
            std::to_string(report.epoch) + ", has " + node->node().floor().ToString();
    const std::string refusal = node->node().WriteRefusal();
    if (!refusal.empty()) text += ", " + refusal;
    if (const std::size_t waiting = node->node().replicator().waiting_records(); waiting > 0) {
      text += ", " + std::to_string(waiting) + " records wait";
    }
    if (node->node().replicator().joining()) text += ", joining";
    if (node->node().replicator().removed()) text += ", removed";
    for (const auto& region : node->node().region_reports()) {
      text += "; region " + region.name + " " + region.state + " " + region.detail;
      if (region.bytes_behind > 0)
        text += " lacks " + std::to_string(region.bytes_behind) + " bytes";
    }
  }
  return text;
}

std::string SimulatedCluster::CompareWithModel(SimulatedNode& node) {
  // Some partitions are further than what its floor says.
  if (node.node().replicator().joining()) return {};
  ReferenceModel model;
  const crdt::VersionVector& floor = node.node().floor();
  const auto was_lost = [this](std::string_view key, crdt::Stamp stamp) {
    return history_->WasLost(storage::PartitionOf(key), stamp);
  };
  for (const auto& [first, record] : history_->records()) {
    if (floor.Covers(first)) model.Apply(first, record, was_lost);
  }
  const std::int64_t now = all_[0]->clock().UnixMs();
  return model.Compare(node.node().BeginCommand().keyspace(), now);
}

Outcome RunPlanned(RunPlan plan, Story::Telling telling, Planted planted, const Without& without) {
  return SimulatedCluster(std::move(plan), telling, planted, without).Run();
}

Outcome RunSeed(std::uint64_t seed, Story::Telling telling, Planted planted,
                const Without& without) {
  return RunPlanned(DrawPlan(seed), telling, planted, without);
}

}  // namespace simulation
