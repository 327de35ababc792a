// Scores of sorted sets: doubles, and the one text that each has.
//
// A member of a sorted set is a StringValue whose assigned texts are scores. What is shown is the
// greatest sibling plus all increments, summed exactly (128 bits) in the order of the writers and
// rounded once, so that every region shows the same bits.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/string_value.h"
#include "crdt/type_table.h"

namespace crdt {

using ScoreBuffer = std::array<char, 32>;

// As Redis 7.2 prints a double: integers without an exponent, else the shortest digits that read
// back as the same double. The view is into `buffer`.
std::string_view FormatScore(double score, ScoreBuffer& buffer);
// The inverse of FormatScore; empty for any other text, NaN included.
std::optional<double> ParseScore(std::string_view text);

// REQUIRES: value.visible(), and its assigned texts are scores. A sum that is not a number is 0.
double ScoreOf(const StringValue& value);

// The text that an element shows in a collection of this type. REQUIRES: value.visible().
std::string ShownText(const StringValue& value, ValueType type);

// What ZINCRBY adds: whole numbers go into the integer part, where they take fewer bytes.
// REQUIRES: delta is finite.
Total ScoreStep(double delta);

}  // namespace crdt
