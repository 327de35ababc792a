// What somebody may have meant who wrote an unknown name.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace geo_config {

// How many letters have to be inserted, removed or changed to make one of the other.
inline std::size_t EditDistance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t change = left[i - 1] == right[j - 1] ? 0 : 1;
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + change});
      diagonal = above;
    }
  }
  return row[right.size()];
}

// "; did you mean 'port'?", or nothing where no known name is near. `before` is what such names
// begin with where they are written.
inline std::string Suggestion(std::string_view name, std::span<const std::string_view> known,
                              std::string_view before = {}) {
  const auto distance = [name](std::string_view other) { return EditDistance(name, other); };
  const auto nearest = std::ranges::min_element(known, {}, distance);
  if (nearest == known.end() || distance(*nearest) > 1 + nearest->size() / 4) return {};
  return "; did you mean '" + std::string(before) + std::string(*nearest) + "'?";
}

}  // namespace geo_config
