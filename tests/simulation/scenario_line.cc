#include "tests/simulation/scenario_line.h"

#include <charconv>
#include <utility>

namespace simulation {
namespace {

constexpr const char* kDuration = "a duration such as 500ms, 10s, 5m, 2h or 7d";

// False where it is none.
bool ReadInteger(std::string_view text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

ScenarioLine::ScenarioLine(std::string_view file, int number, std::string_view text)
    : file_(file), number_(number), text_(text) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '\t' || text[at] == '\r') {
      ++at;
    } else if (text[at] == '#') {
      break;
    } else if (text[at] == '"') {
      const std::size_t end = text.find('"', at + 1);
      if (end == std::string_view::npos) Fail("a closing quote", "the end of the line");
      words_.emplace_back(text.substr(at + 1, end - at - 1));
      at = end + 1;
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t\r", at), text.size());
      words_.emplace_back(text.substr(at, end - at));
      at = end;
    }
  }
  text_.erase(0, std::min(text_.find_first_not_of(" \t"), text_.size()));
}

std::string ScenarioLine::Place() const {
  return file_ + ":" + std::to_string(number_) + ": " + text_;
}

void ScenarioLine::Fail(std::string_view expected, std::string_view found) const {
  throw ScenarioMistake(file_ + ":" + std::to_string(number_) + ": expected " +
                        std::string(expected) + ", found " + std::string(found));
}

bool ScenarioLine::Take(std::string_view word) {
  if (at_end() || words_[next_] != word) return false;
  ++next_;
  return true;
}

void ScenarioLine::Expect(std::string_view word) {
  const std::string expected = "'" + std::string(word) + "'";
  const std::string found = Word(expected);
  if (found != word) Fail(expected, "'" + found + "'");
}

void ScenarioLine::ExpectEnd() {
  if (!at_end()) Fail("the end of the line", "'" + words_[next_] + "'");
}

std::string ScenarioLine::Word(std::string_view expected) {
  if (at_end()) Fail(expected, "the end of the line");
  return words_[next_++];
}

std::string ScenarioLine::Rest() {
  std::string rest;
  while (!at_end()) rest += (rest.empty() ? "" : " ") + words_[next_++];
  return rest;
}

std::int64_t ScenarioLine::Number(std::int64_t least, std::int64_t most) {
  const std::string expected =
      most == INT64_MAX ? "a number from " + std::to_string(least) + " on"
                        : "a number from " + std::to_string(least) + " to " + std::to_string(most);
  const std::string word = Word(expected);
  std::int64_t value = 0;
  if (!ReadInteger(word, value) || value < least || value > most) Fail(expected, "'" + word + "'");
  return value;
}

std::int64_t ScenarioLine::Duration() {
  const std::int64_t duration = SignedDuration();
  if (duration < 0) Fail(kDuration, "a negative one");
  return duration;
}

std::int64_t ScenarioLine::SignedDuration() {
  static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  const std::string word = Word(kDuration);
  const std::size_t digits = word.find_first_not_of("-0123456789");
  std::int64_t value = 0;
  for (const auto& [unit, milliseconds] : kUnits) {
    if (digits == std::string::npos || word.substr(digits) != unit) continue;
    if (!ReadInteger(word.substr(0, digits), value) || std::abs(value) > 1'000'000) break;
    return value * milliseconds;
  }
  Fail(kDuration, "'" + word + "'");
}

}  // namespace simulation
