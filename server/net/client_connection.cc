#include "server/net/client_connection.h"

#include <algorithm>
#include <asio/error.hpp>
#include <utility>

#include "server/dispatcher.h"
#include "server/net/client_server.h"

namespace server {
namespace {

// Requests of one connection that are parsed before the first of them is executed.
constexpr int kRequestsPerBatch = 32;
// With more arguments than this a request is executed without being copied to the batch.
constexpr std::size_t kFewArguments = 64;
// What a client may send ahead while its command waits; reading on tells when it goes away.
constexpr std::size_t kReadAheadBytes = 64 << 10;
constexpr std::size_t kMostUnauthenticatedInput = 1 << 20;
// A bigger output buffer is given back when it is empty.
constexpr std::size_t kMostKeptOutput = 256 << 10;
constexpr std::size_t kUsualOutput = 16 << 10;
// From when on it pays to move what is not sent to the front.
constexpr std::size_t kLeastDropped = 64 << 10;
constexpr std::int64_t kLoginTimeoutMs = 60000;
// For the last replies of a connection that is to be closed.
constexpr std::int64_t kLastRepliesTimeoutMs = 10000;
// An idle client's buffers are made small.
constexpr std::int64_t kIdleMs = 2000;

}  // namespace

ClientConnection::ClientConnection(ClientServer& server, ShardNode& node, ClientSocket socket,
                                   std::uint64_t id)
    : server_(server), node_(node), socket_(std::move(socket)), session_(id) {
  session_.connected_steady_ms = node_.steady_ms();
  session_.last_command_steady_ms = session_.connected_steady_ms;
  session_.authenticated = node_.config().requirepass.empty();
  last_progress_ms_ = session_.connected_steady_ms;
}

bool ClientConnection::is_authenticated() const {
  return session_.authenticated || node_.config().requirepass.empty();
}

ConnectionUse ClientConnection::use() const {
  const std::size_t query = input_.unread().size();
  return {.descriptor = socket_.descriptor(),
          .query = query,
          .query_free = input_.capacity() - query,
          .parser = parser_.memory(),
          .unsent = unsent(),
          .waits_to_send = sending_};
}

bool ClientConnection::MayRead() const {
  if (closed_ || end_of_input_ || session_.close_after_reply || has_more_) return false;
  return !(session_.waiting || choked_) || input_.unread().size() < kReadAheadBytes;
}

bool ClientConnection::MayExecute() const {
  return !closed_ && !session_.waiting && !session_.close_after_reply && !choked_;
}

void ClientConnection::Start() {
  if (!server_.poller().Add(socket_.descriptor(), this)) Close();
}

void ClientConnection::OnReady(SocketPoller::Events events) {
  if (closed_) return;
  ends_ = (events & SocketPoller::kEnd) != 0;
  readable_ = (events & (SocketPoller::kInput | SocketPoller::kEnd)) != 0;
  // An error tells itself when something is sent.
  if (sending_ && (events & (SocketPoller::kOutput | SocketPoller::kEnd)) != 0) {
    sending_ = false;
    server_.Touch(*this);
  }
  Read();
}

void ClientConnection::Read() {
  if (!readable_ || !MayRead()) return;
  const std::span<char> room = input_.Room(parser_.announced());
  server_.CountInput(*this);
  if (closed_) return;
  std::error_code error;
  const std::size_t size = socket_.Read(room, error);
  // What arrives behind a read that did not fill its room the poller tells.
  readable_ = size == room.size() || (ends_ && !error);
  if (error) return OnNoInput(error);
  input_.Received(size);
  session_.last_command_steady_ms = server_.now_ms();
  node_.stats().net_input_bytes += size;
  if (MayExecute()) {
    server_.Continue(*this);
  } else {
    Read();
  }
}

void ClientConnection::OnNoInput(std::error_code error) {
  if (error == asio::error::would_block) return;
  end_of_input_ = true;
  // Whoever has only said that no more comes still gets the replies.
  if (error != asio::error::eof || session_.waiting) return Close();
  last_progress_ms_ = server_.now_ms();
  server_.Touch(*this);
}

void ClientConnection::ParseInto(RequestBatch& batch) {
  parsed_all_ = false;
  malformed_ = false;
  stopped_ = false;
  if (!MayExecute()) return;
  const RequestLimits limits{.most_bulk_bytes = node_.config().proto_max_bulk_len,
                             .authenticated = is_authenticated()};
  // What comes behind AUTH is parsed under other limits.
  const int most = limits.authenticated ? kRequestsPerBatch : 1;
  std::string_view bytes = input_.unread();
  for (int requests = 0; requests < most; ++requests) {
    switch (parser_.Parse(bytes, limits)) {
      case RequestParser::Outcome::kIncomplete:
        parsed_all_ = true;
        return;
      case RequestParser::Outcome::kError:
        malformed_ = true;
        return;
      case RequestParser::Outcome::kNothing:
        batch.Add(*this, parser_.consumed(), {}, false);
        break;
      case RequestParser::Outcome::kRequest: {
        const bool in_parser = !parser_.in_place() || parser_.arguments().size() > kFewArguments;
        batch.Add(*this, parser_.consumed(), parser_.arguments(), in_parser);
        if (in_parser) return;
        break;
      }
    }
    bytes.remove_prefix(parser_.consumed());
  }
}

void ClientConnection::Run(const RequestBatch& batch, const RequestBatch::Request& request) {
  if (stopped_ || !MayExecute()) {
    stopped_ = true;
    return;
  }
  const std::span<const std::string_view> arguments =
      request.in_parser ? std::span<const std::string_view>(parser_.arguments())
                        : batch.ArgumentsOf(request);
  if (arguments.size() > 1) node_.Expect(batch.LookupOf(request));
  if (!arguments.empty()) Dispatch(node_, session_, arguments);
  input_.Consume(request.bytes);
  if (unsent() > server_.most_unsent()) choked_ = true;
}

void ClientConnection::FinishBatch() {
  if (closed_) return;
  if (stopped_) parser_.Restart();
  if (malformed_ && !stopped_ && MayExecute()) Refuse(parser_.error());
  if (parsed_all_ && !stopped_) {
    const std::uint64_t limit =
        is_authenticated() ? node_.config().client_query_buffer_limit : kMostUnauthenticatedInput;
    if (input_.unread().size() + parser_.memory() > limit) {
      return CloseWith("its query buffer is full");
    }
  }
  hold_.Extend(dropped_ + session_.output.size(), node_.log_end());
  server_.Touch(*this);
  if (!parsed_all_ && MayExecute()) server_.Continue(*this);
  Read();
}

void ClientConnection::Refuse(std::string_view error) {
  ReplyWriter(session_.output, session_.protocol).Error(error);
  session_.close_after_reply = true;
  last_progress_ms_ = server_.now_ms();
}

void ClientConnection::Wake() {
  if (closed_) return;
  hold_.Extend(dropped_ + session_.output.size(), node_.log_end());
  server_.Touch(*this);
  if (!input_.unread().empty() && MayExecute()) server_.Continue(*this);
}

void ClientConnection::Flush(storage::LogPosition released) {
  if (closed_) return;
  const std::uint64_t may_leave = hold_.Release(released);
  if (!sending_) Send(static_cast<std::size_t>(may_leave - dropped_));
  if (closed_) return;
  server_.CountOutput(*this);
  if (IsTooSlow()) {
    node_.stats().output_limit_disconnections += 1;
    return CloseWith("it does not read its replies");
  }
  const bool last = session_.close_after_reply || (end_of_input_ && !has_more_ && !choked_);
  if (killed_ || (last && unsent() == 0)) return Close();
  if (choked_ && unsent() <= server_.most_unsent() / 2) {
    choked_ = false;
    server_.Continue(*this);
  }
  Read();
}

void ClientConnection::Send(std::size_t end) {
  if (sent_ == end) return;
  std::error_code error;
  const std::string_view bytes = std::string_view(session_.output).substr(sent_, end - sent_);
  const std::size_t size = socket_.Write(bytes, error);
  if (error && error != asio::error::would_block) return Close();
  if (!error) {
    sent_ += size;
    node_.stats().net_output_bytes += size;
    last_progress_ms_ = server_.now_ms();
  }
  sending_ = sent_ < end;
  DropSent();
}

void ClientConnection::DropSent() {
  std::string& output = session_.output;
  if (sent_ == output.size()) {
    output.clear();
    if (output.capacity() > kMostKeptOutput) std::string().swap(output);
  } else if (sent_ >= kLeastDropped && sent_ >= output.size() / 2) {
    output.erase(0, sent_);
  } else {
    return;
  }
  dropped_ += sent_;
  sent_ = 0;
}

bool ClientConnection::IsTooSlow() {
  const geo_config::OutputLimit& limit = node_.config().output_limit_normal;
  const std::size_t unread = sending_ ? unsent() : 0;
  if (limit.soft == 0 || unread <= limit.soft) {
    over_soft_limit_since_ms_ = 0;
  } else if (over_soft_limit_since_ms_ == 0) {
    over_soft_limit_since_ms_ = server_.now_ms();
  }
  return (limit.hard != 0 && unread > limit.hard) ||
         (over_soft_limit_since_ms_ != 0 &&
          server_.now_ms() - over_soft_limit_since_ms_ >= limit.soft_for.count() * 1000);
}

void ClientConnection::OnTick() {
  const std::int64_t now = server_.now_ms();
  if (IsTooSlow()) {
    node_.stats().output_limit_disconnections += 1;
    return CloseWith("it does not read its replies");
  }
  const bool last = session_.close_after_reply || end_of_input_;
  if (last && !hold_.holds() && now - last_progress_ms_ > kLastRepliesTimeoutMs) return Close();
  if (!is_authenticated() && now - session_.connected_steady_ms > kLoginTimeoutMs) {
    return CloseWith("it has not authenticated itself in time");
  }
  const std::int64_t idle = now - session_.last_command_steady_ms;
  const std::int64_t timeout = node_.config().timeout.count() * 1000;
  if (timeout > 0 && !session_.waiting && idle > timeout) return Close();
  if (idle < kIdleMs || sending_) return;
  if (session_.output.empty() && session_.output.capacity() > kUsualOutput) {
    std::string().swap(session_.output);
  }
  input_.Shrink();
}

void ClientConnection::Kill() {
  killed_ = true;
  session_.close_after_reply = true;
  if (session_.waiting) {
    node_.OnClientGone(session_);
    session_.waiting.reset();
  }
  server_.Touch(*this);
}

void ClientConnection::CloseWith(const std::string& reason) {
  server_.Log("closing client " + std::to_string(session_.id) + " at " + session_.address + ": " +
              reason);
  Close();
}

void ClientConnection::Close() {
  if (closed_) return;
  closed_ = true;
  socket_.Close();
  node_.OnClientGone(session_);
  server_.Remove(*this);
}

}  // namespace server
