// What loads the servers in `./dev bench`: one command over and over, from many connections.
//
//   meridian-load -p PORT [-c CONNECTIONS] [-P PIPELINE] -n OPERATIONS [-r KEYS] WORD...
//
// It sends what redis-benchmark sends, for less of the processor's time: a load that is slower than
// a server leaves it idle between two requests, and what falling asleep and waking up costs is then
// taken for the price of the command.
//
// Each connection has one batch of PIPELINE commands, encoded once. Before a batch is sent, the
// digits of every __rand_int__ in it are drawn anew, evenly below KEYS. A ring of finished batches
// would have to be as large as the range: a smaller one asks for the same few keys again and again,
// which then sit in the processor's cache.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kPlaceholder = "__rand_int__";
constexpr int kPatienceMs = 30'000;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

[[noreturn]] void fail_call(const std::string& call) {
  fail(call + ": " + std::strerror(errno));
}

size_t number_in(std::string_view text) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  fail("no number: " + std::string(text));
}

struct Options {
  uint16_t port = 6379;
  size_t connections = 50;
  size_t pipeline = 1;
  size_t operations = 100'000;
  uint64_t keys = 1;
  std::vector<std::string_view> words;
};

Options options_from(int count, char** arguments) {
  Options options;
  // "+": what comes after the first word belongs to the command.
  for (int option = 0; (option = getopt(count, arguments, "+p:c:P:n:r:")) != -1;) {
    if (option == '?') fail("usage: meridian-load -p PORT [-c N] [-P N] [-n N] [-r N] WORD...");
    const size_t number = number_in(optarg);
    if (number == 0) fail("nothing to do");
    if (option == 'p') options.port = static_cast<uint16_t>(number);
    if (option == 'c') options.connections = number;
    if (option == 'P') options.pipeline = number;
    if (option == 'n') options.operations = number;
    if (option == 'r') options.keys = number;
  }
  options.words.assign(arguments + optind, arguments + count);
  if (options.words.empty()) fail("which command?");
  return options;
}

// The commands that go in one packet.
class Batch {
 public:
  explicit Batch(const Options& options) : keys_(options.keys) {
    std::string command = "*" + std::to_string(options.words.size()) + "\r\n";
    for (const std::string_view word : options.words) {
      command += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
    }
    for (size_t i = 0; i < options.pipeline; ++i) bytes_ += command;
    for (size_t at = 0; (at = bytes_.find(kPlaceholder, at)) != std::string::npos;) {
      // As redis-benchmark writes a number: as long as the placeholder, with zeros in front.
      bytes_.replace(at, kPlaceholder.size(), kPlaceholder.size(), '0');
      ends_.push_back(at + kPlaceholder.size());
    }
  }

  std::string_view draw(std::mt19937_64& dice) {
    for (const size_t end : ends_) {
      uint64_t number = dice() % keys_;
      char* digit = bytes_.data() + end;
      // As many as the largest number has, so that the last draw is overwritten.
      for (uint64_t left = keys_ - 1; left > 0; left /= 10, number /= 10) {
        *--digit = static_cast<char>('0' + number % 10);
      }
    }
    return bytes_;
  }

 private:
  uint64_t keys_;
  std::string bytes_;
  std::vector<size_t> ends_;
};

// Counts the replies in a stream of RESP2, whatever its pieces. An error is thrown.
class ReplyCounter {
 public:
  // How many replies end in this piece.
  size_t feed(std::string_view piece) {
    size_t ended = 0;
    while (!piece.empty()) {
      if (bulk_left_ > 0) {
        const size_t taken = std::min(bulk_left_, piece.size());
        piece.remove_prefix(taken);
        bulk_left_ -= taken;
        ended += bulk_left_ == 0 ? value_ended() : 0;
        continue;
      }
      const size_t newline = piece.find('\n');
      if (newline == std::string_view::npos) {
        begun_line_ += piece;
        break;
      }
      const std::string_view line = piece.substr(0, newline + 1);
      piece.remove_prefix(line.size());
      ended += take(begun_line_.empty() ? line : begun_line_ += line);
      begun_line_.clear();
    }
    return ended;
  }

 private:
  size_t take(std::string_view line) {
    if (line.size() < 3 || line[line.size() - 2] != '\r') fail("no reply: " + std::string(line));
    const std::string_view rest = line.substr(1, line.size() - 3);
    switch (line[0]) {
      case '+':
      case ':':
        return value_ended();
      case '$':
        if (rest == "-1") return value_ended();
        bulk_left_ = number_in(rest) + 2;
        return 0;
      case '*':
        // Arrays in arrays need no stack: what is left is counted across all levels.
        if (rest != "-1") values_left_ += number_in(rest);
        return value_ended();
      case '-':
        fail("the server answers: " + std::string(line.substr(0, line.size() - 2)));
      default:
        fail("no reply of RESP2: " + std::string(line));
    }
  }

