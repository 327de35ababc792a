// SIGTERM, SIGINT and SIGHUP, told on the event loop.
//
// The first of the two that stop is told; a second ends the process at once, even where the loop is
// busy: a signal handler of its own sees to that.
#pragma once

#include <array>
#include <asio.hpp>
#include <cstdint>
#include <functional>

namespace server {

// At most one at a time: signals belong to the process.
class StopSignals {
 public:
  struct Handlers {
    std::function<void()> stop;
    std::function<void()> reopen_log;  // SIGHUP.
  };

  // SIGPIPE is ignored from then on.
  StopSignals(asio::io_context& context, Handlers handlers);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  void Wait();

  Handlers handlers_;
  asio::posix::stream_descriptor descriptor_;
  std::array<char, 64> signals_{};  // Each byte is the number of one.
};

}  // namespace server
