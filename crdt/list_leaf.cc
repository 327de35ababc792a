#include "crdt/list_leaf.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "crdt/result.h"

namespace crdt {
namespace {

constexpr std::size_t kLeastRoom = 16;
// So many elements are taken from the back before the block is gone through again.
constexpr std::uint32_t kMarkDistance = 8;

// More than is needed, so that filling a leaf moves its bytes a few times only.
std::size_t WithReserve(std::size_t needed) {
  const std::size_t reserve = std::max(kLeastRoom, needed / 3);
  return std::max(needed, std::min(needed + reserve, ListLeaf::kMostBytes));
}

}  // namespace

void ListLeaf::Free::operator()(Block* block) const {
  std::free(block);
}

std::size_t ListLeaf::memory_bytes() const {
  return block_ == nullptr ? 0 : malloc_usable_size(block_.get());
}

bool ListLeaf::HasRoom(std::size_t body_bytes) const {
  if (empty()) return true;
  return size() < kMostElements && used_bytes() + body_bytes + kMostHopBytes <= kMostBytes;
}

ListLeaf::Cursor ListLeaf::begin() const {
  if (empty()) return {nullptr, {}, 0};
  return {block_->bytes() + block_->begin, block_->first, block_->count};
}

ListLeaf::Cursor ListLeaf::At(std::uint32_t index) const {
  Cursor cursor = begin();
  for (; index > 0; --index) cursor.Next();
  return cursor;
}

void ListLeaf::Resize(std::size_t capacity, std::size_t begin) {
  void* memory = std::malloc(sizeof(Block) + capacity);
  if (memory == nullptr) throw std::bad_alloc();
  auto* block = new (memory) Block{};
  // What the allocator gives on top is taken.
  const std::size_t given = malloc_usable_size(memory) - sizeof(Block);
  block->capacity = static_cast<std::uint32_t>(given);
  if (begin > 0) begin += given - capacity;
  const std::size_t used = used_bytes();
  block->begin = static_cast<std::uint32_t>(begin);
  block->end = static_cast<std::uint32_t>(begin + used);
  if (block_ != nullptr) {
    block->count = block_->count;
    block->first = block_->first;
    block->last = block_->last;
    block->last_body = static_cast<std::uint32_t>(block_->last_body - block_->begin + begin);
    block->behind_mark = block_->behind_mark;
    block->mark_body = static_cast<std::uint32_t>(block_->mark_body - block_->begin + begin);
    block->mark = block_->mark;
    std::memcpy(block->bytes() + begin, block_->bytes() + block_->begin, used);
  }
  block_.reset(block);
}

void ListLeaf::ReserveBehind(const ListLeaf& neighbour) {
  Resize(std::min(neighbour.used_bytes(), kMostBytes), 0);
}

void ListLeaf::ReserveBefore(const ListLeaf& neighbour) {
  const std::size_t bytes = std::min(neighbour.used_bytes(), kMostBytes);
  Resize(bytes, bytes);
}

void ListLeaf::MakeRoomBehind(std::size_t size) {
  if (block_ != nullptr && block_->capacity - block_->end >= size) return;
  const std::size_t used = used_bytes();
  // Much was taken from the front: moving there is paid for by what was taken.
  if (block_ != nullptr && block_->begin >= std::max(used / 4, size)) {
    return MoveTo(0);
  }
  Resize(WithReserve(used + size), 0);
}

void ListLeaf::MakeRoomBefore(std::size_t size) {
  if (block_ != nullptr && block_->begin >= size) return;
  const std::size_t used = used_bytes();
  if (block_ != nullptr && block_->capacity - block_->end >= std::max(used / 4, size)) {
    return MoveTo(block_->capacity - used);
  }
  const std::size_t capacity = WithReserve(used + size);
  Resize(capacity, capacity - used);
}

void ListLeaf::MoveTo(std::size_t begin) {
  const std::size_t used = used_bytes();
  std::memmove(block_->bytes() + begin, block_->bytes() + block_->begin, used);
  block_->last_body = static_cast<std::uint32_t>(block_->last_body - block_->begin + begin);
  block_->mark_body = static_cast<std::uint32_t>(block_->mark_body - block_->begin + begin);
  block_->begin = static_cast<std::uint32_t>(begin);
  block_->end = static_cast<std::uint32_t>(begin + used);
}

void ListLeaf::Append(const ListRoot& root, const ListBody& body) {
  MakeRoomBehind(body.size() + kMostHopBytes);
  char* end = block_->bytes() + block_->end;
  if (block_->count == 0) {
    block_->first = root;
  } else {
    end += WriteListHop(block_->last, root, end);
  }
  block_->last_body = static_cast<std::uint32_t>(end - block_->bytes());
  body.CopyTo(end);
  block_->end = static_cast<std::uint32_t>(end + body.size() - block_->bytes());
  block_->last = root;
  if (block_->behind_mark > 0) ++block_->behind_mark;
  ++block_->count;
}

void ListLeaf::Prepend(const ListRoot& root, const ListBody& body) {
  MakeRoomBefore(body.size() + kMostHopBytes);
  char* begin = block_->bytes() + block_->begin;
  if (block_->count == 0) {
    block_->last = root;
    block_->last_body = static_cast<std::uint32_t>(block_->begin - body.size());
  } else {
    char hop[kMostHopBytes];
    const std::size_t size = WriteListHop(root, block_->first, hop);
    begin -= size;
    std::memcpy(begin, hop, size);
  }
  begin -= body.size();
  body.CopyTo(begin);
  block_->begin = static_cast<std::uint32_t>(begin - block_->bytes());
  block_->first = root;
  ++block_->count;
}

void ListLeaf::PopFront() {
  Require(!empty(), "an element is taken from a leaf that has one");
  if (block_->count == 1) return block_.reset();
  const char* at = block_->bytes() + block_->begin;
  at += ListBodySize(at);
  at += TakeListHop(at, block_->first);
  block_->begin = static_cast<std::uint32_t>(at - block_->bytes());
  --block_->count;
  if (block_->behind_mark == block_->count) block_->behind_mark = 0;
}

void ListLeaf::PopBack() {
  Require(!empty(), "an element is taken from a leaf that has one");
  if (block_->count == 1) return block_.reset();
  // From the mark or the first element to the last but one.
  const bool marked = block_->behind_mark > 0;
  const char* at = block_->bytes() + (marked ? block_->mark_body : block_->begin);
  ListRoot root = marked ? block_->mark : block_->first;
  std::uint32_t hops = marked ? --block_->behind_mark : block_->count - 2;
  for (; hops > 0; --hops) {
    if (!marked && hops == kMarkDistance) {
      block_->behind_mark = kMarkDistance;
      block_->mark_body = static_cast<std::uint32_t>(at - block_->bytes());
      block_->mark = root;
    }
    at += ListBodySize(at);
    at += TakeListHop(at, root);
  }
  block_->last_body = static_cast<std::uint32_t>(at - block_->bytes());
  block_->end = static_cast<std::uint32_t>(block_->last_body + ListBodySize(at));
  block_->last = root;
  --block_->count;
}

void ListLeaf::Shrink() {
  if (block_ == nullptr) return;
  // The sizes that the allocator has are an eighth apart at the least.
  const std::size_t worth_it = std::max(kLeastRoom, used_bytes() / 8);
  if (block_->capacity - used_bytes() <= worth_it) return;
  Resize(used_bytes(), 0);
}

}  // namespace crdt
