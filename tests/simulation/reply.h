// Replies as a simulated client reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simulation {

struct Reply {
  char kind = 0;  // '+', '-', ':', '$', '*', or '0' for null.
  std::int64_t number = 0;
  std::string text;
  std::vector<Reply> elements;

  bool is_error() const { return kind == '-'; }
};

// Takes one whole reply off the front of `bytes`; empty: more is to come.
inline std::optional<Reply> TakeReply(std::string_view& bytes) {
  const std::size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view rest = bytes.substr(end + 2);
  Reply reply{.kind = bytes.front(), .text = std::string(bytes.substr(1, end - 1))};
  if (reply.kind == ':' || reply.kind == '$' || reply.kind == '*') {
    reply.number = std::stoll(reply.text);
  }
  if (reply.number < 0 && reply.kind != ':') {
    reply.kind = '0';
  } else if (reply.kind == '$') {
    const auto size = static_cast<std::size_t>(reply.number);
    if (rest.size() < size + 2) return std::nullopt;
    reply.text = rest.substr(0, size);
    rest.remove_prefix(size + 2);
  } else if (reply.kind == '*') {
    for (std::int64_t i = 0; i < reply.number; ++i) {
      auto element = TakeReply(rest);
      if (!element) return std::nullopt;
      reply.elements.push_back(*std::move(element));
    }
  }
  bytes = rest;
  return reply;
}

}  // namespace simulation
