#include "geo-config/config.h"

#include <algorithm>
#include <set>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace geo_config {
namespace {

using crdt::ErrorCode;
using crdt::Fail;

// Collects every mistake of meaning.
class Mistakes {
 public:
  void At(const toml::node* node, const std::string& what) {
    const auto line = node == nullptr ? 0 : node->source().begin.line;
    lines_.push_back(line == 0 ? what : "line " + std::to_string(line) + ": " + what);
  }
  bool empty() const { return lines_.empty(); }
  std::string Text() const {
    std::string text;
    for (const std::string& line : lines_) text += (text.empty() ? "" : "\n") + line;
    return text;
  }

 private:
  std::vector<std::string> lines_;
};

std::size_t Distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t up = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1,
                         diagonal + (left[i - 1] == right[j - 1] ? 0 : 1)});
      diagonal = up;
    }
  }
  return row[right.size()];
}

std::string Unknown(std::string_view name) {
  const auto nearest = std::ranges::min_element(Settings(), {}, [&](const Setting& setting) {
    return Distance(setting.name, name);
  });
  std::string text = "unknown setting '" + std::string(name) + "'";
  if (Distance(nearest->name, name) <= 4) {
    text += "; did you mean '" + std::string(nearest->name) + "'?";
  }
  return text;
}

std::string TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "yes" : "no";
  if (const auto* array = node.as_array()) {
    std::string words;
    for (const toml::node& word : *array) words += (words.empty() ? "" : " ") + TextOf(word);
    return words;
  }
  return {};
}

template <class Integer>
void ReadNumber(const toml::table& table, std::string_view key, Integer least, Integer most,
                bool needed, Integer& to, Mistakes& mistakes) {
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    if (needed) mistakes.At(&table, "'" + std::string(key) + "' is missing");
    return;
  }
  const auto* number = node->as_integer();
  if (number == nullptr || number->get() < static_cast<std::int64_t>(least) ||
      number->get() > static_cast<std::int64_t>(most)) {
    mistakes.At(node, "'" + std::string(key) + "' has to be a number from " +
                          std::to_string(least) + " to " + std::to_string(most));
    return;
  }
  to = static_cast<Integer>(number->get());
}

void CheckKeys(const toml::table& table, std::initializer_list<std::string_view> known,
               Mistakes& mistakes) {
  for (const auto& [key, node] : table) {
    if (std::ranges::find(known, key.str()) == known.end()) {
      mistakes.At(&node, "unknown key '" + std::string(key.str()) + "'");
    }
  }
}

NodeEntry ReadNode(const toml::table& table, std::uint32_t ordinal, Mistakes& mistakes) {
  CheckKeys(table, {"host", "port", "peer-port"}, mistakes);
  NodeEntry node{.ordinal = ordinal};
  node.host = table["host"].value_or(std::string());
  if (node.host.empty()) mistakes.At(&table, "a node needs a 'host'");
  ReadNumber<std::uint16_t>(table, "port", 1, 65535, true, node.port, mistakes);
  ReadNumber<std::uint16_t>(table, "peer-port", 1, 65535, false, node.peer_port, mistakes);
  if (node.peer_port == 0) {
    if (node.port > 55535) {
      mistakes.At(&table, "'peer-port' is needed where port + 10000 is beyond 65535");
    }
    node.peer_port = static_cast<std::uint16_t>(node.port + 10000);
  }
  return node;
}

