// Golden bytes: files of lines "name hex", one for each family and version of a format.
//
// The file of the present version holds what is written today. Files of past versions stay as they
// were: whatever was written once is read for ever ("version N reads N-1" and all before it).
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace formats {

using Samples = std::vector<std::pair<std::string, std::string>>;  // Name and bytes.

inline std::string ToHex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    hex += kDigits[value >> 4];
    hex += kDigits[value & 15];
  }
  return hex;
}

inline std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

inline std::string GoldenPath(const std::string& file) {
  return MERIDIAN_SOURCE_DIR "/tests/formats/" + file;
}

inline Samples ReadGolden(const std::string& file) {
  std::ifstream in(GoldenPath(file));
  EXPECT_TRUE(in.good()) << GoldenPath(file);
  Samples samples;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t space = line.find(' ');
    samples.emplace_back(line.substr(0, space), FromHex(line.substr(space + 1)));
  }
  EXPECT_FALSE(samples.empty()) << file;
  return samples;
}

// Compares with the file; UPDATE_GOLDEN=1 rewrites it instead.
inline void ExpectGolden(const std::string& file, const Samples& samples) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream out(GoldenPath(file));
    for (const auto& [name, bytes] : samples) out << name << ' ' << ToHex(bytes) << '\n';
  }
  const Samples golden = ReadGolden(file);
  std::map<std::string, std::string> expected(golden.begin(), golden.end());
  for (const auto& [name, bytes] : samples) {
    EXPECT_EQ(ToHex(expected[name]), ToHex(bytes)) << name << " in " << file;
    expected.erase(name);
  }
  for (const auto& [name, bytes] : expected) ADD_FAILURE() << file << " holds an unknown " << name;
}

}  // namespace formats
