// How values of settings are written: sizes, durations, addresses and the rest, as text.
//
// Parse… answers nothing where the text is not of the form; whoever calls says what would be right.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "geo-config/config.h"

namespace geo_config {

std::optional<std::uint64_t> ParseNumber(std::string_view text, int base = 10);
// "67108864", "64mb", "1gb"; k, m, g count by 1000, kb, mb, gb by 1024, as Redis does.
std::optional<std::uint64_t> ParseBytes(std::string_view text);
// "500ms", "5s", "5m", "1h".
std::optional<milliseconds> ParseMilliseconds(std::string_view text);
// "300", "5m", "1h".
std::optional<seconds> ParseSeconds(std::string_view text);
// yes, no, true, false.
std::optional<bool> ParseFlag(std::string_view text);
// Separated by spaces or commas.
std::vector<std::string> ParseWords(std::string_view text);
// Hard limit, soft limit, seconds.
std::optional<OutputLimit> ParseLimit(std::string_view text);
std::optional<FsyncPolicy> ParseFsyncPolicy(std::string_view text);
std::optional<StreamIds> ParseStreamIds(std::string_view text);

// The greatest unit that divides the value.
std::string TextOfBytes(std::uint64_t bytes);
std::string TextOf(milliseconds value);
std::string TextOf(bool value);
std::string TextOf(const std::vector<std::string>& words);
std::string TextOf(const OutputLimit& limit);
std::string TextOf(FsyncPolicy policy);
std::string TextOf(StreamIds mode);

}  // namespace geo_config
