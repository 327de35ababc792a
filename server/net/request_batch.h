// Requests of several clients, parsed and about to be executed one after the other.
//
// Between the two, what their keys need is fetched into the cache for all at once: waiting for
// memory key by key would be the greatest part of a small command's time.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "crdt/key_prefetch.h"

namespace server {

class ClientConnection;

class RequestBatch {
 public:
  struct Request {
    ClientConnection* connection;
    std::size_t bytes;           // Of the client's input.
    std::size_t first_argument;  // Among the batch's arguments.
    std::size_t arguments;
    // The arguments are too many to be copied, or do not outlive the parsing of the next request:
    // they are the connection's parser's, and this is the connection's last request in the batch.
    bool in_parser;
  };

  const std::vector<Request>& requests() const { return requests_; }
  std::span<const std::string_view> ArgumentsOf(const Request& request) const {
    return std::span(arguments_).subspan(request.first_argument, request.arguments);
  }
  // The second word of every request and another one: nearly always a key, and an element of what
  // it holds where that is a collection.
  std::span<const crdt::Lookup> lookups() const { return lookups_; }

  void Clear() {
    requests_.clear();
    arguments_.clear();
    lookups_.clear();
  }
  void Add(ClientConnection& connection, std::size_t bytes,
           std::span<const std::string_view> arguments, bool in_parser) {
    requests_.push_back(
        {&connection, bytes, arguments_.size(), in_parser ? 0 : arguments.size(), in_parser});
    if (!in_parser) arguments_.insert(arguments_.end(), arguments.begin(), arguments.end());
    if (arguments.size() > 1) lookups_.push_back({arguments[1], ElementOf(arguments)});
  }

 private:
  // The third word nearly always, but of ZADD and ZINCRBY the fourth.
  static std::string_view ElementOf(std::span<const std::string_view> arguments) {
    if (arguments.size() < 3) return {};
    const bool scored =
        arguments.size() == 4 && (arguments[0].starts_with('Z') || arguments[0].starts_with('z'));
    return arguments[scored ? 3 : 2];
  }

  std::vector<Request> requests_;
  std::vector<std::string_view> arguments_;
  std::vector<crdt::Lookup> lookups_;
};

}  // namespace server
