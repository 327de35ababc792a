#include "crdt/conflict_reporter.h"

namespace crdt {
namespace {

// The greatest sibling that neither is this write nor was seen by it.
const Sibling* Unseen(const StringValue& value, const Context& context) {
  const Sibling* found = nullptr;
  for (const Sibling& sibling : value.siblings()) {
    if (sibling.stamp != context.stamp() && !context.Covers(sibling.stamp)) found = &sibling;
  }
  return found;
}

// A score is a double, which has room for every sum.
bool IsSaturated(const StringValue& value, ValueType type) {
  return type != ValueType::kSortedSet && value.HowShown() == Shown::kSaturated;
}

// Of an assignment and increments of which neither had seen the other.
ConflictRule MixedRule(const StringValue& value, ValueType type) {
  if (IsSaturated(value, type)) return ConflictRule::kSaturated;
  return value.HowShown() == Shown::kMasked ? ConflictRule::kIncrementsMasked
                                            : ConflictRule::kIncrementsAddToWrite;
}

}  // namespace

void ConflictReporter::Collision(ConflictRule rule, ValueType type, std::string_view element,
                                 Stamp other, std::string_view own_value,
                                 std::string_view other_value) {
  Conflict conflict{.key = effect_.key, .element = element, .type = type, .rule = rule};
  const bool own_wins = context_.stamp() > other;
  conflict.winner = own_wins ? context_.stamp() : other;
  conflict.loser = own_wins ? other : context_.stamp();
  conflict.winner_value = own_wins ? own_value : other_value;
  conflict.loser_value = own_wins ? other_value : own_value;
  sink_.OnConflict(conflict);
}

void ConflictReporter::Survivor(ConflictRule rule, ValueType type, std::string_view element,
                                Stamp survivor, std::string_view value) {
  sink_.OnConflict({.key = effect_.key,
                    .element = element,
                    .type = type,
                    .rule = rule,
                    .winner = survivor,
                    .loser = context_.stamp(),
                    .winner_value = value});
}

void ConflictReporter::DeleteWon(ValueType type, std::string_view element, Stamp of_delete,
                                 Stamp lost) {
  sink_.OnConflict({.key = effect_.key,
                    .element = element,
                    .type = type,
                    .rule = ConflictRule::kDeleteWins,
                    .winner = of_delete,
                    .loser = lost});
}

void ConflictReporter::DoublePop(ValueType type, std::string_view element) {
  sink_.OnConflict({.key = effect_.key,
                    .element = element,
                    .type = type,
                    .rule = ConflictRule::kDoublePop,
                    .loser = context_.stamp()});
}

void ConflictReporter::Assigned(const StringValue& value, ValueType type, std::string_view element,
                                std::string_view text) {
  if (const Sibling* other = Unseen(value, context_)) {
    Collision(effect_.has(effect_flag::kConditional) ? ConflictRule::kConditionBothHeld
                                                     : ConflictRule::kLastWriterWins,
              type, element, other->stamp, text, other->value);
  }
  const Stamp increment = value.counters().newest_live();
  if (!increment.is_zero()) {
    Collision(MixedRule(value, type), type, element, increment, text, Added(value, increment));
  }
}

void ConflictReporter::Increased(const StringValue& value, ValueType type,
                                 std::string_view element) {
  if (const Sibling* other = Unseen(value, context_)) {
    Collision(MixedRule(value, type), type, element, other->stamp, Added(value, context_.stamp()),
              other->value);
  } else if (IsSaturated(value, type)) {
    Collision(ConflictRule::kSaturated, type, element, value.newest(), {}, {});
  }
}

// "+3": what the writer of an increment has added to what is shown.
std::string_view ConflictReporter::Added(const StringValue& value, Stamp increment) {
  const CounterPart* part = value.counters().Find(increment.writer());
  if (part == nullptr) return {};
  added_ = FormatFloat(static_cast<Float128>(part->total.integer - part->base.integer) +
                       part->total.floating - part->base.floating);
  if (!added_.starts_with('-')) added_.insert(0, 1, '+');
  return added_;
}

}  // namespace crdt
