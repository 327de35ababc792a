// Canonical bytes: the same value has the same bytes everywhere. Integers are little-endian or
// LEB128 varints in their shortest form, byte strings carry their length, optional things are
// announced by a flag.
//
// A reader never trusts a length or a count: it checks both against the bytes that remain, and
// after the first error every read yields zero or empty, so that a decoder may check once, at its
// end.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "crdt/stamp.h"
#include "crdt/varint.h"

namespace crdt {

class ByteWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit ByteWriter(std::string& out) : out_(out) {}

  void U8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void U32(std::uint32_t value) { Raw(&value, sizeof value); }
  void U64(std::uint64_t value) { Raw(&value, sizeof value); }
  void Varint(std::uint64_t value) {
    char bytes[kMostVarintBytes];
    out_.append(bytes, PutVarint(bytes, value));
  }
  // ZigZag: small magnitudes are short.
  void Signed(std::int64_t value) {
    Varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void PutStamp(Stamp stamp) { U64(stamp.value()); }
  void Bytes(std::string_view bytes) {
    Varint(bytes.size());
    out_.append(bytes);
  }
  void Raw(const void* data, std::size_t size) {
    out_.append(static_cast<const char*>(data), size);
  }
  std::size_t size() const { return out_.size(); }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  std::uint8_t U8() { return Fixed<std::uint8_t>(); }
  std::uint32_t U32() { return Fixed<std::uint32_t>(); }
  std::uint64_t U64() { return Fixed<std::uint64_t>(); }
  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = U8();
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) != 0) continue;
      // A longer form than the number needs, or more than 64 bits.
      if ((byte == 0 && shift > 0) || (byte > 1 && shift == 63)) break;
      return value;
    }
    Invalidate();
    return 0;
  }
  std::int64_t Signed() {
    const std::uint64_t raw = Varint();
    return static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
  }
  Stamp GetStamp() { return Stamp::FromValue(U64()); }
  // A view into the bytes that are read.
  std::string_view Bytes() { return Raw(Varint()); }
  std::string_view Raw(std::uint64_t size) {
    if (size > remaining()) {
      Invalidate();
      return {};
    }
    const std::string_view view(at_, size);
    at_ += size;
    return view;
  }
  // A count of things of at least `least_size` bytes each; 0 and an error where they can't be
  // there.
  std::uint64_t Count(std::size_t least_size = 1) {
    const std::uint64_t count = Varint();
    if (count > remaining() / least_size) {
      Invalidate();
      return 0;
    }
    return count;
  }

  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  const char* position() const { return at_; }
  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  void Invalidate() {
    ok_ = false;
    at_ = end_;
  }

 private:
  template <class T>
  T Fixed() {
    if (remaining() < sizeof(T)) {
      Invalidate();
      return 0;
    }
    T value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace crdt
