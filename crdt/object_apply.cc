// Object::Apply: what each kind of effect does, and which collisions it reports.
#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crdt/conflict_reporter.h"
#include "crdt/list_effect.h"
#include "crdt/object.h"
#include "crdt/stream_report.h"

namespace crdt {
namespace {

template <class Container>
Container& Made(std::unique_ptr<Container>& container) {
  if (container == nullptr) container = std::make_unique<Container>();
  return *container;
}

// The stamp of the write that makes a collection is its seed: no other one has it, and every region
// has the same.
template <class Container>
Container& Made(std::unique_ptr<Container>& container, const Context& context) {
  if (container == nullptr) container = std::make_unique<Container>(context.stamp().value());
  return *container;
}

void RemoveAllOf(StringValue& value, const Context& context) {
  value.Clear(context);
}
void RemoveAllOf(ElementTable& table, const Context& context) {
  table.RemoveAll(context);
}
void RemoveAllOf(ListValue& list, const Context& context) {
  list.RemoveAll(context);
}
void RemoveAllOf(SortedSet& set, const Context& context) {
  set.RemoveAll(context);
}

void RemoveAllOf(StreamValue& stream, const Context& context) {
  stream.Clear(context);
}
// Whoever had seen anything of it says so by burying it (KeyResets): what is there otherwise has
// not been seen.
void RemoveAllOf(HyperLogLog&, const Context&) {}

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

std::string DeadlineText(DeadlineMs deadline) {
  return deadline == kInfinite ? "infinite" : std::to_string(deadline);
}

// --- Elements of collections ---------------------------------------------------------------------

template <class Container>
void ResetElement(Container& container, std::string_view name,
                  const std::vector<ObservedPart>& observed) {
  if (observed.empty() || !container.FindStored(name)) return;
  container.Change(name, [&observed](StringValue& value) {
    for (const ObservedPart& part : observed) value.counters().Reset(part);
  });
}

template <class Container>
void AssignElements(Container& container, const EffectView& effect, const Context& context) {
  for (ElementReader element(effect); element.Next();) {
    container.Assign(element.name(), context, element.value());
    ResetElement(container, element.name(), element.observed());
  }
}

template <class Container>
void RemoveElements(Container* container, const EffectView& effect, const Context& context) {
  for (ElementReader element(effect); container != nullptr && element.Next();) {
    container->Remove(element.name(), context);
    ResetElement(*container, element.name(), element.observed());
  }
}

template <class Container>
void Increase(Container& container, const EffectView& effect, const Context& context) {
  container.Increase(effect.field, LineageStart(effect, context), context.stamp(), effect.total);
}

// What the members or fields of a removal show nevertheless: writes that it had not seen.
template <class Container>
void ReportSurvivors(const Container* container, ValueType type, const EffectView& effect,
                     ConflictReporter& reporter) {
  if (container == nullptr) return;
  for (ElementReader element(effect); element.Next();) {
    const Element found = container->FindStored(element.name());
    if (!found || !found.shows()) continue;
    std::string scratch;
    const std::string shown =
        found.is_packed() ? std::string(found.Text(scratch)) : ShownText(found.full(), type);
    reporter.Survivor(ConflictRule::kWriteSurvivesDelete, type, element.name(), found.newest(),
                      shown);
  }
}

template <class Container>
void ReportAssigned(const Container& container, ValueType type, const EffectView& effect,
                    ConflictReporter& reporter) {
  for (ElementReader element(effect); element.Next();) {
    const Element found = container.FindStored(element.name());
    if (!found || found.is_packed() || !found.shows()) continue;
    reporter.Assigned(found.full(), type, element.name(), element.value());
  }
}

template <class Container>
void ReportIncreased(const Container& container, ValueType type, const EffectView& effect,
                     ConflictReporter& reporter) {
  const Element found = container.FindStored(effect.field);
  if (!found || found.is_packed() || !found.shows()) return;
  reporter.Increased(found.full(), type, effect.field);
}

template <class Container>
void ReportDoublePops(const Container* container, ValueType type, const EffectView& effect,
                      ConflictReporter& reporter) {
  for (ElementReader element(effect); element.Next();) {
    if (container != nullptr && container->Contains(element.name())) continue;
    reporter.DoublePop(type, element.name());
  }
}

// Before the effect is applied: a delete and a write of a HyperLogLog neither of which had seen the
// other.
void ReportDeleteWins(const HyperLogLog& value, const EffectView& effect, const Context& context,
                      ConflictReporter& reporter) {
  if (effect.kind == EffectKind::kHyperLogLogMerge) {
    const Stamp of_delete = value.Void(context);
    if (of_delete.is_zero()) return;
    return reporter.DeleteWon(ValueType::kHyperLogLog, {}, of_delete, context.stamp());
  }
  const Result<KeyResets> resets = KeyResets::Decode(effect.resets);
  if (!resets || (resets->buries & bury::kHyperLogLog) == 0) return;
  for (const Stamp lost : value.writers().entries()) {
    if (context.Covers(lost)) continue;
    reporter.DeleteWon(ValueType::kHyperLogLog, {}, context.stamp(), lost);
  }
}

}  // namespace

void Object::Apply(const EffectView& effect, const Context& context, ConflictSink* conflicts) {
  const bool report = conflicts != nullptr && !context.covers_everything();
  if (report) ReportAhead(effect, context, *conflicts);
  ApplyToContainers(effect, context);
  if (effect.has(effect_flag::kCreates)) ttl_.Assign(context, kInfinite);
  if (report) Report(effect, context, *conflicts);
  ReleaseEmptyContainers();
}

void Object::ApplyToContainers(const EffectView& effect, const Context& context) {
  switch (effect.kind) {
    case EffectKind::kSet:
      RemoveCovered(context, ValueType::kString);
      Made(string_).Assign(context, effect.value);
      ApplyResets(context, effect.resets);
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
      RemoveElements(set_.get(), effect, context);
      break;
    case EffectKind::kListPushRight:
    case EffectKind::kListPushLeft:
    case EffectKind::kListInsert:
      ApplyToList(Made(list_), effect, context);
      break;
    case EffectKind::kListSet:
    case EffectKind::kListRemove:
    case EffectKind::kListTrim:
      if (list_ != nullptr) ApplyToList(*list_, effect, context);
      break;
    case EffectKind::kHashSet:
      AssignElements(Made(hash_, context), effect, context);
      break;
    case EffectKind::kHashDelete:
      RemoveElements(hash_.get(), effect, context);
      break;
    case EffectKind::kHashIncrement:
      Increase(Made(hash_, context), effect, context);
      break;
    case EffectKind::kSortedSetAdd:
      AssignElements(Made(sorted_set_, context), effect, context);
      break;
    case EffectKind::kSortedSetRemove:
      RemoveElements(sorted_set_.get(), effect, context);
      break;
    case EffectKind::kSortedSetIncrement:
      Increase(Made(sorted_set_, context), effect, context);
      break;
    case EffectKind::kEndHidden:
      RemoveCovered(context, effect.kept);
      ApplyResets(context, effect.resets);
      break;
    case EffectKind::kClear:
      Require(false, "a clear concerns a whole table");
      break;
    case EffectKind::kRepair:
      Require(false, "a repair puts an object in the place of another one");
      break;
    case EffectKind::kHyperLogLogMerge:
      Made(hyperloglog_).Apply(effect, context);
      break;
    default:
      Made(stream_).Apply(effect, context);
      break;
  }
  if (effect.kind != EffectKind::kSet && effect.has(effect_flag::kEmpties)) ttl_.Clear(context);
}

void Object::RemoveCovered(const Context& context, ValueType kept) {
  ForEachSlot(*this, [&](ValueType type, auto& slot) {
    if (slot != nullptr && type != kept) RemoveAllOf(*slot, context);
  });
}

void Object::Clear(const Context& context, std::string_view resets) {
  RemoveCovered(context, ValueType::kNone);
  ApplyResets(context, resets);
  ttl_.Clear(context);
  ReleaseEmptyContainers();
}

void Object::ApplyResets(const Context& context, std::string_view bytes) {
  if (bytes.empty()) return;
  const Result<KeyResets> resets = KeyResets::Decode(bytes);
  Require(resets.has_value(), "resets are checked when their effect is decoded");
  if (string_ != nullptr) {
    for (const ObservedPart& part : resets->string) string_->counters().Reset(part);
  }
  if (hash_ != nullptr) {
    for (const auto& [field, parts] : resets->fields) ResetElement(*hash_, field, parts);
  }
  if (sorted_set_ != nullptr) {
    for (const auto& [member, parts] : resets->members) ResetElement(*sorted_set_, member, parts);
  }
  if ((resets->buries & bury::kGroups) != 0) Made(stream_).BuryGroups(context.stamp());
  if ((resets->buries & bury::kHyperLogLog) != 0) Made(hyperloglog_).Bury(context.stamp());
}

void Object::ReportAhead(const EffectView& effect, const Context& context,
                         ConflictSink& conflicts) const {
  // The flag has other meanings in effects of other kinds.
  if (effect.has(effect_flag::kPop)) ReportPops(effect, context, conflicts);
  ConflictReporter reporter(effect, context, conflicts);
  if (hyperloglog_ != nullptr) ReportDeleteWins(*hyperloglog_, effect, context, reporter);
  if (stream_ == nullptr) return;
  if (IsStreamEffect(effect.kind)) {
    ReportStreamAhead(*stream_, effect, context, reporter);
  } else if (!effect.resets.empty()) {
    ReportBuriedGroups(*stream_, effect, context, reporter);
  }
}

// Before the effect is applied: what it popped and is not there any more.
void Object::ReportPops(const EffectView& effect, const Context& context,
                        ConflictSink& conflicts) const {
  ConflictReporter reporter(effect, context, conflicts);
  if (effect.kind == EffectKind::kSetRemove) {
    ReportDoublePops(set_.get(), ValueType::kSet, effect, reporter);
  } else if (effect.kind == EffectKind::kListRemove) {
    ReportListPops(list_.get(), effect, reporter);
  } else if (effect.kind == EffectKind::kSortedSetRemove) {
    ReportDoublePops(sorted_set_.get(), ValueType::kSortedSet, effect, reporter);
  }
}

// After the effect is applied.
void Object::Report(const EffectView& effect, const Context& context,
                    ConflictSink& conflicts) const {
  ConflictReporter reporter(effect, context, conflicts);
  bool adds = true;
  switch (effect.kind) {
    case EffectKind::kSet:
      reporter.Assigned(*string_, ValueType::kString, {}, effect.value);
      break;
    case EffectKind::kIncrement:
      reporter.Increased(*string_, ValueType::kString, {});
      break;
    case EffectKind::kHashSet:
      ReportAssigned(*hash_, ValueType::kHash, effect, reporter);
      break;
    case EffectKind::kHashIncrement:
      ReportIncreased(*hash_, ValueType::kHash, effect, reporter);
      break;
    case EffectKind::kSortedSetAdd:
      ReportAssigned(*sorted_set_, ValueType::kSortedSet, effect, reporter);
      break;
    case EffectKind::kSortedSetIncrement:
      ReportIncreased(*sorted_set_, ValueType::kSortedSet, effect, reporter);
      break;
    case EffectKind::kListSet:
      ReportListAssigned(list_.get(), effect, context, reporter);
      break;
    case EffectKind::kListRemove:
    case EffectKind::kListTrim:
      adds = false;
      break;
    case EffectKind::kListPushRight:
    case EffectKind::kListPushLeft:
    case EffectKind::kListInsert:
    case EffectKind::kSetAdd:
      break;
    case EffectKind::kSetRemove:
      ReportSurvivors(set_.get(), ValueType::kSet, effect, reporter);
      adds = false;
      break;
    case EffectKind::kHashDelete:
      ReportSurvivors(hash_.get(), ValueType::kHash, effect, reporter);
      adds = false;
      break;
    case EffectKind::kSortedSetRemove:
      ReportSurvivors(sorted_set_.get(), ValueType::kSortedSet, effect, reporter);
      adds = false;
      break;
    case EffectKind::kDelete:
    case EffectKind::kClear:
      ReportWhatStays(reporter);
      adds = false;
      break;
    case EffectKind::kExpire:
    case EffectKind::kEndHidden:
      adds = false;
      break;
    case EffectKind::kHyperLogLogMerge:
      adds = hyperloglog_->Void(context).is_zero();
      break;
    default:
      ReportStreamSurvivors(*stream_, effect, reporter);
      adds = effect.kind == EffectKind::kStreamAdd || effect.kind == EffectKind::kGroupCreate;
      break;
  }
  if (const std::optional<DeadlineMs> written = DecidedDeadline(effect)) {
    ReportLives(effect, context, *written, conflicts);
  }
  if (adds && clashes()) ReportClash(effect, conflicts);
}

// Of a delete of the whole key.
void Object::ReportWhatStays(ConflictReporter& reporter) const {
  const ValueType shown = VisibleType();
  ForEachContainer([&](ValueType type, const auto& container) {
    if (type != shown) return;
    std::string scratch;
    reporter.Survivor(ConflictRule::kWriteSurvivesDelete, type, {}, container.newest(),
                      type == ValueType::kString ? string_->Text(scratch) : std::string_view());
  });
}

void Object::ReportLives(const EffectView& effect, const Context& context, DeadlineMs written,
                         ConflictSink& conflicts) const {
  for (const TtlRegister::Sibling& sibling : ttl_.siblings()) {
    if (sibling.stamp == context.stamp() || context.Covers(sibling.stamp) ||
        sibling.deadline == written) {
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

void Object::ReportClash(const EffectView& effect, ConflictSink& conflicts) const {
  std::vector<std::pair<Stamp, ValueType>> containers;
  ForEachContainer([&containers](ValueType type, const auto& container) {
    containers.emplace_back(container.newest(), type);
  });
  std::ranges::sort(containers, std::greater());
  conflicts.OnConflict({.key = effect.key,
                        .type = VisibleType(),
                        .rule = ConflictRule::kTypeClash,
                        .winner = containers[0].first,
                        .loser = containers[1].first,
                        .winner_value = NameOf(containers[0].second),
                        .loser_value = NameOf(containers[1].second)});
}

}  // namespace crdt
