#include "tests/simulation/shrink.h"

#include <algorithm>
#include <sstream>
#include <vector>

namespace simulation {
namespace {

// A shorter active time than this has no room for a fault and its healing.
constexpr std::int64_t kLeastActiveMs = 100;

class Shrinker {
 public:
  Shrinker(std::uint64_t seed, Planted planted) : seed_(seed), planted_(planted) {}

  Shrunk Run() {
    Shrunk result;
    const Outcome outcome = RunSeed(seed_, Story::Telling::kSilent, planted_);
    if (outcome.violation.empty()) return result;
    violation_ = outcome.violation;
    for (int i = 0; i < outcome.faults_drawn; ++i) left_.push_back(i);
    EndEarly(outcome.ended_ms);
    LeaveOutFaults();
    EndEarly(without_.behind_ms.value_or(outcome.ended_ms));
    return {without_, static_cast<int>(left_.size()), violation_};
  }

 private:
  bool Fails(const Without& without) {
    const std::string violation =
        RunSeed(seed_, Story::Telling::kSilent, planted_, without).violation;
    if (!violation.empty()) violation_ = violation;
    return !violation.empty();
  }

  void LeaveOutFaults() {
    for (std::size_t size = std::max<std::size_t>(left_.size() / 2, 1);; size /= 2) {
      for (std::size_t at = 0; at < left_.size();) {
        const std::size_t end = std::min(at + size, left_.size());
        Without more = without_;
        for (std::size_t i = at; i < end; ++i) more.faults.insert(left_[i]);
        if (!Fails(more)) {
          at = end;
          continue;
        }
        without_ = std::move(more);
        left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(at),
                    left_.begin() + static_cast<std::ptrdiff_t>(end));
      }
      if (size <= 1) return;
    }
  }

  // Not every shorter run of a run that fails does: tries some, the shortest first.
  void EndEarly(std::int64_t now_ends_ms) {
    for (const int eighths : {1, 2, 3, 4, 5, 6, 7}) {
      Without earlier = without_;
      earlier.behind_ms = std::max(kLeastActiveMs, now_ends_ms * eighths / 8);
      if (!Fails(earlier)) continue;
      without_ = std::move(earlier);
      return;
    }
  }

  std::uint64_t seed_;
  Planted planted_;
  Without without_;
  std::vector<int> left_;  // Faults that happen.
  std::string violation_;
};

}  // namespace

Shrunk Shrink(std::uint64_t seed, Planted planted) {
  return Shrinker(seed, planted).Run();
}

std::string ToText(const std::set<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

std::set<int> NumbersOf(const std::string& text) {
  std::set<int> numbers;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) numbers.insert(std::stoi(part));
  return numbers;
}

}  // namespace simulation
