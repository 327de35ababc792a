#include "server/commands/glob.h"

#include <algorithm>

namespace server {
namespace {

// Matches the class that begins at pattern[at] == '[' and moves `at` behind it.
bool ClassMatches(std::string_view pattern, std::size_t& at, char c) {
  ++at;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      found = found || pattern[at + 1] == c;
      at += 2;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      const auto [low, high] = std::minmax(pattern[at], pattern[at + 2]);
      found = found || (c >= low && c <= high);
      at += 3;
    } else {
      found = found || pattern[at] == c;
      ++at;
    }
  }
  if (at < pattern.size()) ++at;  // The closing bracket; one that is missing is forgiven.
  return found != negated;
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  // Where the last star stood, and how much of the text it has swallowed: only that one is ever
  // tried again.
  std::size_t star = std::string_view::npos;
  std::size_t swallowed = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      swallowed = t;
      continue;
    }
    std::size_t next = p;
    bool matches = false;
    if (p < pattern.size()) {
      if (pattern[p] == '?') {
        matches = true;
        next = p + 1;
      } else if (pattern[p] == '[') {
        matches = ClassMatches(pattern, next, text[t]);
      } else {
        const bool escaped = pattern[p] == '\\' && p + 1 < pattern.size();
        matches = pattern[escaped ? p + 1 : p] == text[t];
        next = p + (escaped ? 2 : 1);
      }
    }
    if (matches) {
      p = next;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++swallowed;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace server
