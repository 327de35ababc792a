// Collects every mistake of a configuration, each with the place where it stands.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace geo_config {

// Where things stand: a line of the file, or the command line, which comes after all lines.
using Place = std::uint32_t;
inline constexpr Place kNowhere = 0;
inline constexpr Place kCommandLine = std::numeric_limits<Place>::max();

class Mistakes {
 public:
  void At(Place place, std::string what) { mistakes_.emplace(place, std::move(what)); }

  // Where the setting `name` was given. Mistakes of several settings together are told there.
  void Given(std::string_view name, Place place) { given_[std::string(name)] = place; }
  bool IsGiven(std::string_view name) const { return given_.contains(name); }
  Place PlaceOf(std::string_view name) const {
    const auto found = given_.find(name);
    return found == given_.end() ? kNowhere : found->second;
  }

  // The setting's value is wrong in itself, so that nothing can be said of it together with others.
  void Spoil(std::string_view name) { spoilt_.emplace(name); }
  bool IsSound(std::string_view name) const { return !spoilt_.contains(name); }

  bool empty() const { return mistakes_.empty(); }
  // One per line, in the order of the file.
  std::string Text() const {
    std::string text;
    for (const auto& [place, what] : mistakes_) {
      if (!text.empty()) text += '\n';
      if (place != kNowhere && place != kCommandLine) {
        text += "line " + std::to_string(place) + ": ";
      }
      text += what;
    }
    return text;
  }

 private:
  std::multimap<Place, std::string> mistakes_;
  std::map<std::string, Place, std::less<>> given_;
  std::set<std::string, std::less<>> spoilt_;
};

}  // namespace geo_config
