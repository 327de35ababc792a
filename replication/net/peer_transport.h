// PeerNetwork over TCP with Asio: a listener, and one connection per link. No decisions here.
//
// Everything runs on the thread of the io_context. Outgoing bytes are queued per link and written
// in order; the replicator bounds them by its windows.
#pragma once

#include <asio.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/result.h"
#include "geo-config/config.h"
#include "replication/network.h"

namespace replication {

class PeerTransport : public PeerNetwork {
 public:
  // What happens, told from the event loop and never from inside of a PeerNetwork call.
  struct Handlers {
    std::function<void(LinkId)> connected;
    std::function<void(LinkId)> accepted;
    std::function<void(LinkId, std::string_view)> bytes;
    std::function<void(LinkId, const std::string& reason)> closed;
    // A question: how much may wait on this link before it is cut.
    std::function<const geo_config::OutputLimit&(LinkId)> output_limit;
  };

  explicit PeerTransport(asio::io_context& context) : context_(context) {}

  void SetHandlers(Handlers handlers) { handlers_ = std::move(handlers); }
  crdt::Status Listen(const std::vector<std::string>& addresses, std::uint16_t port);
  // Stops listening and closes every link, what is queued included.
  void Shutdown();

  LinkId Dial(const std::string& host, std::uint16_t port) override;
  void Send(LinkId link, std::string bytes) override;
  std::size_t Unsent(LinkId link) const override;
  void Close(LinkId link) override;

 private:
  class Connection;

  asio::awaitable<void> Accept(std::shared_ptr<asio::ip::tcp::acceptor> acceptor);
  asio::awaitable<void> Connect(std::shared_ptr<Connection> connection, std::string host,
                                std::string port);
  void Forget(LinkId link, const std::string& reason);

  asio::io_context& context_;
  Handlers handlers_;
  LinkId next_link_ = 1;
  std::map<LinkId, std::shared_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<asio::ip::tcp::acceptor>> acceptors_;
};

}  // namespace replication
