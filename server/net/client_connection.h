// One client's socket: bytes to requests, replies to bytes, and what bounds both.
//
// Replies wait for the log position that they depend on (fine print 3). A client that does not read
// its replies is executed and read from no more, and is closed at its output limit: it never grows
// memory without bound or slows others. While a command waits, nothing more is executed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "server/client_registry.h"
#include "server/client_session.h"
#include "server/net/client_socket.h"
#include "server/net/query_buffer.h"
#include "server/net/reply_hold.h"
#include "server/net/request_batch.h"
#include "server/net/socket_poller.h"
#include "server/resp/request_parser.h"
#include "server/shard_node.h"

namespace server {

class ClientServer;

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(ClientServer& server, ShardNode& node, ClientSocket socket, std::uint64_t id);
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  ClientSession& session() { return session_; }
  bool closed() const { return closed_; }
  // Replies are held back until more of the log is released.
  bool holds_replies() const { return hold_.holds(); }
  std::size_t unsent() const { return session_.output.size() - sent_; }
  std::size_t input_bytes() const { return input_.capacity() + parser_.memory(); }
  ConnectionUse use() const;

  void Start();
  // What the poller tells of the socket.
  void OnReady(SocketPoller::Events events);
  // Parses what has arrived, up to a bound; then each request that it added is run, and FinishBatch
  // follows, with nothing else in between.
  void ParseInto(RequestBatch& batch);
  void Run(const RequestBatch& batch, const RequestBatch::Request& request);
  void FinishBatch();
  // The session has new output or waits no more.
  void Wake();
  // Sends what may leave. Called at the end of a turn.
  void Flush(storage::LogPosition released);
  // Ends the connection at the end of the turn, after what may leave at once.
  void Kill();
  // Closes idle, slow and unauthenticated clients whose time is over; gives unused memory back.
  void OnTick();
  void Close();

 private:
  friend class ClientServer;

  void Read();
  void OnNoInput(std::error_code error);
  bool MayRead() const;
  bool MayExecute() const;
  bool is_authenticated() const;
  void Refuse(std::string_view error);
  void Send(std::size_t end);
  void DropSent();
  bool IsTooSlow();
  void CloseWith(const std::string& reason);

  ClientServer& server_;
  ShardNode& node_;
  ClientSocket socket_;
  ClientSession session_;
  RequestParser parser_;
  QueryBuffer input_;
  ReplyHold hold_;
  std::size_t sent_ = 0;       // Of session_.output.
  std::uint64_t dropped_ = 0;  // Bytes that were sent and are not in session_.output any more.

  bool readable_ = false;  // Something is left in the socket, or was when it was read last.
  bool ends_ = false;      // No more will arrive: the poller has nothing more to tell.
  bool sending_ = false;   // The kernel takes no more; waiting until it does.
  bool choked_ = false;    // Executes nothing until its replies are read.
  bool end_of_input_ = false;
  bool killed_ = false;
  bool closed_ = false;
  // Of the present batch.
  bool parsed_all_ = true;  // What is left in the buffer is no whole request.
  bool malformed_ = false;  // What is left in the buffer is none of the protocol.
  bool stopped_ = false;    // The rest of the batch is not to be run.
  std::int64_t last_progress_ms_ = 0;
  std::int64_t over_soft_limit_since_ms_ = 0;  // 0: it is not.

  // The server's: which of its lists hold this connection, and what was counted of its buffers.
  bool is_touched_ = false;
  bool is_holding_ = false;
  bool has_more_ = false;
  std::size_t counted_input_ = 0;
  std::size_t counted_output_ = 0;
};

}  // namespace server
