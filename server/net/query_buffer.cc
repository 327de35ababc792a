#include "server/net/query_buffer.h"

#include <algorithm>
#include <cstring>

namespace server {
namespace {

// What may be taken before anything has arrived.
constexpr std::size_t kTrustedBytes = 64 << 10;
// A bigger buffer is not kept for the next request.
constexpr std::size_t kMostKept = 64 << 10;
// A read with less room would be one system call for next to nothing.
constexpr std::size_t kLeastRoom = 4 << 10;
// One read takes no more, so that one client does not keep the others waiting.
constexpr std::size_t kMostRoom = 256 << 10;

}  // namespace

std::span<char> QueryBuffer::Room(std::size_t announced) {
  if (begin_ == end_) {
    begin_ = 0;
    end_ = 0;
    if (capacity_ > kMostKept) Shrink();
  }
  const std::size_t unread = end_ - begin_;
  if (capacity_ - end_ < kLeastRoom) {
    if (capacity_ - unread >= std::max(kLeastRoom, capacity_ / 4)) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, unread);
      begin_ = 0;
      end_ = unread;
    } else {
      // Many small arguments announce only the next one: doubling keeps the copying linear.
      const std::size_t wanted =
          announced > unread + unread / 4 ? announced + kLeastRoom : 2 * unread + kLeastRoom;
      const std::size_t allowed = std::max(kTrustedBytes, 2 * unread);
      Reallocate(std::max({kUsualBytes, std::min(wanted, allowed), unread + kLeastRoom}));
    }
  }
  return {bytes_.get() + end_, std::min(capacity_ - end_, kMostRoom)};
}

void QueryBuffer::Shrink() {
  if (begin_ != end_ || capacity_ <= kUsualBytes) return;
  bytes_.reset();
  capacity_ = 0;
  begin_ = 0;
  end_ = 0;
}

void QueryBuffer::Reallocate(std::size_t capacity) {
  std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(capacity);
  const std::size_t unread = end_ - begin_;
  if (unread > 0) std::memcpy(bytes.get(), bytes_.get() + begin_, unread);
  bytes_ = std::move(bytes);
  capacity_ = capacity;
  begin_ = 0;
  end_ = unread;
}

}  // namespace server
