#include "server/rdb/payload.h"

#include <cstring>

#include "crdt/encoding.h"
#include "server/rdb/crc64.h"

namespace server {
namespace {

constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kFooterBytes = 2 + kChecksumBytes;

}  // namespace

void SealPayload(std::string& payload) {
  crdt::ByteWriter out(payload);
  out.U8(kWrittenRdbVersion & 0xff);
  out.U8(kWrittenRdbVersion >> 8);
  out.U64(Crc64(payload));
}

std::optional<std::string_view> OpenPayload(std::string_view payload) {
  if (payload.size() < kFooterBytes) return std::nullopt;
  const std::string_view value = payload.substr(0, payload.size() - kFooterBytes);
  crdt::ByteReader footer(payload.substr(value.size()));
  const std::uint8_t low = footer.U8();
  const int version = footer.U8() << 8 | low;
  const std::string_view summed = payload.substr(0, payload.size() - kChecksumBytes);
  if (version > kGreatestRdbVersion || footer.U64() != Crc64(summed)) return std::nullopt;
  return value;
}

}  // namespace server
