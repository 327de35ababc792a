// Which replica is to be the primary, and what the others would lack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inspector/cli/reply_parser.h"
#include "inspector/cli/server_address.h"

namespace inspector {

// What one node said of itself.
struct Candidate {
  int ordinal = 0;
  std::string role;
  std::int64_t epoch = 0;
  std::int64_t position = 0;
  ServerAddress address;
};

// The replica that has the most of the newest epoch; among equals the lowest ordinal. Nothing where
// no replica is there.
std::optional<Candidate> MostAdvanced(const std::vector<Candidate>& candidates);

// What each other replica has less than the chosen one, a line each; for people.
std::string DescribeOthers(const Candidate& chosen, const std::vector<Candidate>& candidates);

// Asks the node at `address` and all nodes that it names, promotes the most advanced replica, and
// tells how it went. Throws Failure.
std::string Failover(const ServerAddress& address, bool as_json);

}  // namespace inspector
