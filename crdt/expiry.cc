#include "crdt/expiry.h"

#include <algorithm>

namespace crdt {

std::optional<TtlRegister::Sibling> TtlRegister::winner() const {
  if (siblings_.empty()) return std::nullopt;
  // Later siblings have greater stamps, so that equal deadlines go to the greatest.
  const Sibling* best = &siblings_.front();
  for (const Sibling& sibling : siblings_) {
    if (sibling.deadline >= best->deadline) best = &sibling;
  }
  return *best;
}

std::optional<DeadlineMs> TtlRegister::deadline() const {
  const auto best = winner();
  if (!best || best->deadline == kInfinite) return std::nullopt;
  return best->deadline;
}

void TtlRegister::Assign(const Context& context, DeadlineMs deadline) {
  Clear(context);
  const auto at = std::ranges::lower_bound(siblings_, context.stamp(), {}, &Sibling::stamp);
  if (at != siblings_.end() && at->stamp == context.stamp()) {
    at->deadline = deadline;  // One effect may assign twice: the last deadline counts.
    return;
  }
  siblings_.insert(at, {context.stamp(), deadline});
}

void TtlRegister::Clear(const Context& context) {
  const auto covered = std::ranges::remove_if(
      siblings_, [&](const Sibling& sibling) { return context.Covers(sibling.stamp); });
  siblings_.erase(covered.begin(), covered.end());
}

void TtlRegister::Join(const TtlRegister& other, const VersionVector& mine,
                       const VersionVector& theirs) {
  Siblings merged;
  for (const Sibling& sibling : siblings_) {
    if (std::ranges::find(other.siblings_, sibling) != other.siblings_.end() ||
        !theirs.Covers(sibling.stamp)) {
      merged.push_back(sibling);
    }
  }
  for (const Sibling& sibling : other.siblings_) {
    if (!mine.Covers(sibling.stamp)) merged.push_back(sibling);
  }
  std::ranges::sort(merged, {}, &Sibling::stamp);
  siblings_ = std::move(merged);
}

void TtlRegister::Encode(ByteWriter& out) const {
  out.Varint(siblings_.size());
  for (const Sibling& sibling : siblings_) {
    out.PutStamp(sibling.stamp);
    out.U8(sibling.deadline == kInfinite ? 1 : 0);
    if (sibling.deadline != kInfinite) out.Signed(sibling.deadline);
  }
}

Result<TtlRegister> TtlRegister::Decode(ByteReader& in) {
  TtlRegister ttl;
  const std::uint64_t count = in.Count(9);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Stamp stamp = in.GetStamp();
    const DeadlineMs deadline = in.U8() == 1 ? kInfinite : in.Signed();
    if (!ttl.siblings_.empty() && ttl.siblings_.back().stamp >= stamp) {
      return Fail(ErrorCode::kCorrupt, "deadlines are not in the order of their stamps");
    }
    ttl.siblings_.push_back({stamp, deadline});
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a time-to-live register ends early");
  return ttl;
}

}  // namespace crdt
