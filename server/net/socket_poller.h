// Which sockets something has arrived at, or have room again: an epoll set of its own.
//
// Asio's reactor tells of what arrives behind the last read that found nothing: that read is one
// system call in vain for each request. A read that does not fill its room has emptied the socket
// just as well (epoll(7)), but Asio cannot be told so. This set is edge-triggered, too, and leaves
// it to the owner of a socket to know whether something is left in it. The set as a whole is
// watched by the reactor: one descriptor, however many sockets there are.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <asio.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

namespace server {

class SocketPoller {
 public:
  // Bits.
  using Events = std::uint32_t;
  static constexpr Events kInput = EPOLLIN;
  static constexpr Events kOutput = EPOLLOUT;
  // The other end sends no more, or there is an error: what reading tells when nothing is left.
  static constexpr Events kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  using Ready = epoll_event;

  explicit SocketPoller(asio::io_context& context);

  // From now on, until the socket is closed, tells of it as `owner`. False: the kernel has no room
  // for it.
  bool Add(int socket, void* owner);
  // The reactor has found a socket ready since the last Poll().
  bool woken() const { return woken_; }
  // Some of the sockets of which there is something to tell, with all that holds of them now;
  // others come next time. Empty where the reactor has not been woken. Valid until the next call.
  std::span<const Ready> Poll();

 private:
  void Arm();

  // Of one call; enough that a turn of many clients takes one.
  std::array<Ready, 256> ready_;
  asio::posix::stream_descriptor set_;
  bool woken_ = false;
};

}  // namespace server
