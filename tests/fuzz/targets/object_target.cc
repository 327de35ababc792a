// Objects as a join brings them: what decodes is written back as it was, takes effects, and joins.
#include <string>

#include "crdt/object.h"
#include "targets.h"

namespace fuzz {
namespace {

std::string BytesOf(const crdt::Object& object) {
  std::string bytes;
  crdt::ByteWriter out(bytes);
  object.Encode(out);
  return bytes;
}

crdt::Object Copy(const crdt::Object& object) {
  const std::string bytes = BytesOf(object);
  crdt::ByteReader in(bytes);
  auto copy = crdt::Object::Decode(in);
  crdt::Require(copy.has_value() && in.at_end(), "what was written is read");
  crdt::Require(BytesOf(*copy) == bytes, "the same state has the same bytes");
  return *std::move(copy);
}

}  // namespace

void FuzzObjects(std::string_view bytes) {
  crdt::ByteReader in(bytes);
  const auto object = crdt::Object::Decode(in);
  if (!object) return;
  crdt::VersionVector seen;
  seen.Advance(crdt::Stamp::At(1'800'000'000'000, crdt::Writer(1, 1)));

  crdt::Object joined = Copy(*object);
  joined.Join(*object, seen, seen);
  crdt::Require(BytesOf(joined) == BytesOf(*object), "a join with itself changes nothing");

  crdt::Object changed = Copy(*object);
  for (std::uint64_t tick = 1; !in.at_end() && tick < 100; ++tick) {
    const auto effect = crdt::EffectView::Decode(in);
    if (!effect || effect->kind == crdt::EffectKind::kClear) break;
    const auto stamp = crdt::Stamp::At(1'800'000'000'001, crdt::Writer(2, 1)).Plus(tick);
    changed.Apply(*effect, crdt::Context::Of(seen, stamp), nullptr);
  }
  changed = Copy(changed);
  changed.Join(*object, seen, seen);
  changed.DropSpent();
  (void)changed.VisibleType();
}

}  // namespace fuzz
