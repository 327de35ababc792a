// The text of INFO: sections of name:value lines, with Redis' names where Redis has them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/node.h"

namespace server {

// `wanted` are section names, "default", "all" or "everything", of any case; none is "default".
std::string InfoText(Node& node, const Database& database,
                     std::span<const std::string_view> wanted);

// A share of the file system above this is worth a warning.
inline constexpr int kDiskWarningPercent = 80;

}  // namespace server
