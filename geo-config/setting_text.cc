#include "geo-config/setting_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <span>

namespace geo_config {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

constexpr Unit kByteUnits[] = {{"", 1},        {"b", 1},        {"k", 1000},       {"kb", 1 << 10},
                               {"m", 1000000}, {"mb", 1 << 20}, {"g", 1000000000}, {"gb", 1 << 30}};
constexpr Unit kMillisecondUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
constexpr Unit kSecondUnits[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};

// Far beyond any size or duration that is meant, and far from an overflow in later sums.
constexpr std::uint64_t kGreatest = std::numeric_limits<std::int64_t>::max() / 2;

std::optional<std::uint64_t> ParseScaled(std::string_view text, std::span<const Unit> units) {
  std::uint64_t value = 0;
  const char* const text_end = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), text_end, value);
  if (error != std::errc()) return std::nullopt;
  std::string suffix(end, text_end);
  std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto unit = std::ranges::find(units, suffix, &Unit::suffix);
  if (unit == units.end() || value > kGreatest / unit->factor) return std::nullopt;
  return value * unit->factor;
}

std::string Scaled(std::uint64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->suffix);
}

constexpr FsyncPolicy kPolicies[] = {FsyncPolicy::kAlways, FsyncPolicy::kEverySecond,
                                     FsyncPolicy::kNo};

}  // namespace

std::optional<std::uint64_t> ParseNumber(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> ParseBytes(std::string_view text) {
  return ParseScaled(text, kByteUnits);
}

std::optional<milliseconds> ParseMilliseconds(std::string_view text) {
  const auto value = ParseScaled(text, kMillisecondUnits);
  if (!value) return std::nullopt;
  return milliseconds(*value);
}

std::optional<seconds> ParseSeconds(std::string_view text) {
  const auto value = ParseScaled(text, kSecondUnits);
  if (!value) return std::nullopt;
  return seconds(*value);
}

std::optional<bool> ParseFlag(std::string_view text) {
  if (text == "yes" || text == "true") return true;
  if (text == "no" || text == "false") return false;
  return std::nullopt;
}

std::vector<std::string> ParseWords(std::string_view text) {
  std::vector<std::string> words;
  constexpr std::string_view kSeparators = " ,";
  for (std::size_t at = text.find_first_not_of(kSeparators); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kSeparators, at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(kSeparators, end);
  }
  return words;
}

std::optional<OutputLimit> ParseLimit(std::string_view text) {
  const std::vector<std::string> words = ParseWords(text);
  if (words.size() != 3) return std::nullopt;
  const auto hard = ParseBytes(words[0]);
  const auto soft = ParseBytes(words[1]);
  const auto soft_for = ParseSeconds(words[2]);
  if (!hard || !soft || !soft_for) return std::nullopt;
  return OutputLimit{*hard, *soft, *soft_for};
}

std::optional<FsyncPolicy> ParseFsyncPolicy(std::string_view text) {
  for (const FsyncPolicy policy : kPolicies) {
    if (text == TextOf(policy)) return policy;
  }
  return std::nullopt;
}

std::optional<StreamIds> ParseStreamIds(std::string_view text) {
  for (const StreamIds mode : {StreamIds::kStrict, StreamIds::kSemiStrict, StreamIds::kLiberal}) {
    if (text == TextOf(mode)) return mode;
  }
  return std::nullopt;
}

std::string TextOfBytes(std::uint64_t bytes) {
  static constexpr Unit kUnits[] = {{"", 1}, {"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}};
  return Scaled(bytes, kUnits);
}

std::string TextOf(milliseconds value) {
  return Scaled(static_cast<std::uint64_t>(value.count()), kMillisecondUnits);
}

std::string TextOf(bool value) {
  return value ? "yes" : "no";
}

std::string TextOf(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string TextOf(const OutputLimit& limit) {
  return std::to_string(limit.hard) + " " + std::to_string(limit.soft) + " " +
         std::to_string(limit.soft_for.count());
}

std::string TextOf(FsyncPolicy policy) {
  switch (policy) {
    case FsyncPolicy::kAlways:
      return "always";
    case FsyncPolicy::kEverySecond:
      return "everysec";
    case FsyncPolicy::kNo:
      return "no";
  }
  return "everysec";
}

std::string TextOf(StreamIds mode) {
  switch (mode) {
    case StreamIds::kStrict:
      return "strict";
    case StreamIds::kSemiStrict:
      return "semi-strict";
    case StreamIds::kLiberal:
      return "liberal";
  }
  return "semi-strict";
}

}  // namespace geo_config
