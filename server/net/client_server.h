// The connected clients, and whose turn it is.
//
// In each turn of the loop the requests that have arrived are executed client by client in bounded
// batches; then the node hands its log to the kernel, and only then replies leave.
#pragma once

#include <asio.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/client_registry.h"
#include "server/environment.h"
#include "server/net/client_connection.h"
#include "server/net/request_batch.h"
#include "server/net/socket_poller.h"

namespace server {

class ClientServer : public ClientRegistry {
 public:
  ClientServer(asio::io_context& context, EventLog& log);

  // The node is made with this registry and given here before anybody connects.
  void SetNode(ShardNode& node) { node_ = &node; }

  // --- For the listener --------------------------------------------------------------------------
  struct Newcomer {
    ClientSocket socket;
    std::string address;
    std::string local_address;
    bool loopback;  // Or a unix socket.
  };
  // Takes the client, or tells it why not.
  void Welcome(Newcomer newcomer);

  // --- For the loop ------------------------------------------------------------------------------
  // The time that the clients of this turn are noted with.
  void SetTime(std::int64_t steady_ms) { now_ms_ = steady_ms; }
  std::int64_t now_ms() const { return now_ms_; }
  // Some client has sent something, or takes more.
  bool woken() const { return poller_.woken(); }
  // Takes what has arrived.
  void Receive();
  // Executes requests, up to a bound for each client.
  void Execute();
  // Some client has more to be executed in the next turn.
  bool has_more() const { return !more_.empty(); }
  // Sends what may leave. After the log was handed to the kernel.
  void Flush();
  // About once a second.
  void OnTick();
  void CloseAll();

  // --- For connections ---------------------------------------------------------------------------
  SocketPoller& poller() { return poller_; }
  void Touch(ClientConnection& connection);
  void Continue(ClientConnection& connection);
  void Remove(ClientConnection& connection);
  // How much output a client may leave unread before nothing more is executed for it. Generous,
  // since simple clients write a long pipeline to its end before they read; less where many do so.
  std::size_t most_unsent() const;
  void CountInput(ClientConnection& connection);
  void CountOutput(ClientConnection& connection);
  void Log(const std::string& line) { log_.Warn(line); }

  // --- ClientRegistry ----------------------------------------------------------------------------
  std::size_t size() const override { return connections_.size(); }
  void ForEach(const std::function<void(ClientSession&)>& visit) override;
  ConnectionUse UseOf(const ClientSession& session) const override;
  bool Kill(std::uint64_t id) override;
  void Wake(ClientSession& session) override;

 private:
  using Connections = std::vector<std::shared_ptr<ClientConnection>>;

  void ExecuteOneBatch();
  bool HasRoomForOneMore();

  SocketPoller poller_;
  EventLog& log_;
  ShardNode* node_ = nullptr;
  std::int64_t now_ms_ = 0;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::shared_ptr<ClientConnection>> connections_;
  Connections more_;  // Have something to be executed.
  Connections executing_;
  Connections touched_;  // Have something to be sent, perhaps.
  Connections flushing_;
  Connections holding_;  // Hold replies until more of the log is released.
  Connections gone_;  // Closed in this turn; whoever does something with one comes to an end first.
  storage::LogPosition released_ = 0;
  RequestBatch batch_;
  std::size_t input_bytes_ = 0;
  std::size_t most_input_bytes_;
  std::size_t unsent_bytes_ = 0;
  std::uint64_t descriptors_ = 0;  // That the process may open, as last asked.
};

}  // namespace server
