// The registers of a HyperLogLog: 16,384 numbers of 6 bits, of which each only grows.
//
// Few that are not zero are kept as a sorted list, three bytes each; more of them packed as Redis
// packs them, in 12,288 bytes. Which of the two depends on their number alone, so that the same
// registers have the same bytes everywhere.
//
// Paper: Flajolet et al., "HyperLogLog: the analysis of a near-optimal cardinality estimation
// algorithm".
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "crdt/encoding.h"
#include "crdt/result.h"

namespace crdt {

// What one register is raised to.
struct RegisterValue {
  std::uint16_t index = 0;  // Below HyperLogLogRegisters::kCount.
  std::uint8_t rank = 0;    // 1 to 63.

  auto operator<=>(const RegisterValue&) const = default;
};

class HyperLogLogRegisters {
 public:
  static constexpr int kIndexBits = 14;
  static constexpr int kRankBits = 6;
  static constexpr std::uint32_t kCount = 1 << kIndexBits;
  static constexpr std::size_t kPackedBytes = kCount * kRankBits / 8;
  // Redis goes over to packed registers at 3,000 bytes, too.
  static constexpr std::size_t kMostListed = 1000;

  using Ranks = std::array<std::uint8_t, kCount>;
  // How many registers have each rank.
  using Histogram = std::array<std::uint32_t, 1 << kRankBits>;

  HyperLogLogRegisters() = default;
  explicit HyperLogLogRegisters(const Ranks& ranks);

  bool empty() const { return bytes_.empty(); }
  bool packed() const { return bytes_.size() == kPackedBytes; }
  std::uint8_t Get(std::uint16_t index) const;
  Histogram CountRanks() const;
  // Raises each of `ranks` to what it is here.
  void MergeInto(Ranks& ranks) const;
  // Beside the object itself.
  std::size_t memory_bytes() const;

  // False where it has that rank or a greater one already.
  bool Raise(RegisterValue value);
  void Merge(const HyperLogLogRegisters& other);
  void Clear() { bytes_ = std::string(); }

  void Encode(ByteWriter& out) const;
  static Result<HyperLogLogRegisters> Decode(ByteReader& in);

  // Register i is in the bits 6 i to 6 i + 5, the lowest bit of a byte first.
  static std::string PackedBytes(const Ranks& ranks);
  // REQUIRES: there are kPackedBytes of them. Raises each of `ranks` to what they say.
  static void MergePacked(std::string_view packed, Ranks& ranks);

  bool operator==(const HyperLogLogRegisters&) const = default;

 private:
  std::size_t listed() const { return bytes_.size() / kListedBytes; }
  RegisterValue Listed(std::size_t at) const;
  // The place of the first one that is not before `index`.
  std::size_t FindListed(std::uint16_t index) const;
  void PutListed(std::size_t at, RegisterValue value);
  std::uint8_t GetPacked(std::uint32_t index) const;
  void PutPacked(std::uint32_t index, std::uint8_t rank);
  void Pack();

  static constexpr std::size_t kListedBytes = 3;

  std::string bytes_;
};

}  // namespace crdt
