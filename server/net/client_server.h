// The listeners and the connected clients.
#pragma once

#include <asio.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crdt/result.h"
#include "server/client_registry.h"
#include "server/environment.h"
#include "server/net/client_connection.h"

namespace server {

class ClientServer : public ClientRegistry {
 public:
  explicit ClientServer(asio::io_context& context) : context_(context) {}

  // The node is made with this registry and given here before anything is listened for.
  void SetNode(ShardNode& node) { node_ = &node; }
  crdt::Status Listen(const geo_config::Config& config);
  void StopAccepting();
  void CloseAll();
  // Once per turn, after the log was handed to the kernel.
  void FlushTouched();
  void OnTick();
  // Connections have more to do in the next turn.
  bool has_work() const { return !continued_.empty(); }
  void Work();

  // --- For connections ---------------------------------------------------------------------------
  void Touch(ClientConnection& connection);
  void Continue(ClientConnection& connection);
  void Remove(std::uint64_t id);

  // --- ClientRegistry ----------------------------------------------------------------------------
  std::size_t size() const override { return connections_.size(); }
  void ForEach(const std::function<void(ClientSession&)>& visit) override;
  bool Kill(std::uint64_t id) override;
  void Wake(ClientSession& session) override;

 private:
  template <class Acceptor>
  void Accept(std::shared_ptr<Acceptor> acceptor);
  void Welcome(ClientConnection::Socket socket, const std::string& address,
               const std::string& local_address, bool local);
  crdt::Status ListenTcp(const std::string& address, std::uint16_t port);
  crdt::Status ListenUnix(const std::string& path, std::uint32_t mode);

  asio::io_context& context_;
  ShardNode* node_ = nullptr;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::shared_ptr<ClientConnection>> connections_;
  std::vector<std::shared_ptr<ClientConnection>> touched_;
  std::vector<std::shared_ptr<ClientConnection>> flushing_;
  std::vector<std::shared_ptr<ClientConnection>> continued_;
  std::vector<std::shared_ptr<asio::ip::tcp::acceptor>> tcp_acceptors_;
  std::vector<std::shared_ptr<asio::local::stream_protocol::acceptor>> unix_acceptors_;
  std::string unix_path_;
  bool beyond_loopback_ = false;
};

}  // namespace server
