#include "inspector/cli/rendering.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "inspector/cli/fields.h"
#include "inspector/cli/presentation.h"

namespace inspector {
namespace {

// Of a stamp's 64 bits the first 41 are milliseconds since 2024.
constexpr int kStampShift = 23;
constexpr std::int64_t kStampsBeginAtUnixMs = 1704067200000;
// Longer values are cut: they are there to be recognised.
constexpr std::size_t kMostShown = 60;

bool IsKnown(std::initializer_list<std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// "eu.2 up to 2026-01-31 12:00:00.123 UTC, …" of a version vector such as "1.2:123 2.2:456".
std::string Vector(const std::string& text, const RegionNames& names) {
  std::string readable;
  std::istringstream entries(text);
  for (std::string entry; entries >> entry;) {
    const std::size_t dot = entry.find('.');
    const std::size_t colon = entry.find(':');
    if (dot == std::string::npos || colon == std::string::npos) return text;
    const auto stamp = std::strtoull(entry.c_str() + colon + 1, nullptr, 10);
    readable += (readable.empty() ? "" : ", ") + names.Of(std::strtol(entry.c_str(), nullptr, 10)) +
                " (epoch slot " + entry.substr(dot + 1, colon - dot - 1) + ") up to " +
                UtcTime(kStampsBeginAtUnixMs + static_cast<std::int64_t>(stamp >> kStampShift));
  }
  return readable.empty() ? "nothing yet" : readable;
}

// How the two sides of a conflict ended, by rule. Both increments count, so neither has lost.
std::pair<const char*, const char*> SidesOf(const std::string& rule) {
  if (rule == "write-survives-delete") return {"kept", "delete"};
  if (rule == "longest-expiry") return {"wins", "loses"};
  if (rule == "double-pop") return {"first", "second"};
  if (rule == "increments-add-to-write" || rule == "saturated") return {"newer", "older"};
  return {"shown", "hidden"};
}

std::string ValueOf(const Json& side, const std::string& rule) {
  const std::string value = Plain(side, "value");
  if (value.empty() || rule == "type-clash") return value;
  if (rule != "longest-expiry") return Shortened(value, kMostShown);
  return value == "infinite" ? "no deadline" : UtcTime(std::strtoll(value.c_str(), nullptr, 10));
}

}  // namespace

RegionNames::RegionNames(const Json& regions) {
  if (!regions.is_array()) return;
  for (const Json& region : regions) {
    if (region.is_object()) names_[Number(region, "id")] = Plain(region, "name");
  }
}

std::string RegionNames::Of(const Json& id) const {
  const auto found = id.is_number_integer() ? names_.find(id.get<std::int64_t>()) : names_.end();
  if (found != names_.end() && !found->second.empty()) return found->second;
  return "region " + Plain(id);
}

std::string RenderRegions(const Json& list, const Json& links) {
  std::vector<std::vector<std::string>> rows{
      {"id", "name", "state", "address", "lag", "records behind", "bytes behind", "version"}};
  std::string notes;
  for (const Json& region : list) {
    const bool is_other = std::ranges::any_of(
        links, [&](const Json& link) { return Number(link, "id") == Number(region, "id"); });
    if (is_other) continue;
    const std::string state = Plain(region, "state");
    rows.push_back({Plain(region, "id"), Plain(region, "name"),
                    state == "self" ? "this region" : "this region, " + state});
  }
  for (const Json& link : links) {
    rows.push_back({Plain(link, "id"), Plain(link, "name"), Plain(link, "state"),
                    Plain(link, "address"), Plain(link, "lag_ms") + " ms",
                    Plain(link, "records_behind"), ByteSize(Number(link, "bytes_behind")),
                    Plain(link, "server_version")});
    const std::string name = Plain(link, "name");
    if (Flag(link, "paused_here")) notes += name + ": paused at this region\n";
    if (Flag(link, "paused_there")) notes += name + ": paused at that region\n";
    if (const std::string held = Plain(link, "held"); !held.empty()) {
      notes += name + ": its records are held: " + held + "\n";
    }
    if (const std::string detail = Plain(link, "detail"); !detail.empty()) {
      notes += name + ": " + detail + "\n";
    }
  }
  return Table(rows) + notes;
}

std::string RenderTotals(const Json& totals) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : totals.items()) {
    if (!value.is_object()) rows.push_back({name, Plain(value)});
  }
  std::string text = Table(rows);
  for (const auto& [name, value] : totals.items()) {
    if (!value.is_object() || value.empty()) continue;
    rows.clear();
    for (const auto& [rule, count] : value.items()) rows.push_back({rule, Plain(count)});
    text += Indented(Table(rows), 2);
  }
  return text;
}

