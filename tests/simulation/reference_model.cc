#include "tests/simulation/reference_model.h"

#include <cstdlib>
#include <limits>
#include <optional>
#include <set>

#include "crdt/list_effect.h"
#include "storage/key_location.h"
#include "tests/simulation/story.h"

namespace simulation {

using crdt::EffectKind;
using crdt::EffectView;
using crdt::Stamp;
using crdt::ValueType;

// What the author of an effect had seen.
struct ReferenceModel::Seen {
  const KnownRecord& record;
  Stamp stamp;
  const crdt::VersionVector* beyond = nullptr;  // Of the key's partition.

  Seen Of(std::string_view key) const {
    const auto found = record.beyond.find(storage::PartitionOf(key));
    return {record, stamp, found == record.beyond.end() ? nullptr : &found->second};
  }
  bool Covers(Stamp other) const {
    if (other.writer() == stamp.writer()) return other < stamp;
    return record.context.Covers(other) || (beyond != nullptr && beyond->Covers(other));
  }
};

void ReferenceModel::Clear(Value& value, const Seen& seen) {
  std::erase_if(value.assigned, [&](const auto& entry) { return seen.Covers(entry.first); });
  std::erase_if(value.added, [&](const auto& entry) { return seen.Covers(entry.first); });
}

void ReferenceModel::Clear(Values& values, const Seen& seen) {
  for (auto& [name, value] : values) Clear(value, seen);
}

void ReferenceModel::Clear(List& list, const Seen& seen) {
  std::erase_if(list, [&](const auto& entry) { return seen.Covers(entry.first.inserted()); });
}

void ReferenceModel::Clear(Key& key, const Seen& seen) {
  Clear(key.list, seen);
  Clear(key.string, seen);
  Clear(key.hash, seen);
  Clear(key.set, seen);
  Clear(key.sorted_set, seen);
  key.stream.Clear([&seen](Stamp stamp) { return seen.Covers(stamp); });
  std::erase_if(key.deadlines, [&](const auto& entry) { return seen.Covers(entry.first); });
}

// Of groups and HyperLogLogs a delete wins, where its author had seen the stream or that.
void ReferenceModel::Bury(Key& key, std::string_view resets, Stamp stamp) {
  const auto seen = crdt::KeyResets::Decode(resets);
  if (seen && (seen->buries & crdt::bury::kGroups) != 0) key.stream.Bury(stamp);
  if (seen && (seen->buries & crdt::bury::kHyperLogLog) != 0) key.hyperloglog.Bury(stamp);
}

void ReferenceModel::Increase(const EffectView& effect, const Seen& seen, Value& value) {
  const Stamp lineage = effect.has(crdt::effect_flag::kFresh) || effect.lineage_start.is_zero()
                            ? seen.stamp
                            : effect.lineage_start;
  const bool of_string = effect.kind == EffectKind::kIncrement;
  const char* const mark = effect.kind == EffectKind::kHashIncrement ? "." : ":";
  crdt::Total& before = totals_[{.key = std::string(effect.key),
                                 .field = of_string ? "" : mark + std::string(effect.field),
                                 .lineage = lineage}];
  value.added[seen.stamp] = {.lineage = lineage,
                             .total = effect.total,
                             .step = {.integer = effect.total.integer - before.integer,
                                      .floating = effect.total.floating - before.floating}};
  before = effect.total;
}

ReferenceModel::Values& ReferenceModel::ElementsOf(Key& key, EffectKind kind) {
  switch (kind) {
    case EffectKind::kHashSet:
    case EffectKind::kHashDelete:
    case EffectKind::kHashIncrement:
      return key.hash;
    case EffectKind::kSetAdd:
    case EffectKind::kSetRemove:
      return key.set;
    default:
      return key.sorted_set;
  }
}

void ReferenceModel::ApplyToList(const EffectView& effect, const Seen& seen, List& list) {
  switch (effect.kind) {
    case EffectKind::kListPushRight:
    case EffectKind::kListPushLeft: {
      const auto side = effect.kind == EffectKind::kListPushRight ? crdt::ListSide::kRight
                                                                  : crdt::ListSide::kLeft;
      crdt::ListRoot root{.stamp = seen.stamp, .index = 0, .side = side};
      for (crdt::ElementReader element(effect); element.Next(); ++root.index) {
        list[{root, {}}].assigned[seen.stamp] = element.name();
      }
      break;
    }
    case EffectKind::kListInsert: {
      const crdt::ListGap gap{
          crdt::ListPlacesOf(effect).front().Copy(),
          effect.has(crdt::effect_flag::kOnLeft) ? crdt::ListSide::kLeft : crdt::ListSide::kRight};
      list[crdt::PositionIn(gap, seen.stamp)].assigned[seen.stamp] = effect.value;
      break;
    }
    case EffectKind::kListSet: {
      const auto found = list.find(crdt::ListPlacesOf(effect).front().Copy());
      if (found == list.end()) break;
      Clear(found->second, seen);
      found->second.assigned[seen.stamp] = effect.value;
      break;
    }
    case EffectKind::kListRemove:
      for (const crdt::ListPlace& place : crdt::ListPlacesOf(effect)) list.erase(place.Copy());
      break;
    case EffectKind::kListTrim: {
      const crdt::ListPlaces places = crdt::ListPlacesOf(effect);
      std::erase_if(list, [&](const auto& entry) {
        const crdt::ListPlace place(entry.first);
        const bool before = effect.has(crdt::effect_flag::kHasFirst) &&
                            crdt::CompareListPlaces(place, places.front()) < 0;
        const bool behind = effect.has(crdt::effect_flag::kHasLast) &&
                            crdt::CompareListPlaces(place, places.back()) > 0;
        return (places.empty() || before || behind) && seen.Covers(place.inserted());
      });
      break;
    }
    default:
      throw Violation("an effect on a list that the model does not know");
  }
}

void ReferenceModel::ApplyEffect(const EffectView& effect, const Seen& seen,
                                 const WasLost& was_lost) {
  if (effect.kind == EffectKind::kClear) {
    for (auto& [name, key] : keys_) {
      if (!was_lost(name, seen.stamp)) Clear(key, seen.Of(name));
    }
    for (crdt::ElementReader key(effect); key.Next();) {
      if (was_lost(key.name(), seen.stamp)) continue;
      Bury(keys_[std::string(key.name())], key.resets(), seen.stamp);
    }
    return;
  }
  if (was_lost(effect.key, seen.stamp)) return;
  Key& key = keys_[std::string(effect.key)];
  Bury(key, effect.resets, seen.stamp);
  const auto set_deadline = [&](std::int64_t deadline) {
    std::erase_if(key.deadlines, [&](const auto& entry) { return seen.Covers(entry.first); });
    key.deadlines[seen.stamp] = deadline;
  };
  const auto covers = [&seen](Stamp stamp) { return seen.Covers(stamp); };
  switch (effect.kind) {
    case EffectKind::kSet:
      Clear(key.hash, seen);
      Clear(key.set, seen);
      Clear(key.sorted_set, seen);
      Clear(key.list, seen);
      key.stream.Clear(covers);
      Clear(key.string, seen);
      key.string.assigned[seen.stamp] = effect.value;
      if (!effect.has(crdt::effect_flag::kKeepTtl)) {
        set_deadline(effect.has(crdt::effect_flag::kHasDeadline) ? effect.deadline
                                                                 : crdt::kInfinite);
      }
      break;
    case EffectKind::kDelete:
      Clear(key, seen);
      break;
    case EffectKind::kIncrement:
      Increase(effect, seen, key.string);
      break;
    case EffectKind::kExpire:
      set_deadline(effect.deadline);
      break;
    case EffectKind::kSetAdd:
    case EffectKind::kHashSet:
    case EffectKind::kSortedSetAdd:
      for (crdt::ElementReader element(effect); element.Next();) {
        Value& value = ElementsOf(key, effect.kind)[std::string(element.name())];
        Clear(value, seen);
        value.assigned[seen.stamp] = element.value();
      }
      break;
    case EffectKind::kSetRemove:
    case EffectKind::kHashDelete:
    case EffectKind::kSortedSetRemove:
      for (crdt::ElementReader element(effect); element.Next();) {
        Clear(ElementsOf(key, effect.kind)[std::string(element.name())], seen);
      }
      break;
    case EffectKind::kHashIncrement:
    case EffectKind::kSortedSetIncrement:
      Increase(effect, seen, ElementsOf(key, effect.kind)[std::string(effect.field)]);
      break;
    case EffectKind::kListPushRight:
    case EffectKind::kListPushLeft:
    case EffectKind::kListInsert:
    case EffectKind::kListSet:
    case EffectKind::kListRemove:
    case EffectKind::kListTrim:
      ApplyToList(effect, seen, key.list);
      break;
    case EffectKind::kEndHidden:
      if (effect.kept != ValueType::kString) Clear(key.string, seen);
      if (effect.kept != ValueType::kHash) Clear(key.hash, seen);
      if (effect.kept != ValueType::kSet) Clear(key.set, seen);
      if (effect.kept != ValueType::kList) Clear(key.list, seen);
      if (effect.kept != ValueType::kSortedSet) Clear(key.sorted_set, seen);
      if (effect.kept != ValueType::kStream) key.stream.Clear(covers);
      break;
    case EffectKind::kClear:
      break;
    case EffectKind::kHyperLogLogMerge:
      key.hyperloglog.Apply(effect, seen.stamp, covers);
      break;
    default:
      key.stream.Apply(effect, seen.stamp, covers);
      break;
  }
  if (effect.kind != EffectKind::kSet && effect.has(crdt::effect_flag::kEmpties)) {
    std::erase_if(key.deadlines, [&](const auto& entry) { return seen.Covers(entry.first); });
  }
  if (effect.has(crdt::effect_flag::kCreates)) set_deadline(crdt::kInfinite);
}

void ReferenceModel::Apply(Stamp first, const KnownRecord& record, const WasLost& was_lost) {
  crdt::ByteReader in(record.effects);
  for (Stamp stamp = first; !in.at_end(); stamp = stamp.Plus(1)) {
    const auto effect = EffectView::Decode(in);
    if (!effect) throw Violation("a record was logged whose effects do not decode");
    const Seen seen{record, stamp};
    ApplyEffect(*effect, effect->kind == EffectKind::kClear ? seen : seen.Of(effect->key),
                was_lost);
  }
}

// --- Showing -------------------------------------------------------------------------------------

Stamp ReferenceModel::Value::newest() const {
  const Stamp assignment = assigned.empty() ? Stamp() : assigned.rbegin()->first;
  return std::max(assignment, added.empty() ? Stamp() : added.rbegin()->first);
}

std::string ReferenceModel::Value::Text() const {
  const std::string base = assigned.empty() ? "0" : assigned.rbegin()->second;
  if (added.empty()) return base;
  crdt::Total sum;
  for (const auto& [stamp, increment] : added) {
    sum.integer += increment.step.integer;
    sum.floating += increment.step.floating;
  }
  // Float increments are multiples of 1/4 here and sums stay small, so any order gives the same.
  char* end = nullptr;
  const long double number = std::strtold(base.c_str(), &end);
  if (base.empty() || *end != '\0') return base;
  const long double shown =
      number + static_cast<long double>(sum.integer) + static_cast<long double>(sum.floating);
  char text[64];
  std::snprintf(text, sizeof text, "%.2Lf", shown);
  std::string digits = text;
  while (digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  return digits == "-0" ? "0" : digits;
}

Stamp ReferenceModel::Newest(const Values& values) {
  Stamp newest;
  for (const auto& [name, value] : values) newest = std::max(newest, value.newest());
  return newest;
}

ValueType ReferenceModel::VisibleType(const Key& key) {
  const Stamp string = key.string.newest();
  const Stamp hash = Newest(key.hash);
  const Stamp set = Newest(key.set);
  Stamp list;
  for (const auto& [position, value] : key.list) list = std::max(list, value.newest());
  const Stamp scored = Newest(key.sorted_set);
  const Stamp stream = key.stream.newest();
  const Stamp newest =
      std::max({string, hash, set, list, scored, stream, key.hyperloglog.newest()});
  if (newest.is_zero()) return ValueType::kNone;
  if (newest == string) return ValueType::kString;
  if (newest == hash) return ValueType::kHash;
  if (newest == set) return ValueType::kSet;
  if (newest == list) return ValueType::kList;
  if (newest == scored) return ValueType::kSortedSet;
  return newest == stream ? ValueType::kStream : ValueType::kHyperLogLog;
}

std::string ReferenceModel::CompareKey(const std::string& name, const Key& key,
                                       const crdt::KeyView& view) {
  const ValueType type = VisibleType(key);
  if (type != view.type()) {
    return "key " + name + " shows type " + std::to_string(static_cast<int>(view.type())) +
           ", should be " + std::to_string(static_cast<int>(type));
  }
  if (type == ValueType::kNone) return {};
  if (type == ValueType::kString) {
    std::string scratch;
    const std::string shown(view.Text(scratch));
    const std::string right = key.string.Text();
    return shown == right ? "" : "key " + name + " shows " + shown + ", should be " + right;
  }
  if (type == ValueType::kList) return CompareList(name, key.list, view.list());
  if (type == ValueType::kStream) {
    const std::string difference = key.stream.Compare(view.stream());
    return difference.empty() ? "" : "key " + name + " " + difference;
  }
  if (type == ValueType::kHyperLogLog) {
    const std::string difference = key.hyperloglog.Compare(view.hyperloglog());
    return difference.empty() ? "" : "key " + name + " " + difference;
  }
  const bool scored = type == ValueType::kSortedSet;
  std::map<std::string, std::string> right;
  for (const auto& [element, value] : type == ValueType::kHash ? key.hash
                                      : scored                 ? key.sorted_set
                                                               : key.set) {
    if (!value.visible()) continue;
    right[element] = type == ValueType::kSet ? "" : value.Text();
  }
  const crdt::ElementTable& elements = scored ? view.sorted_set().members() : view.elements();
  std::map<std::string, std::string> shown;
  elements.ForEach([&](std::string_view element, std::string_view text) {
    crdt::ScoreBuffer buffer;
    shown[std::string(element)] =
        scored ? crdt::FormatScore(*view.sorted_set().Score(element), buffer) : text;
  });
  if (shown == right) return scored ? CompareOrder(name, view.sorted_set()) : "";
  std::string difference = "key " + name + " shows";
  for (const auto& [element, text] : shown) difference += " " + element + "=" + text;
  difference += ", should be";
  for (const auto& [element, text] : right) difference += " " + element + "=" + text;
  return difference;
}

std::string ReferenceModel::CompareList(const std::string& name, const List& right,
                                        const crdt::ListValue& list) {
  std::string shown_text;
  std::string scratch;
  list.ForEach(0, list.size(), [&](const crdt::ListElementView& element) {
    shown_text.append(" ").append(element.Text(scratch));
    return true;
  });
  std::string right_text;
  for (const auto& [position, value] : right) right_text.append(" ").append(value.Text());
  if (shown_text == right_text) return {};
  return "list " + name + " shows" + shown_text + ", should be" + right_text;
}

// The order is derived from what is shown: it must not have gone astray.
std::string ReferenceModel::CompareOrder(const std::string& name, const crdt::SortedSet& set) {
  std::string astray;
  std::pair<double, std::string> before{-std::numeric_limits<double>::infinity(), ""};
  set.Ascend(0, [&](const crdt::RankedMember& member) {
    const std::pair<double, std::string> entry{member.score, member.name};
    if (set.Score(entry.second) != entry.first || entry < before) astray = entry.second;
    before = entry;
    return astray.empty();
  });
  if (!astray.empty()) return "key " + name + " has " + astray + " out of its place";
  return set.size() == set.members().size() ? "" : "key " + name + " has lost a member's place";
}

std::string ReferenceModel::Compare(const storage::Keyspace& keyspace, std::int64_t now_ms) const {
  std::set<std::string> shown;
  for (const crdt::KeyTable* table : keyspace.Tables()) {
    table->ForEach([&](const crdt::KeyCell& cell) {
      if (crdt::KeyView(&cell).exists()) shown.emplace(cell.name());
    });
  }
  for (const auto& [name, key] : keys_) {
    shown.erase(name);
    std::int64_t deadline = 0;
    for (const auto& [stamp, at] : key.deadlines) deadline = std::max(deadline, at);
    const crdt::KeyView view = keyspace.Find(name);
    const std::int64_t shown_deadline = view.deadline().value_or(crdt::kInfinite);
    if (!key.deadlines.empty() && deadline <= now_ms && shown_deadline <= now_ms) continue;
    if (std::string difference = CompareKey(name, key, view); !difference.empty()) {
      return difference;
    }
    const std::int64_t right = key.deadlines.empty() ? crdt::kInfinite : deadline;
    if (view.exists() && shown_deadline != right) {
      return "key " + name + " lives until " + std::to_string(shown_deadline) + ", should be " +
             std::to_string(right);
    }
  }
  return shown.empty() ? "" : "key " + *shown.begin() + " is shown and was never written";
}

}  // namespace simulation
