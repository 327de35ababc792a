// LCS: the longest common subsequence of two values, by the table of Wagner and Fischer ("The
// String-to-String Correction Problem", 1974).
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/bits.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"

namespace server {
namespace {

struct LcsWords {
  bool length = false;
  bool places = false;
  bool with_lengths = false;
  std::int64_t least_length = 0;
};

std::optional<LcsWords> ParseWords(CommandContext& context, Arguments words) {
  LcsWords parsed;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (EqualsIgnoreCase(words[i], "IDX")) {
      parsed.places = true;
    } else if (EqualsIgnoreCase(words[i], "LEN")) {
      parsed.length = true;
    } else if (EqualsIgnoreCase(words[i], "WITHMATCHLEN")) {
      parsed.with_lengths = true;
    } else if (EqualsIgnoreCase(words[i], "MINMATCHLEN") && i + 1 < words.size()) {
      const auto least = crdt::ParseInteger(words[++i]);
      if (!least) {
        context.reply.Error(kErrorNotAnInteger);
        return std::nullopt;
      }
      parsed.least_length = std::max<std::int64_t>(0, *least);
    } else {
      context.reply.Error(kErrorSyntax);
      return std::nullopt;
    }
  }
  if (parsed.places && parsed.length) {
    context.reply.Error("ERR If you want both the length and indexes, please just use IDX.");
    return std::nullopt;
  }
  return parsed;
}

// Of every two beginnings of the values: the length of their longest common subsequence.
class LengthTable {
 public:
  LengthTable(std::string_view left, std::string_view right)
      : width_(right.size() + 1), lengths_((left.size() + 1) * width_) {
    for (std::size_t i = 1; i <= left.size(); ++i) {
      for (std::size_t j = 1; j <= right.size(); ++j) {
        lengths_[i * width_ + j] = left[i - 1] == right[j - 1]
                                       ? At(i - 1, j - 1) + 1
                                       : std::max(At(i - 1, j), At(i, j - 1));
      }
    }
  }
  static std::uint64_t BytesFor(std::string_view left, std::string_view right) {
    return (left.size() + 1) * (right.size() + 1) * sizeof(std::uint32_t);
  }

  std::uint32_t At(std::size_t i, std::size_t j) const { return lengths_[i * width_ + j]; }

 private:
  std::size_t width_;
  std::vector<std::uint32_t> lengths_;
};

// A run that both values have, at `left` in the one and at `right` in the other.
struct Match {
  std::size_t left = 0;
  std::size_t right = 0;
  std::size_t length = 0;
};

struct Subsequence {
  std::string text;
  std::vector<Match> matches;  // The last one first, as Redis tells them.
};

Subsequence TraceBack(std::string_view left, std::string_view right, const LengthTable& table) {
  Subsequence found;
  std::size_t i = left.size();
  std::size_t j = right.size();
  bool extends = false;  // The last match goes on to the left.
  while (i > 0 && j > 0) {
    if (left[i - 1] == right[j - 1]) {
      --i;
      --j;
      found.text.push_back(left[i]);
      if (!extends) found.matches.push_back({});
      Match& match = found.matches.back();
      match = {.left = i, .right = j, .length = match.length + 1};
      extends = true;
    } else {
      extends = false;
      if (table.At(i - 1, j) > table.At(i, j - 1)) {
        --i;
      } else {
        --j;
      }
    }
  }
  std::ranges::reverse(found.text);
  return found;
}

void WritePlaces(ReplyWriter& reply, const Subsequence& found, const LcsWords& words) {
  std::vector<Match> told;
  std::ranges::copy_if(found.matches, std::back_inserter(told), [&](const Match& match) {
    return match.length >= static_cast<std::size_t>(words.least_length);
  });
  const auto write_range = [&reply](std::size_t first, std::size_t length) {
    reply.Array(2);
    reply.Integer(static_cast<std::int64_t>(first));
    reply.Integer(static_cast<std::int64_t>(first + length - 1));
  };
  reply.Map(2);
  reply.Bulk("matches");
  reply.Array(told.size());
  for (const Match& match : told) {
    reply.Array(words.with_lengths ? 3 : 2);
    write_range(match.left, match.length);
    write_range(match.right, match.length);
    if (words.with_lengths) reply.Integer(static_cast<std::int64_t>(match.length));
  }
  reply.Bulk("len");
  reply.Integer(static_cast<std::int64_t>(found.text.size()));
}

void Lcs(CommandContext& context, Arguments arguments) {
  const crdt::KeyView left_view = context.database.Read(arguments[1]);
  const crdt::KeyView right_view = context.database.Read(arguments[2]);
  const auto is_other = [](const crdt::KeyView& view) { return view.exists() && !view.has_text(); };
  if (is_other(left_view) || is_other(right_view)) {
    return context.reply.Error("ERR The specified keys must contain string values");
  }
  const auto words = ParseWords(context, arguments.subspan(3));
  if (!words) return;
  const std::string left = TextOf(left_view);
  const std::string right = TextOf(right_view);
  if (LengthTable::BytesFor(left, right) > context.node.config().proto_max_bulk_len) {
    return context.reply.Error(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  const LengthTable table(left, right);
  if (words->length) return context.reply.Integer(table.At(left.size(), right.size()));
  const Subsequence found = TraceBack(left, right, table);
  if (words->places) return WritePlaces(context.reply, found, *words);
  context.reply.Bulk(found.text);
}

constexpr CommandSpec kCommands[] = {
    {.name = "lcs",
     .words = AtLeast(3),
     .keys = kTwoKeys,
     .access = Access::kRead,
     .group = "string",
     .summary = "The longest common subsequence of two values, its length, or where it stands. "
                "Takes time and memory in proportion to the product of their lengths.",
     .since = "7.0.0",
     .run = Lcs},
};

}  // namespace

std::span<const CommandSpec> LcsCommands() {
  return kCommands;
}

}  // namespace server
