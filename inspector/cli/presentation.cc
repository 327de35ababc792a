#include "inspector/cli/presentation.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace inspector {
namespace {

// The length of the valid UTF-8 sequence of more than one byte that begins at `at`, or 0.
std::size_t SequenceAt(std::string_view bytes, std::size_t at) {
  const auto lead = static_cast<unsigned char>(bytes[at]);
  const std::size_t length = lead >= 0xc2 && lead < 0xe0   ? 2
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                                                           : 0;
  if (length == 0 || at + length > bytes.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(bytes[at + i]) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what is beyond Unicode.
  const auto second = static_cast<unsigned char>(bytes[at + 1]);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0)) return 0;
  if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90)) return 0;
  // Control characters of Latin-1 could move a terminal's cursor.
  if (lead == 0xc2 && second < 0xa0) return 0;
  return length;
}

// Characters of UTF-8: every byte but those that continue one.
std::size_t WidthOf(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string Quoted(std::string_view bytes) {
  std::string text = "\"";
  for (std::size_t i = 0; i < bytes.size();) {
    if (const std::size_t length = SequenceAt(bytes, i); length != 0) {
      text += bytes.substr(i, length);
      i += length;
      continue;
    }
    const auto byte = static_cast<unsigned char>(bytes[i++]);
    switch (byte) {
      case '"':
        text += "\\\"";
        break;
      case '\\':
        text += "\\\\";
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      default:
        if (byte >= 0x20 && byte < 0x7f) {
          text += static_cast<char>(byte);
        } else {
          char escape[8];
          std::snprintf(escape, sizeof escape, "\\x%02x", byte);
          text += escape;
        }
    }
  }
  return text + '"';
}

std::string Shortened(std::string_view bytes, std::size_t most) {
  if (bytes.size() <= most) return Quoted(bytes);
  // Not within a character.
  while (most > 0 && (static_cast<unsigned char>(bytes[most]) & 0xc0) == 0x80) --most;
  return Quoted(bytes.substr(0, most)) + "… (" + ByteSize(static_cast<std::int64_t>(bytes.size())) +
         ")";
}

std::string UtcTime(std::int64_t unix_ms) {
  const std::time_t whole = unix_ms / 1000;
  std::tm parts{};
  if (gmtime_r(&whole, &parts) == nullptr) return std::to_string(unix_ms) + " ms";
  char day[64];
  std::strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &parts);
  char text[96];
  std::snprintf(text, sizeof text, "%s.%03d UTC", day, static_cast<int>(unix_ms % 1000));
  return text;
}

std::string ByteSize(std::int64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  static constexpr const char* kUnits[] = {"KB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  char text[48];
  std::snprintf(text, sizeof text, "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - WidthOf(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string Indented(std::string_view lines, std::size_t columns) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size() - 1) + 1;
    text.append(columns, ' ').append(lines.substr(0, end));
    lines.remove_prefix(end);
  }
  return text;
}

}  // namespace inspector
