#include "crdt/hyperloglog_text.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace crdt {
namespace {

using Registers = HyperLogLogRegisters;

constexpr std::string_view kMagic = "HYLL";
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kEncodingAt = 4;
constexpr std::size_t kLastCountByteAt = 15;
constexpr char kPacked = 0;
constexpr char kRuns = 1;
constexpr char kCountIsOutOfDate = static_cast<char>(0x80);
// Redis packs what would be longer.
constexpr std::size_t kMostRunBytes = 3000;

// What the bytes of runs begin with, and the longest run that each of them can tell.
//
//   00llllll            a run of l + 1 zeros
//   01llllll llllllll   a run of l + 1 zeros
//   1vvvvvll            a run of l + 1 registers of rank v + 1
constexpr std::uint8_t kLongZeros = 0x40;
constexpr std::uint8_t kValues = 0x80;
constexpr std::uint32_t kMostZeros = 64;
constexpr std::uint32_t kMostValues = 4;
constexpr std::uint8_t kMostRunRank = 32;

void PutRun(std::uint8_t rank, std::uint32_t length, std::string& out) {
  ByteWriter bytes(out);
  if (rank == 0 && length <= kMostZeros) {
    bytes.U8(static_cast<std::uint8_t>(length - 1));
  } else if (rank == 0) {
    bytes.U8(static_cast<std::uint8_t>(kLongZeros | (length - 1) >> 8));
    bytes.U8(static_cast<std::uint8_t>(length - 1));
  }
  for (; rank > 0 && length > 0; length -= std::min(length, kMostValues)) {
    bytes.U8(
        static_cast<std::uint8_t>(kValues | (rank - 1) << 2 | (std::min(length, kMostValues) - 1)));
  }
}

// Empty where runs cannot tell the ranks, or not shortly.
std::optional<std::string> RunsOf(const Registers::Ranks& ranks) {
  std::string runs;
  for (std::uint32_t i = 0; i < Registers::kCount;) {
    std::uint32_t end = i + 1;
    while (end < Registers::kCount && ranks[end] == ranks[i]) ++end;
    if (ranks[i] > kMostRunRank) return std::nullopt;
    PutRun(ranks[i], end - i, runs);
    if (runs.size() > kMostRunBytes) return std::nullopt;
    i = end;
  }
  return runs;
}

// One run off the front of `in`: its rank and length.
std::pair<std::uint8_t, std::uint32_t> TakeRun(ByteReader& in) {
  const std::uint8_t first = in.U8();
  if ((first & kValues) != 0) {
    return {static_cast<std::uint8_t>((first >> 2 & 0x1f) + 1), (first & 3) + 1};
  }
  if ((first & kLongZeros) == 0) return {std::uint8_t{0}, first + 1};
  return {std::uint8_t{0}, ((first & 0x3f) << 8 | in.U8()) + 1};
}

Result<Registers> ParseRuns(std::string_view runs) {
  Registers::Ranks ranks{};
  ByteReader in(runs);
  std::uint32_t filled = 0;
  while (!in.at_end()) {
    const auto [rank, length] = TakeRun(in);
    if (length > Registers::kCount - filled) in.Invalidate();
    if (!in.ok()) break;
    std::fill_n(ranks.begin() + filled, length, rank);
    filled += length;
  }
  if (!in.ok() || filled != Registers::kCount) {
    return Fail(ErrorCode::kCorrupt, "the runs of a HyperLogLog make no sense");
  }
  return Registers(ranks);
}

Registers ParsePacked(std::string_view packed) {
  Registers::Ranks ranks{};
  Registers::MergePacked(packed, ranks);
  return Registers(ranks);
}

}  // namespace

std::string HyperLogLogText(const Registers& registers) {
  Registers::Ranks ranks{};
  registers.MergeInto(ranks);
  const std::optional<std::string> runs = RunsOf(ranks);
  std::string text(kMagic);
  text.resize(kHeaderBytes);
  text[kEncodingAt] = runs ? kRuns : kPacked;
  if (!registers.empty()) text[kLastCountByteAt] = kCountIsOutOfDate;
  return text + (runs ? *runs : Registers::PackedBytes(ranks));
}

Result<Registers> ParseHyperLogLogText(std::string_view text) {
  const std::string_view registers = text.substr(std::min(text.size(), kHeaderBytes));
  if (text.size() >= kHeaderBytes && text.starts_with(kMagic)) {
    if (text[kEncodingAt] == kRuns) return ParseRuns(registers);
    if (text[kEncodingAt] == kPacked && registers.size() == Registers::kPackedBytes) {
      return ParsePacked(registers);
    }
  }
  return Fail(ErrorCode::kInvalid, "not a HyperLogLog");
}

}  // namespace crdt
