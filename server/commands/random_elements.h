// Elements of a hash or a set drawn at random: HRANDFIELD, SRANDMEMBER, SPOP.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "crdt/element_table.h"
#include "server/database.h"
#include "server/resp/reply_writer.h"

namespace server {

// A reply that draws the same elements over and over is bounded by nothing else.
inline constexpr std::int64_t kMostRepeatedDraws = 10'000'000;

inline constexpr std::string_view kErrorTooManyDraws = "ERR value is out of range";

// `count` different elements, or all where there are no more.
std::vector<std::string_view> DrawDifferent(const crdt::ElementTable& elements, std::uint64_t count,
                                            Database& database);
std::string_view DrawOne(const crdt::ElementTable& elements, Database& database);

// How many a client wants drawn: so many different ones, or, negative, with repetition. Empty, and
// the error answered, where the word is no such number.
std::optional<std::int64_t> ParseDrawCount(ReplyWriter& reply, std::string_view word);

}  // namespace server
