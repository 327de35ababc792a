#include "inspector/cli/fields.h"

#include <algorithm>
#include <array>

#include "inspector/cli/presentation.h"

namespace inspector {
namespace {

constexpr std::array<std::string_view, 3> kMoments{"time_ms", "deadline_ms", "unix_ms"};
constexpr std::array<std::string_view, 6> kFlags{"paused_here", "paused_there", "connected",
                                                 "shown",       "spent",        "reachable"};

bool Contains(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

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

bool Flag(const Json& map, std::string_view name) {
  const auto found = map.find(name);
  if (found == map.end()) return false;
  return found->is_boolean() ? found->get<bool>() : Number(map, name) != 0;
}

std::string Readable(std::string_view name, const Json& value) {
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    if (Contains(kMoments, name)) return UtcTime(number);
    if (Contains(kFlags, name)) return number != 0 ? "yes" : "no";
    if (name.ends_with("_ms")) return std::to_string(number) + " ms";
    if (name.ends_with("bytes_behind") || name.starts_with("bytes_")) return ByteSize(number);
  }
  return Plain(value);
}

}  // namespace inspector