  size_t value_ended() {
    if (--values_left_ > 0) return 0;
    values_left_ = 1;
    return 1;
  }

  std::string begun_line_;
  size_t bulk_left_ = 0;    // Of the bulk string that is being read, with its line end.
  size_t values_left_ = 1;  // Of the reply that is being read.
};

struct Connection {
  Batch batch;
  int socket = -1;
  ReplyCounter replies = {};
  size_t awaited = 0;
  Clock::time_point sent_at = {};
  bool is_answered = true;
};

int connect_to(uint16_t port) {
  const int connected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connected < 0) fail_call("socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connected, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail_call("connect");
  }
  // No TCP_NODELAY: a batch leaves at once, because everything before it has been answered.
  return connected;
}

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options),
        unsent_((options.operations + options.pipeline - 1) / options.pipeline),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) fail_call("epoll_create1");
    latencies_.reserve(unsent_);
    connections_.reserve(options.connections);
    for (size_t i = 0; i < options.connections; ++i) {
      connections_.push_back({Batch(options), connect_to(options.port)});
      // Edge-triggered: what is watched never changes, and a piece is read by one call.
      epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.ptr = &connections_[i]}};
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].socket, &event) != 0) {
        fail_call("epoll_ctl");
      }
    }
  }

  void run() {
    const size_t operations = unsent_ * options_.pipeline;
    unanswered_ = unsent_;
    const auto begin = Clock::now();
    for (Connection& connection : connections_) send_next(connection);
    std::array<epoll_event, 64> events;
    while (unanswered_ > 0) {
      const int ready = epoll_wait(epoll_, events.data(), events.size(), kPatienceMs);
      if (ready < 0 && errno != EINTR) fail_call("epoll_wait");
      if (ready == 0) fail("the server has not answered anybody for too long");
      for (int i = 0; i < ready; ++i) receive(*static_cast<Connection*>(events[i].data.ptr));
    }
    const std::chrono::duration<double> taken = Clock::now() - begin;
    std::printf("{\"operations\": %zu, \"seconds\": %.6f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
                operations, taken.count(), latency_ms(0.5), latency_ms(0.99));
  }

 private:
  void send_next(Connection& connection) {
    if (unsent_ == 0) return;
    --unsent_;
    const std::string_view bytes = connection.batch.draw(dice_);
    connection.awaited = options_.pipeline;
    connection.is_answered = false;
    connection.sent_at = Clock::now();
    // Blocks where it has to. All earlier requests have been answered, so the socket has room.
    const ssize_t sent = send(connection.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) fail_call("send");
    if (static_cast<size_t>(sent) != bytes.size()) fail("a batch was sent in part only");
  }

  void receive(Connection& connection) {
    for (;;) {
      const auto now = Clock::now();
      const ssize_t got = recv(connection.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) return;
      if (got < 0) fail_call("recv");
      if (got == 0) fail("the server has closed a connection");
      // As redis-benchmark: until the first reply is there, without what reading them takes.
      if (!connection.is_answered) latencies_.push_back(now - connection.sent_at);
      connection.is_answered = true;
      const size_t size = got;
      const size_t ended = connection.replies.feed({buffer_.data(), size});
      if (ended > connection.awaited) fail("more replies than requests");
      connection.awaited -= ended;
      if (ended > 0 && connection.awaited == 0) {
        --unanswered_;
        return send_next(connection);
      }
      // Less than there was room for: epoll tells of the next piece.
      if (size < buffer_.size()) return;
    }
  }

  double latency_ms(double share) {
    const auto at = static_cast<size_t>(share * static_cast<double>(latencies_.size() - 1));
    std::nth_element(latencies_.begin(), latencies_.begin() + at, latencies_.end());
    return std::chrono::duration<double, std::milli>(latencies_[at]).count();
  }

  const Options& options_;
  size_t unsent_;
  size_t unanswered_ = 0;
  int epoll_;
  std::mt19937_64 dice_{std::random_device()()};
  std::vector<Connection> connections_;
  std::vector<Clock::duration> latencies_;
  std::vector<char> buffer_ = std::vector<char>(1 << 18);
};

}  // namespace

int main(int count, char** arguments) {
  try {
    const Options options = options_from(count, arguments);
    Load(options).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "meridian-load: %s\n", error.what());
    return 1;
  }
}
