#include "geo-config/validation.h"

#include <algorithm>

namespace geo_config {
namespace {

void CheckPorts(const Config& config, Mistakes& mistakes) {
  // Alone, a node does not listen for others.
  if (config.regions.empty()) return;
  if (!mistakes.IsSound("port") || !mistakes.IsSound("peer-port")) return;
  if (config.PeerPort() == 0) {
    mistakes.At(mistakes.PlaceOf("port"),
                "'peer-port' is needed where port + 10000 is beyond 65535");
  }
  if (config.PeerPort() == config.port) {
    mistakes.At(mistakes.PlaceOf("peer-port"), "'port' and 'peer-port' have to differ");
  }
}

void CheckOwnEntry(const Config& config, Mistakes& mistakes) {
  if (!mistakes.IsSound("regions") || config.regions.empty()) return;
  if (!mistakes.IsSound("region")) return;
  const RegionEntry* own = config.OwnRegion();
  if (own == nullptr) {
    mistakes.At(mistakes.PlaceOf("region"), "region " + std::to_string(config.region) +
                                                " is this node's ('region') and is not among "
                                                "[[regions]]");
    return;
  }
  if (mistakes.IsSound("ordinal") && config.ordinal >= own->nodes.size()) {
    mistakes.At(mistakes.PlaceOf("ordinal"),
                "ordinal " + std::to_string(config.ordinal) + " is this node's, but region " +
                    std::to_string(own->id) + " lists " + std::to_string(own->nodes.size()) +
                    (own->nodes.size() == 1 ? " node" : " nodes") + ", counted from 0");
  }
}

void CheckSecret(const Config& config, Mistakes& mistakes) {
  if (!config.secret.empty() || !mistakes.IsSound("secret") || config.regions.empty()) return;
  for (const RegionEntry& region : config.regions) {
    for (const NodeEntry& node : region.nodes) {
      if (node.host.empty() || IsLoopback(node.host)) continue;
      mistakes.At(mistakes.PlaceOf("regions"), "'secret' or 'secret-file' is needed, since node " +
                                                   node.host + " is beyond loopback");
      return;
    }
  }
  if (!std::ranges::all_of(config.PeerBind(), IsLoopback)) {
    const char* const setting = config.peer_bind.empty() ? "bind" : "peer-bind";
    mistakes.At(mistakes.PlaceOf(setting),
                std::string("'secret' or 'secret-file' is needed, since '") + setting +
                    "' lets other machines reach this node");
  }
}

}  // namespace

void Validate(const Config& config, Mistakes& mistakes) {
  CheckPorts(config, mistakes);
  CheckOwnEntry(config, mistakes);
  CheckSecret(config, mistakes);
  if (!config.appendonly && config.has_other_regions()) {
    mistakes.At(mistakes.PlaceOf("appendonly"),
                "'appendonly' has to be true where there are other regions: they catch up from the "
                "log on disk");
  }
  if (mistakes.IsSound("bind") && config.bind.empty() && config.unixsocket.empty()) {
    mistakes.At(mistakes.PlaceOf("bind"), "'bind' needs an address where there is no 'unixsocket'");
  }
  if (mistakes.IsSound("heartbeat") && mistakes.IsSound("repl-timeout") &&
      config.repl_timeout < 2 * config.heartbeat) {
    mistakes.At(mistakes.PlaceOf(mistakes.IsGiven("repl-timeout") ? "repl-timeout" : "heartbeat"),
                "'repl-timeout' has to be at least twice 'heartbeat'");
  }
}

}  // namespace geo_config
