// Where sums that regions have merged stop being shown exactly.
#pragma once

#include <cstdint>
#include <limits>

namespace server {

// Behind a shown bound the exact sum may be further, and goes on from there.
inline bool IsIntegerBound(std::int64_t value) {
  return value == std::numeric_limits<std::int64_t>::max() ||
         value == std::numeric_limits<std::int64_t>::min();
}

}  // namespace server
