// Reads a value that Redis, or this server, has dumped: all forms of Redis 5 to 7.2.
#pragma once

#include <optional>
#include <string_view>

#include "server/rdb/dumped_value.h"

namespace server {

// `bytes`: of a payload without its footer. Empty where they make no sense, or tell of a collection
// that is empty or has an element twice.
std::optional<DumpedValue> ReadValue(std::string_view bytes);

}  // namespace server
