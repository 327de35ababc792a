#include "tests/simulation/run_plan.h"

#include <algorithm>
#include <iterator>

#include "tests/simulation/drawn_schedule.h"

namespace simulation {

using geo_config::Config;
using geo_config::RegionEntry;

std::string RunPlan::NameOfNode(NodeNumber node) const {
  const Config& config = nodes[static_cast<std::size_t>(node)].config;
  return config.OwnRegion()->name + "/" + std::to_string(config.ordinal);
}

void RunPlan::Unlist(crdt::RegionId region) {
  for (NodePlan& node : nodes) {
    // It is no part of a new deployment, but a new part of one.
    if (node.config.region == region) {
      node.config.bootstrap = false;
      continue;
    }
    std::erase_if(node.config.regions,
                  [&](const RegionEntry& entry) { return entry.id == region; });
  }
}

std::vector<RegionEntry> MakeRegions(const std::vector<std::string>& names,
                                     const std::vector<int>& nodes) {
  std::vector<RegionEntry> regions;
  NodeNumber number = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    RegionEntry region{static_cast<crdt::RegionId>(i + 1), names[i], {}};
    for (int k = 0; k < nodes[i]; ++k, ++number) {
      region.nodes.push_back({static_cast<std::uint32_t>(k), "n" + std::to_string(number), 1, 2});
    }
    regions.push_back(std::move(region));
  }
  return regions;
}

Config MakeConfig(const std::vector<RegionEntry>& regions, crdt::RegionId region,
                  std::uint32_t ordinal) {
  Config config;
  config.region = region;
  config.ordinal = ordinal;
  config.regions = regions;
  config.secret = "simulated";
  config.dir = "/data";
  config.reserve_bytes = 16 << 10;
  config.segment_bytes = 64 << 10;
  return config;
}

namespace {

template <class Choice, std::size_t size>
Choice Pick(Dice& dice, const Choice (&choices)[size]) {
  return choices[dice.Below(size)];
}

// What a seed draws, part by part.
class Drawer {
 public:
  explicit Drawer(std::uint64_t seed) : dice_(seed) {}

  RunPlan Run() {
    DrawRegions();
    plan_.active_ms = dice_.Between(3000, 9000);
    plan_.most_latency_ms = Pick<std::int64_t>(dice_, {2, 3, 5, 30});
    DrawNodes();
    DrawClients();
    BoundTheWork();
    std::vector<crdt::RegionId> regions;
    for (const NodePlan& node : plan_.nodes) regions.push_back(node.config.region);
    plan_.schedule = DrawSchedule(regions, plan_.active_ms, dice_.Split());
    for (const Fault& fault : plan_.schedule) {
      if (fault.kind == FaultKind::kLeap) plan_.active_ms += fault.amount;
    }
    plan_.dice = dice_.Split();
    DrawChecks();
    DrawMembership();
    std::ranges::stable_sort(plan_.schedule, {}, &Fault::at_ms);
    return std::move(plan_);
  }

 private:
  void DrawRegions();
  Config DrawConfig(crdt::RegionId region, std::uint32_t ordinal);
  void DrawNodes();
  void DrawClients();
  void BoundTheWork();
  void DrawChecks();
  void DrawMembership();
  std::vector<NodeNumber> NodesOf(crdt::RegionId region) const;
  void Plan(FaultKind kind, crdt::RegionId region, std::int64_t at_ms);
  void CutOff(crdt::RegionId region, std::int64_t at_ms);

