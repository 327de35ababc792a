#include "inspector/cli/rendering.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "inspector/cli/presentation.h"

namespace inspector {
namespace {

// A scalar without quotes; empty for null and for what is not there.
std::string Plain(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Plain(const Json& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? std::string() : Plain(*found);
}

std::int64_t Number(const Json& map, std::string_view name) {
  const auto found = map.find(name);
  return found != map.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

// A flag comes as 1 and 0, or as true and false.
bool Flag(const Json& map, std::string_view name) {
  const auto found = map.find(name);
  if (found == map.end()) return false;
  return found->is_boolean() ? found->get<bool>() : Number(map, name) != 0;
}

bool IsKnown(std::initializer_list<std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// A field's value as people read it: times of the field's name are times.
std::string Readable(std::string_view name, const Json& value) {
  const bool is_moment = name == "time_ms" || name == "deadline_ms" || name == "unix_ms";
  if (is_moment && value.is_number_integer()) return UtcTime(value.get<std::int64_t>());
  if (name.ends_with("bytes_behind") || name.starts_with("bytes_")) {
    if (value.is_number_integer()) return ByteSize(value.get<std::int64_t>());
  }
  return Plain(value);
}

// Who wrote it and when: "region 2 (us), 2026-01-31 12:00:00.123 UTC, epoch slot 3, stamp 123".
std::string Writer(const Json& map, const RegionNames& names) {
  std::string text = "region " + names.Of(map.value("region", Json()));
  if (map.contains("time_ms")) text += ", " + Readable("time_ms", map.at("time_ms"));
  if (map.contains("epoch_slot")) text += ", epoch slot " + Plain(map, "epoch_slot");
  if (map.contains("stamp")) text += ", stamp " + Plain(map, "stamp");
  return text;
}

// One write of an explanation in one line: what it is, who made it, and the rest by name.
std::string WriteLine(const Json& write, const RegionNames& names) {
  if (!write.is_object()) return Plain(write);
  std::string text;
  if (write.contains("shown")) text += Flag(write, "shown") ? "shown   " : "hidden  ";
  if (write.contains("value")) text += Quoted(Plain(write, "value")) + "  ";
  if (write.contains("type")) text += Plain(write, "type") + "  ";
  if (write.contains("net")) {
    text += "adds " + Plain(write, "net") + " (total " + Plain(write, "total") + ", of which " +
            Plain(write, "baseline") + " was deleted or replaced)  ";
  }
  if (write.contains("deadline_ms")) {
    const bool infinite = write.at("deadline_ms") == "infinite";
    text += infinite ? "for ever  "
                     : "until " + Readable("deadline_ms", write.at("deadline_ms")) + "  ";
  }
  if (Flag(write, "spent")) text += "spent  ";
  text += "by " + Writer(write, names);
  for (const auto& [name, value] : write.items()) {
    if (IsKnown({"shown", "value", "type", "net", "total", "baseline", "deadline_ms", "spent",
                 "region", "time_ms", "epoch_slot", "stamp", "since"},
                name)) {
      continue;
    }
    text += ", " + name + " " + Readable(name, value);
  }
  return text;
}

}  // namespace

RegionNames::RegionNames(const Json& regions) {
  if (!regions.is_array()) return;
  for (const Json& region : regions) {
    if (region.is_object()) names_[Number(region, "id")] = Plain(region, "name");
  }
}

std::string RegionNames::Of(const Json& id) const {
  std::string text = Plain(id);
  const auto found = id.is_number_integer() ? names_.find(id.get<std::int64_t>()) : names_.end();
  if (found != names_.end() && !found->second.empty()) text += " (" + found->second + ")";
  return text;
}

std::string RenderRegions(const Json& list, const Json& links) {
  std::vector<std::vector<std::string>> rows{
      {"id", "name", "state", "address", "lag", "records behind", "bytes behind", "version"}};
  std::string notes;
  for (const Json& region : list) {
    if (Plain(region, "state") == "self") {
      rows.push_back({Plain(region, "id"), Plain(region, "name"), "this region"});
    }
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

std::string RenderFields(const Json& map) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : map.items()) rows.push_back({name, Readable(name, value)});
  return Table(rows);
}

std::string RenderExplanation(const Json& explanation, const RegionNames& names) {
  std::vector<std::vector<std::string>> rows;
  std::string lists;
  for (const auto& [name, value] : explanation.items()) {
    if (value.is_array()) {
      if (value.empty()) continue;
      lists += name + "\n";
      for (const Json& entry : value) lists += "  " + WriteLine(entry, names) + "\n";
    } else if (name == "expired") {
      rows.push_back({name, Flag(explanation, name) ? "yes: hidden from other commands" : "no"});
    } else if (name == "type" || !value.is_string()) {
      rows.push_back({name, Readable(name, value)});
    } else {
      rows.push_back({name, Quoted(Plain(value))});
    }
  }
  return Table(rows) + lists;
}

std::string RenderConflict(const Json& conflict, const RegionNames& names) {
  std::string text = "#" + Plain(conflict, "id") + "  " +
                     Readable("time_ms", conflict.value("time_ms", Json())) + "  " +
                     Plain(conflict, "type") + " " + Quoted(Plain(conflict, "key"));
  if (const std::string element = Plain(conflict, "element"); !element.empty()) {
    text += " " + Quoted(element);
  }
  text += "  " + Plain(conflict, "rule") + "\n";
  for (const char* side : {"winner", "loser"}) {
    if (!conflict.contains(side)) continue;
    const Json& write = conflict.at(side);
    // Of a double pop only the side that came second is known.
    if (Plain(write, "stamp") == "0") continue;
    text += "    " + std::string(side) + (side[0] == 'w' ? "  " : "   ") +
            Quoted(Plain(write, "value")) + "  by " + Writer(write, names) + "\n";
  }
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
      {"links to regions", "region_links", ""},
      {"conflicts", "conflicts_recorded", ""},
  };
  std::vector<std::vector<std::string>> rows;
  for (const Row& row : kRows) {
    if (const std::string value = Plain(info, row.field); !value.empty()) {
      rows.push_back({row.title, value + row.unit});
    }
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
