// What the server says it is.
#pragma once

#include <string_view>

namespace server {

inline constexpr std::string_view kVersion = "0.1.0";
// The version of Redis whose commands, replies and error texts are offered.
inline constexpr std::string_view kRedisVersion = "7.2.4";

}  // namespace server