  Dice dice_;
  RunPlan plan_;
};

void Drawer::DrawRegions() {
  static constexpr const char* kNames[] = {"eu", "us", "ap", "sa", "af"};
  const int regions = Pick(dice_, {1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 4, 5});
  std::vector<int> nodes;
  for (int i = 0; i < regions; ++i) nodes.push_back(Pick(dice_, {1, 2, 2, 2, 2, 3}));
  if (regions == 1 && nodes[0] == 1) nodes[0] = 2;
  plan_.regions = MakeRegions({kNames, kNames + regions}, nodes);
}

Config Drawer::DrawConfig(crdt::RegionId region, std::uint32_t ordinal) {
  using std::chrono::milliseconds;
  Config config = MakeConfig(plan_.regions, region, ordinal);
  config.segment_bytes = Pick<std::uint64_t>(dice_, {4 << 10, 16 << 10, 256 << 10});
  config.heartbeat = milliseconds(Pick(dice_, {50, 100, 250}));
  config.repl_timeout = milliseconds(Pick(dice_, {700, 2000, 10000}));
  config.geo_ship_gate = dice_.Chance(70);
  config.geo_ship_gate_timeout = milliseconds(Pick(dice_, {30, 200}));
  config.geo_compression = dice_.Chance(30);
  config.expire_grace = milliseconds(Pick(dice_, {300, 2000}));
  config.checkpoint_interval = milliseconds(Pick(dice_, {0, 100, 500, 3000}));
  config.checkpoint_log_bytes = Pick<std::uint64_t>(dice_, {0, 2 << 10, 20 << 10});
  return config;
}

void Drawer::DrawNodes() {
  using geo_config::FsyncPolicy;
  // A log in memory is for a region alone.
  const bool in_memory = plan_.regions.size() == 1 && dice_.Chance(60);
  const bool bootstrap = dice_.Chance(70);
  for (const RegionEntry& region : plan_.regions) {
    const auto policy = Pick(dice_, {FsyncPolicy::kAlways, FsyncPolicy::kEverySecond,
                                     FsyncPolicy::kEverySecond, FsyncPolicy::kNo});
    for (const geo_config::NodeEntry& node : region.nodes) {
      Config config = DrawConfig(region.id, node.ordinal);
      config.appendfsync = policy;
      config.appendonly = !in_memory;
      config.bootstrap = bootstrap;
      // Small enough that who was away for a moment has to join.
      config.geo_retention_bytes = Pick<std::uint64_t>(dice_, {0, 8 << 10, 32 << 10, 1 << 30});
      if (in_memory) {
        config.log_memory_bytes = Pick<std::uint64_t>(dice_, {1 << 10, 4 << 10, 16 << 10});
      }
      plan_.nodes.push_back({std::move(config), dice_.Between(-150, 150)});
    }
  }
}

void Drawer::DrawClients() {
  Workload::Options options{.keys = static_cast<int>(dice_.Between(2, 9)),
                            .clash_percent = Pick<std::uint64_t>(dice_, {2, 10, 40}),
                            .read_percent = Pick<std::uint64_t>(dice_, {5, 20, 50}),
                            .wait_percent = Pick<std::uint64_t>(dice_, {2, 10, 30}),
                            .transaction_percent = Pick<std::uint64_t>(dice_, {2, 10, 25}),
                            .regions = static_cast<int>(plan_.regions.size()),
                            .pauses = dice_.Chance(30)};
  // A record may be longer than all that is kept of the log in memory.
  if (!plan_.nodes[0].config.appendonly && dice_.Chance(30)) options.value_bytes = 30 << 10;
  for (const RegionEntry& region : plan_.regions) {
    for (std::int64_t k = dice_.Between(1, 3); k > 0; --k) {
      plan_.clients.push_back({.region = region.id, .workload = options});
    }
  }
}

// What a run costs goes with its commands and with the nodes that carry them out.
void Drawer::BoundTheWork() {
  constexpr std::int64_t kMostWork = 300'000;  // Milliseconds of a client, for each node.
  const std::int64_t work = plan_.active_ms * static_cast<std::int64_t>(plan_.clients.size()) *
                            static_cast<std::int64_t>(plan_.nodes.size());
  for (ClientPlan& client : plan_.clients) {
    client.most_pause_ms = std::max(client.most_pause_ms, client.most_pause_ms * work / kMostWork);
  }
}

// How often regions compare what they have.
void Drawer::DrawChecks() {
  const std::chrono::milliseconds interval(Pick(dice_, {0, 50, 500, 3000}));
  for (NodePlan& node : plan_.nodes) node.config.region_check_interval = interval;
}

std::vector<NodeNumber> Drawer::NodesOf(crdt::RegionId region) const {
  std::vector<NodeNumber> nodes;
  for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
    if (plan_.nodes[i].config.region == region) nodes.push_back(static_cast<NodeNumber>(i));
  }
  return nodes;
}

void Drawer::Plan(FaultKind kind, crdt::RegionId region, std::int64_t at_ms) {
  plan_.schedule.push_back({.at_ms = at_ms, .kind = kind, .nodes = NodesOf(region)});
}

// Of the regions one is added while the others run, or one leaves or is forced out.
void Drawer::DrawMembership() {
  const auto regions = static_cast<std::int64_t>(plan_.regions.size());
  if (regions < 2 || !dice_.Chance(25)) return;
  const auto last = static_cast<crdt::RegionId>(regions);
  if (dice_.Chance(40)) {
    plan_.Unlist(last);
    Plan(FaultKind::kAddedRegion, last, dice_.Between(0, plan_.active_ms * 2 / 3));
  }
  if (dice_.Chance(30)) return;
  const auto gone = static_cast<crdt::RegionId>(dice_.Between(1, regions));
  const std::int64_t at_ms = dice_.Between(plan_.active_ms / 4, plan_.active_ms - 1);
  const bool by_force = dice_.Chance(50);
  Plan(by_force ? FaultKind::kRegionForcedOut : FaultKind::kRemovedRegion, gone, at_ms);
  if (by_force) CutOff(gone, std::max<std::int64_t>(0, at_ms - dice_.Between(0, 3000)));
}

// From all others; or another region stays with it, and does not hear for a while that it is gone.
void Drawer::CutOff(crdt::RegionId region, std::int64_t at_ms) {
  const auto regions = static_cast<std::int64_t>(plan_.regions.size());
  auto with = static_cast<crdt::RegionId>(dice_.Between(1, regions));
  if (regions == 2 || dice_.Chance(50)) with = region;
  Plan(FaultKind::kPartition, region, at_ms);
  Fault& cut = plan_.schedule.back();
  if (with != region) std::ranges::copy(NodesOf(with), std::back_inserter(cut.nodes));
  for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
    const crdt::RegionId other = plan_.nodes[i].config.region;
    if (other != region && other != with) cut.others.push_back(static_cast<NodeNumber>(i));
  }
}

}  // namespace

RunPlan DrawPlan(std::uint64_t seed) {
  return Drawer(seed).Run();
}

}  // namespace simulation
