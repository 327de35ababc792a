#include "crdt/hyperloglog.h"

#include <algorithm>

#include "crdt/cardinality.h"

namespace crdt {

Stamp HyperLogLog::newest() const {
  Stamp newest;
  for (const Stamp stamp : writers_.entries()) newest = std::max(newest, stamp);
  return newest;
}

std::uint64_t HyperLogLog::Count() const {
  if (!count_) count_ = EstimateCardinality(registers_.CountRanks());
  return *count_;
}

std::size_t HyperLogLog::memory_bytes() const {
  return sizeof *this + registers_.memory_bytes() + writers_.entries().capacity() * sizeof(Stamp);
}

void HyperLogLog::Apply(const EffectView& effect, const Context& context) {
  if (!Void(context).is_zero()) return;
  ByteReader in(effect.elements);
  const Result<HyperLogLogRegisters> registers = HyperLogLogRegisters::Decode(in);
  Require(registers.has_value(), "registers are checked when their effect is decoded");
  registers_.Merge(*registers);
  writers_.Advance(context.stamp());
  count_.reset();
}

void HyperLogLog::Bury(Stamp stamp) {
  graves_.Dig(stamp);
  Clear();
}

void HyperLogLog::Clear() {
  registers_.Clear();
  writers_ = VersionVector();
  count_.reset();
}

void HyperLogLog::Join(const HyperLogLog& other, const VersionVector& mine,
                       const VersionVector& theirs) {
  // A delete that one side has not seen makes void whatever it holds.
  if (other.graves_.AnyBeyond(mine)) Clear();
  if (!graves_.AnyBeyond(theirs)) {
    registers_.Merge(other.registers_);
    writers_.Merge(other.writers_);
    count_.reset();
  }
  graves_.Merge(other.graves_);
}

// --- Bytes ---------------------------------------------------------------------------------------

void HyperLogLog::Encode(ByteWriter& out) const {
  graves_.Encode(out);
  EncodeMerged(out);
}

void HyperLogLog::EncodeMerged(ByteWriter& out) const {
  writers_.Encode(out);
  registers_.Encode(out);
}

Result<HyperLogLog> HyperLogLog::Decode(ByteReader& in) {
  HyperLogLog value;
  Result<Graves> graves = Graves::Decode(in);
  if (!graves) return std::unexpected(graves.error());
  value.graves_ = *std::move(graves);
  Result<VersionVector> writers = VersionVector::Decode(in);
  if (!writers) return std::unexpected(writers.error());
  value.writers_ = *std::move(writers);
  Result<HyperLogLogRegisters> registers = HyperLogLogRegisters::Decode(in);
  if (!registers) return std::unexpected(registers.error());
  value.registers_ = *std::move(registers);
  if (!value.visible() && !value.registers_.empty()) {
    return Fail(ErrorCode::kCorrupt, "registers that nobody has written");
  }
  return value;
}

}  // namespace crdt
