// Checks what a scenario expects, when it expects it. What is not so is a Violation that names the
// line of the file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/expectation.h"
#include "tests/simulation/simulated_client.h"
#include "tests/simulation/simulated_node.h"

namespace simulation {

class ExpectationChecker {
 public:
  // `expectations`: by their times.
  ExpectationChecker(World world, const std::vector<Expectation>& expectations,
                     const std::vector<SimulatedNode*>& nodes,
                     const std::vector<std::unique_ptr<SimulatedClient>>& clients);

  // Those that were due.
  void CheckUntil(std::int64_t now_ms);
  // Those of the end, when all is healed and equal.
  void CheckInTheEnd() const;

 private:
  void Check(const Expectation& expectation) const;
  void CheckNode(const Expectation& expectation, SimulatedNode& node) const;
  void CheckCount(const Expectation& expectation, std::int64_t count) const;
  std::int64_t Answered(const Expectation& expectation) const;

  World world_;
  const std::vector<Expectation>& expectations_;
  const std::vector<SimulatedNode*>& nodes_;
  const std::vector<std::unique_ptr<SimulatedClient>>& clients_;
  std::size_t next_ = 0;
};

}  // namespace simulation
