// Text forms for people: quoted bytes, times, sizes, tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inspector {

// In double quotes, with escapes for what is not printable ASCII; UTF-8 stays as it is.
std::string Quoted(std::string_view bytes);
// Quoted(); of more than `most` bytes only the beginning, and how many there are.
std::string Shortened(std::string_view bytes, std::size_t most);
// 2026-01-31 12:00:00.123 UTC
std::string UtcTime(std::int64_t unix_ms);
// "512 B", "1.5 KB", "20.0 MB".
std::string ByteSize(std::int64_t bytes);

// Columns are padded to their widest cell; characters count, not bytes.
std::string Table(const std::vector<std::vector<std::string>>& rows);
// Every line moved to the right.
std::string Indented(std::string_view lines, std::size_t columns);

}  // namespace inspector
