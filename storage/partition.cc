#include "storage/partition.h"

#include <utility>
#include <vector>

namespace storage {

using crdt::Context;
using crdt::DeadlineMs;
using crdt::EffectKind;
using crdt::EffectView;
using crdt::KeyCell;
using crdt::KeyView;
using crdt::Stamp;

namespace effect_flag = crdt::effect_flag;

class Partition::Bookkeeping {
 public:
  Bookkeeping(Partition& partition, std::string_view key, std::uint64_t hash)
      : partition_(partition), key_(key), hash_(hash) {
    const KeyView before = partition_.Find(key_, hash_);
    existed_ = before.exists();
    deadline_ = before.deadline();
  }
  ~Bookkeeping() {
    const KeyView after = partition_.Find(key_, hash_);
    partition_.visible_keys_ += after.exists() ? 1 : 0;
    partition_.visible_keys_ -= existed_ ? 1 : 0;
    const std::optional<DeadlineMs> deadline = after.deadline();
    partition_.visible_deadlines_ += after.exists() && deadline ? 1 : 0;
    partition_.visible_deadlines_ -= existed_ && deadline_ ? 1 : 0;
    if (deadline == deadline_) return;
    if (deadline_) partition_.deadlines_.erase({*deadline_, std::string(key_)});
    if (deadline) partition_.deadlines_.emplace(*deadline, key_);
  }
  Bookkeeping(const Bookkeeping&) = delete;
  Bookkeeping& operator=(const Bookkeeping&) = delete;

 private:
  Partition& partition_;
  std::string_view key_;
  std::uint64_t hash_;
  bool existed_;
  std::optional<DeadlineMs> deadline_;
};

namespace {

// One more entry or element, of a key that its author had.
bool OnlyAppends(const EffectView& effect) {
  return (effect.kind == EffectKind::kStreamAdd || effect.kind == EffectKind::kListPushRight ||
          effect.kind == EffectKind::kListPushLeft) &&
         !effect.has(effect_flag::kCreates);
}

bool MayLeaveSpentParts(const EffectView& effect) {
  switch (effect.kind) {
    case EffectKind::kSet:
    case EffectKind::kDelete:
    case EffectKind::kEndHidden:
      return effect.has(effect_flag::kHasResets);
    case EffectKind::kHashSet:
    case EffectKind::kHashDelete:
    case EffectKind::kSortedSetAdd:
    case EffectKind::kSortedSetRemove:
    case EffectKind::kStreamRemove:
    case EffectKind::kStreamTrim:
    case EffectKind::kGroupDestroy:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Partition::NoteResets(std::string_view key, Stamp stamp) {
  const KeyCell* cell = table_.Find(key);
  if (cell == nullptr || cell->is_packed() || !cell->full().has_spent()) return;
  resets_[stamp.writer()][stamp].emplace_back(key);
  ++pending_resets_[std::string(key)];
}

void Partition::Apply(const EffectView& effect, std::uint64_t hash, const Context& context,
                      crdt::ConflictSink* conflicts) {
  if (effect.kind == EffectKind::kIncrement ||
      (effect.kind == EffectKind::kSet && !effect.has(effect_flag::kHasDeadline) &&
       !effect.has(effect_flag::kHasResets))) {
    // The hot path: what is written, and what is there, if anything, shows something and has no
    // deadline.
    const KeyCell* cell = table_.Find(effect.key, hash);
    if (cell == nullptr || cell->is_packed()) {
      visible_keys_ += cell == nullptr ? 1 : 0;
      crdt::ApplyToTable(table_, hash, effect, context, conflicts);
      return;
    }
  }
  if (OnlyAppends(effect) && Find(effect.key, hash).exists()) {
    // More of what is shown: the indexes are right as they are.
    return crdt::ApplyToTable(table_, hash, effect, context, conflicts);
  }
  if (effect.kind == EffectKind::kListRemove && !effect.has(effect_flag::kEmpties)) {
    if (const KeyView before = Find(effect.key, hash); before.exists() && !before.deadline()) {
      crdt::ApplyToTable(table_, hash, effect, context, conflicts);
      visible_keys_ -= Find(effect.key, hash).exists() ? 0 : 1;
      return;
    }
  }
  {
    const Bookkeeping bookkeeping(*this, effect.key, hash);
    crdt::ApplyToTable(table_, hash, effect, context, conflicts);
  }
  if (MayLeaveSpentParts(effect)) NoteResets(effect.key, context.stamp());
}

void Partition::Clear(const crdt::ResetsByKey& resets, const Context& context) {
  crdt::ClearTable(table_, resets, context);
  RebuildIndexes();
  for (const auto& [key, observed] : resets) NoteResets(key, context.stamp());
}

void Partition::Join(std::string_view key, crdt::Object&& other, const crdt::VersionVector& mine,
                     const crdt::VersionVector& theirs) {
  {
    const Bookkeeping bookkeeping(*this, key, crdt::KeyTable::Hash(key));
    crdt::JoinKey(table_, key, other, mine, theirs);
  }
  // The stamps of the resets are not in the state: collected when all that was joined is stable.
  const KeyCell* cell = table_.Find(key);
  if (cell == nullptr || cell->is_packed() || !cell->full().has_spent()) return;
  for (const Stamp stamp : theirs.entries()) NoteResets(key, stamp);
}

crdt::Object Partition::Take(std::string_view key) {
  const Bookkeeping bookkeeping(*this, key, crdt::KeyTable::Hash(key));
  return crdt::TakeObject(table_, key);
}

void Partition::Put(std::string_view key, crdt::Object&& object) {
  const Bookkeeping bookkeeping(*this, key, crdt::KeyTable::Hash(key));
  crdt::PutObject(table_, key, std::move(object));
}

void Partition::RebuildIndexes() {
  visible_keys_ = 0;
  visible_deadlines_ = 0;
  deadlines_.clear();
  table_.ForEach([this](const KeyCell& cell) {
    const KeyView view(&cell);
    const auto deadline = view.deadline();
    if (deadline) deadlines_.emplace(*deadline, cell.name());
    if (!view.exists()) return;
    ++visible_keys_;
    if (deadline) ++visible_deadlines_;
  });
}

void Partition::Collect(const crdt::VersionVector& stable,
                        const std::function<void(std::string_view)>& changed) {
  for (auto& [writer, by_stamp] : resets_) {
    const auto end = by_stamp.upper_bound(stable.Get(writer));
    for (auto at = by_stamp.begin(); at != end; ++at) {
      for (const std::string& key : at->second) {
        const auto pending = pending_resets_.find(key);
        if (--pending->second > 0) continue;
        pending_resets_.erase(pending);
        crdt::DropSpent(table_, key);
        changed(key);
      }
    }
    by_stamp.erase(by_stamp.begin(), end);
  }
}

void Partition::VisitExpired(std::int64_t now_ms,
                             const std::function<bool(const std::string&)>& visit) const {
  for (const auto& [deadline, key] : deadlines_) {
    if (deadline > now_ms || !visit(key)) return;
  }
}

}  // namespace storage
