// Fields of a reply's maps, as text or numbers; what is missing is empty or 0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "inspector/cli/reply_parser.h"

namespace inspector {

// A scalar without quotes; empty for null.
std::string Plain(const Json& value);
std::string Plain(const Json& map, std::string_view name);
std::int64_t Number(const Json& map, std::string_view name);
// A flag comes as 1 and 0, or as true and false.
bool Flag(const Json& map, std::string_view name);
// A field's value as people read it: moments of the field's name are times, flags yes and no.
std::string Readable(std::string_view name, const Json& value);

}  // namespace inspector
