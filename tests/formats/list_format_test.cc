// The bytes of lists: their effects, and their objects.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "crdt/prepare_list.h"
#include "written_key.h"

namespace crdt {
namespace {

formats::WrittenKey::Prepare Push(ListSide side) {
  return [side](const KeyView& view, EffectList& out) {
    PrepareListPush(view, "key", side, std::array<std::string_view, 3>{"a", "", "\x01\xff"}, out);
  };
}

formats::Written Lists() {
  formats::WrittenKey key;
  formats::Written written;
  written.effects.emplace_back("list_push_right", key.Write(1, Push(ListSide::kRight)));
  written.objects.emplace_back("one_push", key.Bytes());
  written.effects.emplace_back("list_push_left", key.Write(2, Push(ListSide::kLeft)));
  written.effects.emplace_back("list_insert", key.Write(1, [](auto& view, auto& out) {
    EXPECT_TRUE(PrepareListInsert(view, "key", 3, "between", out));
  }));
  key.Write(2, [](auto& view, auto& out) {
    EXPECT_TRUE(PrepareListInsert(view, "key", 4, "deeper", out));
  });
  written.objects.emplace_back("inserted", key.Bytes());
  const auto set = [](auto& view, auto& out) { PrepareListSet(view, "key", 1, "new", out); };
  written.effects.emplace_back("list_set", key.Write(1, set));
  key.WriteBlindly(2, set);
  written.objects.emplace_back("two_values", key.Bytes());
  written.effects.emplace_back("list_pop", key.Write(2, [](auto& view, auto& out) {
    PrepareListPop(view, "key", 0, 1, out);
  }));
  written.effects.emplace_back("list_remove", key.Write(1, [](auto& view, auto& out) {
    const std::array positions{view.list().At(0).place().Copy(), view.list().At(3).place().Copy()};
    PrepareListRemove(view, "key", positions, out);
  }));
  written.effects.emplace_back("list_trim", key.Write(1, [](auto& view, auto& out) {
    PrepareListTrim(view, "key", 1, 2, out);
  }));
  written.objects.emplace_back("trimmed", key.Bytes());
  return written;
}

TEST(Formats, ListsAreWrittenAsTheyWere) {
  formats::ExpectWrittenAsItWas("list", Lists());
}

TEST(Formats, ListsOfEveryVersionAreReadAndWrittenBack) {
  formats::ExpectEveryVersionIsRead("list");
}

TEST(Formats, ListsThatEndEarlyAreRefused) {
  formats::ExpectEarlyEndsAreRefused(Lists());
}

}  // namespace
}  // namespace crdt
