#include "server/rdb/packed_elements.h"

#include "crdt/encoding.h"

namespace server {
namespace {

constexpr std::uint8_t kEnd = 0xff;
constexpr std::size_t kListpackHeaderBytes = 6;
constexpr std::uint16_t kUncounted = 0xffff;  // So many elements, or more.

std::uint64_t LittleEndian(crdt::ByteReader& in, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= std::uint64_t{in.U8()} << (8 * i);
  return value;
}

// Of so many bytes, the lowest first.
std::string SignedText(crdt::ByteReader& in, int bytes) {
  const int unused = 64 - 8 * bytes;
  return std::to_string(static_cast<std::int64_t>(LittleEndian(in, bytes) << unused) >> unused);
}

// --- Listpack
//
//   bytes u32 · elements u16 · (element · length of the element, from its end)… · 255
//
//   0nnnnnnn            a number
//   10llllll            text
//   110nnnnn nnnnnnnn   a signed number
//   1110llll llllllll   text
//   11110000 u32        text
//   11110001 to 100     a signed number of 2, 3, 4, 8 bytes

constexpr std::uint8_t kLongText = 0xf0;
constexpr std::uint8_t kInteger16 = 0xf1;
constexpr std::uint8_t kInteger64 = 0xf4;

std::string ListpackElement(crdt::ByteReader& in) {
  const std::uint8_t first = in.U8();
  if (first < 0x80) return std::to_string(first);
  if (first < 0xc0) return std::string(in.Raw(first & 0x3f));
  if (first < 0xe0) {
    const int raw = (first & 0x1f) << 8 | in.U8();
    return std::to_string(raw >= 1 << 12 ? raw - (1 << 13) : raw);
  }
  if (first < kLongText) {
    const std::uint64_t high = std::uint64_t{first & 0x0fU} << 8;
    return std::string(in.Raw(high | in.U8()));
  }
  if (first == kLongText) return std::string(in.Raw(in.U32()));
  static constexpr int kBytes[] = {2, 3, 4, 8};
  if (first <= kInteger64) return SignedText(in, kBytes[first - kInteger16]);
  in.Invalidate();
  return {};
}

// How many bytes the length of an element takes behind it.
int BackLengthBytes(std::size_t length) {
  int bytes = 1;
  while (length >>= 7) ++bytes;
  return bytes;
}

// Seven bits a byte, the most significant one first; all but that one are marked.
void PutBackLength(std::size_t length, std::string& out) {
  for (int left = BackLengthBytes(length) - 1; left >= 0; --left) {
    const bool first = left == BackLengthBytes(length) - 1;
    out.push_back(static_cast<char>((length >> (7 * left) & 0x7f) | (first ? 0 : 0x80)));
  }
}

// --- Ziplist
//
//   bytes u32 · offset of the last element u32 · elements u16 ·
//   (bytes of the element before, u8 or 254 u32 · element)… · 255
//
//   00llllll                     text
//   01llllll llllllll            text
//   10______ u32, highest first  text
//   11000000, 11010000, 11100000, 11110000, 11111110   a signed number of 2, 4, 8, 3, 1 bytes
//   1111nnnn                     n - 1

constexpr std::uint8_t kFarBefore = 0xfe;

std::string ZiplistText(std::uint8_t first, crdt::ByteReader& in) {
  std::uint64_t length = first & 0x3f;
  if (first >> 6 == 1) length = length << 8 | in.U8();
  if (first >> 6 == 2) {
    length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | in.U8();
  }
  return std::string(in.Raw(length));
}

std::string ZiplistElement(crdt::ByteReader& in) {
  if (in.U8() == kFarBefore) in.U32();
  const std::uint8_t first = in.U8();
  if (first < 0xc0) return ZiplistText(first, in);
  switch (first) {
    case 0xc0:
      return SignedText(in, 2);
    case 0xd0:
      return SignedText(in, 4);
    case 0xe0:
      return SignedText(in, 8);
    case 0xf0:
      return SignedText(in, 3);
    case 0xfe:
      return SignedText(in, 1);
    default:
      if (first < 0xf1 || first > 0xfd) in.Invalidate();
      return std::to_string((first & 0x0f) - 1);
  }
}

}  // namespace

std::optional<Elements> ReadListpack(std::string_view bytes) {
  crdt::ByteReader in(bytes);
  if (in.U32() != bytes.size()) return std::nullopt;
  const std::uint64_t count = LittleEndian(in, 2);
  Elements elements;
  while (in.ok() && in.remaining() > 1) {
    const char* const begin = in.position();
    elements.push_back(ListpackElement(in));
    const auto length = static_cast<std::size_t>(in.position() - begin);
    std::string back;
    PutBackLength(length, back);
    if (in.Raw(back.size()) != back) in.Invalidate();
  }
  if (in.U8() != kEnd || !in.ok()) return std::nullopt;
  if (count != kUncounted && count != elements.size()) return std::nullopt;
  return elements;
}

std::optional<Elements> ReadZiplist(std::string_view bytes) {
  crdt::ByteReader in(bytes);
  if (in.U32() != bytes.size()) return std::nullopt;
  in.U32();
  const std::uint64_t count = LittleEndian(in, 2);
  Elements elements;
  while (in.ok() && in.remaining() > 1) elements.push_back(ZiplistElement(in));
  if (in.U8() != kEnd || !in.ok()) return std::nullopt;
  if (count != kUncounted && count != elements.size()) return std::nullopt;
  return elements;
}

std::optional<Elements> ReadIntegers(std::string_view bytes) {
  crdt::ByteReader in(bytes);
  const std::uint32_t width = in.U32();
  const std::uint64_t count = in.U32();
  const bool known = width == 2 || width == 4 || width == 8;
  if (!in.ok() || !known || in.remaining() != count * width) return std::nullopt;
  Elements elements;
  for (std::uint64_t i = 0; i < count; ++i) {
    elements.push_back(SignedText(in, static_cast<int>(width)));
  }
  return elements;
}

ListpackWriter::ListpackWriter() : bytes_(kListpackHeaderBytes, '\0') {}

void ListpackWriter::Add(std::string_view text) {
  const std::size_t begin = bytes_.size();
  crdt::ByteWriter out(bytes_);
  if (text.size() < 1 << 6) {
    out.U8(static_cast<std::uint8_t>(0x80 | text.size()));
  } else if (text.size() < 1 << 12) {
    out.U8(static_cast<std::uint8_t>(0xe0 | text.size() >> 8));
    out.U8(static_cast<std::uint8_t>(text.size()));
  } else {
    out.U8(kLongText);
    out.U32(static_cast<std::uint32_t>(text.size()));
  }
  bytes_ += text;
  EndEntry(begin);
}

void ListpackWriter::Add(std::int64_t number) {
  const std::size_t begin = bytes_.size();
  crdt::ByteWriter out(bytes_);
  if (number >= 0 && number < 1 << 7) {
    out.U8(static_cast<std::uint8_t>(number));
  } else {
    out.U8(kInteger64);
    out.U64(static_cast<std::uint64_t>(number));
  }
  EndEntry(begin);
}

void ListpackWriter::EndEntry(std::size_t begin) {
  PutBackLength(bytes_.size() - begin, bytes_);
  ++count_;
}

std::string ListpackWriter::Finish() {
  bytes_.push_back(static_cast<char>(kEnd));
  std::string header;
  crdt::ByteWriter out(header);
  out.U32(static_cast<std::uint32_t>(bytes_.size()));
  const std::uint64_t told = count_ < kUncounted ? count_ : kUncounted;
  out.U8(static_cast<std::uint8_t>(told));
  out.U8(static_cast<std::uint8_t>(told >> 8));
  bytes_.replace(0, kListpackHeaderBytes, header);
  return std::move(bytes_);
}

}  // namespace server
