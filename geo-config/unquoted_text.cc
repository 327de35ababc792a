#include "geo-config/unquoted_text.h"

#include <algorithm>

namespace geo_config {
namespace {

// Behind the string or comment that begins at `begin`; `begin` itself where none does.
std::size_t EndOfQuoted(std::string_view text, std::size_t begin) {
  const auto line_end = std::min(text.find('\n', begin), text.size());
  const char quote = text[begin];
  if (quote == '#') return line_end;
  if (quote != '"' && quote != '\'') return begin;
  const bool long_one = text.substr(begin, 3) == (quote == '"' ? "\"\"\"" : "'''");
  const std::string_view close = text.substr(begin, long_one ? 3 : 1);
  // A short string that is not closed ends with its line; that is a mistake of its own.
  const std::size_t last = long_one ? text.size() : line_end;
  for (std::size_t at = begin + close.size(); at < last; ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text.substr(at, close.size()) == close) {
      return at + close.size();
    }
  }
  return last;
}

}  // namespace

std::optional<std::size_t> LineOfUnquotedLetter(std::string_view text) {
  // The last letter that is no space: a string begins behind these, or at the beginning of a line.
  constexpr std::string_view kBeforeStrings = "=[,{.\n";
  char before = '\n';
  for (std::size_t at = 0; at < text.size();) {
    const bool may_begin = text[at] == '#' || kBeforeStrings.contains(before);
    const std::size_t end = may_begin ? EndOfQuoted(text, at) : at;
    if (text[at] != ' ' && text[at] != '\t') before = text[at];
    if (end > at) {
      at = end;
    } else if (static_cast<unsigned char>(text[at]) >= 0x80) {
      return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, at), '\n'));
    } else {
      ++at;
    }
  }
  return std::nullopt;
}

}  // namespace geo_config
