#include "crdt/score.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace crdt {
namespace {

// Doubles up to here are printed as integers where they are whole.
constexpr double kGreatestWhole = 4611686018427387904.0;  // 2^62
// Beyond, neighbouring doubles are more than 1 apart, and an exact total would only take space.
constexpr double kGreatestExactStep = 9007199254740992.0;  // 2^53

// The shortest digits of a double: 0.d1d2… times a power of ten.
struct Digits {
  std::array<char, 20> text;
  int count;
  int exponent;  // Of the last digit: the value is the digits as an integer times 10^exponent.
};

Digits ShortestDigits(double magnitude) {
  std::array<char, 32> scientific;
  const auto end = std::to_chars(scientific.data(), scientific.data() + scientific.size(),
                                 magnitude, std::chars_format::scientific)
                       .ptr;
  char* const mark = std::find(scientific.data(), end, 'e');
  Digits digits{};
  for (const char* at = scientific.data(); at != mark; ++at) {
    if (*at != '.') digits.text[static_cast<std::size_t>(digits.count++)] = *at;
  }
  const char* exponent = mark + 1;
  if (*exponent == '+') ++exponent;  // from_chars takes no plus.
  std::from_chars(exponent, end, digits.exponent);
  digits.exponent -= digits.count - 1;
  return digits;
}

char* Put(char* at, const char* text, int size) {
  std::memcpy(at, text, static_cast<std::size_t>(size));
  return at + size;
}

char* PutZeros(char* at, int count) {
  std::memset(at, '0', static_cast<std::size_t>(count));
  return at + count;
}

// d.ddde±x
char* PutScientific(char* at, const Digits& digits) {
  *at++ = digits.text[0];
  if (digits.count > 1) {
    *at++ = '.';
    at = Put(at, digits.text.data() + 1, digits.count - 1);
  }
  const int exponent = digits.exponent + digits.count - 1;
  *at++ = 'e';
  *at++ = exponent < 0 ? '-' : '+';
  return std::to_chars(at, at + 4, std::abs(exponent)).ptr;
}

// The limits between the two notations are those of Redis 7.2, which has them from fpconv.
char* PutDigits(char* at, const Digits& digits) {
  const int magnitude = std::abs(digits.exponent + digits.count - 1);
  if (digits.exponent >= 0 && magnitude < digits.count + 7) {
    return PutZeros(Put(at, digits.text.data(), digits.count), digits.exponent);
  }
  if (digits.exponent >= 0 || (digits.exponent <= -7 && magnitude >= 4)) {
    return PutScientific(at, digits);
  }
  const int before_point = digits.count + digits.exponent;
  if (before_point <= 0) {
    at = Put(at, "0.", 2);
    return Put(PutZeros(at, -before_point), digits.text.data(), digits.count);
  }
  at = Put(at, digits.text.data(), before_point);
  *at++ = '.';
  return Put(at, digits.text.data() + before_point, digits.count - before_point);
}

}  // namespace

std::string_view FormatScore(double score, ScoreBuffer& buffer) {
  if (std::isnan(score)) return "nan";
  if (std::isinf(score)) return score > 0 ? "inf" : "-inf";
  if (score == 0) return std::signbit(score) ? "-0" : "0";
  char* at = buffer.data();
  if (std::abs(score) <= kGreatestWhole && score == std::trunc(score)) {
    at = std::to_chars(at, at + buffer.size(), static_cast<std::int64_t>(score)).ptr;
  } else {
    if (score < 0) *at++ = '-';
    at = PutDigits(at, ShortestDigits(std::abs(score)));
  }
  return {buffer.data(), static_cast<std::size_t>(at - buffer.data())};
}

std::optional<double> ParseScore(std::string_view text) {
  double score = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), score);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  ScoreBuffer buffer;
  if (std::isnan(score) || FormatScore(score, buffer) != text) return std::nullopt;
  return score;
}

double ScoreOf(const StringValue& value) {
  double assigned = 0;
  if (!value.siblings().empty()) {
    const std::string& text = value.siblings().back().value;
    std::from_chars(text.data(), text.data() + text.size(), assigned);
  }
  if (!value.counters().live()) return assigned;
  Float128 sum = assigned;
  for (const CounterPart& part : value.counters().parts()) {
    if (part.spent()) continue;
    sum += static_cast<Float128>(part.total.integer - part.base.integer);
    sum += part.total.floating - part.base.floating;
  }
  const auto score = static_cast<double>(sum);
  return std::isnan(score) ? 0 : score;
}

std::string ShownText(const StringValue& value, ValueType type) {
  if (type == ValueType::kSortedSet) {
    ScoreBuffer buffer;
    return std::string(FormatScore(ScoreOf(value), buffer));
  }
  std::string scratch;
  return std::string(value.Text(scratch));
}

Total ScoreStep(double delta) {
  Total step;
  if (std::abs(delta) <= kGreatestExactStep && delta == std::trunc(delta)) {
    step.integer = static_cast<std::int64_t>(delta);
  } else {
    step.floating = delta;
  }
  return step;
}

}  // namespace crdt
