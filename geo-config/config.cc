#include "geo-config/config.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "geo-config/config_file.h"
#include "geo-config/spelling.h"
#include "geo-config/validation.h"

namespace geo_config {
namespace {

void Apply(const Overrides& overrides, Config& config, Mistakes& mistakes) {
  for (const auto& [name, value] : overrides) {
    const Setting* setting = FindSetting(name);
    if (setting == nullptr) {
      std::vector<std::string_view> known;
      for (const Setting& other : Settings()) known.push_back(other.name);
      mistakes.At(kCommandLine, "unknown option '--" + name + "'" + Suggestion(name, known, "--"));
      continue;
    }
    mistakes.Given(name, kCommandLine);
    if (const auto status = setting->set(config, value); !status) {
      mistakes.At(kCommandLine, "--" + name + ": " + status.error().detail);
      mistakes.Spoil(name);
    }
  }
}

void ReadSecretFile(Config& config, Mistakes& mistakes) {
  if (config.secret_file.empty()) return;
  const Place place = mistakes.PlaceOf("secret-file");
  if (!config.secret.empty()) {
    mistakes.At(place, "give one of 'secret' and 'secret-file', not both");
    return;
  }
  std::ifstream file(config.secret_file);
  std::getline(file, config.secret);
  if (!config.secret.empty()) return;
  mistakes.At(place, "'secret-file': " + config.secret_file +
                         (file.is_open() ? " has an empty first line" : " cannot be read"));
  mistakes.Spoil("secret");
}

void TakePortsFromOwnEntry(Config& config, const Mistakes& mistakes) {
  const RegionEntry* own = config.OwnRegion();
  if (own == nullptr || config.ordinal >= own->nodes.size()) return;
  const NodeEntry& entry = own->nodes[config.ordinal];
  if (entry.port == 0) return;
  if (!mistakes.IsGiven("port")) config.port = entry.port;
  if (config.port == entry.port && !mistakes.IsGiven("peer-port")) {
    config.peer_port = entry.peer_port;
  }
}

}  // namespace

const RegionEntry* Config::OwnRegion() const {
  const auto found = std::ranges::find(regions, region, &RegionEntry::id);
  return found == regions.end() ? nullptr : &*found;
}

crdt::Result<Config> Load(std::string_view text, const Overrides& overrides) {
  Config config;
  Mistakes mistakes;
  if (const auto read = ReadFile(text, config, mistakes); !read) {
    return std::unexpected(read.error());
  }
  Apply(overrides, config, mistakes);
  ReadSecretFile(config, mistakes);
  TakePortsFromOwnEntry(config, mistakes);
  Validate(config, mistakes);
  if (!mistakes.empty()) return crdt::Fail(crdt::ErrorCode::kInvalid, mistakes.Text());
  return config;
}

std::vector<std::string> Warnings(const Config& config) {
  std::vector<std::string> warnings;
  if (config.appendfsync == FsyncPolicy::kNo && config.appendonly) {
    warnings.emplace_back("appendfsync is no: a crash of the machine may lose acknowledged writes");
  }
  if (!config.appendonly) {
    warnings.emplace_back("appendonly is off: what is written is lost with the process");
  }
  if (config.secret.empty() && !config.regions.empty()) {
    warnings.emplace_back("no secret is set: any process of this machine can pose as a node");
  }
  if (config.requirepass.empty() && !std::ranges::all_of(config.bind, IsLoopback)) {
    warnings.emplace_back(
        config.protected_mode
            ? "no requirepass is set: other machines are refused (protected-mode)"
            : "no requirepass is set and protected-mode is off: whoever reaches a "
              "bound address can read and write everything");
  }
  const RegionEntry* own = config.OwnRegion();
  if (own != nullptr && config.ordinal < own->nodes.size()) {
    const NodeEntry& entry = own->nodes[config.ordinal];
    if (entry.port != config.port || entry.peer_port != config.PeerPort()) {
      warnings.emplace_back("this node listens on ports " + std::to_string(config.port) + " and " +
                            std::to_string(config.PeerPort()) +
                            ", but its entry among the regions "
                            "says " +
                            std::to_string(entry.port) + " and " + std::to_string(entry.peer_port));
    }
  }
  return warnings;
}

}  // namespace geo_config
