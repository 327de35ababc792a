#include "geo-config/config_file.h"

#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <utility>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "geo-config/spelling.h"
#include "geo-config/unquoted_text.h"

namespace geo_config {
namespace {

Place PlaceOf(const toml::node& node) {
  return node.source().begin.line;
}

// Nothing for a date, a fraction or a table.
std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "yes" : "no";
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::string words;
  for (const toml::node& element : *array) {
    const auto word = element.as_array() == nullptr ? TextOf(element) : std::nullopt;
    if (!word) return std::nullopt;
    words += (words.empty() ? "" : " ") + *word;
  }
  return words;
}

void ReadSetting(std::string_view name, const toml::node& node, Config& config,
                 Mistakes& mistakes) {
  const Setting* setting = FindSetting(name);
  if (setting == nullptr) {
    std::vector<std::string_view> known{"regions"};
    for (const Setting& other : Settings()) known.push_back(other.name);
    mistakes.At(PlaceOf(node),
                "unknown setting '" + std::string(name) + "'" + Suggestion(name, known));
    return;
  }
  mistakes.Given(name, PlaceOf(node));
  const auto text = TextOf(node);
  const auto status = text ? setting->set(config, *text)
                           : crdt::Fail(crdt::ErrorCode::kInvalid, "expected " + setting->form);
  if (status) return;
  mistakes.At(PlaceOf(node), "'" + std::string(name) + "': " + status.error().detail);
  mistakes.Spoil(name);
}

// Reads the tables of regions and nodes. A wrong one spoils "regions" as a whole.
class TopologyReader {
 public:
  explicit TopologyReader(Mistakes& mistakes) : mistakes_(mistakes) {}

  std::vector<RegionEntry> Read(const toml::node& node) {
    std::vector<RegionEntry> regions;
    const toml::array* array = node.as_array();
    if (array == nullptr) {
      Wrong(node, "'regions' has to be a list of tables: [[regions]]");
      return regions;
    }
    for (const toml::node& element : *array) {
      if (const toml::table* table = element.as_table()) {
        regions.push_back(ReadRegion(*table));
      } else {
        Wrong(element, "each region has to be a table: [[regions]]");
      }
    }
    return regions;
  }

 private:
  RegionEntry ReadRegion(const toml::table& table) {
    CheckKeys(table, {"id", "name", "nodes"});
    RegionEntry region;
    region.id = static_cast<crdt::RegionId>(ReadNumber(table, "id", crdt::kMaxRegion).value_or(0));
    region.name = ReadText(table, "name", "\"eu\"");
    if (region.id != 0 && !ids_.insert(region.id).second) {
      Wrong(*table.get("id"), "region id " + std::to_string(region.id) + " is given twice");
    }
    if (!region.name.empty() && !names_.insert(region.name).second) {
      Wrong(*table.get("name"), "region name '" + region.name + "' is given twice");
    }
    const toml::array* nodes = table["nodes"].as_array();
    if (nodes == nullptr || nodes->empty()) {
      Wrong(table, "a region needs 'nodes', a list of {host = \"10.1.0.1\", port = 6379}");
      return region;
    }
    for (const toml::node& entry : *nodes) {
      if (const toml::table* node = entry.as_table()) {
        region.nodes.push_back(ReadNode(*node, static_cast<std::uint32_t>(region.nodes.size())));
      } else {
        Wrong(entry, "a node has to be a table: {host = \"10.1.0.1\", port = 6379}");
      }
    }
    return region;
  }

  NodeEntry ReadNode(const toml::table& table, std::uint32_t ordinal) {
    CheckKeys(table, {"host", "port", "peer-port"});
    NodeEntry node{.ordinal = ordinal};
    node.host = ReadText(table, "host", "\"10.1.0.1\"");
    const auto port = ReadNumber(table, "port", 65535);
    if (!port) return node;
    node.port = static_cast<std::uint16_t>(*port);
    node.peer_port = DefaultPeerPort(node.port);
    if (table.contains("peer-port")) {
      node.peer_port =
          static_cast<std::uint16_t>(ReadNumber(table, "peer-port", 65535).value_or(0));
    } else if (node.peer_port == 0) {
      Wrong(table, "'peer-port' is needed where port + 10000 is beyond 65535");
    }
    for (const std::uint16_t taken : {node.port, node.peer_port}) {
      if (taken != 0 && !endpoints_.emplace(node.host, taken).second) {
        Wrong(table, node.host + " port " + std::to_string(taken) + " is given twice");
      }
    }
    return node;
  }

  // From 1 to `most`.
  std::optional<std::int64_t> ReadNumber(const toml::table& table, std::string_view key,
                                         std::int64_t most) {
    const toml::node* node = table.get(key);
    const auto* number = node == nullptr ? nullptr : node->as_integer();
    if (number != nullptr && number->get() >= 1 && number->get() <= most) return number->get();
    Wrong(node == nullptr ? table : *node,
          "'" + std::string(key) + "' has to be a number from 1 to " + std::to_string(most));
    return std::nullopt;
  }

  std::string ReadText(const toml::table& table, std::string_view key, const char* example) {
    const toml::node* node = table.get(key);
    const auto* text = node == nullptr ? nullptr : node->as_string();
    if (text != nullptr && !text->get().empty()) return text->get();
    Wrong(node == nullptr ? table : *node,
          "'" + std::string(key) + "' has to be a text such as " + example);
    return {};
  }

  void CheckKeys(const toml::table& table, std::initializer_list<std::string_view> known) {
    for (const auto& [key, node] : table) {
      if (std::ranges::find(known, key.str()) != known.end()) continue;
      Wrong(node, "unknown key '" + std::string(key.str()) + "'" +
                      Suggestion(key.str(), std::vector<std::string_view>(known)));
    }
  }

  void Wrong(const toml::node& node, std::string what) {
    mistakes_.At(PlaceOf(node), std::move(what));
    mistakes_.Spoil("regions");
  }

  Mistakes& mistakes_;
  std::set<crdt::RegionId> ids_;
  std::set<std::string> names_;
  std::set<std::pair<std::string, std::uint16_t>> endpoints_;
};

}  // namespace

crdt::Status ReadFile(std::string_view text, Config& config, Mistakes& mistakes) {
  if (const auto line = LineOfUnquotedLetter(text)) {
    return crdt::Fail(
        crdt::ErrorCode::kCorrupt,
        "line " + std::to_string(*line) + ": a letter beyond ASCII outside of quotes and comments");
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return crdt::Fail(crdt::ErrorCode::kCorrupt,
                      "line " + std::to_string(parsed.error().source().begin.line) + ": " +
                          std::string(parsed.error().description()));
  }
  for (const auto& [key, node] : parsed.table()) {
    if (key.str() == "regions") {
      mistakes.Given("regions", PlaceOf(node));
      config.regions = TopologyReader(mistakes).Read(node);
    } else {
      ReadSetting(key.str(), node, config, mistakes);
    }
  }
  return {};
}

}  // namespace geo_config
