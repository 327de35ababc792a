#include "server/commands/sorted_set_ranges.h"

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace server {
namespace {

using crdt::RankedMember;
using crdt::SortedSet;

bool StartsWithSpace(std::string_view word) {
  return !word.empty() && std::isspace(static_cast<unsigned char>(word.front())) != 0;
}

// As Redis reads a bound: by strtod, up to a zero byte.
std::optional<ScoreBound> ParseScoreBound(std::string_view word) {
  ScoreBound bound;
  bound.exclusive = word.starts_with('(');
  if (bound.exclusive) word.remove_prefix(1);
  const std::string text(word);
  char* end = nullptr;
  bound.score = std::strtod(text.c_str(), &end);
  if (*end != '\0' || std::isnan(bound.score)) return std::nullopt;
  return bound;
}

std::optional<TextBound> ParseTextBound(std::string_view word) {
  if (word == "-") return TextBound{TextBound::Kind::kLowest};
  if (word == "+") return TextBound{TextBound::Kind::kHighest};
  if (word.starts_with('[')) return TextBound{TextBound::Kind::kInclusive, word.substr(1)};
  if (word.starts_with('(')) return TextBound{TextBound::Kind::kExclusive, word.substr(1)};
  return std::nullopt;
}

RankRange Between(std::uint64_t first, std::uint64_t end) {
  return {first, std::max(first, end)};
}

// How many members stand before the bound; those at the bound, too, where `with_equal`.
std::uint64_t CountBefore(const SortedSet& set, double score, bool with_equal) {
  return set.CountWhile([=](const RankedMember& member) {
    return with_equal ? member.score <= score : member.score < score;
  });
}

std::uint64_t CountBefore(const SortedSet& set, const TextBound& bound, bool with_equal) {
  if (bound.kind == TextBound::Kind::kLowest) return 0;
  if (bound.kind == TextBound::Kind::kHighest) return set.size();
  return set.CountWhile([&](const RankedMember& member) {
    return with_equal ? member.name <= bound.text : member.name < bound.text;
  });
}

}  // namespace

std::optional<double> ParseScoreWord(std::string_view word) {
  // Most scores are short and plain; those need no copy.
  double score = 0;
  const auto [read_to, error] = std::from_chars(word.data(), word.data() + word.size(), score);
  if (error == std::errc() && read_to == word.data() + word.size() && std::isfinite(score)) {
    return score;
  }
  if (word.empty() || StartsWithSpace(word)) return std::nullopt;
  const std::string text(word);
  char* end = nullptr;
  errno = 0;
  score = std::strtod(text.c_str(), &end);
  const bool beyond = errno == ERANGE && (std::isinf(score) || score == 0);
  if (end != text.c_str() + text.size() || beyond || std::isnan(score)) return std::nullopt;
  return score;
}

std::optional<ScoreRange> ParseScoreRange(std::string_view min, std::string_view max) {
  const auto low = ParseScoreBound(min);
  const auto high = ParseScoreBound(max);
  if (!low || !high) return std::nullopt;
  return ScoreRange{*low, *high};
}

std::optional<TextRange> ParseTextRange(std::string_view min, std::string_view max) {
  const auto low = ParseTextBound(min);
  const auto high = ParseTextBound(max);
  if (!low || !high) return std::nullopt;
  return TextRange{*low, *high};
}

RankRange RanksIn(const SortedSet& set, const ScoreRange& range) {
  return Between(CountBefore(set, range.min.score, range.min.exclusive),
                 CountBefore(set, range.max.score, !range.max.exclusive));
}

RankRange RanksIn(const SortedSet& set, const TextRange& range) {
  return Between(CountBefore(set, range.min, range.min.kind == TextBound::Kind::kExclusive),
                 CountBefore(set, range.max, range.max.kind == TextBound::Kind::kInclusive));
}

RankRange RanksIn(const SortedSet& set, const IndexRange& range, Direction direction) {
  const auto size = static_cast<std::int64_t>(set.size());
  const std::int64_t start =
      std::max<std::int64_t>(range.start < 0 ? size + range.start : range.start, 0);
  const std::int64_t stop = std::min(range.stop < 0 ? size + range.stop : range.stop, size - 1);
  if (start > stop) return {};
  const auto first = static_cast<std::uint64_t>(start);
  const auto end = static_cast<std::uint64_t>(stop) + 1;
  if (direction == Direction::kForward) return {first, end};
  return {set.size() - end, set.size() - first};
}

RankRange Limit(const RankRange& range, std::int64_t offset, std::int64_t count,
                Direction direction) {
  if (offset < 0 || static_cast<std::uint64_t>(offset) >= range.size()) return {};
  const auto skipped = static_cast<std::uint64_t>(offset);
  const std::uint64_t rest = range.size() - skipped;
  const std::uint64_t kept = count < 0 ? rest : std::min(rest, static_cast<std::uint64_t>(count));
  if (direction == Direction::kForward) {
    return {range.first + skipped, range.first + skipped + kept};
  }
  return {range.end - skipped - kept, range.end - skipped};
}

}  // namespace server
