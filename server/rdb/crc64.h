// The checksum of Redis' dumps: CRC-64 with Jones' polynomial, reflected, beginning with zero.
#pragma once

#include <cstdint>
#include <string_view>

namespace server {

std::uint64_t Crc64(std::string_view bytes);

}  // namespace server
