#include "server/resp/request_parser.h"

#include <charconv>
#include <cstring>
#include <optional>

namespace server {
namespace {

constexpr std::int64_t kMostUnauthenticatedArguments = 10;
constexpr std::int64_t kMostUnauthenticatedBulk = 16384;

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

// One word of an inline command, from `at` on. False: quotes that do not end, or end inside of a word.
bool Word(std::string_view line, std::size_t& at, std::string& word) {
  char quote = 0;
  for (; at < line.size(); ++at) {
    const char c = line[at];
    if (quote == 0) {
      if (IsSpace(c)) return true;
      if (c == '"' || c == '\'') {
        quote = c;
      } else {
        word.push_back(c);
      }
    } else if (quote == '"' && c == '\\' && at + 3 < line.size() && line[at + 1] == 'x' &&
               HexDigit(line[at + 2]) >= 0 && HexDigit(line[at + 3]) >= 0) {
      word.push_back(static_cast<char>(HexDigit(line[at + 2]) * 16 + HexDigit(line[at + 3])));
      at += 3;
    } else if (quote == '"' && c == '\\' && at + 1 < line.size()) {
      word.push_back(Unescape(line[++at]));
    } else if (quote == '\'' && c == '\\' && at + 1 < line.size() && line[at + 1] == '\'') {
      word.push_back('\'');
      ++at;
    } else if (c == quote) {
      ++at;
      return at == line.size() || IsSpace(line[at]);
    } else {
      word.push_back(c);
    }
  }
  return quote == 0;
}

}  // namespace

RequestParser::Outcome RequestParser::Fail(std::string error) {
  error_ = "ERR Protocol error: " + std::move(error);
  return Outcome::kError;
}

RequestParser::Outcome RequestParser::Done(std::size_t consumed, Outcome outcome) {
  consumed_ = consumed;
  position_ = 0;
  missing_ = -1;
  bulk_size_ = -1;
  announced_ = 0;
  return outcome;
}

RequestParser::Outcome RequestParser::Parse(std::string_view bytes, const RequestLimits& limits) {
  if (bytes.empty()) return Outcome::kIncomplete;
  return bytes.front() == '*' ? ParseArray(bytes, limits) : ParseInline(bytes);
}

RequestParser::Outcome RequestParser::ParseArray(std::string_view bytes,
                                                 const RequestLimits& limits) {
  const auto line_end = [&bytes](std::size_t from) -> std::size_t {
    const void* found = std::memchr(bytes.data() + from, '\r', bytes.size() - from);
    if (found == nullptr) return std::string_view::npos;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    return at + 1 < bytes.size() ? at : std::string_view::npos;
  };
  if (missing_ < 0) {
    const std::size_t end = line_end(1);
    if (end == std::string_view::npos) {
      if (bytes.size() > kMostInlineBytes) return Fail("too big mbulk count string");
      return Outcome::kIncomplete;
    }
    const auto count = Number(bytes.substr(1, end - 1));
    if (!count || *count > limits.most_arguments) return Fail("invalid multibulk length");
    if (!limits.authenticated && *count > kMostUnauthenticatedArguments) {
      return Fail("unauthenticated multibulk length");
    }
    if (*count <= 0) return Done(end + 2, Outcome::kNothing);
    missing_ = *count;
    position_ = end + 2;
    spans_.clear();
  }
  while (missing_ > 0) {
    if (bulk_size_ < 0) {
      if (position_ >= bytes.size()) return Outcome::kIncomplete;
      if (bytes[position_] != '$') {
        return Fail(std::string("expected '$', got '") + bytes[position_] + "'");
      }
      const std::size_t end = line_end(position_);
      if (end == std::string_view::npos) {
        if (bytes.size() - position_ > kMostInlineBytes) return Fail("too big bulk count string");
        return Outcome::kIncomplete;
      }
      const auto size = Number(bytes.substr(position_ + 1, end - position_ - 1));
      if (!size || *size < 0 || static_cast<std::uint64_t>(*size) > limits.most_bulk_bytes) {
        return Fail("invalid bulk length");
      }
      if (!limits.authenticated && *size > kMostUnauthenticatedBulk) {
        return Fail("unauthenticated bulk length");
      }
      bulk_size_ = *size;
      position_ = end + 2;
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
  return Done(position_, Outcome::kRequest);
}

RequestParser::Outcome RequestParser::ParseInline(std::string_view bytes) {
  const std::size_t end = bytes.find('\n', position_);
  if (end == std::string_view::npos) {
    if (bytes.size() > kMostInlineBytes) return Fail("too big inline request");
    position_ = bytes.size();
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
  if (spans_.empty()) return Done(end + 1, Outcome::kNothing);
  arguments_.clear();
  for (const Span& span : spans_) {
    arguments_.push_back(std::string_view(inline_words_).substr(span.at, span.size));
  }
  return Done(end + 1, Outcome::kRequest);
}

}  // namespace server
