#include "server/net/socket_poller.h"

#include <algorithm>

namespace server {

SocketPoller::SocketPoller(asio::io_context& context)
    : set_(context, ::epoll_create1(EPOLL_CLOEXEC)) {
  Arm();
}

void SocketPoller::Arm() {
  // Looks at the set anew, so that what is left in it wakes the reactor again.
  set_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
    if (!error) woken_ = true;
  });
}

bool SocketPoller::Add(int socket, void* owner) {
  epoll_event event{.events = EPOLLET | EPOLLRDHUP | kInput | kOutput, .data = {.ptr = owner}};
  return ::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, socket, &event) == 0;
}

std::span<const SocketPoller::Ready> SocketPoller::Poll() {
  if (!woken_) return {};
  woken_ = false;
  const int count = ::epoll_wait(set_.native_handle(), ready_.data(), ready_.size(), 0);
  Arm();
  return std::span(ready_).first(static_cast<std::size_t>(std::max(count, 0)));
}

}  // namespace server
