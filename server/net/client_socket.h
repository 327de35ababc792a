// A client's connected socket; no call on it blocks.
//
// Read and Write are one system call each; SocketPoller tells when they are worth one.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>

namespace server {

class ClientSocket {
 public:
  // Takes the descriptor over.
  explicit ClientSocket(int descriptor) : descriptor_(descriptor) {}
  ClientSocket(ClientSocket&& other) noexcept;
  ClientSocket& operator=(ClientSocket&&) = delete;
  ~ClientSocket() { Close(); }

  int descriptor() const { return descriptor_; }

  // How many bytes were read (written); 0 with an error where there were none (was no room).
  // The end of what the client sends is asio::error::eof.
  std::size_t Read(std::span<char> room, std::error_code& error);
  std::size_t Write(std::string_view bytes, std::error_code& error);
  void Close();

 private:
  int descriptor_;
};

}  // namespace server
