// What a scenario checks besides what is always checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/simulated_network.h"

namespace simulation {

struct Expectation {
  static constexpr std::int64_t kInTheEnd = -1;
  enum class What {
    kLeads,
    kFollows,
    kRuns,
    kIsDown,
    kTakesWrites,
    kRefuses,    // Writes, with an error in which `text` is.
    kShows,      // A command's reply is `text`.
    kSaid,       // Lines of the log in which `text` is: how many.
    kAnswered,   // Commands that clients of a region had an answer to: how many.
    kConnected,  // Connections that were begun: how many.
  };

  std::string source;  // As the file has it, with its place.
  std::int64_t at_ms = kInTheEnd;
  What what = What::kRuns;
  std::vector<NodeNumber> nodes;  // Each of which it is said of.
  std::vector<std::string> command;
  std::string text;
  std::int64_t at_least = 0;
  std::int64_t at_most = INT64_MAX;
  std::int64_t since_ms = 0;
};

}  // namespace simulation
