// Text forms for people: quoted bytes, times, sizes, tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inspector {

// In double quotes, with escapes for what is not printable ASCII; UTF-8 stays as it is.
std::string Quoted(std::string_view bytes);
// 2026-01-31 12:00:00.123 UTC
std::string UtcTime(std::int64_t unix_ms);
// "512 B", "1.5 KB", "20.0 MB".
std::string ByteSize(std::int64_t bytes);

// Rows of equal length, the first one the heading; columns are padded to their widest cell.
std::string Table(const std::vector<std::vector<std::string>>& rows);

}  // namespace inspector
