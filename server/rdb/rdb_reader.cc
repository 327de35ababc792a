#include "server/rdb/rdb_reader.h"

#include <bit>
#include <limits>
#include <optional>

#include "crdt/string_value.h"
#include "server/rdb/lzf.h"

namespace server {
namespace {

// What the highest two bits of a length say.
enum LengthForm { kSixBits = 0, kFourteenBits = 1, kWide = 2 };
constexpr std::uint8_t kWide32 = 0x80;
constexpr std::uint8_t kWide64 = 0x81;

enum StringKind { kInteger8 = 0, kInteger16 = 1, kInteger32 = 2, kLzf = 3 };

enum DoubleKind { kNotANumber = 253, kInfinity = 254, kMinusInfinity = 255 };

}  // namespace

std::uint64_t RdbReader::BigEndian(int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | in_.U8();
  return value;
}

RdbReader::Head RdbReader::TakeHead() {
  const std::uint8_t first = in_.U8();
  const std::uint64_t low = first & 0x3f;
  switch (first >> 6) {
    case kSixBits:
      return {.value = low};
    case kFourteenBits:
      return {.value = low << 8 | in_.U8()};
    case kWide:
      if (first == kWide32) return {.value = BigEndian(4)};
      if (first == kWide64) return {.value = BigEndian(8)};
      in_.Invalidate();
      return {};
    default:
      return {.special = true, .value = low};
  }
}

std::uint64_t RdbReader::Length() {
  const Head head = TakeHead();
  if (head.special) in_.Invalidate();
  return in_.ok() ? head.value : 0;
}

std::uint64_t RdbReader::Count(std::size_t least_size) {
  const std::uint64_t count = Length();
  if (count > in_.remaining() / least_size) in_.Invalidate();
  return in_.ok() ? count : 0;
}

std::string RdbReader::String() {
  const Head head = TakeHead();
  return head.special ? SpecialString(head.value) : std::string(in_.Raw(head.value));
}

std::string RdbReader::SpecialString(std::uint64_t kind) {
  if (kind == kInteger8) return std::to_string(static_cast<std::int8_t>(in_.U8()));
  if (kind == kInteger16) {
    const std::uint8_t low = in_.U8();
    return std::to_string(static_cast<std::int16_t>(low | in_.U8() << 8));
  }
  if (kind == kInteger32) return std::to_string(static_cast<std::int32_t>(in_.U32()));
  const std::uint64_t packed_size = kind == kLzf ? Length() : 0;
  const std::uint64_t size = Length();
  const std::string_view packed = in_.Raw(packed_size);
  unpacked_bytes_ += std::min(size, kMostUnpackedBytes);
  if (kind == kLzf && in_.ok() && size <= kMostUnpackedBytes &&
      unpacked_bytes_ <= kMostUnpackedBytes) {
    if (std::optional<std::string> unpacked = UnpackLzf(packed, size)) return *std::move(unpacked);
  }
  in_.Invalidate();
  return {};
}

double RdbReader::BinaryDouble() {
  return std::bit_cast<double>(in_.U64());
}

double RdbReader::TextDouble() {
  const std::uint8_t kind = in_.U8();
  if (kind == kInfinity) return std::numeric_limits<double>::infinity();
  if (kind == kMinusInfinity) return -std::numeric_limits<double>::infinity();
  if (kind == kNotANumber) return std::numeric_limits<double>::quiet_NaN();
  const auto number = crdt::ParseFloat(in_.Raw(kind));
  if (!number) in_.Invalidate();
  return number ? static_cast<double>(*number) : 0;
}

crdt::StreamId RdbReader::RawId() {
  crdt::StreamId id;
  id.ms = BigEndian(8);
  id.sequence = BigEndian(8);
  return id;
}

crdt::StreamId RdbReader::Id() {
  crdt::StreamId id;
  id.ms = Length();
  id.sequence = Length();
  return id;
}

}  // namespace server
