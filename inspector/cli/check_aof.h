// Checks the log of a stopped node. The server's own binary knows the format and does it.
#pragma once

#include <string>

namespace inspector {

enum class TailRepair { kNo, kYes };

// Becomes `meridian-server --check-aof`, found beside this binary or on PATH. Returns only by
// throwing Failure.
[[noreturn]] void CheckAof(const std::string& directory, TailRepair repair);

}  // namespace inspector
