#include "inspector/cli/server_address.h"

#include <charconv>

#include "inspector/cli/outcome.h"

namespace inspector {
namespace {

[[noreturn]] void Refuse(std::string_view url, const char* why) {
  throw Failure(ExitCode::kNoAnswer, "'" + std::string(url) + "' is not a server's address (" +
                                         why + "); expected redis://[user:password@]host[:port]");
}

std::string Unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, value, 16).ptr == &text[i + 1] + 2) {
      bytes += static_cast<char>(value);
      i += 2;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

}  // namespace

std::string ServerAddress::ToString() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

ServerAddress ParseUrl(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (!url.starts_with(kScheme)) Refuse(url, "it does not begin with redis://");
  ServerAddress address;
  std::string_view rest = url.substr(kScheme.size());
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = rest.substr(0, at);
    const std::size_t colon = who.find(':');
    address.user = Unescape(who.substr(0, colon));
    if (colon != std::string_view::npos) address.password = Unescape(who.substr(colon + 1));
    rest = rest.substr(at + 1);
  }
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    const std::string_view database = rest.substr(slash + 1);
    if (!database.empty() && database != "0") Refuse(url, "there is only database 0");
    rest = rest.substr(0, slash);
  }
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) Refuse(url, "a bracket is missing");
    address.host = std::string(rest.substr(1, end - 1));
    port = rest.substr(end + 1);
    if (!port.empty() && port.front() != ':') Refuse(url, "a colon is missing after the bracket");
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const std::size_t colon = rest.find(':');
    address.host = std::string(rest.substr(0, colon));
    if (colon != std::string_view::npos) port = rest.substr(colon + 1);
  }
  if (address.host.empty()) address.host = "127.0.0.1";
  if (port.empty()) return address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port == 0) {
    Refuse(url, "the port is not a number from 1 to 65535");
  }
  return address;
}

}  // namespace inspector
