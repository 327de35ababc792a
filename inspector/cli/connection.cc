#include "inspector/cli/connection.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "inspector/cli/outcome.h"

namespace inspector {
namespace {

// A takeover waits for the other nodes to hand over what is missing.
constexpr timeval kPatience{.tv_sec = 60, .tv_usec = 0};
constexpr timeval kConnectPatience{.tv_sec = 5, .tv_usec = 0};

}  // namespace

Connection::Connection(const ServerAddress& address)
    : address_(address), parser_([this](std::string& buffer) {
        char bytes[16384];
        const ssize_t size = recv(socket_, bytes, sizeof bytes, 0);
        if (size == 0) Lost("it closed the connection");
        if (size < 0) Lost(errno == EAGAIN ? "it did not answer for a minute" : strerror(errno));
        buffer.append(bytes, static_cast<std::size_t>(size));
      }) {
  try {
    Open();
    Greet();
  } catch (const Failure&) {
    if (socket_ >= 0) close(socket_);
    throw;
  }
}

Connection::~Connection() {
  close(socket_);
}

void Connection::Open() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code =
      getaddrinfo(address_.host.c_str(), std::to_string(address_.port).c_str(), &hints, &found);
  if (code != 0) {
    throw Failure(ExitCode::kNoAnswer, "cannot find " + address_.host + ": " + gai_strerror(code));
  }
  int error = 0;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    socket_ = socket(entry->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ >= 0) {
      // The send timeout bounds the connecting, too.
      setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kConnectPatience, sizeof kConnectPatience);
      setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
      if (connect(socket_, entry->ai_addr, entry->ai_addrlen) == 0) break;
    }
    error = errno == EINPROGRESS ? ETIMEDOUT : errno;
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }
  freeaddrinfo(found);
  if (socket_ < 0) {
    throw Failure(ExitCode::kNoAnswer, "no server answers at " + address_.ToString() + ": " +
                                           strerror(error) +
                                           ". Is it running? -h and -p name another one");
  }
}

void Connection::Greet() {
  std::vector<std::string> hello{"HELLO", "3"};
  if (!address_.password.empty()) {
    hello.insert(hello.end(),
                 {"AUTH", address_.user.empty() ? "default" : address_.user, address_.password});
  }
  try {
    Ask(hello);
  } catch (const Failure& failure) {
    if (failure.code() != ExitCode::kBadAnswer || !std::strstr(failure.what(), "NOAUTH")) throw;
    throw Failure(ExitCode::kBadAnswer,
                  "the server at " + address_.ToString() +
                      " asks for a password: give it with --pass or in REDISCLI_AUTH");
  }
}

Json Connection::Ask(const std::vector<std::string>& words) {
  std::string request = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    request += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  for (std::size_t sent = 0; sent < request.size();) {
    const ssize_t size = send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (size < 0) Lost(strerror(errno));
    sent += static_cast<std::size_t>(size);
  }
  return parser_.Read();
}

void Connection::WaitForEver() {
  constexpr timeval kForEver{};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kForEver, sizeof kForEver);
}

void Connection::Lost(const std::string& why) const {
  throw Failure(ExitCode::kNoAnswer, "the server at " + address_.ToString() + " is lost: " + why);
}

}  // namespace inspector
