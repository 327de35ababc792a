#include "server/net/client_listener.h"

#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace server {
namespace {

using asio::ip::tcp;
using asio::local::stream_protocol;
using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;

constexpr int kBacklog = 511;
// Where a connection cannot be taken, for want of descriptors most likely, others have to go first.
constexpr std::chrono::milliseconds kAcceptPause{100};

std::string TextOf(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

// Takes the socket away from the reactor: the clients' own poller watches it.
template <class Socket>
ClientSocket Released(Socket& socket) {
  return ClientSocket(socket.release());
}

bool IsSocket(const std::string& path) {
  struct stat what{};
  return ::lstat(path.c_str(), &what) == 0 && S_ISSOCK(what.st_mode);
}

std::error_code LastError() {
  return {errno, std::generic_category()};
}

}  // namespace

std::vector<std::string> ListenAddresses(const std::vector<std::string>& written) {
  std::vector<std::string> addresses;
  for (const std::string& address : written) {
    if (address == "*") addresses.emplace_back("0.0.0.0");
    addresses.push_back(address == "*" || address == "::*" ? "::" : address);
  }
  return addresses;
}

Status ClientListener::Listen(const geo_config::Config& config) {
  keepalive_seconds_ = static_cast<int>(config.tcp_keepalive.count());
  for (const std::string& address : ListenAddresses(config.bind)) {
    if (Status status = ListenTcp(address, config.port); !status) return status;
  }
  if (!config.unixsocket.empty()) return ListenUnix(config.unixsocket, config.unixsocketperm);
  return {};
}

Status ClientListener::ListenTcp(const std::string& address, std::uint16_t port) {
  std::error_code error;
  const asio::ip::address ip = asio::ip::make_address(address, error);
  if (error) return Fail(ErrorCode::kInvalid, "bind: '" + address + "' is not an IP address");
  auto acceptor = std::make_shared<TcpAcceptor>(context_);
  const tcp::endpoint endpoint(ip, port);
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error && ip.is_v6()) acceptor->set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(kBacklog, error);
  if (error) {
    return Fail(ErrorCode::kInputOutput, "cannot listen for clients on " + address + " port " +
                                             std::to_string(port) + ": " + error.message());
  }
  tcp_acceptors_.push_back(acceptor);
  Accept(acceptor);
  return {};
}

Status ClientListener::ListenUnix(const std::string& path, std::uint32_t mode) {
  if (IsSocket(path)) {
    // A socket that a stopped server left; one that answers is somebody's.
    std::error_code error;
    stream_protocol::socket probe(context_);
    probe.connect(stream_protocol::endpoint(path), error);
    if (!error) return Fail(ErrorCode::kRefused, "unixsocket: " + path + " is in use");
    ::unlink(path.c_str());
  }
  std::error_code error;
  auto acceptor = std::make_shared<UnixAcceptor>(context_);
  acceptor->open(stream_protocol(), error);
  if (!error) acceptor->bind(stream_protocol::endpoint(path), error);
  // Nobody can connect before listen().
  if (!error && ::chmod(path.c_str(), mode) != 0) error = LastError();
  if (!error) acceptor->listen(kBacklog, error);
  if (error) {
    return Fail(ErrorCode::kInputOutput,
                "cannot listen for clients on " + path + ": " + error.message());
  }
  unix_path_ = path;
  unix_acceptor_ = acceptor;
  Accept(acceptor);
  return {};
}

template <class SomeAcceptor>
void ClientListener::Accept(std::shared_ptr<SomeAcceptor> acceptor) {
  acceptor->async_accept([this, acceptor](std::error_code error, auto socket) {
    if (!acceptor->is_open()) return;
    if (error) {
      auto pause = std::make_shared<asio::steady_timer>(context_, kAcceptPause);
      pause->async_wait([this, acceptor, pause](std::error_code) {
        if (acceptor->is_open()) Accept(acceptor);
      });
      return;
    }
    if constexpr (std::is_same_v<SomeAcceptor, TcpAcceptor>) {
      Welcome(std::move(socket));
    } else {
      clients_.Welcome({.socket = Released(socket),
                        .address = unix_path_ + ":0",
                        .local_address = unix_path_ + ":0",
                        .loopback = true});
    }
    Accept(acceptor);
  });
}

void ClientListener::Welcome(TcpSocket socket) {
  std::error_code gone;
  const tcp::endpoint remote = socket.remote_endpoint(gone);
  if (gone) return;
  std::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  if (keepalive_seconds_ > 0) {
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    // After that much silence three probes, which are over in about as long again.
    const int pause = std::max(1, keepalive_seconds_ / 3);
    const int probes = 3;
    const int fd = socket.native_handle();
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive_seconds_, sizeof keepalive_seconds_);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &pause, sizeof pause);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  }
  const tcp::endpoint local = socket.local_endpoint(ignored);
  clients_.Welcome({.socket = Released(socket),
                    .address = TextOf(remote),
                    .local_address = TextOf(local),
                    .loopback = remote.address().is_loopback()});
}

void ClientListener::Stop() {
  std::error_code ignored;
  for (const auto& acceptor : tcp_acceptors_) acceptor->close(ignored);
  if (unix_acceptor_) unix_acceptor_->close(ignored);
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
  unix_path_.clear();
}

}  // namespace server
