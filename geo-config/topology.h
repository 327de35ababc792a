// Who the regions and their nodes are, as every node of a deployment is told by its file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/stamp.h"

namespace geo_config {

struct NodeEntry {
  std::uint32_t ordinal = 0;  // Its place in the region's list, from 0.
  std::string host;
  std::uint16_t port = 0;       // For clients.
  std::uint16_t peer_port = 0;  // For other nodes.

  bool operator==(const NodeEntry&) const = default;
};

struct RegionEntry {
  crdt::RegionId id = 0;
  std::string name;
  std::vector<NodeEntry> nodes;

  bool operator==(const RegionEntry&) const = default;
};

// The port for other nodes where none is given. Zero where it would not be a port.
inline constexpr std::uint16_t DefaultPeerPort(std::uint16_t port) {
  return port <= 55535 ? static_cast<std::uint16_t>(port + 10000) : std::uint16_t{0};
}

inline bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace geo_config
