#include "crdt/hyperloglog_registers.h"

#include <algorithm>
#include <utility>

namespace crdt {
namespace {

constexpr std::uint32_t kRankMask = (1 << HyperLogLogRegisters::kRankBits) - 1;
// Four registers fill three bytes.
constexpr std::size_t kGroup = 4;
constexpr std::size_t kGroupBytes = 3;

std::uint32_t Load24(const char* at) {
  const auto byte = [at](int i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(at[i]));
  };
  return byte(0) | byte(1) << 8 | byte(2) << 16;
}

void Store24(std::uint32_t value, char* at) {
  for (int i = 0; i < 3; ++i) at[i] = static_cast<char>(value >> (8 * i));
}

}  // namespace

HyperLogLogRegisters::HyperLogLogRegisters(const Ranks& ranks) {
  const auto zeros = static_cast<std::size_t>(std::ranges::count(ranks, 0));
  if (kCount - zeros <= kMostListed) {
    for (std::uint32_t i = 0; i < kCount; ++i) {
      if (ranks[i] > 0) PutListed(listed(), {static_cast<std::uint16_t>(i), ranks[i]});
    }
    return;
  }
  bytes_ = PackedBytes(ranks);
}

// --- Questions -----------------------------------------------------------------------------------

std::uint8_t HyperLogLogRegisters::Get(std::uint16_t index) const {
  if (packed()) return GetPacked(index);
  const std::size_t at = FindListed(index);
  if (at == listed()) return 0;
  const RegisterValue found = Listed(at);
  return found.index == index ? found.rank : 0;
}

HyperLogLogRegisters::Histogram HyperLogLogRegisters::CountRanks() const {
  Histogram histogram{};
  if (!packed()) {
    for (std::size_t at = 0; at < listed(); ++at) ++histogram[Listed(at).rank];
    histogram[0] = static_cast<std::uint32_t>(kCount - listed());
    return histogram;
  }
  for (const char* at = bytes_.data(); at != bytes_.data() + kPackedBytes; at += kGroupBytes) {
    const std::uint32_t group = Load24(at);
    ++histogram[group & kRankMask];
    ++histogram[group >> 6 & kRankMask];
    ++histogram[group >> 12 & kRankMask];
    ++histogram[group >> 18];
  }
  return histogram;
}

void HyperLogLogRegisters::MergeInto(Ranks& ranks) const {
  if (!packed()) {
    for (std::size_t at = 0; at < listed(); ++at) {
      const RegisterValue value = Listed(at);
      ranks[value.index] = std::max(ranks[value.index], value.rank);
    }
    return;
  }
  MergePacked(bytes_, ranks);
}

std::size_t HyperLogLogRegisters::memory_bytes() const {
  const bool inside = bytes_.capacity() <= std::string().capacity();
  return inside ? 0 : bytes_.capacity() + 1;
}

// --- Changes -------------------------------------------------------------------------------------

bool HyperLogLogRegisters::Raise(RegisterValue value) {
  if (packed()) {
    if (GetPacked(value.index) >= value.rank) return false;
    PutPacked(value.index, value.rank);
    return true;
  }
  const std::size_t at = FindListed(value.index);
  if (at < listed() && Listed(at).index == value.index) {
    if (Listed(at).rank >= value.rank) return false;
    Store24(static_cast<std::uint32_t>(value.index) << kRankBits | value.rank,
            bytes_.data() + at * kListedBytes);
    return true;
  }
  if (listed() == kMostListed) {
    Pack();
    PutPacked(value.index, value.rank);
  } else {
    PutListed(at, value);
  }
  return true;
}

void HyperLogLogRegisters::Merge(const HyperLogLogRegisters& other) {
  if (other.packed()) {
    Ranks ranks{};
    MergeInto(ranks);
    other.MergeInto(ranks);
    *this = HyperLogLogRegisters(ranks);
    return;
  }
  for (std::size_t at = 0; at < other.listed(); ++at) Raise(other.Listed(at));
}

// --- Bytes ---------------------------------------------------------------------------------------

