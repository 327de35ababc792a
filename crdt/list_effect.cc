#include "crdt/list_effect.h"

#include <cstdint>
#include <optional>
#include <string>

namespace crdt {
namespace {

using effect_flag::kHasFirst;
using effect_flag::kHasLast;
using effect_flag::kOnLeft;

// flags, ticks.
constexpr std::size_t kLeastPlaceBytes = 2;

void Push(ListValue& list, ListSide side, const EffectView& effect, const Context& context) {
  ListRoot root{.stamp = context.stamp(), .index = 0, .side = side};
  for (ElementReader element(effect); element.Next(); ++root.index) {
    list.Insert({root, {}}, context.stamp(), element.name());
  }
}

void Insert(ListValue& list, const EffectView& effect, const Context& context) {
  const ListGap gap{ListPlacesOf(effect).front().Copy(),
                    effect.has(kOnLeft) ? ListSide::kLeft : ListSide::kRight};
  list.Insert(PositionIn(gap, context.stamp()), context.stamp(), effect.value);
}

void Trim(ListValue& list, const EffectView& effect, const Context& context) {
  const ListPlaces places = ListPlacesOf(effect);
  if (places.empty()) return list.RemoveAll(context);
  std::optional<ListPlace> first;
  std::optional<ListPlace> last;
  if (effect.has(kHasFirst)) first = places.front();
  if (effect.has(kHasLast)) last = places.back();
  list.Trim(context, first, last);
}

}  // namespace

void DecodeListBody(ByteReader& in, EffectView& effect) {
  switch (effect.kind) {
    case EffectKind::kListRemove:
      effect.element_count = in.Count(kLeastPlaceBytes);
      break;
    case EffectKind::kListTrim:
      effect.element_count = (effect.has(kHasFirst) ? 1 : 0) + (effect.has(kHasLast) ? 1 : 0);
      break;
    default:
      effect.element_count = 1;
      break;
  }
  const char* const begin = in.position();
  ListPlaceReader places(in);
  ListPlace last;
  for (std::uint64_t i = 0; i < effect.element_count && in.ok(); ++i) {
    const ListPlace place = places.Get();
    // A trim may keep one element, which is both the first and the last.
    const auto order = i == 0 ? std::strong_ordering::less : CompareListPlaces(last, place);
    const bool in_order = order < 0 || (order == 0 && effect.kind == EffectKind::kListTrim);
    if (in.ok() && !in_order) in.Invalidate();
    last = place;
  }
  // The new element's path is longer by a step.
  if (effect.kind == EffectKind::kListInsert &&
      last.steps.size() >= kMostListSteps * kListStepBytes) {
    in.Invalidate();
  }
  if (in.ok()) effect.elements = {begin, static_cast<std::size_t>(in.position() - begin)};
  if (effect.kind == EffectKind::kListInsert || effect.kind == EffectKind::kListSet) {
    effect.value = in.Bytes();
  }
}

ListPlaces ListPlacesOf(const EffectView& effect) {
  ListPlaces places;
  places.reserve(effect.element_count);
  ByteReader in(effect.elements);
  ListPlaceReader reader(in);
  while (places.size() < effect.element_count) places.push_back(reader.Get());
  return places;
}

void ApplyToList(ListValue& list, const EffectView& effect, const Context& context) {
  switch (effect.kind) {
    case EffectKind::kListPushRight:
      return Push(list, ListSide::kRight, effect, context);
    case EffectKind::kListPushLeft:
      return Push(list, ListSide::kLeft, effect, context);
    case EffectKind::kListInsert:
      return Insert(list, effect, context);
    case EffectKind::kListSet:
      // Where the element is gone the pop wins: a job that was taken does not come back.
      list.Assign(ListPlacesOf(effect).front(), context, effect.value);
      return;
    case EffectKind::kListRemove:
      return list.Remove(ListPlacesOf(effect), [](const ListPlace&) {});
    case EffectKind::kListTrim:
      return Trim(list, effect, context);
    default:
      Require(false, "an effect on a list");
  }
}

void ReportListPops(const ListValue* list, const EffectView& effect, ConflictReporter& reporter) {
  for (const ListPlace& place : ListPlacesOf(effect)) {
    if (list != nullptr && list->Find(place)) continue;
    reporter.DoublePop(ValueType::kList, ToString(place));
  }
}

void ReportListAssigned(const ListValue* list, const EffectView& effect, const Context& context,
                        ConflictReporter& reporter) {
  if (list == nullptr) return;
  const ListPlace place = ListPlacesOf(effect).front();
  const std::optional<ListElementView> element = list->Find(place);
  if (!element) return;
  for (const Sibling& sibling : element->Siblings()) {
    if (sibling.stamp == context.stamp() || context.Covers(sibling.stamp)) continue;
    reporter.Collision(ConflictRule::kLastWriterWins, ValueType::kList, ToString(place),
                       sibling.stamp, effect.value, sibling.value);
  }
}

}  // namespace crdt
