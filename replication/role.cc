#include "replication/role.h"

#include <algorithm>

namespace replication {

std::optional<std::uint32_t> PrimaryToFollow(const std::vector<Colleague>& colleagues) {
  const Colleague* best = nullptr;
  for (const Colleague& colleague : colleagues) {
    if (!colleague.connected || !colleague.primary) continue;
    if (best == nullptr || colleague.epoch > best->epoch) best = &colleague;
  }
  if (best == nullptr) return std::nullopt;
  return best->ordinal;
}

bool MustStepDown(const OwnRole& self, const std::vector<Colleague>& colleagues) {
  return std::ranges::any_of(colleagues, [&self](const Colleague& colleague) {
    if (!colleague.connected || !colleague.primary) return false;
    return colleague.epoch > self.epoch ||
           (colleague.epoch == self.epoch && colleague.ordinal < self.ordinal);
  });
}

bool MayLead(const OwnRole& self, const std::vector<Colleague>& colleagues, bool grace_over) {
  if (MustStepDown(self, colleagues)) return false;
  return grace_over || std::ranges::all_of(colleagues, &Colleague::answered);
}

std::string DescribeLack(const crdt::VersionVector& floor, const crdt::VersionVector& all) {
  std::string lack;
  for (const crdt::Stamp stamp : all.entries()) {
    const crdt::Stamp has = floor.Get(stamp.writer());
    if (stamp <= has) continue;
    lack += lack.empty() ? "" : ", ";
    lack += has.is_zero() ? std::string("everything")
                          : std::to_string(stamp.unix_ms() - has.unix_ms()) + " ms";
    lack += " of writer " + std::to_string(stamp.region()) + "." +
            std::to_string(stamp.writer().epoch_slot());
  }
  return lack;
}

}  // namespace replication
