#include "crdt/stream_id.h"

#include <algorithm>
#include <charconv>

namespace crdt {
namespace {

constexpr std::uint64_t kRegions = std::uint64_t{kMaxRegion} + 1;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string StreamId::ToString() const {
  Text text;
  return std::string(WriteTo(text));
}

std::string_view StreamId::WriteTo(Text& text) const {
  char* at = std::to_chars(text.begin(), text.end(), ms).ptr;
  *at++ = '-';
  at = std::to_chars(at, text.end(), sequence).ptr;
  return {text.data(), static_cast<std::size_t>(at - text.data())};
}

std::optional<StreamId> StreamId::Parse(std::string_view text, std::uint64_t missing) {
  const std::size_t dash = text.find('-');
  const auto ms = ParseNumber(text.substr(0, dash));
  if (!ms) return std::nullopt;
  if (dash == std::string_view::npos) return StreamId{*ms, missing};
  const auto sequence = ParseNumber(text.substr(dash + 1));
  if (!sequence) return std::nullopt;
  return StreamId{*ms, *sequence};
}

std::optional<StreamId> NextIdWithin(std::uint64_t ms, StreamId last, RegionId region) {
  if (ms < last.ms) return std::nullopt;
  if (ms > last.ms) return StreamId{ms, region};
  const std::uint64_t step = (region + kRegions - last.sequence % kRegions - 1) % kRegions + 1;
  if (last.sequence > kMost - step) return std::nullopt;
  return StreamId{ms, last.sequence + step};
}

std::optional<StreamId> NextId(std::uint64_t now_ms, StreamId last, RegionId region) {
  const std::uint64_t ms = std::max(now_ms, last.ms);
  if (const auto id = NextIdWithin(ms, last, region)) return id;
  return ms == kMost ? std::nullopt : NextIdWithin(ms + 1, last, region);
}

}  // namespace crdt
