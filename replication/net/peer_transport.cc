#include "replication/net/peer_transport.h"

#include <asio/experimental/as_tuple.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

namespace replication {
namespace {

using asio::ip::tcp;
constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);

// A connection attempt to a host that does not answer at all.
constexpr std::chrono::seconds kConnectTimeout{5};
constexpr std::size_t kReadBytes = 64 << 10;

}  // namespace

class PeerTransport::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(PeerTransport& transport, LinkId id)
      : transport_(transport), id_(id), socket_(transport.context_), timer_(transport.context_) {}

  tcp::socket& socket() { return socket_; }
  asio::steady_timer& timer() { return timer_; }
  LinkId id() const { return id_; }
  std::size_t unsent() const { return unsent_; }

  bool IsTooSlow(const geo_config::OutputLimit& limit) {
    const auto now = std::chrono::steady_clock::now();
    if (limit.soft == 0 || unsent_ <= limit.soft) {
      over_soft_limit_since_.reset();
    } else if (!over_soft_limit_since_) {
      over_soft_limit_since_ = now;
    }
    return (limit.hard != 0 && unsent_ > limit.hard) ||
           (over_soft_limit_since_ && now - *over_soft_limit_since_ >= limit.soft_for);
  }

  void Start() {
    std::error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    open_ = true;
    asio::co_spawn(transport_.context_, Read(shared_from_this()), asio::detached);
    if (!queue_.empty()) BeginWriting();
  }

  void Send(std::string bytes) {
    if (closing_) return;
    unsent_ += bytes.size();
    queue_.push_back(std::move(bytes));
    if (open_ && !writing_) BeginWriting();
  }

  // What is queued still leaves.
  void Close() {
    closing_ = true;
    if (!writing_) CloseSocket();
  }

  void CloseSocket() {
    std::error_code ignored;
    timer_.cancel();
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
  }

 private:
  void BeginWriting() {
    writing_ = true;
    asio::co_spawn(transport_.context_, Write(shared_from_this()), asio::detached);
  }

  static asio::awaitable<void> Read(std::shared_ptr<Connection> self) {
    std::string buffer(kReadBytes, '\0');
    for (;;) {
      const auto [error, size] =
          co_await self->socket_.async_read_some(asio::buffer(buffer), kAsTuple);
      if (self->closing_) co_return;
      if (error) {
        self->transport_.Forget(self->id_, error.message());
        co_return;
      }
      self->transport_.handlers_.bytes(self->id_, std::string_view(buffer.data(), size));
      if (self->closing_) co_return;
    }
  }

  static asio::awaitable<void> Write(std::shared_ptr<Connection> self) {
    while (!self->queue_.empty()) {
      const std::string bytes = std::move(self->queue_.front());
      self->queue_.pop_front();
      const auto [error, size] =
          co_await asio::async_write(self->socket_, asio::buffer(bytes), kAsTuple);
      self->unsent_ -= bytes.size();
      if (error) {
        self->writing_ = false;
        self->CloseSocket();
        if (!self->closing_) self->transport_.Forget(self->id_, error.message());
        co_return;
      }
    }
    self->writing_ = false;
    if (self->closing_) self->CloseSocket();
  }

  PeerTransport& transport_;
  LinkId id_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::deque<std::string> queue_;
  std::size_t unsent_ = 0;
  std::optional<std::chrono::steady_clock::time_point> over_soft_limit_since_;
  bool open_ = false;
  bool writing_ = false;
  bool closing_ = false;
};

