// One line of a scenario: words, with quotes where they hold spaces; what follows # is a remark.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace simulation {

class ScenarioMistake : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Each reading function takes the next words, or throws a mistake that says what was expected.
class ScenarioLine {
 public:
  ScenarioLine(std::string_view file, int number, std::string_view text);

  bool at_end() const { return next_ == words_.size(); }
  std::string Place() const;
  // Takes the next word where it is this one.
  bool Take(std::string_view word);
  void Expect(std::string_view word);
  void ExpectEnd();
  std::string Word(std::string_view expected);
  std::string Rest();
  std::int64_t Number(std::int64_t least, std::int64_t most);
  std::int64_t Duration();  // In milliseconds.
  std::int64_t SignedDuration();
  [[noreturn]] void Fail(std::string_view expected, std::string_view found) const;

 private:
  std::string file_;
  int number_;
  std::string text_;
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

}  // namespace simulation