std::string RenderLink(const Json& link, const RegionNames& names) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : link.items()) {
    if (Plain(value).empty()) continue;
    const bool is_vector = name == "applied" || name == "durable";
    rows.push_back({name, is_vector ? Vector(Plain(value), names) : Readable(name, value)});
  }
  return Table(rows);
}

std::string RenderConflict(const Json& conflict, const RegionNames& names) {
  const std::string rule = Plain(conflict, "rule");
  std::string text = "#" + Plain(conflict, "id") + "  " +
                     Readable("time_ms", conflict.value("time_ms", Json())) + "  " +
                     Plain(conflict, "type") + " " + Quoted(Plain(conflict, "key"));
  if (const std::string element = Plain(conflict, "element"); !element.empty()) {
    text += ", element " + Quoted(element);
  }
  text += "  " + rule + "\n";
  const auto [winner, loser] = SidesOf(rule);
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, label] : {std::pair("winner", winner), std::pair("loser", loser)}) {
    if (!conflict.contains(name)) continue;
    const Json& side = conflict.at(name);
    // Of a double pop only the side that came second is known.
    if (Plain(side, "stamp") == "0") continue;
    rows.push_back({label, ValueOf(side, rule), "by " + names.Of(side.value("region", Json())),
                    Readable("time_ms", side.value("time_ms", Json())),
                    "epoch slot " + Plain(side, "epoch_slot"), "stamp " + Plain(side, "stamp")});
  }
  text += Indented(Table(rows), 4);
  if (const std::string why = Plain(conflict, "why"); !why.empty()) text += "    " + why + "\n";
  for (const auto& [name, value] : conflict.items()) {
    if (IsKnown({"id", "time_ms", "key", "element", "type", "rule", "winner", "loser", "why"},
                name)) {
      continue;
    }
    text += "    " + name + " " + Readable(name, value) + "\n";
  }
  return text;
}

std::string RenderNodes(const Json& nodes) {
  std::vector<std::vector<std::string>> rows{
      {"node", "address", "role", "epoch", "position", "reachable"}};
  for (const Json& node : nodes) {
    rows.push_back({Plain(node, "ordinal"), Plain(node, "host") + ":" + Plain(node, "port"),
                    Plain(node, "role"), Plain(node, "epoch"), Plain(node, "position"),
                    Flag(node, "reachable") ? "yes" : "no"});
  }
  return Table(rows);
}

Json ParseInfo(const std::string& text) {
  Json info = Json::object();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find("\r\n", at), text.size());
    const std::string line = text.substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (!line.starts_with('#') && colon != std::string::npos) {
      info[line.substr(0, colon)] = line.substr(colon + 1);
    }
    at = end + 2;
  }
  return info;
}

std::string RenderStatus(const Json& info) {
  struct Row {
    const char* title;
    const char* field;
    const char* unit;
  };
  static constexpr Row kRows[] = {
      {"version", "meridian_version", ""},
      {"Redis version", "redis_version", ""},
      {"running for", "uptime_in_seconds", " s"},
      {"region id", "region_id", ""},
      {"region", "region_name", ""},
      {"role", "role", ""},
      {"epoch", "epoch", ""},
      {"primary", "master_host", ""},
      {"primary's port", "master_port", ""},
      {"link to the primary", "master_link_status", ""},
      {"replicas", "connected_slaves", ""},
      {"position", "master_repl_offset", ""},
      {"clients", "connected_clients", ""},
      {"memory", "used_memory_human", ""},
      {"keys", "db0", ""},
      {"log on disk", "aof_enabled", ""},
      {"size of the log", "aof_current_size", " B"},
      {"disk used", "aof_filesystem_used_percent", " %"},
      {"warning", "aof_warning", ""},
      {"newest snapshot", "snapshot_last_name", ""},
      {"last snapshot", "snapshot_last_status", ""},
      {"snapshot failed", "snapshot_last_error", ""},
      {"links to regions", "region_links", ""},
      {"conflicts", "conflicts_recorded", ""},
  };
  std::vector<std::vector<std::string>> rows;
  for (const Row& row : kRows) {
    const std::string value = Plain(info, row.field);
    if (value.empty()) continue;
    const bool is_size = std::string_view(row.unit) == " B";
    rows.push_back({row.title, is_size ? ByteSize(std::strtoll(value.c_str(), nullptr, 10))
                                       : value + row.unit});
  }
  for (const auto& [name, value] : info.items()) {
    const bool is_replica = name.starts_with("slave") && Plain(value).starts_with("ip=");
    const bool is_link = name.starts_with("region") && Plain(value).starts_with("id=");
    if (is_replica) rows.push_back({"replica", Plain(value)});
    if (is_link) rows.push_back({"link", Plain(value)});
  }
  return Table(rows);
}

}  // namespace inspector
