#include "tests/simulation/simulated_cluster.h"

#include <algorithm>

#include "tests/simulation/reference_model.h"

namespace simulation {

namespace {

constexpr const char* kRegionNames[] = {"eu", "us", "ap", "sa", "af"};
// Everything is equal so long after the last fault.
constexpr std::int64_t kConvergenceMs = 25000;
constexpr std::int64_t kLookMs = 50;
constexpr std::int64_t kRestartMs = 500;

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

template <class Choice, std::size_t size>
Choice Pick(Dice& dice, const Choice (&choices)[size]) {
  return choices[dice.Below(size)];
}

}  // namespace

SimulatedCluster::SimulatedCluster(std::uint64_t seed, Story::Telling telling, Planted planted,
                                   const Without& without)
    : story_(events_, telling), dice_(seed), planted_(planted), plan_(DrawPlan()) {
  if (without.behind_ms) plan_.active_ms = std::min(plan_.active_ms, *without.behind_ms);
  MakeNodes(without);
  MakeClients();
}

SimulatedCluster::Plan SimulatedCluster::DrawPlan() {
  Plan plan;
  plan.regions = Pick(dice_, {1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 4, 5});
  for (int i = 0; i < plan.regions; ++i) plan.nodes.push_back(Pick(dice_, {1, 2, 2, 2, 2, 3}));
  if (plan.regions == 1 && plan.nodes[0] == 1) plan.nodes[0] = 2;
  plan.active_ms = dice_.Between(3000, 9000);
  plan.most_latency_ms = Pick<std::int64_t>(dice_, {2, 3, 5, 30});
  return plan;
}

geo_config::Config SimulatedCluster::DrawConfig(const std::vector<geo_config::RegionEntry>& regions,
                                                int region, int ordinal) {
  using std::chrono::milliseconds;
  geo_config::Config config;
  config.region = static_cast<crdt::RegionId>(region + 1);
  config.ordinal = static_cast<std::uint32_t>(ordinal);
  config.regions = regions;
  config.secret = "simulated";
  config.dir = "/data";
  config.reserve_bytes = 16 << 10;
  config.segment_bytes = Pick<std::uint64_t>(dice_, {4 << 10, 16 << 10, 256 << 10});
  config.heartbeat = milliseconds(Pick(dice_, {50, 100, 250}));
  config.repl_timeout = milliseconds(Pick(dice_, {700, 2000, 10000}));
  config.geo_ship_gate = dice_.Chance(70);
  config.geo_ship_gate_timeout = milliseconds(Pick(dice_, {30, 200}));
  config.geo_compression = dice_.Chance(30);
  config.expire_grace = milliseconds(Pick(dice_, {300, 2000}));
  return config;
}

void SimulatedCluster::MakeNodes(const Without& without) {
  std::vector<geo_config::RegionEntry> regions;
  std::vector<std::string> names;
  NodeNumber number = 0;
  for (int i = 0; i < plan_.regions; ++i) {
    geo_config::RegionEntry region{static_cast<crdt::RegionId>(i + 1), kRegionNames[i], {}};
    for (int k = 0; k < plan_.nodes[i]; ++k, ++number) {
      region.nodes.push_back({static_cast<std::uint32_t>(k), "n" + std::to_string(number), 1, 2});
      names.push_back(std::string(kRegionNames[i]) + "/" + std::to_string(k));
    }
    regions.push_back(std::move(region));
  }
  network_ = std::make_unique<SimulatedNetwork>(events_, story_, dice_.Split());
  network_->SetLatency(1, plan_.most_latency_ms);
  if (auto tamper = MakeTamper(planted_)) network_->SetTamper(std::move(tamper));
  history_ = std::make_unique<History>(names);
  promises_ = std::make_unique<Promises>(names);
  const World world{events_, story_, *network_, *history_, *promises_, planted_};
  // A log in memory is for a region alone.
  const bool in_memory = plan_.regions == 1 && dice_.Chance(40);
  const bool bootstrap = dice_.Chance(70);
  number = 0;
  for (int i = 0; i < plan_.regions; ++i) {
    using geo_config::FsyncPolicy;
    const auto policy = Pick(dice_, {FsyncPolicy::kAlways, FsyncPolicy::kEverySecond,
                                     FsyncPolicy::kEverySecond, FsyncPolicy::kNo});
    for (int k = 0; k < plan_.nodes[i]; ++k, ++number) {
      geo_config::Config config = DrawConfig(regions, i, k);
      config.appendfsync = policy;
      config.appendonly = !in_memory;
      config.bootstrap = bootstrap;
      if (in_memory) config.log_memory_bytes = 100 << 10;
      nodes_.push_back(std::make_unique<SimulatedNode>(world, number, names[number],
                                                       std::move(config), dice_.Between(-150, 150),
                                                       dice_.Split()));
      all_.push_back(nodes_.back().get());
    }
  }
  network_->SetUsers({all_.begin(), all_.end()});
  faults_ = std::make_unique<Faults>(world, all_, dice_.Split(), without.faults);
}

void SimulatedCluster::MakeClients() {
  const World world{events_, story_, *network_, *history_, *promises_, planted_};
  Workload::Options options{.keys = static_cast<int>(dice_.Between(2, 9)),
                            .clash_percent = Pick<std::uint64_t>(dice_, {2, 10, 40}),
                            .read_percent = Pick<std::uint64_t>(dice_, {5, 20, 50}),
                            .wait_percent = Pick<std::uint64_t>(dice_, {2, 10, 30}),
                            .transaction_percent = Pick<std::uint64_t>(dice_, {2, 10, 25}),
                            .regions = plan_.regions,
                            .pauses = dice_.Chance(30)};
  // Bulk makes a log in memory lose its beginning, so that replicas have to join.
  if (!all_[0]->config().appendonly) options.value_bytes = 30 << 10;
  for (int i = 0; i < plan_.regions; ++i) {
    std::vector<SimulatedNode*> own;
    for (SimulatedNode* node : all_) {
      if (node->config().region == i + 1) own.push_back(node);
    }
    for (std::int64_t k = dice_.Between(1, 3); k > 0; --k) {
      clients_.push_back(std::make_unique<SimulatedClient>(
          world, std::string(kRegionNames[i]) + "-" + std::to_string(k), all_, own,
          Workload(options, dice_.Split()), dice_.Split()));
    }
  }
}

void SimulatedCluster::Advance() {
  events_.RunUntil(events_.now_ms() + 1);
  for (const auto& client : clients_) client->Act();
  for (SimulatedNode* node : all_) node->EndTurn();
}

Outcome SimulatedCluster::Run() {
  Outcome outcome;
  try {
    for (SimulatedNode* node : all_) {
      events_.After(dice_.Between(0, 300), [node] { node->Start(); });
    }
    faults_->Begin(plan_.active_ms);
    while (events_.now_ms() < plan_.active_ms) Advance();
    for (const auto& client : clients_) client->Leave();
    faults_->HealAll();
    Converge();
    if (const std::string wrong = CompareWithModel(*all_[0]); !wrong.empty()) {
      throw Violation("against the specification: " + wrong);
    }
    promises_->OnEnd(all_[0]->node().floor());
  } catch (const Violation& violation) {
    outcome.violation = violation.what();
    story_.Tell("VIOLATION: " + outcome.violation);
  }
  outcome.hash = story_.hash();
  outcome.simulated_ms = events_.now_ms();
  outcome.records = history_->records().size();
  outcome.faults = faults_->counted();
  outcome.faults_drawn = faults_->drawn();
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

void SimulatedCluster::Converge() {
  const std::int64_t healed_ms = events_.now_ms();
  while (events_.now_ms() - healed_ms < kConvergenceMs) {
    events_.RunUntil(events_.now_ms() + 1);
    for (SimulatedNode* node : all_) node->EndTurn();
    const std::int64_t since = events_.now_ms() - healed_ms;
    if (since % kRestartMs == 0) faults_->KeepRunning();
    if (since % kLookMs == 0 && Equal()) {
      story_.Tell("all are equal again after " + std::to_string(since) + " ms");
      return;
    }
  }
  throw Violation("not equal " + std::to_string(kConvergenceMs) +
                  " ms after the last fault:" + Differences());
}

bool SimulatedCluster::Equal() {
  // Without logs on disk the only source of a full synchronisation may be gone for ever.
  const auto has_nothing = [](SimulatedNode* node) {
    return node->running() && !node->config().appendonly && node->node().floor().empty();
  };
  if (std::ranges::all_of(all_, has_nothing)) return true;
  for (SimulatedNode* node : all_) {
    if (!node->running() || node->node().replicator().joining()) return false;
    if (node->node().floor() != all_[0]->node().floor()) return false;
  }
  for (int i = 0; i < plan_.regions; ++i) {
    const auto leaders = std::ranges::count_if(
        all_, [&](SimulatedNode* node) { return node->config().region == i + 1 && node->leads(); });
    if (leaders != 1) return false;
  }
  const std::int64_t now = all_[0]->clock().UnixMs();
  const std::uint64_t digest = all_[0]->node().BeginCommand().keyspace().Digest(now);
  for (SimulatedNode* node : all_) {
    if (node->node().BeginCommand().keyspace().Digest(now) == digest) continue;
    std::string wrong = CompareWithModel(*node);
    wrong = wrong.empty() ? all_[0]->name() + " " + CompareWithModel(*all_[0])
                          : node->name() + " " + wrong;
    throw Violation(node->name() + " has applied the same as " + all_[0]->name() +
                    " and holds something else: " + wrong + ", " +
                    FirstDifference(node->node().BeginCommand().keyspace(),
                                    all_[0]->node().BeginCommand().keyspace()));
  }
  return true;
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
    for (const auto& region : node->node().region_reports()) {
      text += "; region " + region.name + " " + region.state + " " + region.detail;
    }
  }
  return text;
}

std::string SimulatedCluster::CompareWithModel(SimulatedNode& node) {
  // Some partitions are further than what its floor says.
  if (node.node().replicator().joining()) return {};
  ReferenceModel model;
  const crdt::VersionVector& floor = node.node().floor();
  for (const auto& [first, record] : history_->records()) {
    if (floor.Covers(first)) model.Apply(first, record);
  }
  const std::int64_t now = all_[0]->clock().UnixMs();
  return model.Compare(node.node().BeginCommand().keyspace(), now);
}

Outcome RunSeed(std::uint64_t seed, Story::Telling telling, Planted planted,
                const Without& without) {
  return SimulatedCluster(seed, telling, planted, without).Run();
}

}  // namespace simulation
