// LZF, by which Redis compresses strings in dumps: unpacking only. What is written here is not
// compressed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace server {

// At most so many bytes come of one.
inline constexpr std::size_t kMostLzfExpansion = 264;

// Empty where the bytes do not unpack to exactly `size`.
std::optional<std::string> UnpackLzf(std::string_view packed, std::size_t size);

}  // namespace server
