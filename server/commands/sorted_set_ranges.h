// Ranges of a sorted set as commands give them, by score, by text or by rank; all come down to a
// range of ranks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "crdt/sorted_set.h"

namespace server {

// A score as Redis reads it: any text that strtod understands as a whole, but no NaN.
std::optional<double> ParseScoreWord(std::string_view word);

struct ScoreBound {
  double score = 0;
  bool exclusive = false;
};
struct ScoreRange {
  ScoreBound min;
  ScoreBound max;
};
// "(1.5" is exclusive. Empty where either word is no bound.
std::optional<ScoreRange> ParseScoreRange(std::string_view min, std::string_view max);

struct TextBound {
  enum class Kind { kLowest, kHighest, kInclusive, kExclusive };
  Kind kind = Kind::kLowest;
  std::string_view text = {};
};
struct TextRange {
  TextBound min;
  TextBound max;
};
// "[a" is inclusive, "(a" exclusive, "-" and "+" are beyond all texts. Views into the words.
std::optional<TextRange> ParseTextRange(std::string_view min, std::string_view max);

// From 0 on; negative ones count from the end.
struct IndexRange {
  std::int64_t start = 0;
  std::int64_t stop = -1;
};

// The ranks from `first` on, up to but not including `end`.
struct RankRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;

  std::uint64_t size() const { return end - first; }
};

RankRange RanksIn(const crdt::SortedSet& set, const ScoreRange& range);
// REQUIRES, for the result to make sense: all members have one score.
RankRange RanksIn(const crdt::SortedSet& set, const TextRange& range);
enum class Direction { kForward, kReverse };
// Counted from the end where `direction` is reverse.
RankRange RanksIn(const crdt::SortedSet& set, const IndexRange& range,
                  Direction direction = Direction::kForward);

// LIMIT: leaves out the first `offset`, and what is behind `count` of the rest. A negative count
// means all; a negative offset leaves nothing.
RankRange Limit(const RankRange& range, std::int64_t offset, std::int64_t count,
                Direction direction);

// Calls visit(member) for each member in the range; the set must not change meanwhile.
template <class Visit>
void VisitRange(const crdt::SortedSet& set, const RankRange& range, Direction direction,
                Visit visit) {
  if (range.size() == 0) return;
  std::uint64_t left = range.size();
  const auto step = [&](const crdt::RankedMember& member) {
    visit(member);
    return --left > 0;
  };
  if (direction == Direction::kForward) {
    set.Ascend(range.first, step);
  } else {
    set.Descend(range.end - 1, step);
  }
}

}  // namespace server
