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
  crdt::Object stranger = Copy(*object);
  crdt::VersionVector seen;
  seen.Advance(crdt::Stamp::At(1'800'000'000'000, crdt::Writer(1, 1)));
  stranger.Join(*object, seen, seen);

  // What effects alone make of a key is always written and read back.
  crdt::Object grown;
  for (std::uint64_t tick = 1; !in.at_end() && tick < 100; ++tick) {
    const auto effect = crdt::EffectView::Decode(in);
    if (!effect || effect->kind == crdt::EffectKind::kClear) break;
    const crdt::Writer writer(tick % 2 == 0 ? 1 : 2, 1);
    const auto stamp = crdt::Stamp::At(1'800'000'000'001, writer).Plus(tick);
    grown.Apply(*effect, crdt::Context::Of(seen, stamp), nullptr);
    grown = Copy(grown);
    stranger.Apply(*effect, crdt::Context::Of(seen, stamp), nullptr);
    if (tick % 3 == 0) seen.Advance(stamp);
  }
  crdt::VersionVector all;
  all.Advance(crdt::Stamp::At(1'900'000'000'000, crdt::Writer(1, 1)));
  all.Advance(crdt::Stamp::At(1'900'000'000'000, crdt::Writer(2, 1)));
  const std::string before = BytesOf(grown);
  grown.Join(Copy(grown), all, all);
  crdt::Require(BytesOf(grown) == before, "a join with itself changes nothing");
  (void)BytesOf(stranger);
  (void)stranger.VisibleType();
  stranger.DropSpent();
}

}  // namespace fuzz
