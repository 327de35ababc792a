#include "server/net/client_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace server {
namespace {

using asio::ip::tcp;
using asio::local::stream_protocol;
using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;

constexpr std::string_view kProtected =
    "-DENIED this server runs in protected mode: it has no password and answers only clients on its "
    "own machine. Set requirepass, or protected-mode no where the network is trusted.\r\n";
constexpr std::string_view kTooMany = "-ERR max number of clients reached\r\n";

std::string TextOf(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

}  // namespace

Status ClientServer::Listen(const geo_config::Config& config) {
  for (const std::string& address : config.bind) {
    if (address == "*") {
      if (Status status = ListenTcp("0.0.0.0", config.port); !status) return status;
      if (Status status = ListenTcp("::", config.port); !status) return status;
    } else if (Status status = ListenTcp(address, config.port); !status) {
      return status;
    }
  }
  if (!config.unixsocket.empty()) return ListenUnix(config.unixsocket, config.unixsocketperm);
  return {};
}

Status ClientServer::ListenTcp(const std::string& address, std::uint16_t port) {
  std::error_code error;
  const asio::ip::address ip = asio::ip::make_address(address, error);
  if (error) return Fail(ErrorCode::kInvalid, "bind: '" + address + "' is not an IP address");
  auto acceptor = std::make_shared<tcp::acceptor>(context_);
  const tcp::endpoint endpoint(ip, port);
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error && ip.is_v6()) acceptor->set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(511, error);
  if (error) {
    return Fail(ErrorCode::kInputOutput, "cannot listen for clients on " + address + " port " +
                                             std::to_string(port) + ": " + error.message());
  }
  beyond_loopback_ = beyond_loopback_ || !ip.is_loopback();
  tcp_acceptors_.push_back(acceptor);
  Accept(acceptor);
  return {};
}

Status ClientServer::ListenUnix(const std::string& path, std::uint32_t mode) {
  // A socket that a stopped server left; one that answers is somebody's.
  std::error_code error;
  stream_protocol::socket probe(context_);
  probe.connect(stream_protocol::endpoint(path), error);
  if (!error) return Fail(ErrorCode::kRefused, "unixsocket: " + path + " is in use");
  ::unlink(path.c_str());
  auto acceptor = std::make_shared<stream_protocol::acceptor>(context_);
  acceptor->open(stream_protocol(), error);
  if (!error) acceptor->bind(stream_protocol::endpoint(path), error);
  if (!error) acceptor->listen(511, error);
  if (error || ::chmod(path.c_str(), mode) != 0) {
    return Fail(ErrorCode::kInputOutput,
                "cannot listen on " + path + ": " +
                    (error ? error.message() : std::string(std::strerror(errno))));
  }
  unix_path_ = path;
  unix_acceptors_.push_back(acceptor);
  Accept(acceptor);
  return {};
}

template <class Acceptor>
void ClientServer::Accept(std::shared_ptr<Acceptor> acceptor) {
  acceptor->async_accept([this, acceptor](std::error_code error, auto socket) {
    if (error == asio::error::operation_aborted || !acceptor->is_open()) return;
    if (error) {
      // Out of descriptors: the listener would spin. Others have to close theirs first.
      auto pause = std::make_shared<asio::steady_timer>(context_, std::chrono::milliseconds(100));
      pause->async_wait([this, acceptor, pause](std::error_code) { Accept(acceptor); });
      return;
    }
    if constexpr (std::is_same_v<Acceptor, tcp::acceptor>) {
      std::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      socket.set_option(asio::socket_base::keep_alive(node_->config().tcp_keepalive.count() > 0),
                        ignored);
      const int idle = static_cast<int>(node_->config().tcp_keepalive.count());
      if (idle > 0) {
        ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
      }
      const tcp::endpoint remote = socket.remote_endpoint(ignored);
      if (!ignored) {
        Welcome(std::move(socket), TextOf(remote), TextOf(socket.local_endpoint(ignored)),
                remote.address().is_loopback() ||
                    (remote.address().is_v6() && remote.address().to_v6().is_v4_mapped() &&
                     asio::ip::make_address_v4(asio::ip::v4_mapped, remote.address().to_v6())
                         .is_loopback()));
      }
    } else {
      Welcome(std::move(socket), unix_path_ + ":0", unix_path_ + ":0", true);
    }
    Accept(acceptor);
  });
}

void ClientServer::Welcome(ClientConnection::Socket socket, const std::string& address,
                           const std::string& local_address, bool local) {
  std::error_code ignored;
  socket.non_blocking(true, ignored);
  const geo_config::Config& config = node_->config();
  const bool denied =
      !local && beyond_loopback_ && config.protected_mode && config.requirepass.empty();
  if (denied || connections_.size() >= config.maxclients) {
    node_->stats().rejected_connections += 1;
    socket.write_some(asio::buffer(denied ? kProtected : kTooMany), ignored);
    socket.close(ignored);
    return;
  }
  node_->stats().connections_received += 1;
  const std::uint64_t id = next_id_++;
  auto connection = std::make_shared<ClientConnection>(*this, *node_, std::move(socket), id);
  connection->session().address = address;
  connection->session().local_address = local_address;
  connections_.emplace(id, connection);
  connection->Start();
}

void ClientServer::Touch(ClientConnection& connection) {
  // A connection may be in the list twice; flushing it again finds nothing to do.
  touched_.push_back(connection.shared_from_this());
}

void ClientServer::Continue(ClientConnection& connection) {
  continued_.push_back(connection.shared_from_this());
}

void ClientServer::FlushTouched() {
  const storage::LogPosition released = node_->Released();
  flushing_.swap(touched_);
  for (const auto& connection : flushing_) connection->Flush(released);
  flushing_.clear();
}

void ClientServer::Work() {
  std::vector<std::shared_ptr<ClientConnection>> again;
  again.swap(continued_);
  for (const auto& connection : again) connection->Execute();
}

void ClientServer::OnTick() {
  const std::int64_t now = node_->steady_ms();
  std::vector<std::shared_ptr<ClientConnection>> all;
  for (const auto& [id, connection] : connections_) all.push_back(connection);
  for (const auto& connection : all) connection->OnTick(now);
}

void ClientServer::Remove(std::uint64_t id) { connections_.erase(id); }

void ClientServer::StopAccepting() {
  std::error_code ignored;
  for (const auto& acceptor : tcp_acceptors_) acceptor->close(ignored);
  for (const auto& acceptor : unix_acceptors_) acceptor->close(ignored);
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
  unix_path_.clear();
}

void ClientServer::CloseAll() {
  std::vector<std::shared_ptr<ClientConnection>> all;
  for (const auto& [id, connection] : connections_) all.push_back(connection);
  for (const auto& connection : all) connection->Close();
}

void ClientServer::ForEach(const std::function<void(ClientSession&)>& visit) {
  for (const auto& [id, connection] : connections_) visit(connection->session());
}

bool ClientServer::Kill(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return false;
  const std::shared_ptr<ClientConnection> connection = found->second;
  connection->session().close_after_reply = true;
  connection->session().waiting.reset();
  Touch(*connection);
  return true;
}

void ClientServer::Wake(ClientSession& session) {
  const auto found = connections_.find(session.id);
  if (found != connections_.end()) Continue(*found->second);
}

}  // namespace server
