#include "server/net/client_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <asio/error.hpp>
#include <cerrno>
#include <utility>

namespace server {
namespace {

// A signal that comes between is no reason to give up.
template <class Call>
ssize_t Repeated(Call call) {
  for (;;) {
    const ssize_t result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// In the category in which asio::error compares.
std::error_code LastError() {
  return {errno, asio::error::get_system_category()};
}

}  // namespace

ClientSocket::ClientSocket(ClientSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

std::size_t ClientSocket::Read(std::span<char> room, std::error_code& error) {
  const ssize_t size =
      Repeated([&] { return ::recv(descriptor_, room.data(), room.size(), MSG_DONTWAIT); });
  error.clear();
  if (size > 0) return static_cast<std::size_t>(size);
  error = size == 0 ? make_error_code(asio::error::eof) : LastError();
  return 0;
}

std::size_t ClientSocket::Write(std::string_view bytes, std::error_code& error) {
  const ssize_t size = Repeated(
      [&] { return ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL); });
  error.clear();
  if (size >= 0) return static_cast<std::size_t>(size);
  error = LastError();
  return 0;
}

void ClientSocket::Close() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace server
