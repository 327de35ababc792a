// Verbs that meridian-server carries out: it knows the formats on disk.
#pragma once

#include <string>
#include <vector>

namespace inspector {

// Runs meridian-server, found beside meridian or on PATH, in place of this process. Throws Failure
// where it cannot.
[[noreturn]] void RunServerBinary(std::vector<std::string> words);

}  // namespace inspector
