// Bytes from outside: what does not decode is an error, and what decodes can be applied.
#include "crdt/effect.h"

#include <random>

#include "regions.h"

namespace crdt {
namespace {

// One effect of every kind, with counters to reset and types that clash.
std::vector<std::string> ValidEffects() {
  TestRegion one(1);
  TestRegion two(2);
  std::vector<WrittenRecord> records = {
      one.Set("k", "value"),
      one.Set("k", "value", {.ttl = Ttl::kDeadline, .deadline = 1234567}),
      one.Increment("n", 300),
      one.IncrementFloat("n", 0.5),
      one.Increment("n", -1),
      one.Expire("n", 1234567),
      one.Expire("n", kInfinite),
      one.Set("n", "5"),
      one.Increment("n", 2),
      one.Delete("n"),
      one.SetAdd("s", {"a", "b"}),
      one.SetRemove("s", {"a"}),
      one.HashSet("h", {{"f", "1"}, {"g", "2"}}),
      one.HashIncrement("h", "f", 5),
      one.HashSet("h", {{"f", "1"}}),
      one.HashIncrement("h", "f", 5),
      one.HashDelete("h", {"f"}),
      one.HashIncrement("h", "f", 5),
  };
  two.Receive(one.SetAdd("clash", {"m"}));
  one.Receive(two.Write("clash", [&](auto&, auto& out) {
    PrepareIncrement(KeyView(), "clash", two.writer(), 5, out);
  }));
  records.push_back(one.SetAdd("clash", {"n"}));
  records.push_back(one.Increment("n", 2));
  records.push_back(one.Flush());
  std::vector<std::string> effects;
  for (const WrittenRecord& record : records) {
    ByteReader in(record.effects);
    while (!in.at_end()) effects.emplace_back(EffectView::Decode(in).value().bytes);
  }
  return effects;
}

void ApplyIfItDecodes(std::string_view bytes, KeyTable& table, std::uint64_t number) {
  ByteReader in(bytes);
  const auto effect = EffectView::Decode(in);
  if (!effect) return;
  VersionVector vector;
  const Context context =
      Context::Of(vector, Stamp::At(number * 1000 + Stamp::kEpochStartMs, Writer(3, 1)));
  EXPECT_FALSE(effect->ToString().empty());
  if (effect->kind == EffectKind::kClear) {
    ResetsByKey resets;
    for (ElementReader key(*effect); key.Next();) resets[key.name()] = key.resets();
    ClearTable(table, resets, context);
    return;
  }
  ReportedConflicts reports;
  ApplyToTable(table, KeyTable::Hash(effect->key), *effect, context, &reports);
}

// Everything that a table stores can be shown, and is read again as it was written.
void ExpectReadable(const KeyTable& table) {
  table.ForEach([](const KeyCell& cell) {
    std::string scratch;
    const KeyView view(&cell);
    if (view.type() == ValueType::kString) view.Text(scratch);
    std::string bytes;
    ByteWriter out(bytes);
    EncodeCell(cell, out);
    ByteReader in(bytes);
    const auto object = Object::Decode(in);
    ASSERT_TRUE(object) << object.error().detail;
    std::string again;
    ByteWriter out_again(again);
    object->Encode(out_again);
    EXPECT_EQ(again, bytes);
  });
}

TEST(Effect, EveryKindIsAmongTheExamples) {
  std::set<EffectKind> kinds;
  for (const std::string& bytes : ValidEffects()) {
    ByteReader in(bytes);
    kinds.insert(EffectView::Decode(in).value().kind);
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(EffectKind::kClear));
}

TEST(Effect, EveryTruncationOfAnEffectIsAnError) {
  for (const std::string& bytes : ValidEffects()) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ByteReader in(std::string_view(bytes).substr(0, size));
      EXPECT_FALSE(EffectView::Decode(in)) << size << " of " << bytes.size() << " bytes";
    }
  }
}

TEST(Effect, DamagedBytesNeverBreakTheState) {
  std::mt19937_64 random(7);
  const std::vector<std::string> valid = ValidEffects();
  KeyTable table;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    std::string bytes = valid[random() % valid.size()];
    for (std::uint64_t flips = random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    ApplyIfItDecodes(bytes, table, i);
  }
  ExpectReadable(table);
}

TEST(Effect, NoiseNeverBreaksTheState) {
  std::mt19937_64 random(8);
  KeyTable table;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    std::string bytes(random() % 60, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 3 == 0 ? random() : random() % 12);
    ApplyIfItDecodes(bytes, table, i);
  }
  ExpectReadable(table);
}

TEST(Effect, AnEffectThatBothCreatesAndExpiresWritesOneDeadline) {
  EffectList list;
  list.Begin(EffectKind::kExpire, effect_flag::kCreates, "k").Signed(5);
  KeyTable table;
  ApplyIfItDecodes(list.bytes(), table, 1);
  ExpectReadable(table);
}

TEST(Effect, FinePrint17_TotalsThatCouldOverflowASumAreRefused) {
  EffectList list;
  ByteWriter out = list.Begin(EffectKind::kIncrement, effect_flag::kFresh, "k");
  Total{.integer = Int128{1} << 120}.Encode(out);
  ByteReader in(list.bytes());
  EXPECT_FALSE(EffectView::Decode(in));
}

TEST(Effect, AnUnknownKindIsUnsupportedAndNotDamage) {
  std::string bytes;
  ByteWriter out(bytes);
  out.U8(99);
  out.U8(0);
  out.Bytes("k");
  ByteReader in(bytes);
  EXPECT_EQ(EffectView::Decode(in).error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace crdt
