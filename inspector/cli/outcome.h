// How a verb ends: its exit code, and the one kind of error that all parts of the tool raise.
#pragma once

#include <stdexcept>
#include <string>

namespace inspector {

// 0: done. 1: the answer is bad: the server said no, or what was asked for is not there. 2: the
// tool was called wrongly, or the server is out of reach.
enum class ExitCode { kDone = 0, kBadAnswer = 1, kNoAnswer = 2 };

class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& what) : std::runtime_error(what), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace inspector
