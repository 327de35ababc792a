#include "crdt/string_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace crdt {
namespace {

// The shown text of a sum. `base` is empty where nothing was assigned.
Shown Evaluate(std::optional<std::string_view> base, const CounterParts& counters,
               std::string& text) {
  std::optional<std::int64_t> base_integer = 0;
  if (base) base_integer = ParseInteger(*base);
  const bool integral = std::ranges::all_of(counters.parts(), [](const CounterPart& part) {
    const bool no_floats = part.total.is_small_integer() && part.base.is_small_integer();
    return no_floats || part.spent() || part.total.floating == part.base.floating;
  });
  if (integral && base_integer) {
    const Int128 sum = Int128{*base_integer} + counters.Sum().integer;
    const bool beyond = sum > INT64_MAX || sum < INT64_MIN;
    const std::int64_t shown = sum > INT64_MAX   ? INT64_MAX
                               : sum < INT64_MIN ? INT64_MIN
                                                 : static_cast<std::int64_t>(sum);
    text.resize(24);
    const auto end = std::to_chars(text.data(), text.data() + text.size(), shown).ptr;
    text.resize(static_cast<std::size_t>(end - text.data()));
    return beyond ? Shown::kSaturated : Shown::kSum;
  }
  std::optional<Float128> value = 0;
  if (base) value = ParseFloat(*base);
  if (!value) {
    text = *base;
    return Shown::kMasked;
  }
  // In writer order, which is the same everywhere, so that all regions show the same digits.
  for (const CounterPart& part : counters.parts()) {
    if (part.spent()) continue;
    *value += static_cast<Float128>(part.total.integer - part.base.integer);
    *value += part.total.floating - part.base.floating;
  }
  if (*value != *value) {
    text = "0";
    return Shown::kNotANumber;
  }
  text = FormatFloat(*value);
  return Shown::kSum;
}

}  // namespace

Stamp StringValue::newest() const {
  const Stamp assigned = siblings_.empty() ? Stamp() : siblings_.back().stamp;
  return std::max(assigned, counters_.newest_live());
}

Shown StringValue::HowShown() const {
  if (!visible()) return Shown::kNothing;
  if (!counters_.live()) return Shown::kAssigned;
  std::string text;
  return Evaluate(
      siblings_.empty() ? std::nullopt : std::optional<std::string_view>(siblings_.back().value),
      counters_, text);
}

std::string_view StringValue::Text(std::string& scratch) const {
  if (!counters_.live()) return siblings_.empty() ? std::string_view() : siblings_.back().value;
  Evaluate(
      siblings_.empty() ? std::nullopt : std::optional<std::string_view>(siblings_.back().value),
      counters_, scratch);
  return scratch;
}

void StringValue::Assign(const Context& context, std::string_view value) {
  Clear(context);
  const auto at = std::ranges::lower_bound(siblings_, context.stamp(), {}, &Sibling::stamp);
  if (at != siblings_.end() && at->stamp == context.stamp()) {
    at->value = value;  // One effect may name an element twice: the last value counts.
    return;
  }
  siblings_.insert(at, {context.stamp(), std::string(value)});
}

void StringValue::Clear(const Context& context) {
  std::erase_if(siblings_, [&](const Sibling& sibling) { return context.Covers(sibling.stamp); });
}

void StringValue::Join(const StringValue& other, const VersionVector& mine,
                       const VersionVector& theirs) {
  const auto holds = [](const std::vector<Sibling>& siblings, Stamp stamp) {
    return std::ranges::find(siblings, stamp, &Sibling::stamp) != siblings.end();
  };
  std::vector<Sibling> merged;
  for (const Sibling& sibling : siblings_) {
    if (holds(other.siblings_, sibling.stamp) || !theirs.Covers(sibling.stamp)) {
      merged.push_back(sibling);
    }
  }
  for (const Sibling& sibling : other.siblings_) {
    if (!holds(siblings_, sibling.stamp) && !mine.Covers(sibling.stamp)) {
      merged.push_back(sibling);
    }
  }
  std::ranges::sort(merged, {}, &Sibling::stamp);
  siblings_ = std::move(merged);
  counters_.Join(other.counters_, mine, theirs);
}

StringValue StringValue::FromPacked(const PackedValue& packed) {
  StringValue value;
  if (packed.counts) {
    value.counters_.Increase(packed.stamp, packed.counter.last, {.integer = packed.counter.total});
  } else {
    value.siblings_.push_back({packed.stamp, std::string(packed.text)});
  }
  return value;
}

std::optional<PackedValue> StringValue::AsPacked() const {
  if (counters_.empty() && siblings_.size() == 1) {
    const Sibling& only = siblings_.front();
    if (only.value.size() > PackedValue::kMostTextBytes) return std::nullopt;
    return PackedValue{.stamp = only.stamp, .text = only.value};
  }
  if (!siblings_.empty() || counters_.parts().size() != 1) return std::nullopt;
  const CounterPart& part = counters_.parts().front();
  // A packed counter shows something: one that has never counted, which only a peer could send,
  // does not.
  const bool plain = !part.spent() && part.base_stamp.is_zero() && part.total.is_small_integer();
  if (!plain) return std::nullopt;
  return PackedValue{.stamp = part.start,
                     .text = {},
                     .counts = true,
                     .counter = {part.last, static_cast<std::int64_t>(part.total.integer)}};
}

void StringValue::Encode(ByteWriter& out) const {
  out.Varint(siblings_.size());
  for (const Sibling& sibling : siblings_) {
    out.PutStamp(sibling.stamp);
    out.Bytes(sibling.value);
  }
  counters_.Encode(out);
}

Result<StringValue> StringValue::Decode(ByteReader& in) {
  StringValue value;
  const std::uint64_t count = in.Count(9);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Stamp stamp = in.GetStamp();
    const std::string_view text = in.Bytes();
    if (!value.siblings_.empty() && value.siblings_.back().stamp >= stamp) {
      return Fail(ErrorCode::kCorrupt, "siblings are not in the order of their stamps");
    }
    value.siblings_.push_back({stamp, std::string(text)});
  }
  Result<CounterParts> counters = CounterParts::Decode(in);
  if (!counters) return std::unexpected(counters.error());
  value.counters_ = *std::move(counters);
  return value;
}

void StringValue::EncodeMerged(ByteWriter& out) const {
  StringValue merged = *this;
  merged.counters_.DropSpent();
  merged.Encode(out);
}

std::string FormatFloat(Float128 value) {
  const auto number = static_cast<long double>(value);
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  // Up to 4,933 digits before the point.
  char buffer[5120];
  std::string text(
      buffer, static_cast<std::size_t>(std::snprintf(buffer, sizeof buffer, "%.17Lf", number)));
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const std::string_view digits = text.front() == '-' ? text.substr(1) : text;
  if (digits.front() == '0' && text != "0") return std::nullopt;
  return value;
}

std::optional<Float128> ParseFloat(std::string_view text) {
  if (text.empty() || text.size() >= 5120) return std::nullopt;
  const bool space = text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r');
  if (space) return std::nullopt;
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  const long double value = std::strtold(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return static_cast<Float128>(value);
}

}  // namespace crdt
