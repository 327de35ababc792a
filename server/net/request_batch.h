// Requests of several clients, parsed and about to be executed one after the other.
//
// Between the two, what their keys need is fetched into the cache for all at once: waiting for
// memory key by key would be the greatest part of a small command's time.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "storage/key_location.h"

namespace server {

class ClientConnection;

class RequestBatch {
 public:
  struct Request {
    ClientConnection* connection;
    std::size_t bytes;           // Of the client's input.
    std::size_t first_argument;  // Among the batch's arguments.
    std::size_t arguments;
    std::size_t lookup;  // Among the batch's lookups, where there is a second word.
    // The arguments are too many to be copied, or do not outlive the parsing of the next request:
    // they are the connection's parser's, and this is the connection's last request in the batch.
    bool in_parser;
  };

  const std::vector<Request>& requests() const { return requests_; }
  std::span<const std::string_view> ArgumentsOf(const Request& request) const {
    return std::span(arguments_).subspan(request.first_argument, request.arguments);
  }
  // The second word of every request, which nearly always is a key, and an element of the
  // collection that it holds.
  std::span<storage::Lookup> lookups() { return lookups_; }
  const storage::Lookup& LookupOf(const Request& request) const { return lookups_[request.lookup]; }

  void Clear() {
    requests_.clear();
    arguments_.clear();
    lookups_.clear();
  }
  void Add(ClientConnection& connection, std::size_t bytes,
           std::span<const std::string_view> arguments, bool in_parser) {
    requests_.push_back({.connection = &connection,
                         .bytes = bytes,
                         .first_argument = arguments_.size(),
                         .arguments = in_parser ? 0 : arguments.size(),
                         .lookup = lookups_.size(),
                         .in_parser = in_parser});
    if (!in_parser) arguments_.insert(arguments_.end(), arguments.begin(), arguments.end());
    if (arguments.size() > 1) {
      lookups_.push_back({.key = arguments[1], .element = ElementOf(arguments)});
    }
  }

 private:
  // Of HSET, SADD, ZADD and the like. The third word nearly always, but of ZADD and ZINCRBY the
  // fourth.
  static std::string_view ElementOf(std::span<const std::string_view> arguments) {
    if (arguments.size() < 3 || arguments[0].empty()) return {};
    const char family = static_cast<char>(arguments[0].front() | 0x20);
    if (family != 'h' && family != 's' && family != 'z') return {};
    const bool scored = family == 'z' && arguments.size() == 4;
    return arguments[scored ? 3 : 2];
  }

  std::vector<Request> requests_;
  std::vector<std::string_view> arguments_;
  std::vector<storage::Lookup> lookups_;
};

}  // namespace server
