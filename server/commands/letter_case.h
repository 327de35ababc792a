// Words of the protocol are compared without regard to the case of their ASCII letters.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace server {

constexpr char LowerCase(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

constexpr char UpperCase(char letter) {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - ('a' - 'A')) : letter;
}

constexpr bool EqualsIgnoreCase(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](char a, char b) { return LowerCase(a) == LowerCase(b); });
}

inline std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(text, lower.begin(), [](char letter) { return LowerCase(letter); });
  return lower;
}

inline std::string UpperCase(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(text, upper.begin(), [](char letter) { return UpperCase(letter); });
  return upper;
}

}  // namespace server
