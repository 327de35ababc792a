#include "server/net/client_connection.h"

#include <algorithm>
#include <utility>

#include "server/dispatcher.h"
#include "server/net/client_server.h"

namespace server {
namespace {

constexpr std::size_t kReadBytes = 16 << 10;
// Commands of one connection in one turn: others get their turn after that.
constexpr int kCommandsPerTurn = 512;
// Beyond this much unsent output a connection is not read from.
constexpr std::size_t kPauseReadingAt = 1 << 20;
// A bigger buffer is given back when it is empty.
constexpr std::size_t kKeepBuffer = 64 << 10;
constexpr std::int64_t kLoginTimeoutMs = 60000;
constexpr std::size_t kMostUnauthenticatedInput = 1 << 20;

}  // namespace

ClientConnection::ClientConnection(ClientServer& server, ShardNode& node, Socket socket,
                                   std::uint64_t id)
    : server_(server), node_(node), socket_(std::move(socket)), session_(id) {
  session_.connected_steady_ms = node_.steady_ms();
  session_.last_command_steady_ms = session_.connected_steady_ms;
  session_.authenticated = node_.config().requirepass.empty();
}

void ClientConnection::Start() { Read(); }

bool ClientConnection::MayRead() const {
  return !closed_ && !eof_ && !session_.close_after_reply && unsent() < kPauseReadingAt;
}

void ClientConnection::Read() {
  if (reading_ || !MayRead()) return;
  if (input_begin_ == input_end_) {
    input_begin_ = 0;
    input_end_ = 0;
    if (input_.size() > kKeepBuffer) std::string().swap(input_);
  }
  if (input_.size() - input_end_ < kReadBytes / 2) {
    if (input_begin_ > 0) {
      std::copy(input_.begin() + static_cast<std::ptrdiff_t>(input_begin_),
                input_.begin() + static_cast<std::ptrdiff_t>(input_end_), input_.begin());
      input_end_ -= input_begin_;
      input_begin_ = 0;
    }
    // Memory is taken as bytes arrive, never by an announced length: at most doubled.
    if (input_.size() - input_end_ < kReadBytes) {
      const std::size_t wanted = std::max(parser_.announced(), input_end_ + kReadBytes);
      input_.resize(std::min(wanted, std::max(kReadBytes, 2 * input_end_) + kReadBytes));
    }
  }
  reading_ = true;
  socket_.async_read_some(
      asio::buffer(input_.data() + input_end_, input_.size() - input_end_),
      [self = shared_from_this()](std::error_code error, std::size_t size) {
        self->OnRead(error, size);
      });
}

void ClientConnection::OnRead(std::error_code error, std::size_t size) {
  reading_ = false;
  if (closed_) return;
  if (error) {
    eof_ = true;
    // Replies that are on their way still leave.
    if (!has_output() && !session_.waiting) return Close();
    server_.Touch(*this);
    return;
  }
  input_end_ += size;
  session_.last_command_steady_ms = node_.steady_ms();
  node_.stats().net_input_bytes += size;
  Execute();
  if (!closed_) Read();
}

void ClientConnection::Execute() {
  RequestLimits limits{.most_bulk_bytes = node_.config().proto_max_bulk_len};
  for (int commands = 0; !closed_ && !session_.waiting && !session_.close_after_reply; ++commands) {
    if (commands == kCommandsPerTurn || unsent() >= kPauseReadingAt) {
      server_.Continue(*this);
      break;
    }
    limits.authenticated = session_.authenticated;
    const std::string_view bytes(input_.data() + input_begin_, input_end_ - input_begin_);
    const RequestParser::Outcome outcome = parser_.Parse(bytes, limits);
    if (outcome == RequestParser::Outcome::kIncomplete) {
      const std::size_t limit = session_.authenticated
                                    ? node_.config().client_query_buffer_limit
                                    : kMostUnauthenticatedInput;
      if (bytes.size() > limit) {
        node_.stats().output_limit_disconnections += 1;
        return Close();
      }
      break;
    }
    if (outcome == RequestParser::Outcome::kError) {
      ReplyWriter(session_.output, session_.protocol).Error(parser_.error());
      session_.close_after_reply = true;
      break;
    }
    if (outcome == RequestParser::Outcome::kRequest) {
      Dispatch(node_, session_, parser_.arguments());
    }
    input_begin_ += parser_.consumed();
  }
  hold_ = node_.log_end();
  server_.Touch(*this);
}

void ClientConnection::Flush(storage::LogPosition released) {
  if (closed_) return;
  if (hold_ > released) {
    server_.Touch(*this);  // Again when more is released.
    return;
  }
  if (!writing_ && !session_.output.empty()) {
    if (sending_.capacity() > kPauseReadingAt) std::string().swap(sending_);
    sending_.clear();
    sending_.swap(session_.output);
    sent_ = 0;
    Write();
  }
  if (closed_) return;
  if (!has_output() && (session_.close_after_reply || (eof_ && !session_.waiting))) {
    Close();
    return;
  }
  Read();
}

void ClientConnection::Write() {
  // Nearly always everything fits at once; only the rest is waited for.
  std::error_code error;
  const std::size_t size =
      socket_.write_some(asio::buffer(sending_.data() + sent_, sending_.size() - sent_), error);
  if (error && error != asio::error::would_block && error != asio::error::try_again) {
    return Close();
  }
  sent_ += error ? 0 : size;
  node_.stats().net_output_bytes += error ? 0 : size;
  if (sent_ == sending_.size()) {
    sending_.clear();
    sent_ = 0;
    return;
  }
  writing_ = true;
  socket_.async_write_some(
      asio::buffer(sending_.data() + sent_, sending_.size() - sent_),
      [self = shared_from_this()](std::error_code failed, std::size_t written) {
        self->OnWritten(failed, written);
      });
}

void ClientConnection::OnWritten(std::error_code error, std::size_t size) {
  writing_ = false;
  if (closed_) return;
  if (error) return Close();
  sent_ += size;
  node_.stats().net_output_bytes += size;
  if (sent_ < sending_.size()) {
    Write();
  } else {
    sending_.clear();
    sent_ = 0;
  }
  server_.Touch(*this);
}

void ClientConnection::OnTick(std::int64_t now_ms) {
  const geo_config::Config& config = node_.config();
  const geo_config::OutputLimit& limit = config.output_limit_normal;
  const std::size_t waiting = unsent();
  const bool soft = limit.soft != 0 && waiting > limit.soft;
  if (!soft) over_soft_limit_since_ms_ = 0;
  if (soft && over_soft_limit_since_ms_ == 0) over_soft_limit_since_ms_ = now_ms;
  const bool too_slow =
      (limit.hard != 0 && waiting > limit.hard) ||
      (soft && now_ms - over_soft_limit_since_ms_ >= limit.soft_for.count() * 1000);
  if (too_slow) {
    node_.stats().output_limit_disconnections += 1;
    return Close();
  }
  const std::int64_t idle = now_ms - session_.last_command_steady_ms;
  if (config.timeout.count() > 0 && !session_.waiting && idle > config.timeout.count() * 1000) {
    return Close();
  }
  if (!session_.authenticated && now_ms - session_.connected_steady_ms > kLoginTimeoutMs) Close();
}

void ClientConnection::Close() {
  if (closed_) return;
  closed_ = true;
  std::error_code ignored;
  socket_.close(ignored);
  node_.OnClientGone(session_);
  server_.Remove(session_.id);
}

}  // namespace server
