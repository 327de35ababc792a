// Patterns of KEYS, SCAN and CONFIG GET: * ? [abc] [^a] [a-z] and \ before a character.
#pragma once

#include <string_view>

namespace server {

// Takes time in proportion to the product of both lengths at the worst.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace server
