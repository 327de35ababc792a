#include "crdt/prepare_list.h"

#include <optional>

#include "crdt/effect_parts.h"
#include "crdt/list_value.h"

namespace crdt {

using effect_flag::kHasFirst;
using effect_flag::kHasLast;
using effect_flag::kOnLeft;
using effect_flag::kPop;

void PrepareListPush(const KeyView& view, std::string_view key, ListSide side,
                     std::span<const std::string_view> values, EffectList& out) {
  EndHidden(view, key, out);
  ByteWriter body =
      out.Begin(side == ListSide::kRight ? EffectKind::kListPushRight : EffectKind::kListPushLeft,
                CreatesFlag(view), key);
  body.Varint(values.size());
  for (const std::string_view value : values) body.Bytes(value);
}

bool PrepareListInsert(const KeyView& view, std::string_view key, std::uint64_t index,
                       std::string_view value, EffectList& out) {
  const ListValue& list = view.list();
  std::optional<ListPosition> before;
  std::optional<ListPosition> after;
  if (index > 0) before = list.At(index - 1).place().Copy();
  if (index < list.size()) after = list.At(index).place().Copy();
  const std::optional<ListGap> gap = GapBetween(before, after);
  if (!gap) return false;
  EndHidden(view, key, out);
  ByteWriter body =
      out.Begin(EffectKind::kListInsert, gap->side == ListSide::kLeft ? kOnLeft : 0, key);
  ListPlaceWriter(body).Put(gap->parent);
  body.Bytes(value);
  return true;
}

void PrepareListSet(const KeyView& view, std::string_view key, std::uint64_t index,
                    std::string_view value, EffectList& out) {
  EndHidden(view, key, out);
  ByteWriter body = out.Begin(EffectKind::kListSet, 0, key);
  ListPlaceWriter(body).Put(view.list().At(index).place());
  body.Bytes(value);
}

void PrepareListPop(const KeyView& view, std::string_view key, std::uint64_t index,
                    std::uint64_t count, EffectList& out) {
  const ListValue& list = view.list();
  ByteWriter body =
      out.Begin(EffectKind::kListRemove,
                static_cast<std::uint8_t>(kPop | EmptiesFlag(view, count, list.size())), key);
  body.Varint(count);
  ListPlaceWriter places(body);
  if (count == 1) return places.Put(list.At(index).place());
  list.ForEach(index, count, [&places](const ListElementView& element) {
    places.Put(element.place());
    return true;
  });
}

void PrepareListRemove(const KeyView& view, std::string_view key,
                       std::span<const ListPosition> positions, EffectList& out) {
  ByteWriter body = out.Begin(EffectKind::kListRemove,
                              EmptiesFlag(view, positions.size(), view.list().size()), key);
  body.Varint(positions.size());
  ListPlaceWriter places(body);
  for (const ListPosition& position : positions) places.Put(position);
}

void PrepareListTrim(const KeyView& view, std::string_view key, std::uint64_t index,
                     std::uint64_t count, EffectList& out) {
  const ListValue& list = view.list();
  if (count == 0) {
    out.Begin(EffectKind::kListTrim, EmptiesFlag(view, list.size(), list.size()), key);
    return;
  }
  const bool cuts_before = index > 0;
  const bool cuts_behind = index + count < list.size();
  if (!cuts_before && !cuts_behind) return;
  ByteWriter body = out.Begin(
      EffectKind::kListTrim,
      static_cast<std::uint8_t>((cuts_before ? kHasFirst : 0) | (cuts_behind ? kHasLast : 0)), key);
  ListPlaceWriter places(body);
  if (cuts_before) places.Put(list.At(index).place());
  if (cuts_behind) places.Put(list.At(index + count - 1).place());
}

}  // namespace crdt
