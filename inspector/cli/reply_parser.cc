#include "inspector/cli/reply_parser.h"

#include <charconv>
#include <string_view>

#include "inspector/cli/outcome.h"

namespace inspector {
namespace {

// Replies of Meridian nest three or four deep; what is deeper is not from a server like it.
constexpr int kMostNesting = 32;

[[noreturn]] void Malformed() {
  throw Failure(ExitCode::kNoAnswer, "what answers there does not speak the Redis protocol");
}

}  // namespace

Json ReplyParser::Read() {
  buffer_.erase(0, at_);
  at_ = 0;
  return ReadValue(0);
}

Json ReplyParser::ReadValue(int depth) {
  if (depth > kMostNesting) Malformed();
  const std::string line = ReadLine();
  if (line.empty()) Malformed();
  const std::string rest = line.substr(1);
  switch (line.front()) {
    case '+':
    case '(':
      return rest;
    case '-':
      throw Failure(ExitCode::kBadAnswer, rest);
    case '!':
      throw Failure(ExitCode::kBadAnswer, ReadBytes(ReadCount(rest)));
    case ':':
      return ReadCount(rest);
    case '#':
      return rest == "t";
    case '_':
      return nullptr;
    case ',': {
      double value = 0;
      const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
      if (error != std::errc()) return rest;
      return value;
    }
    case '$':
    case '=': {
      const std::int64_t size = ReadCount(rest);
      if (size < 0) return nullptr;
      std::string bytes = ReadBytes(static_cast<std::size_t>(size));
      // A verbatim string begins with its format: "txt:".
      return line.front() == '=' && bytes.size() >= 4 ? bytes.substr(4) : bytes;
    }
    case '*':
    case '~':
    case '>':
      return ReadElements(ReadCount(rest), depth);
    case '%':
      return ReadPairs(ReadCount(rest), depth);
    default:
      Malformed();
  }
}

Json ReplyParser::ReadElements(std::int64_t count, int depth) {
  if (count < 0) return nullptr;
  Json list = Json::array();
  for (std::int64_t i = 0; i < count; ++i) list.push_back(ReadValue(depth + 1));
  return list;
}

Json ReplyParser::ReadPairs(std::int64_t count, int depth) {
  Json object = Json::object();
  for (std::int64_t i = 0; i < count; ++i) {
    const Json name = ReadValue(depth + 1);
    object[name.is_string() ? name.get<std::string>() : name.dump()] = ReadValue(depth + 1);
  }
  return object;
}

std::string ReplyParser::ReadLine() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n", at_)) == std::string::npos) read_more_(buffer_);
  std::string line = buffer_.substr(at_, end - at_);
  at_ = end + 2;
  return line;
}

std::string ReplyParser::ReadBytes(std::size_t size) {
  while (buffer_.size() - at_ < size + 2) read_more_(buffer_);
  std::string bytes = buffer_.substr(at_, size);
  at_ += size + 2;
  return bytes;
}

std::int64_t ReplyParser::ReadCount(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) Malformed();
  return value;
}

}  // namespace inspector
