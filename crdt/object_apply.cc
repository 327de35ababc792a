// Object::Apply: what each kind of effect does, and which collisions it reports.
#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "crdt/object.h"

namespace crdt {
namespace {

StringValue& Made(std::unique_ptr<StringValue>& value) {
  if (value == nullptr) value = std::make_unique<StringValue>();
  return *value;
}

// The stamp of the write that makes a collection is its seed: no other one has it, and every region
// has the same.
ElementTable& Made(std::unique_ptr<ElementTable>& table, const Context& context) {
  if (table == nullptr) table = std::make_unique<ElementTable>(context.stamp().value());
  return *table;
}

Stamp LineageStart(const EffectView& effect, const Context& context) {
  return effect.has(effect_flag::kFresh) ? context.stamp() : effect.lineage_start;
}

// The life that the effect's author chose for the key; that of a key which an add creates is no
// choice.
std::optional<DeadlineMs> DecidedDeadline(const EffectView& effect) {
  if (effect.kind == EffectKind::kExpire) return effect.deadline;
  if (effect.kind != EffectKind::kSet || effect.has(effect_flag::kKeepTtl)) return std::nullopt;
  return effect.has(effect_flag::kHasDeadline) ? effect.deadline : kInfinite;
}

// The greatest sibling that neither is this write nor was seen by it.
const Sibling* Unseen(const StringValue& value, const Context& context) {
  const Sibling* found = nullptr;
  for (const Sibling& sibling : value.siblings()) {
    if (sibling.stamp != context.stamp() && !context.Covers(sibling.stamp)) found = &sibling;
  }
  return found;
}

std::string DeadlineText(DeadlineMs deadline) {
  return deadline == kInfinite ? "infinite" : std::to_string(deadline);
}

// One effect's reports about one key.
class Reporter {
 public:
  Reporter(const EffectView& effect, const Context& context, ConflictSink& sink)
      : effect_(effect), context_(context), sink_(sink) {}

  void Collision(ConflictRule rule, ValueType type, std::string_view element, Stamp other,
                 std::string_view own_value, std::string_view other_value) {
    Conflict conflict{.key = effect_.key, .element = element, .type = type, .rule = rule};
    const bool own_wins = context_.stamp() > other;
    conflict.winner = own_wins ? context_.stamp() : other;
    conflict.loser = own_wins ? other : context_.stamp();
    conflict.winner_value = own_wins ? own_value : other_value;
    conflict.loser_value = own_wins ? other_value : own_value;
    sink_.OnConflict(conflict);
  }

  void Survivor(ConflictRule rule, ValueType type, std::string_view element, Stamp survivor,
                std::string_view value) {
    sink_.OnConflict({.key = effect_.key,
                      .element = element,
                      .type = type,
                      .rule = rule,
                      .winner = survivor,
                      .loser = context_.stamp(),
                      .winner_value = value});
  }

  // An assignment came to a value.
  void Assigned(const StringValue& value, ValueType type, std::string_view element,
                std::string_view text) {
    if (const Sibling* other = Unseen(value, context_)) {
      Collision(effect_.has(effect_flag::kConditional) ? ConflictRule::kConditionBothHeld
                                                       : ConflictRule::kLastWriterWins,
                type, element, other->stamp, text, other->value);
    }
    const Stamp increment = value.counters().newest_live();
    if (!increment.is_zero()) {
      Collision(MixedRule(value), type, element, increment, text, Added(value, increment));
    }
  }

  // An increment came to a value.
  void Increased(const StringValue& value, ValueType type, std::string_view element) {
    if (const Sibling* other = Unseen(value, context_)) {
      Collision(MixedRule(value), type, element, other->stamp, Added(value, context_.stamp()),
                other->value);
    } else if (value.HowShown() == Shown::kSaturated) {
      Collision(ConflictRule::kSaturated, type, element, value.newest(), {}, {});
    }
  }

  // A remove came to an element that something unseen keeps alive.
  void Removed(const ElementTable* table, ValueType type, std::string_view element) {
    const ElementTable::Table::Cell* cell = table == nullptr ? nullptr : table->Find(element);
    if (cell == nullptr) return;
    std::string scratch;
    const Stamp newest = cell->is_packed() ? cell->packed().newest() : cell->full().newest();
    Survivor(ConflictRule::kWriteSurvivesDelete, type, element, newest,
             cell->is_packed() ? cell->packed().Text(scratch) : cell->full().Text(scratch));
  }

 private:
  // Of an assignment and increments of which neither had seen the other.
  static ConflictRule MixedRule(const StringValue& value) {
    const Shown shown = value.HowShown();
    return shown == Shown::kMasked      ? ConflictRule::kIncrementsMasked
           : shown == Shown::kSaturated ? ConflictRule::kSaturated
                                        : ConflictRule::kIncrementsAddToWrite;
  }

