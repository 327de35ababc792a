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

}  // namespace replication
