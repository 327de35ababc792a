#include "server/net/stop_signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

#include "crdt/result.h"

namespace server {
namespace {

constexpr int kEndedBySignal = 1;

// What a signal handler can reach.
std::atomic<int> write_end{-1};
std::atomic<int> stops{0};

void OnSignal(int signal) {
  if (signal != SIGHUP && stops.fetch_add(1) > 0) ::_exit(kEndedBySignal);
  const int saved_errno = errno;
  const char byte = static_cast<char>(signal);
  // A full pipe holds enough of them already.
  [[maybe_unused]] const auto written = ::write(write_end.load(), &byte, 1);
  errno = saved_errno;
}

void Install(void (*handler)(int)) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) std::signal(signal, handler);
}

}  // namespace

StopSignals::StopSignals(asio::io_context& context, Handlers handlers)
    : handlers_(std::move(handlers)), descriptor_(context) {
  int ends[2] = {-1, -1};
  crdt::Require(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "a pipe can be made");
  descriptor_.assign(ends[0]);
  write_end = ends[1];
  stops = 0;
  std::signal(SIGPIPE, SIG_IGN);
  Install(OnSignal);
  Wait();
}

StopSignals::~StopSignals() {
  Install(SIG_DFL);
  ::close(write_end.exchange(-1));
}

void StopSignals::Wait() {
  descriptor_.async_read_some(asio::buffer(signals_),
                              [this](std::error_code error, std::size_t size) {
                                if (error) return;
                                for (std::size_t i = 0; i < size; ++i) {
                                  (signals_[i] == SIGHUP ? handlers_.reopen_log : handlers_.stop)();
                                }
                                Wait();
                              });
}

}  // namespace server
