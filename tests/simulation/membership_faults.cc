// Faults: regions that are added and removed. The operator goes on until it is done.
#include <algorithm>
#include <iterator>

#include "tests/simulation/faults.h"

namespace simulation {

namespace {

constexpr std::int64_t kAskAgainMs = 200;

bool IsRemoved(SimulatedNode& node, crdt::RegionId region) {
  return node.running() && node.node().replicator().membership().HasRemoved(region);
}

bool Knows(SimulatedNode& node, crdt::RegionId region) {
  return node.running() &&
         std::ranges::count(node.node().region_reports(), region, &server::RegionReport::id) > 0;
}

}  // namespace

void Faults::Pursue(std::function<bool()> attempt) {
  if (attempt()) return;
  world_.events.After(kAskAgainMs, [this, attempt = std::move(attempt)] { Pursue(attempt); });
}

// Whoever leads one of the other regions; false: nobody did as told.
bool Faults::AskOthers(crdt::RegionId region, const std::vector<std::string>& words) {
  return std::ranges::any_of(Others(region), [&](SimulatedNode* node) {
    if (!node->leads() || node->frozen()) return false;
    const std::string reply = node->Ask(words);
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    Tell("at " + node->name() + ": " + text + " → " + reply.substr(0, reply.find('\r')));
    return reply.starts_with('+');
  });
}

std::vector<SimulatedNode*> Faults::Others(crdt::RegionId region) const {
  std::vector<SimulatedNode*> others;
  std::ranges::copy_if(nodes_, std::back_inserter(others),
                       [region](SimulatedNode* node) { return node->config().region != region; });
  return others;
}

bool Faults::AreRemoved(const Fault& fault) const {
  return std::ranges::all_of(fault.nodes, [this](NodeNumber number) {
    SimulatedNode& node = *nodes_[number];
    return IsRemoved(node, node.config().region);
  });
}

// First in everybody's file, so that who loses its directory knows it still.
void Faults::AddRegion(const Fault& fault) {
  SimulatedNode& added = *nodes_[fault.nodes[0]];
  const geo_config::RegionEntry region = *added.config().OwnRegion();
  std::vector<std::string> words{"REGION", "ADD", std::to_string(region.id), region.name};
  for (const geo_config::NodeEntry& node : region.nodes) {
    words.push_back(node.host + ":" + std::to_string(node.port) + "@" +
                    std::to_string(node.peer_port));
  }
  for (SimulatedNode* other : Others(region.id)) other->SetRegionsOfFile(added.config().regions);
  ++unsettled_;
  Pursue([this, fault, words, id = region.id] {
    const std::vector<SimulatedNode*> others = Others(id);
    const auto was_asked = [id](SimulatedNode* node) {
      return node->running() && !IsRemoved(*node, node->config().region) &&
             node->node().replicator().membership().StandingOf(id);
    };
    const auto is_done = [id](SimulatedNode* node) {
      return Knows(*node, id) || IsRemoved(*node, id) || IsRemoved(*node, node->config().region);
    };
    if (std::ranges::all_of(others, is_done)) {
      --unsettled_;
      return true;
    }
    if (std::ranges::none_of(others, was_asked) && AskOthers(id, words)) Count(fault);
    return false;
  });
}

void Faults::RemoveRegion(const Fault& fault) {
  const crdt::RegionId id = nodes_[fault.nodes[0]]->config().region;
  ++unsettled_;
  Pursue([this, fault, id] {
    if (AreRemoved(fault)) {
      CheckThatOthersHaveAll(fault);
      for (const NodeNumber node : fault.nodes) gone_.set(static_cast<std::size_t>(node));
      --unsettled_;
      return true;
    }
    to_remove_.insert(id);
    const bool is_under_way = std::ranges::any_of(nodes_, [&](SimulatedNode* node) {
      return node->running() && node->node().replicator().membership().StandingOf(id) >=
                                    geo_config::Standing::kLeaving;
    });
    if (!is_under_way && AskOthers(id, {"REGION", "REMOVE", std::to_string(id)})) Count(fault);
    return false;
  });
}

void Faults::CheckThatOthersHaveAll(const Fault& fault) const {
  const crdt::RegionId id = nodes_[fault.nodes[0]]->config().region;
  crdt::VersionVector others;
  for (SimulatedNode* node : Others(id)) {
    const bool syncs = node->config().appendfsync != geo_config::FsyncPolicy::kNo;
    others.Merge(syncs ? world_.history.ever_synced(node->number())
                       : world_.history.ever(node->number()));
  }
  for (const NodeNumber node : fault.nodes) {
    const crdt::VersionVector& floor = nodes_[node]->node().floor();
    if (others.Covers(floor)) continue;
    throw Violation(nodes_[node]->name() + " has left with " + floor.ToString() +
                    ", and the others have had durably " + others.ToString());
  }
}

// It goes on until it hears of that. Who alone had heard of it may lose that with its directory.
void Faults::ForceRegionOut(const Fault& fault) {
  const crdt::RegionId id = nodes_[fault.nodes[0]]->config().region;
  Pursue([this, fault, id] {
    if (healed_) return true;  // It can be reached again.
    to_remove_.insert(id);
    if (!AskOthers(id, {"REGION", "REMOVE", std::to_string(id), "FORCE"})) return false;
    Count(fault);
    world_.history.OnRemoved(id);
    for (const NodeNumber node : fault.nodes) gone_.set(static_cast<std::size_t>(node));
    ++unsettled_;
    Pursue([this, fault, id] {
      const bool is_known = std::ranges::any_of(
          nodes_, [&](SimulatedNode* node) { return !node->running() || IsRemoved(*node, id); });
      if (is_known && !AreRemoved(fault)) return false;
      --unsettled_;
      return true;
    });
    return true;
  });
}

}  // namespace simulation
