#include "crdt/version_vector.h"

namespace crdt {

void VersionVector::Advance(Stamp stamp) {
  const Writer writer = stamp.writer();
  for (Stamp& entry : stamps_) {
    if (entry.writer() == writer) {
      entry = std::max(entry, stamp);
      return;
    }
  }
  if (stamp.is_zero()) return;
  stamps_.insert(std::ranges::upper_bound(stamps_, writer, {}, &Stamp::writer), stamp);
}

VersionVector VersionVector::Minimum(const VersionVector& left, const VersionVector& right) {
  VersionVector least;
  for (const Stamp stamp : left.stamps_) {
    least.Advance(std::min(stamp, right.Get(stamp.writer())));
  }
  return least;
}

void VersionVector::Encode(ByteWriter& out) const {
  out.Varint(stamps_.size());
  for (const Stamp stamp : stamps_) out.PutStamp(stamp);
}

Result<VersionVector> VersionVector::Decode(ByteReader& in) {
  VersionVector vector;
  const std::uint64_t count = in.Count(sizeof(std::uint64_t));
  for (std::uint64_t i = 0; i < count; ++i) {
    const Stamp stamp = in.GetStamp();
    if (stamp.is_zero() ||
        (!vector.stamps_.empty() && vector.stamps_.back().writer() >= stamp.writer())) {
      return Fail(ErrorCode::kCorrupt, "a version vector is not in the order of its writers");
    }
    vector.stamps_.push_back(stamp);
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a version vector ends early");
  return vector;
}

void VersionVector::EncodeDelta(const VersionVector& reference, ByteWriter& out) const {
  std::vector<Stamp> changed;
  for (const Stamp stamp : stamps_) {
    if (reference.Get(stamp.writer()) != stamp) changed.push_back(stamp);
  }
  for (const Stamp stamp : reference.stamps_) {
    // Only the reference has this writer: said by a stamp of zero time.
    if (Get(stamp.writer()).is_zero()) changed.push_back(Stamp::FromValue(stamp.writer().bits()));
  }
  out.Varint(changed.size());
  for (const Stamp stamp : changed) {
    const std::int64_t before =
        static_cast<std::int64_t>(reference.Get(stamp.writer()).value() >> Stamp::kWriterBits);
    const auto now = static_cast<std::int64_t>(stamp.value() >> Stamp::kWriterBits);
    out.Varint(stamp.writer().bits());
    out.Signed(now - before);
  }
}

Result<VersionVector> VersionVector::DecodeDelta(const VersionVector& reference, ByteReader& in) {
  VersionVector vector = reference;
  const std::uint64_t count = in.Count(2);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t bits = in.Varint();
    const std::int64_t difference = in.Signed();
    if (bits > 0x7ff) return Fail(ErrorCode::kCorrupt, "an unknown writer in a context");
    const Writer writer = Writer::FromBits(static_cast<std::uint16_t>(bits));
    const auto before =
        static_cast<std::int64_t>(reference.Get(writer).value() >> Stamp::kWriterBits);
    std::int64_t ticks = 0;
    if (__builtin_add_overflow(before, difference, &ticks) || ticks < 0 ||
        ticks >> (64 - Stamp::kWriterBits) != 0) {
      return Fail(ErrorCode::kCorrupt, "a stamp out of range in a context");
    }
    const Stamp stamp =
        Stamp::FromValue(static_cast<std::uint64_t>(ticks) << Stamp::kWriterBits | bits);
    std::erase_if(vector.stamps_, [&](Stamp entry) { return entry.writer() == writer; });
    if (ticks != 0) vector.Advance(stamp);
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a context ends early");
  return vector;
}

std::string VersionVector::ToString() const {
  std::string text;
  for (const Stamp stamp : stamps_) {
    if (!text.empty()) text += ' ';
    text += std::to_string(stamp.region()) + '.' + std::to_string(stamp.writer().epoch_slot()) +
            ':' + std::to_string(stamp.value());
  }
  return text;
}

}  // namespace crdt
