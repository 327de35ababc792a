// The pieces of a value in Redis' format: lengths, strings, numbers.
//
// As with crdt::ByteReader nothing is trusted, and after the first error all is zero or empty: a
// decoder checks ok() once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "crdt/encoding.h"
#include "crdt/stream_id.h"

namespace server {

class RdbReader {
 public:
  // Of compressed strings: so that a small payload cannot take all memory.
  static constexpr std::uint64_t kMostUnpackedBytes = std::uint64_t{1} << 30;

  explicit RdbReader(std::string_view bytes) : in_(bytes) {}

  std::uint8_t U8() { return in_.U8(); }
  std::uint64_t U64() { return in_.U64(); }
  std::uint64_t Length();
  // A length that counts things of at least `least_size` bytes each.
  std::uint64_t Count(std::size_t least_size);
  // Also one that is kept as a number, or compressed.
  std::string String();
  double BinaryDouble();
  // The text of a number, as versions before 8 of the format have it.
  double TextDouble();
  // Two numbers of eight bytes, the most significant one first.
  crdt::StreamId RawId();
  // Two lengths.
  crdt::StreamId Id();

  bool ok() const { return in_.ok(); }
  bool at_end() const { return in_.at_end(); }
  void Invalidate() { in_.Invalidate(); }

 private:
  struct Head {
    bool special = false;  // `value` says which kind of string follows.
    std::uint64_t value = 0;
  };

  Head TakeHead();
  std::string SpecialString(std::uint64_t kind);
  std::uint64_t BigEndian(int bytes);

  crdt::ByteReader in_;
  std::uint64_t unpacked_bytes_ = 0;
};

}  // namespace server