void HyperLogLogRegisters::Encode(ByteWriter& out) const {
  out.Varint(packed() ? kCount : listed());
  out.Raw(bytes_.data(), bytes_.size());
}

Result<HyperLogLogRegisters> HyperLogLogRegisters::Decode(ByteReader& in) {
  HyperLogLogRegisters registers;
  const std::uint64_t count = in.Varint();
  if (count != kCount && count > kMostListed) in.Invalidate();
  registers.bytes_ = in.Raw(count == kCount ? kPackedBytes : count * kListedBytes);
  if (registers.packed()) {
    if (kCount - registers.CountRanks()[0] <= kMostListed) in.Invalidate();
  } else {
    for (std::size_t at = 0; at < registers.listed(); ++at) {
      const RegisterValue value = registers.Listed(at);
      const bool in_order = at == 0 || registers.Listed(at - 1).index < value.index;
      if (value.index >= kCount || value.rank == 0 || !in_order) in.Invalidate();
    }
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "registers do not decode");
  return registers;
}

std::string HyperLogLogRegisters::PackedBytes(const Ranks& ranks) {
  std::string bytes(kPackedBytes, '\0');
  char* at = bytes.data();
  for (std::size_t i = 0; i < kCount; i += kGroup, at += kGroupBytes) {
    const auto rank = [&](std::size_t j) { return static_cast<std::uint32_t>(ranks[i + j]); };
    Store24(rank(0) | rank(1) << 6 | rank(2) << 12 | rank(3) << 18, at);
  }
  return bytes;
}

void HyperLogLogRegisters::MergePacked(std::string_view packed, Ranks& ranks) {
  const char* at = packed.data();
  for (std::size_t i = 0; i < kCount; i += kGroup, at += kGroupBytes) {
    const std::uint32_t group = Load24(at);
    for (std::size_t j = 0; j < kGroup; ++j) {
      const auto rank = static_cast<std::uint8_t>(group >> (kRankBits * j) & kRankMask);
      ranks[i + j] = std::max(ranks[i + j], rank);
    }
  }
}

// --- The two forms -------------------------------------------------------------------------------

RegisterValue HyperLogLogRegisters::Listed(std::size_t at) const {
  const std::uint32_t word = Load24(bytes_.data() + at * kListedBytes);
  return {static_cast<std::uint16_t>(word >> kRankBits),
          static_cast<std::uint8_t>(word & kRankMask)};
}

std::size_t HyperLogLogRegisters::FindListed(std::uint16_t index) const {
  std::size_t first = 0;
  for (std::size_t count = listed(); count > 0;) {
    const std::size_t half = count / 2;
    const bool before = Listed(first + half).index < index;
    first = before ? first + half + 1 : first;
    count = before ? count - half - 1 : half;
  }
  return first;
}

void HyperLogLogRegisters::PutListed(std::size_t at, RegisterValue value) {
  char entry[kListedBytes];
  Store24(static_cast<std::uint32_t>(value.index) << kRankBits | value.rank, entry);
  bytes_.insert(at * kListedBytes, entry, kListedBytes);
}

std::uint8_t HyperLogLogRegisters::GetPacked(std::uint32_t index) const {
  const std::uint32_t group = Load24(bytes_.data() + index / kGroup * kGroupBytes);
  return static_cast<std::uint8_t>(group >> (index % kGroup * kRankBits) & kRankMask);
}

void HyperLogLogRegisters::PutPacked(std::uint32_t index, std::uint8_t rank) {
  char* const at = bytes_.data() + index / kGroup * kGroupBytes;
  const std::uint32_t shift = index % kGroup * kRankBits;
  Store24((Load24(at) & ~(kRankMask << shift)) | static_cast<std::uint32_t>(rank) << shift, at);
}

void HyperLogLogRegisters::Pack() {
  HyperLogLogRegisters packed;
  packed.bytes_.resize(kPackedBytes);
  for (std::size_t at = 0; at < listed(); ++at) {
    packed.PutPacked(Listed(at).index, Listed(at).rank);
  }
  *this = std::move(packed);
}

}  // namespace crdt
