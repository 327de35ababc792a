#include "server/rdb/lzf.h"

#include "crdt/encoding.h"

namespace server {
namespace {

// A control byte below this one: so many bytes and one more stand behind it as they are. Others
// repeat what was unpacked before.
constexpr std::uint8_t kFirstRepeat = 32;
constexpr std::size_t kLongRepeat = 7;   // A byte follows that tells how much longer it is.
constexpr std::size_t kLeastRepeat = 2;  // Beside what the control byte tells.

}  // namespace

std::optional<std::string> UnpackLzf(std::string_view packed, std::size_t size) {
  if (size / kMostLzfExpansion > packed.size()) return std::nullopt;
  std::string unpacked;
  unpacked.reserve(size);
  crdt::ByteReader in(packed);
  while (!in.at_end()) {
    const std::uint8_t control = in.U8();
    if (control < kFirstRepeat) {
      unpacked += in.Raw(std::size_t{control} + 1);
    } else {
      std::size_t length = control >> 5;
      if (length == kLongRepeat) length += in.U8();
      length += kLeastRepeat;
      const std::size_t distance = (std::size_t{control & 0x1fU} << 8 | in.U8()) + 1;
      if (distance > unpacked.size()) return std::nullopt;
      // Byte by byte: it may repeat what it has just written.
      for (; length > 0 && unpacked.size() < size; --length) {
        unpacked += unpacked[unpacked.size() - distance];
      }
      if (length > 0) return std::nullopt;
    }
    if (!in.ok() || unpacked.size() > size) return std::nullopt;
  }
  if (unpacked.size() != size) return std::nullopt;
  return unpacked;
}

}  // namespace server