  // "+3": what the writer of an increment has added to what is shown.
  std::string_view Added(const StringValue& value, Stamp increment) {
    const CounterPart* part = value.counters().Find(increment.writer());
    if (part == nullptr) return {};
    added_ = FormatFloat(static_cast<Float128>(part->total.integer - part->base.integer) +
                         part->total.floating - part->base.floating);
    if (!added_.starts_with('-')) added_.insert(0, 1, '+');
    return added_;
  }

  const EffectView& effect_;
  const Context& context_;
  ConflictSink& sink_;
  std::string added_;
};

}  // namespace

void Object::Apply(const EffectView& effect, const Context& context, ConflictSink* conflicts) {
  const bool report = conflicts != nullptr && !context.covers_everything();
  if (report && effect.kind == EffectKind::kSetRemove && effect.has(effect_flag::kPop)) {
    for (ElementReader element(effect); element.Next();) {
      if (set_ != nullptr && set_->Contains(element.name())) continue;
      conflicts->OnConflict({.key = effect.key,
                             .element = element.name(),
                             .type = ValueType::kSet,
                             .rule = ConflictRule::kDoublePop,
                             .loser = context.stamp()});
    }
  }
  ApplyToContainers(effect, context);
  if (effect.has(effect_flag::kCreates)) ttl_.Assign(context, kInfinite);
  if (report) Report(effect, context, *conflicts);
  ReleaseEmptyContainers();
}

void Object::ApplyToContainers(const EffectView& effect, const Context& context) {
  switch (effect.kind) {
    case EffectKind::kSet:
      if (hash_ != nullptr) hash_->RemoveAll(context);
      if (set_ != nullptr) set_->RemoveAll(context);
      Made(string_).Assign(context, effect.value);
      ApplyResets(effect.resets);
      if (effect.has(effect_flag::kKeepTtl)) break;
      ttl_.Assign(context, effect.has(effect_flag::kHasDeadline) ? effect.deadline : kInfinite);
      break;
    case EffectKind::kDelete:
      Clear(context, effect.resets);
      break;
    case EffectKind::kIncrement:
      Made(string_).counters().Increase(LineageStart(effect, context), context.stamp(),
                                        effect.total);
      break;
    case EffectKind::kExpire:
      ttl_.Assign(context, effect.deadline);
      break;
    case EffectKind::kSetAdd: {
      ElementTable& set = Made(set_, context);
      for (ElementReader element(effect); element.Next();) set.Assign(element.name(), context, {});
      break;
    }
    case EffectKind::kSetRemove:
      for (ElementReader element(effect); set_ != nullptr && element.Next();) {
        set_->Remove(element.name(), context);
      }
      break;
    case EffectKind::kHashSet: {
      ElementTable& hash = Made(hash_, context);
      for (ElementReader element(effect); element.Next();) {
        hash.Assign(element.name(), context, element.value());
        if (element.observed().empty()) continue;
        hash.Change(element.name(), [&](StringValue& value) {
          for (const ObservedPart& part : element.observed()) value.counters().Reset(part);
        });
      }
      break;
    }
    case EffectKind::kHashDelete:
      for (ElementReader element(effect); hash_ != nullptr && element.Next();) {
        hash_->Remove(element.name(), context);
        if (element.observed().empty() || hash_->FindStored(element.name()) == nullptr) continue;
        hash_->Change(element.name(), [&](StringValue& value) {
          for (const ObservedPart& part : element.observed()) value.counters().Reset(part);
        });
      }
      break;
    case EffectKind::kHashIncrement:
      Made(hash_, context)
          .Increase(effect.field, LineageStart(effect, context), context.stamp(), effect.total);
      break;
    case EffectKind::kEndHidden:
      if (string_ != nullptr && effect.kept != ValueType::kString) string_->Clear(context);
      if (hash_ != nullptr && effect.kept != ValueType::kHash) hash_->RemoveAll(context);
      if (set_ != nullptr && effect.kept != ValueType::kSet) set_->RemoveAll(context);
      ApplyResets(effect.resets);
      break;
    case EffectKind::kClear:
      Require(false, "a clear concerns a whole table");
      break;
  }
  if (effect.kind != EffectKind::kSet && effect.has(effect_flag::kEmpties)) ttl_.Clear(context);
}

void Object::Clear(const Context& context, std::string_view resets) {
  if (string_ != nullptr) string_->Clear(context);
  if (hash_ != nullptr) hash_->RemoveAll(context);
  if (set_ != nullptr) set_->RemoveAll(context);
  ApplyResets(resets);
  ttl_.Clear(context);
  ReleaseEmptyContainers();
}

void Object::ApplyResets(std::string_view bytes) {
  if (bytes.empty()) return;
  const Result<KeyResets> resets = KeyResets::Decode(bytes);
  Require(resets.has_value(), "resets are checked when their effect is decoded");
  if (string_ != nullptr) {
    for (const ObservedPart& part : resets->string) string_->counters().Reset(part);
  }
  if (hash_ == nullptr) return;
  for (const auto& [field, parts] : resets->fields) {
    if (hash_->FindStored(field) == nullptr) continue;
    hash_->Change(field, [&parts = parts](StringValue& value) {
      for (const ObservedPart& part : parts) value.counters().Reset(part);
    });
  }
}

void Object::Report(const EffectView& effect, const Context& context,
                    ConflictSink& conflicts) const {
  Reporter reporter(effect, context, conflicts);
  bool adds = true;
  switch (effect.kind) {
    case EffectKind::kSet:
      reporter.Assigned(*string_, ValueType::kString, {}, effect.value);
      break;
    case EffectKind::kIncrement:
      reporter.Increased(*string_, ValueType::kString, {});
      break;
    case EffectKind::kHashSet:
      for (ElementReader element(effect); element.Next();) {
        const ElementTable::Table::Cell* cell = hash_->Find(element.name());
        if (cell == nullptr || cell->is_packed()) continue;
        reporter.Assigned(cell->full(), ValueType::kHash, element.name(), element.value());
      }
      break;
    case EffectKind::kHashIncrement: {
      const ElementTable::Table::Cell* cell = hash_->Find(effect.field);
      if (cell != nullptr && !cell->is_packed()) {
        reporter.Increased(cell->full(), ValueType::kHash, effect.field);
      }
      break;
    }
    case EffectKind::kSetAdd:
      break;
    case EffectKind::kSetRemove:
    case EffectKind::kHashDelete: {
      const bool of_set = effect.kind == EffectKind::kSetRemove;
      for (ElementReader element(effect); element.Next();) {
        reporter.Removed(of_set ? set_.get() : hash_.get(),
                         of_set ? ValueType::kSet : ValueType::kHash, element.name());
      }
      adds = false;
      break;
    }
    case EffectKind::kDelete:
    case EffectKind::kClear: {
      const ValueType left = VisibleType();
      const Stamp newest = left == ValueType::kString ? string_->newest()
                           : left == ValueType::kHash ? hash_->newest()
                           : left == ValueType::kSet  ? set_->newest()
                                                      : Stamp();
      if (left != ValueType::kNone) {
        std::string scratch;
        reporter.Survivor(ConflictRule::kWriteSurvivesDelete, left, {}, newest,
                          left == ValueType::kString ? string_->Text(scratch) : std::string_view());
      }
      adds = false;
      break;
    }
    case EffectKind::kExpire:
    case EffectKind::kEndHidden:
      adds = false;
      break;
  }
  if (const std::optional<DeadlineMs> written = DecidedDeadline(effect)) {
    for (const TtlRegister::Sibling& sibling : ttl_.siblings()) {
      if (sibling.stamp == context.stamp() || context.Covers(sibling.stamp) ||
          sibling.deadline == *written) {
        continue;
      }
      const bool own_wins = ttl_.winner()->stamp == context.stamp();
      const std::string own = DeadlineText(effect.deadline);
      const std::string other = DeadlineText(sibling.deadline);
      conflicts.OnConflict({.key = effect.key,
                            .type = VisibleType(),
                            .rule = ConflictRule::kLongestExpiry,
                            .winner = own_wins ? context.stamp() : sibling.stamp,
                            .loser = own_wins ? sibling.stamp : context.stamp(),
                            .winner_value = own_wins ? own : other,
                            .loser_value = own_wins ? other : own});
    }
  }
  if (adds && clashes()) {
    std::pair<Stamp, ValueType> containers[] = {
        {string_ != nullptr ? string_->newest() : Stamp(), ValueType::kString},
        {hash_ != nullptr ? hash_->newest() : Stamp(), ValueType::kHash},
        {set_ != nullptr ? set_->newest() : Stamp(), ValueType::kSet}};
    std::ranges::sort(containers, std::greater());
    conflicts.OnConflict({.key = effect.key,
                          .type = VisibleType(),
                          .rule = ConflictRule::kTypeClash,
                          .winner = containers[0].first,
                          .loser = containers[1].first,
                          .winner_value = NameOf(containers[0].second),
                          .loser_value = NameOf(containers[1].second)});
  }
}

}  // namespace crdt
