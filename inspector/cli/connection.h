// A blocking connection to one server, greeted in RESP3 and authenticated.
#pragma once

#include <string>
#include <vector>

#include "inspector/cli/reply_parser.h"
#include "inspector/cli/server_address.h"

namespace inspector {

class Connection {
 public:
  // Throws Failure: kNoAnswer where nobody answers, kBadAnswer where the server refuses us.
  explicit Connection(const ServerAddress& address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Throws Failure: kBadAnswer with the text of an error reply, kNoAnswer where the connection
  // fails.
  Json Ask(const std::vector<std::string>& words);
  // From now on replies may take longer than a minute.
  void WaitForEver();

 private:
  void Open();
  void Greet();
  [[noreturn]] void Lost(const std::string& why) const;

  ServerAddress address_;
  int socket_ = -1;
  ReplyParser parser_;
};

}  // namespace inspector
