// Writes a value as Redis 7.0 reads it: in the plain forms, element by element, not compressed.
#pragma once

#include <string>

#include "server/rdb/dumped_value.h"

namespace server {

// A payload without its footer.
std::string WriteValue(const DumpedValue& value);

}  // namespace server
