// The bytes that one client has sent and that are not consumed yet: one piece of memory, so that
// requests are parsed in place.
//
// Grows with what has arrived, never by an announced length alone: at most 64 KB or twice what is
// there. A big buffer is given back when it is empty.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace server {

class QueryBuffer {
 public:
  static constexpr std::size_t kUsualBytes = 16 << 10;

  std::string_view unread() const { return {bytes_.get() + begin_, end_ - begin_}; }
  std::size_t capacity() const { return capacity_; }

  // Room for the next read behind what is unread, which may move. `announced` is how many bytes the
  // present request needs as a whole; 0: unknown.
  std::span<char> Room(std::size_t announced);
  void Received(std::size_t size) { end_ += size; }
  void Consume(std::size_t size) { begin_ += size; }
  // Gives memory beyond the usual back, where nothing is unread.
  void Shrink();

 private:
  void Reallocate(std::size_t capacity);

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace server
