// Which server to ask, and as whom.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace inspector {

struct ServerAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string user;  // Empty: the default user.
  std::string password;

  std::string ToString() const;
};

// redis://[[user][:password]@]host[:port][/0], host in brackets where it is an IPv6 address, %XX
// for other bytes. Throws Failure(kNoAnswer) where the text is not of the form.
ServerAddress ParseUrl(std::string_view url);

}  // namespace inspector
