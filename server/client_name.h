// What clients may call themselves: the words go into the lines of CLIENT LIST.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

namespace server {

// Visible ASCII without spaces.
inline bool IsPlainWord(std::string_view word) {
  return std::ranges::all_of(word, [](char letter) { return letter >= '!' && letter <= '~'; });
}

// Empty where `name` may be the name of a client.
inline std::optional<std::string_view> ClientNameError(std::string_view name) {
  if (IsPlainWord(name)) return std::nullopt;
  return "ERR Client names cannot contain spaces, newlines or special characters.";
}

}  // namespace server
