// One client's socket: bytes to requests, replies to bytes, and what bounds both.
//
// Replies wait for the log position that they depend on (fine print 3). A client that does not read is
// read from no more, and is closed at its output limit: it never grows memory or slows others.
#pragma once

#include <asio.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/client_session.h"
#include "server/resp/request_parser.h"
#include "server/shard_node.h"

namespace server {

class ClientServer;

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  using Socket = asio::generic::stream_protocol::socket;

  ClientConnection(ClientServer& server, ShardNode& node, Socket socket, std::uint64_t id);

  ClientSession& session() { return session_; }
  void Start();
  // Executes what has arrived, up to a bound; at the end of the turn replies are flushed.
  void Execute();
  // Sends what may leave. Called once per turn for connections that were touched.
  void Flush(storage::LogPosition released);
  void Close();
  bool closed() const { return closed_; }
  bool has_output() const { return !session_.output.empty() || !sending_.empty(); }
  // Closes idle, slow and unauthenticated clients whose time is over.
  void OnTick(std::int64_t now_ms);

 private:
  void Read();
  void OnRead(std::error_code error, std::size_t size);
  void Write();
  void OnWritten(std::error_code error, std::size_t size);
  std::size_t unsent() const { return session_.output.size() + sending_.size() - sent_; }
  bool MayRead() const;

  ClientServer& server_;
  ShardNode& node_;
  Socket socket_;
  ClientSession session_;
  RequestParser parser_;
  std::string input_;          // Received; [input_begin_, input_end_) is not consumed.
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  std::string sending_;        // Handed to the socket.
  std::size_t sent_ = 0;
  storage::LogPosition hold_ = 0;  // The log's end when the last reply was made.
  bool reading_ = false;
  bool writing_ = false;
  bool closed_ = false;
  bool eof_ = false;
  std::int64_t over_soft_limit_since_ms_ = 0;
};

}  // namespace server
