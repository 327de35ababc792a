// Between messages and bytes on a connection. Everything that comes in is checked here, once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crdt/result.h"
#include "replication/messages.h"

namespace replication {

// The longest frame that is accepted; longer records travel in parts.
inline constexpr std::size_t kMaxFrame = 16 << 20;
// The longest before the other side has proved who it is.
inline constexpr std::size_t kMaxGreetingFrame = 64 << 10;

enum class Compression { kOff, kOn };

// A whole frame: length and message. With compression, entries that shrink are sent compressed.
std::string EncodeFrame(const Message& message, Compression compression = Compression::kOff);
// `payload` is a frame without its length.
crdt::Result<Message> DecodeMessage(std::string_view payload);

// Cuts a byte stream into frames.
class FrameReader {
 public:
  void Append(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame's payload, valid until the next Append; empty: more bytes are needed. An
  // announced length beyond `limit` is an error, after which the connection has to be closed.
  crdt::Result<std::optional<std::string_view>> Next(std::size_t limit = kMaxFrame);

 private:
  std::string buffer_;
  std::size_t consumed_ = 0;
};

}  // namespace replication