void ReadRegions(const toml::array& array, Config& config, Mistakes& mistakes) {
  std::set<int> ids;
  std::set<std::string> names;
  std::set<std::pair<std::string, int>> endpoints;
  for (const toml::node& element : array) {
    const toml::table* table = element.as_table();
    if (table == nullptr) {
      mistakes.At(&element, "each region has to be a table: [[regions]]");
      continue;
    }
    CheckKeys(*table, {"id", "name", "nodes"}, mistakes);
    RegionEntry region;
    ReadNumber<crdt::RegionId>(*table, "id", 1, crdt::kMaxRegion, true, region.id, mistakes);
    region.name = (*table)["name"].value_or(std::string());
    if (region.name.empty()) mistakes.At(table, "a region needs a 'name'");
    if (region.id != 0 && !ids.insert(region.id).second) {
      mistakes.At(table, "region id " + std::to_string(region.id) + " is given twice");
    }
    if (!names.insert(region.name).second) {
      mistakes.At(table, "region name '" + region.name + "' is given twice");
    }
    const toml::array* nodes = (*table)["nodes"].as_array();
    if (nodes == nullptr || nodes->empty()) {
      mistakes.At(table, "a region needs 'nodes', a list of {host, port}");
    } else {
      for (const toml::node& entry : *nodes) {
        if (entry.as_table() == nullptr) {
          mistakes.At(&entry, "a node has to be a table: {host = \"…\", port = …}");
          continue;
        }
        const NodeEntry node =
            ReadNode(*entry.as_table(), static_cast<std::uint32_t>(region.nodes.size()), mistakes);
        for (const int port : {int{node.port}, int{node.peer_port}}) {
          if (port != 0 && !endpoints.emplace(node.host, port).second) {
            mistakes.At(&entry, node.host + " port " + std::to_string(port) + " is given twice");
          }
        }
        region.nodes.push_back(node);
      }
    }
    config.regions.push_back(std::move(region));
  }
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void CheckWhole(const Config& config, Mistakes& mistakes) {
  if (config.peer_port == 0 && config.port > 55535) {
    mistakes.At(nullptr, "'peer-port' is needed where port + 10000 is beyond 65535");
  }
  if (config.PeerPort() == config.port) {
    mistakes.At(nullptr, "'port' and 'peer-port' have to differ");
  }
  if (!config.regions.empty()) {
    const RegionEntry* own = config.OwnRegion();
    if (own == nullptr) {
      mistakes.At(nullptr, "region " + std::to_string(config.region) +
                               " is this node's and is not among [[regions]]");
    } else if (config.ordinal >= own->nodes.size()) {
      mistakes.At(nullptr, "ordinal " + std::to_string(config.ordinal) +
                               " is this node's, but region " + std::to_string(own->id) +
                               " lists " + std::to_string(own->nodes.size()) + " nodes (from 0)");
    }
  }
  if (!config.appendonly && config.has_other_regions()) {
    mistakes.At(nullptr, "'appendonly no' cannot be used with other regions: the log on disk is "
                         "what they catch up from");
  }
  bool remote = false;
  for (const RegionEntry& region : config.regions) {
    for (const NodeEntry& node : region.nodes) remote = remote || !IsLoopback(node.host);
  }
  if (remote && config.secret.empty()) {
    mistakes.At(nullptr, "'secret' is needed where a node is beyond loopback");
  }
  if (config.segment_bytes < (1 << 16)) {
    mistakes.At(nullptr, "'segment-bytes' has to be at least 64kb");
  }
}

}  // namespace

const RegionEntry* Config::OwnRegion() const {
  const auto found = std::ranges::find(regions, region, &RegionEntry::id);
  return found == regions.end() ? nullptr : &*found;
}

crdt::Result<Config> Load(std::string_view text, const Overrides& overrides) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return Fail(ErrorCode::kCorrupt,
                "line " + std::to_string(parsed.error().source().begin.line) + ": " +
                    std::string(parsed.error().description()));
  }
  Config config;
  Mistakes mistakes;
  for (const auto& [key, node] : parsed.table()) {
    const std::string_view name = key.str();
    if (name == "regions") {
      if (node.as_array() != nullptr) {
        ReadRegions(*node.as_array(), config, mistakes);
      } else {
        mistakes.At(&node, "'regions' has to be a list of tables: [[regions]]");
      }
      continue;
    }
    const Setting* setting = FindSetting(name);
    if (setting == nullptr) {
      mistakes.At(&node, Unknown(name));
      continue;
    }
    if (const auto set = setting->set(config, TextOf(node)); !set) {
      mistakes.At(&node, "'" + std::string(name) + "': " + set.error().detail);
    }
  }
  for (const auto& [name, value] : overrides) {
    const Setting* setting = FindSetting(name);
    if (setting == nullptr) {
      mistakes.At(nullptr, "--" + name + ": " + Unknown(name));
    } else if (const auto set = setting->set(config, value); !set) {
      mistakes.At(nullptr, "--" + name + ": " + set.error().detail);
    }
  }
  if (mistakes.empty()) CheckWhole(config, mistakes);
  if (!mistakes.empty()) return Fail(ErrorCode::kInvalid, mistakes.Text());
  return config;
}

std::vector<std::string> Warnings(const Config& config) {
  std::vector<std::string> warnings;
  if (config.appendfsync == FsyncPolicy::kNo && config.appendonly) {
    warnings.emplace_back("appendfsync no: a crash of the machine may lose acknowledged writes");
  }
  if (config.secret.empty() && !config.regions.empty()) {
    warnings.emplace_back("no 'secret': any process on this machine can speak to this node as a "
                          "peer");
  }
  return warnings;
}

}  // namespace geo_config
