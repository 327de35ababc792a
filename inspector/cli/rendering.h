// Replies of a server as text for people.
//
// A field that is not known here is printed by its name, so that a newer server loses nothing.
#pragma once

#include <map>
#include <string>

#include "inspector/cli/reply_parser.h"

namespace inspector {

// From REGION LIST: id → name.
class RegionNames {
 public:
  RegionNames() = default;
  explicit RegionNames(const Json& regions);
  // "eu", or "region 1" where it has no name.
  std::string Of(const Json& id) const;

 private:
  std::map<std::int64_t, std::string> names_;
};

// REGION LIST and REGION STATUS.
std::string RenderRegions(const Json& list, const Json& links);
// REGION STATUS id, a field a line.
std::string RenderLink(const Json& link, const RegionNames& names);
std::string RenderExplanation(const Json& explanation, const RegionNames& names);
// CONFLICT COUNT.
std::string RenderTotals(const Json& totals);
std::string RenderConflict(const Json& conflict, const RegionNames& names);
// REGION NODES.
std::string RenderNodes(const Json& nodes);
// INFO, its lines "name:value", by section.
Json ParseInfo(const std::string& text);
std::string RenderStatus(const Json& info);

}  // namespace inspector
