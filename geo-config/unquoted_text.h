// What stands outside of quotes and comments in a TOML file.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace geo_config {

// The line, from 1, of the first character beyond ASCII that is neither in a string nor in a
// comment. No such character has a meaning there, and toml++ does not bear all of them.
std::optional<std::size_t> LineOfUnquotedLetter(std::string_view text);

}  // namespace geo_config
