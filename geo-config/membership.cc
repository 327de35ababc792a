#include "geo-config/membership.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>
#include <utility>

#include "crdt/encoding.h"

namespace geo_config {
namespace {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::RegionId;

constexpr std::uint8_t kVersion = 1;

std::string EncodeRegion(const RegionEntry& region) {
  std::string bytes;
  crdt::ByteWriter out(bytes);
  out.Bytes(region.name);
  out.Varint(region.nodes.size());
  for (const NodeEntry& node : region.nodes) {
    out.Bytes(node.host);
    out.Varint(node.port);
    out.Varint(node.peer_port);
  }
  return bytes;
}

// Empty: the bytes are none.
std::optional<RegionEntry> DecodeRegion(RegionId id, std::string_view bytes) {
  crdt::ByteReader in(bytes);
  RegionEntry region{.id = id, .name = std::string(in.Bytes()), .nodes = {}};
  const std::uint64_t count = in.Count(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    NodeEntry node{.ordinal = static_cast<std::uint32_t>(i), .host = std::string(in.Bytes())};
    const std::uint64_t port = in.Varint();
    const std::uint64_t peer_port = in.Varint();
    if (node.host.empty() || port - 1 >= 65535 || peer_port - 1 >= 65535) return std::nullopt;
    node.port = static_cast<std::uint16_t>(port);
    node.peer_port = static_cast<std::uint16_t>(peer_port);
    region.nodes.push_back(std::move(node));
  }
  if (!in.ok() || !in.at_end() || region.name.empty() || count == 0) return std::nullopt;
  return region;
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::vector<RegionEntry> Membership::Regions(const std::vector<RegionEntry>& from_file) const {
  std::map<RegionId, RegionEntry> regions;
  for (const RegionEntry& region : from_file) regions[region.id] = region;
  for (const auto& [id, change] : changes_) {
    if (change.standing == Standing::kRemoved) {
      regions.erase(id);
    } else {
      regions.try_emplace(id, *DecodeRegion(id, change.region));
    }
  }
  std::vector<RegionEntry> all;
  for (auto& [id, region] : regions) all.push_back(std::move(region));
  return all;
}

std::optional<Standing> Membership::StandingOf(RegionId id) const {
  const auto found = changes_.find(id);
  if (found == changes_.end()) return std::nullopt;
  return found->second.standing;
}

RegionSet Membership::removed() const {
  RegionSet removed;
  for (const auto& [id, change] : changes_) removed.set(id, change.standing == Standing::kRemoved);
  return removed;
}

void Membership::Note(Standing standing, const RegionEntry& region) {
  const auto known = changes_.find(region.id);
  const std::uint64_t generation = known == changes_.end() ? 0 : known->second.generation;
  Take(region.id, {generation, standing, EncodeRegion(region)});
}

void Membership::Keep(RegionId id) {
  Change& change = changes_.at(id);
  ++change.generation;
  change.standing = Standing::kAdded;
}

bool Membership::Merge(const Membership& other) {
  bool is_new = false;
  for (const auto& [id, change] : other.changes_) is_new |= Take(id, change);
  return is_new;
}

bool Membership::MergeOf(RegionId id, const Membership& other) {
  const auto change = other.changes_.find(id);
  return change != other.changes_.end() && Take(id, change->second);
}

bool Membership::Take(RegionId id, Change change) {
  const auto [known, is_new] = changes_.try_emplace(id, change);
  if (is_new) return true;
  Change& before = known->second;
  // A region that was removed does not come back.
  const auto rank = [](const Change& of) {
    return std::tuple(of.standing == Standing::kRemoved, of.generation, of.standing);
  };
  const bool is_further = rank(change) > rank(before);
  const bool wins = rank(change) == rank(before) && change.region < before.region;
  if (!is_further && !wins) return false;
  before = std::move(change);
  return true;
}

std::string Membership::Encode() const {
  std::string bytes;
  crdt::ByteWriter out(bytes);
  out.U8(kVersion);
  out.Varint(changes_.size());
  for (const auto& [id, change] : changes_) {
    out.U8(id);
    out.Varint(change.generation);
    out.U8(static_cast<std::uint8_t>(change.standing));
    out.Bytes(change.region);
  }
  return bytes;
}

crdt::Result<Membership> Membership::Decode(std::string_view bytes) {
  crdt::ByteReader in(bytes);
  if (const std::uint8_t version = in.U8(); in.ok() && version != kVersion) {
    return Fail(ErrorCode::kUnsupported, "a membership of version " + std::to_string(version) +
                                             "; this build reads " + std::to_string(kVersion));
  }
  Membership membership;
  const std::uint64_t count = in.Count(4);
  RegionId last = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const RegionId id = in.U8();
    const std::uint64_t generation = in.Varint();
    const std::uint8_t standing = in.U8();
    const std::string_view region = in.Bytes();
    if (id <= last || id > crdt::kMaxRegion || standing < 1 || standing > 3 ||
        !DecodeRegion(id, region)) {
      in.Invalidate();
      break;
    }
    membership.changes_[id] = {generation, static_cast<Standing>(standing), std::string(region)};
    last = id;
  }
  if (!in.ok() || !in.at_end()) return Fail(ErrorCode::kCorrupt, "the membership is damaged");
  return membership;
}

crdt::Status CheckNewRegion(const RegionEntry& region, const std::vector<RegionEntry>& regions,
                            const Membership& membership) {
  const std::string id = std::to_string(region.id);
  if (membership.HasRemoved(region.id)) {
    return Fail(ErrorCode::kRefused,
                "region " + id + " was removed, and its id is not used again: take another one");
  }
  std::set<std::pair<std::string, std::uint16_t>> endpoints;
  for (const RegionEntry& other : regions) {
    if (other == region && !membership.IsLeaving(region.id)) return {};
    if (other.id == region.id) {
      return Fail(ErrorCode::kRefused, "there is a region " + id + " already");
    }
    if (other.name == region.name) {
      return Fail(ErrorCode::kRefused,
                  "region " + std::to_string(other.id) + " is named '" + region.name + "' already");
    }
    for (const NodeEntry& node : other.nodes) {
      endpoints.insert({{node.host, node.port}, {node.host, node.peer_port}});
    }
  }
  for (const NodeEntry& node : region.nodes) {
    for (const std::uint16_t port : {node.port, node.peer_port}) {
      if (endpoints.emplace(node.host, port).second) continue;
      return Fail(ErrorCode::kRefused,
                  node.host + " port " + std::to_string(port) + " is given twice");
    }
  }
  return {};
}

crdt::Result<NodeEntry> ParseNode(std::string_view text, std::uint32_t ordinal) {
  const auto wrong = [text](const char* what) {
    return Fail(ErrorCode::kInvalid, "'" + std::string(text) + "' " + what);
  };
  const std::size_t at = text.rfind('@');
  const std::string_view address = text.substr(0, at);
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return wrong("has to be host:port or host:port@peer-port");
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return wrong("needs brackets around an IPv6 address: [::1]:6379");
  }
  if (host.empty()) return wrong("names no host");
  const auto port = ParsePort(address.substr(colon + 1));
  const auto peer_port =
      at == std::string_view::npos ? std::nullopt : ParsePort(text.substr(at + 1));
  if (!port || (at != std::string_view::npos && !peer_port)) {
    return wrong("has a port that is no number from 1 to 65535");
  }
  NodeEntry node{.ordinal = ordinal,
                 .host = std::string(host),
                 .port = *port,
                 .peer_port = peer_port.value_or(DefaultPeerPort(*port))};
  if (node.peer_port == 0) return wrong("needs @peer-port, since port + 10000 is beyond 65535");
  return node;
}

}  // namespace geo_config
