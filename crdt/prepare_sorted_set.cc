#include "crdt/prepare_sorted_set.h"

#include <cmath>
#include <vector>

#include "crdt/effect_parts.h"

namespace crdt {
namespace {

// Also one that the key does not show.
const SortedSet* StoredSet(const KeyView& view) {
  return view.cell() == nullptr || view.cell()->is_packed() ? nullptr
                                                            : view.cell()->full().sorted_set();
}

const ElementTable* StoredMembers(const KeyView& view) {
  const SortedSet* set = StoredSet(view);
  return set == nullptr ? nullptr : &set->members();
}

}  // namespace

void PrepareSortedSetAdd(const KeyView& view, std::string_view key,
                         std::span<const MemberScore> members, Condition condition,
                         EffectList& out) {
  EndHidden(view, key, out);
  const std::uint8_t conditional =
      condition == Condition::kDecidedLocally ? effect_flag::kConditional : 0;
  ByteWriter body = out.Begin(EffectKind::kSortedSetAdd,
                              static_cast<std::uint8_t>(conditional | CreatesFlag(view)), key);
  body.Varint(members.size());
  const ElementTable* stored = StoredMembers(view);
  ScoreBuffer buffer;
  for (const auto& [member, score] : members) {
    body.Bytes(member);
    // Redis drops the sign of a zero in a small set, and it would only confuse in a great one.
    body.Bytes(FormatScore(score == 0 ? 0 : score, buffer));
    EncodeObserved(ObservedOf(stored, member), body);
  }
}

void PrepareSortedSetRemove(const KeyView& view, std::string_view key,
                            std::span<const std::string_view> members, RemoveReason reason,
                            EffectList& out) {
  if (!view.exists()) return;
  const SortedSet& set = view.sorted_set();
  const std::vector<std::string_view> present = PresentNames(set.members(), members);
  if (present.empty()) return;
  const std::uint8_t pop = reason == RemoveReason::kPopped ? effect_flag::kPop : 0;
  ByteWriter body = out.Begin(
      EffectKind::kSortedSetRemove,
      static_cast<std::uint8_t>(pop | EmptiesFlag(view, present.size(), set.size())), key);
  body.Varint(present.size());
  for (const std::string_view member : present) {
    body.Bytes(member);
    EncodeObserved(ObservedOf(&set.members(), member), body);
  }
}

void PrepareSortedSetIncrement(const KeyView& view, std::string_view key, std::string_view member,
                               Writer writer, double delta, EffectList& out) {
  const SortedSet* set = StoredSet(view);
  const double shown = set == nullptr ? 0 : set->Score(member).value_or(0);
  if (std::isinf(shown + delta)) {
    const MemberScore sum{member, shown + delta};
    return PrepareSortedSetAdd(view, key, {&sum, 1}, Condition::kNone, out);
  }
  IncrementStep step = NextTotal(StoredMembers(view), member, writer);
  const Total added = ScoreStep(delta);
  step.total.integer += added.integer;
  step.total.floating += added.floating;
  EndHidden(view, key, out);
  ByteWriter body = out.Begin(EffectKind::kSortedSetIncrement,
                              static_cast<std::uint8_t>(step.flag | CreatesFlag(view)), key);
  body.Bytes(member);
  PutStep(step, body);
}

}  // namespace crdt
