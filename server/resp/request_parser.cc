#include "server/resp/request_parser.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace server {
namespace {

constexpr std::int64_t kMostArguments = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostUnauthenticatedArguments = 10;
constexpr std::int64_t kMostUnauthenticatedBulk = 16384;
// Of an inline command, and of a line that holds a length.
constexpr std::size_t kMostLineBytes = 64 << 10;
// Room for more arguments than this is given back after the request that needed it.
constexpr std::size_t kUsualArguments = 1024;
constexpr std::size_t kUsualInlineBytes = 4096;

// A number in its one right form: no leading zeros, no plus, no minus zero.
std::optional<std::int64_t> Number(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  if (digits.empty() || (digits.front() == '0' && text.size() > 1)) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool EndsWord(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Appends what stands between double quotes, from `at` on, and leaves `at` behind the closing one.
// False: it does not end.
bool DoubleQuoted(std::string_view line, std::size_t& at, std::string& word) {
  while (at < line.size()) {
    const char c = line[at++];
    if (c == '"') return true;
    if (c != '\\' || at == line.size()) {
      word.push_back(c);
    } else if (line[at] == 'x' && at + 2 < line.size() && HexDigit(line[at + 1]) >= 0 &&
               HexDigit(line[at + 2]) >= 0) {
      word.push_back(static_cast<char>(HexDigit(line[at + 1]) * 16 + HexDigit(line[at + 2])));
      at += 3;
    } else {
      word.push_back(Unescape(line[at++]));
    }
  }
  return false;
}

// The same between single quotes: only \' is special there.
bool SingleQuoted(std::string_view line, std::size_t& at, std::string& word) {
  while (at < line.size()) {
    const char c = line[at++];
    if (c == '\'') return true;
    if (c == '\\' && at < line.size() && line[at] == '\'') {
      word.push_back('\'');
      ++at;
    } else {
      word.push_back(c);
    }
  }
  return false;
}

// One word of an inline command, from `at` on. False: quotes that do not end, or end inside of a
// word.
bool Word(std::string_view line, std::size_t& at, std::string& word) {
  while (at < line.size() && !EndsWord(line[at])) {
    const char c = line[at++];
    if (c != '"' && c != '\'') {
      word.push_back(c);
      continue;
    }
    if (!(c == '"' ? DoubleQuoted(line, at, word) : SingleQuoted(line, at, word))) return false;
    return at == line.size() || IsSpace(line[at]);
  }
  return true;
}

// A browser that was talked into connecting here: its body could hold commands.
bool IsHttp(std::string_view word) {
  const auto equals = [word](std::string_view lower) {
    return std::ranges::equal(word, lower, [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
  };
  return equals("post") || equals("host:");
}

}  // namespace

std::size_t RequestParser::memory() const {
  return spans_.capacity() * sizeof(Span) + arguments_.capacity() * sizeof(std::string_view) +
         inline_words_.capacity();
}

RequestParser::Outcome RequestParser::Fail(std::string error) {
  error_ = "ERR Protocol error: " + std::move(error);
  return Done(0, Outcome::kError);
}

RequestParser::Outcome RequestParser::Done(std::size_t consumed, Outcome outcome) {
  consumed_ = consumed;
  position_ = 0;
  scanned_ = 0;
  missing_ = -1;
  bulk_size_ = -1;
  announced_ = 0;
  return outcome;
}

RequestParser::Outcome RequestParser::Parse(std::string_view bytes, const RequestLimits& limits) {
  if (bytes.empty()) return Outcome::kIncomplete;
  if (position_ == 0 && scanned_ == 0) {
    if (spans_.capacity() > kUsualArguments) {
      std::vector<Span>().swap(spans_);
      std::vector<std::string_view>().swap(arguments_);
    }
    if (inline_words_.capacity() > kUsualInlineBytes) std::string().swap(inline_words_);
    spans_.clear();
  }
  return bytes.front() == '*' ? ParseArray(bytes, limits) : ParseInline(bytes);
}

// A small request has four such lines: calling this costs as much as reading one.
[[gnu::always_inline]] inline RequestParser::NumberLine RequestParser::ReadNumberLine(
    std::string_view bytes) {
  // Nearly every line is a few digits and is here as a whole.
  const char* at = bytes.data() + position_ + 1;
  const char* const end = bytes.data() + bytes.size();
  std::int64_t number = 0;
  const char* digit = at;
  for (; digit < end && digit - at < 9 && *digit >= '0' && *digit <= '9'; ++digit) {
    number = number * 10 + (*digit - '0');
  }
  const bool plain = digit > at && (*at != '0' || digit - at == 1);
  if (plain && end - digit >= 2 && *digit == '\r') [[likely]] {
    const auto next = static_cast<std::size_t>(digit + 2 - bytes.data());
    return {LineOutcome::kNumber, number, next};
  }
  return ReadAnyLine(bytes);
}

RequestParser::NumberLine RequestParser::ReadAnyLine(std::string_view bytes) {
  const std::size_t end = bytes.find('\r', std::max(position_ + 1, scanned_));
  if (end == std::string_view::npos || end + 1 == bytes.size()) {
    scanned_ = end == std::string_view::npos ? bytes.size() : end;
    const bool too_long = scanned_ - position_ > kMostLineBytes;
    return {too_long ? LineOutcome::kTooLong : LineOutcome::kIncomplete};
  }
  if (end - position_ > kMostLineBytes) return {LineOutcome::kTooLong};
  const auto number = Number(bytes.substr(position_ + 1, end - position_ - 1));
  if (!number) return {LineOutcome::kNoNumber};
  return {LineOutcome::kNumber, *number, end + 2};
}

RequestParser::Outcome RequestParser::ParseArray(std::string_view bytes,
                                                 const RequestLimits& limits) {
  if (missing_ < 0) {
    const NumberLine line = ReadNumberLine(bytes);
    if (line.outcome == LineOutcome::kIncomplete) return Outcome::kIncomplete;
    if (line.outcome == LineOutcome::kTooLong) return Fail("too big mbulk count string");
    if (line.outcome == LineOutcome::kNoNumber || line.number > kMostArguments) {
      return Fail("invalid multibulk length");
    }
    if (!limits.authenticated && line.number > kMostUnauthenticatedArguments) {
      return Fail("unauthenticated multibulk length");
    }
    if (line.number <= 0) return Done(line.next, Outcome::kNothing);
    missing_ = line.number;
    position_ = line.next;
  }
  while (missing_ > 0) {
    if (bulk_size_ < 0) {
      if (position_ >= bytes.size()) return Outcome::kIncomplete;
      const NumberLine line = ReadNumberLine(bytes);
      if (line.outcome == LineOutcome::kIncomplete) return Outcome::kIncomplete;
      if (line.outcome == LineOutcome::kTooLong) return Fail("too big bulk count string");
      if (bytes[position_] != '$') {
        return Fail(std::string("expected '$', got '") + bytes[position_] + "'");
      }
      if (line.outcome == LineOutcome::kNoNumber || line.number < 0 ||
          static_cast<std::uint64_t>(line.number) > limits.most_bulk_bytes) {
        return Fail("invalid bulk length");
      }
      if (!limits.authenticated && line.number > kMostUnauthenticatedBulk) {
        return Fail("unauthenticated bulk length");
      }
      bulk_size_ = line.number;
      position_ = line.next;
    }
    const auto size = static_cast<std::size_t>(bulk_size_);
    if (bytes.size() - position_ < size + 2) {
      announced_ = position_ + size + 2;
      return Outcome::kIncomplete;
    }
    spans_.push_back({position_, size});
    position_ += size + 2;
    bulk_size_ = -1;
    --missing_;
  }
  arguments_.clear();
  for (const Span& span : spans_) arguments_.push_back(bytes.substr(span.at, span.size));
  in_place_ = true;
  return Done(position_, Outcome::kRequest);
}

RequestParser::Outcome RequestParser::ParseInline(std::string_view bytes) {
  const std::size_t end = bytes.find('\n', scanned_);
  if (std::min(end, bytes.size()) > kMostLineBytes) return Fail("too big inline request");
  if (end == std::string_view::npos) {
    scanned_ = bytes.size();
    return Outcome::kIncomplete;
  }
  std::string_view line = bytes.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  spans_.clear();
  inline_words_.clear();
  for (std::size_t at = 0;;) {
    while (at < line.size() && IsSpace(line[at])) ++at;
    if (at == line.size()) break;
    const std::size_t begin = inline_words_.size();
    if (!Word(line, at, inline_words_)) return Fail("unbalanced quotes in request");
    spans_.push_back({begin, inline_words_.size() - begin});
  }
  arguments_.clear();
  for (const Span& span : spans_) {
    arguments_.push_back(std::string_view(inline_words_).substr(span.at, span.size));
  }
  in_place_ = false;
  if (arguments_.empty()) return Done(end + 1, Outcome::kNothing);
  if (IsHttp(arguments_.front())) return Fail("this is no HTTP server");
  return Done(end + 1, Outcome::kRequest);
}

}  // namespace server
