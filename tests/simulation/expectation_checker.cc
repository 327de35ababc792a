#include "tests/simulation/expectation_checker.h"

#include <algorithm>

#include "tests/simulation/reply.h"

namespace simulation {

using What = Expectation::What;

namespace {

[[noreturn]] void Fail(const Expectation& expectation, const std::string& instead) {
  throw Violation(expectation.source + ": " + instead);
}

// Of times in their order, how many are not before `since_ms`.
std::int64_t CountSince(const std::vector<std::int64_t>& times, std::int64_t since_ms) {
  return times.end() - std::ranges::lower_bound(times, since_ms);
}

std::string Shown(const Reply& reply) {
  if (reply.kind == '0') return "nothing";
  if (reply.kind != '*') return reply.text;
  std::string text;
  for (const Reply& element : reply.elements) text += (text.empty() ? "" : " ") + Shown(element);
  return text;
}

}  // namespace

ExpectationChecker::ExpectationChecker(World world, const std::vector<Expectation>& expectations,
                                       const std::vector<SimulatedNode*>& nodes,
                                       const std::vector<std::unique_ptr<SimulatedClient>>& clients)
    : world_(world), expectations_(expectations), nodes_(nodes), clients_(clients) {
  while (next_ < expectations_.size() && expectations_[next_].at_ms == Expectation::kInTheEnd) {
    ++next_;
  }
}

void ExpectationChecker::CheckUntil(std::int64_t now_ms) {
  for (; next_ < expectations_.size() && expectations_[next_].at_ms <= now_ms; ++next_) {
    Check(expectations_[next_]);
  }
}

void ExpectationChecker::CheckInTheEnd() const {
  for (const Expectation& expectation : expectations_) {
    if (expectation.at_ms == Expectation::kInTheEnd) Check(expectation);
  }
}

void ExpectationChecker::Check(const Expectation& expectation) const {
  switch (expectation.what) {
    case What::kConnected:
      return CheckCount(expectation, CountSince(world_.network.dialled_ms(), expectation.since_ms));
    case What::kAnswered:
      return CheckCount(expectation, Answered(expectation));
    default:
      for (const NodeNumber node : expectation.nodes) CheckNode(expectation, *nodes_[node]);
  }
}

void ExpectationChecker::CheckCount(const Expectation& expectation, std::int64_t count) const {
  if (count < expectation.at_least || count > expectation.at_most) {
    Fail(expectation, "there were " + std::to_string(count));
  }
}

std::int64_t ExpectationChecker::Answered(const Expectation& expectation) const {
  std::int64_t count = 0;
  for (const auto& client : clients_) {
    const bool meant = std::ranges::any_of(expectation.nodes, [&](NodeNumber node) {
      return nodes_[node]->config().region == client->region();
    });
    if (meant) count += CountSince(client->answered_ms(), expectation.since_ms);
  }
  return count;
}

void ExpectationChecker::CheckNode(const Expectation& expectation, SimulatedNode& node) const {
  if (expectation.what == What::kSaid) {
    const auto said = std::ranges::count_if(node.said(), [&](const auto& line) {
      return line.first >= expectation.since_ms &&
             line.second.find(expectation.text) != std::string::npos;
    });
    return CheckCount(expectation, said);
  }
  if (node.running() == (expectation.what == What::kIsDown)) {
    Fail(expectation, node.name() + (node.running() ? " runs" : " does not run"));
  }
  if (expectation.what == What::kIsDown || expectation.what == What::kRuns) return;
  const std::string refusal = node.node().WriteRefusal();
  const auto require = [&](bool kept, const std::string& instead) {
    if (!kept) Fail(expectation, node.name() + " " + instead);
  };
  if (expectation.what == What::kLeads) require(node.leads(), "does not lead");
  if (expectation.what == What::kFollows) require(!node.leads(), "leads");
  if (expectation.what == What::kTakesWrites) require(refusal.empty(), "says " + refusal);
  if (expectation.what == What::kRefuses) {
    require(refusal.find(expectation.text) != std::string::npos,
            refusal.empty() ? "takes writes" : "says " + refusal);
  }
  if (expectation.what == What::kShows) {
    const std::string bytes = node.Ask(expectation.command);
    std::string_view rest = bytes;
    const auto reply = TakeReply(rest);
    const std::string shown = reply ? Shown(*reply) : "nothing yet";
    require(shown == expectation.text, "shows " + shown);
  }
}

}  // namespace simulation