crdt::Status PeerTransport::Listen(const std::vector<std::string>& addresses, std::uint16_t port) {
  for (const std::string& address : addresses) {
    std::error_code error;
    const asio::ip::address ip = asio::ip::make_address(address, error);
    if (error) {
      return crdt::Fail(crdt::ErrorCode::kInvalid, "'" + address + "' is not an IP address");
    }
    const tcp::endpoint endpoint(ip, port);
    auto acceptor = std::make_shared<tcp::acceptor>(context_);
    acceptor->open(endpoint.protocol(), error);
    if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
    if (!error && ip.is_v6()) acceptor->set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor->bind(endpoint, error);
    if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return crdt::Fail(crdt::ErrorCode::kInputOutput,
                        "cannot listen for other nodes on " + address + " port " +
                            std::to_string(port) + ": " + error.message());
    }
    acceptors_.push_back(acceptor);
    asio::co_spawn(context_, Accept(acceptor), asio::detached);
  }
  return {};
}

asio::awaitable<void> PeerTransport::Accept(std::shared_ptr<tcp::acceptor> acceptor) {
  while (acceptor->is_open()) {
    auto connection = std::make_shared<Connection>(*this, next_link_++);
    const auto [error] = co_await acceptor->async_accept(connection->socket(), kAsTuple);
    if (error == asio::error::operation_aborted || !acceptor->is_open()) co_return;
    if (error) {
      // Out of descriptors, most likely: give others time to close theirs.
      asio::steady_timer pause(context_, std::chrono::milliseconds(100));
      co_await pause.async_wait(kAsTuple);
      continue;
    }
    connections_[connection->id()] = connection;
    connection->Start();
    handlers_.accepted(connection->id());
  }
}

LinkId PeerTransport::Dial(const std::string& host, std::uint16_t port) {
  auto connection = std::make_shared<Connection>(*this, next_link_++);
  connections_[connection->id()] = connection;
  asio::co_spawn(context_, Connect(connection, host, std::to_string(port)), asio::detached);
  return connection->id();
}

asio::awaitable<void> PeerTransport::Connect(std::shared_ptr<Connection> connection,
                                             std::string host, std::string port) {
  connection->timer().expires_after(kConnectTimeout);
  connection->timer().async_wait([connection](std::error_code error) {
    if (!error) connection->CloseSocket();
  });
  tcp::resolver resolver(context_);
  const auto [unresolved, endpoints] = co_await resolver.async_resolve(host, port, kAsTuple);
  if (unresolved) {
    Forget(connection->id(), host + ": " + unresolved.message());
    co_return;
  }
  const auto [error, endpoint] =
      co_await asio::async_connect(connection->socket(), endpoints, kAsTuple);
  connection->timer().cancel();
  if (error) {
    Forget(connection->id(), error.message());
    co_return;
  }
  if (!connections_.contains(connection->id())) co_return;
  connection->Start();
  handlers_.connected(connection->id());
}

void PeerTransport::Send(LinkId link, std::string bytes) {
  const auto found = connections_.find(link);
  if (found == connections_.end()) return;
  found->second->Send(std::move(bytes));
  if (found->second->IsTooSlow(handlers_.output_limit(link))) {
    asio::post(context_, [this, link] {
      if (!connections_.contains(link)) return;
      connections_.at(link)->CloseSocket();
      Forget(link, "the peer reads too slowly: output buffer limit reached");
    });
  }
}

std::size_t PeerTransport::Unsent(LinkId link) const {
  const auto found = connections_.find(link);
  return found == connections_.end() ? 0 : found->second->unsent();
}

void PeerTransport::Close(LinkId link) {
  const auto found = connections_.find(link);
  if (found == connections_.end()) return;
  const std::shared_ptr<Connection> connection = found->second;
  connections_.erase(found);
  connection->Close();
}

void PeerTransport::Forget(LinkId link, const std::string& reason) {
  if (connections_.erase(link) == 0) return;
  handlers_.closed(link, reason);
}

void PeerTransport::Shutdown() {
  std::error_code ignored;
  for (const auto& acceptor : acceptors_) acceptor->close(ignored);
  acceptors_.clear();
  for (const auto& [id, connection] : connections_) connection->Close();
  connections_.clear();
}

}  // namespace replication
