// One leaf of a list, against a deque of what is in it.
#include "crdt/list_leaf.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

namespace crdt {
namespace {

struct Expected {
  ListRoot root;
  std::string text;
};

class ListLeafTest : public ::testing::Test {
 protected:
  // Both ends move outward by as many ticks, as pushes do; now and then of another writer.
  ListRoot Next(ListSide side, std::uint64_t ticks, std::uint32_t index) {
    last_ = Stamp::FromValue(last_.value() + ticks * Stamp::kTick);
    return {.stamp = last_, .index = index, .side = side};
  }
  void Append(const std::string& text, std::uint64_t ticks = 1, std::uint32_t index = 0) {
    const ListRoot root = Next(ListSide::kRight, ticks, index);
    leaf_.Append(root, ListBody::OfText(text));
    expected_.push_back({root, text});
  }
  void Prepend(const std::string& text, std::uint64_t ticks = 1, std::uint32_t index = 0) {
    const ListRoot root = Next(ListSide::kLeft, ticks, index);
    leaf_.Prepend(root, ListBody::OfText(text));
    expected_.push_front({root, text});
  }
  void PopFront() {
    leaf_.PopFront();
    expected_.pop_front();
  }
  void PopBack() {
    leaf_.PopBack();
    expected_.pop_back();
  }
  void Check() const {
    ASSERT_EQ(leaf_.size(), expected_.size());
    std::string scratch;
    auto cursor = leaf_.begin();
    for (const Expected& element : expected_) {
      ASSERT_FALSE(cursor.at_end());
      ASSERT_EQ(cursor.element().place().root, element.root);
      ASSERT_EQ(cursor.element().Text(scratch), element.text);
      cursor.Next();
    }
    ASSERT_TRUE(cursor.at_end());
    if (expected_.empty()) return;
    ASSERT_EQ(leaf_.first().place().root, expected_.front().root);
    ASSERT_EQ(leaf_.last().place().root, expected_.back().root);
    ASSERT_EQ(leaf_.last().Text(scratch), expected_.back().text);
  }

  ListLeaf leaf_;
  std::deque<Expected> expected_;
  Stamp last_ = Stamp::At(1'800'000'000'000, Writer(1, 1));
};

TEST_F(ListLeafTest, KeepsEveryKindOfValue) {
  for (const std::string& text :
       {std::string(), std::string("a"), std::string("0"), std::string("63"), std::string("64"),
        std::string("-1"), std::string("-9223372036854775808"), std::string("007"),
        std::string(127, 'x'), std::string(128, 'y'), std::string(300, '5')}) {
    Append(text);
    Prepend(text);
  }
  Check();
}

TEST_F(ListLeafTest, IsEmptiedFromEitherEnd) {
  for (const bool from_the_back : {false, true}) {
    for (int i = 0; i < 100; ++i) i % 3 == 0 ? Prepend(std::to_string(i)) : Append("text");
    while (!expected_.empty()) {
      from_the_back ? PopBack() : PopFront();
      Check();
    }
  }
}

TEST_F(ListLeafTest, BehavesAsADequeUnderRandomChanges) {
  std::mt19937 dice(7);
  for (int i = 0; i < 20000; ++i) {
    const std::string text =
        dice() % 2 == 0 ? std::to_string(dice() % 1000) : std::string(dice() % 40, 'x');
    const std::uint64_t ticks = dice() % 8 == 0 ? dice() % 100000 + 1 : 1;
    const std::uint32_t index = dice() % 8 == 0 ? dice() % 3 : 0;
    const bool has_room = leaf_.HasRoom(text.size() + 10);
    // It grows for a while and shrinks for a while.
    const bool grows = (i / 200) % 2 == 0 ? dice() % 4 != 0 : dice() % 4 == 0;
    if (grows && has_room) {
      dice() % 2 == 0 ? Append(text, ticks, index) : Prepend(text, ticks, index);
    } else if (!expected_.empty()) {
      dice() % 2 == 0 ? PopBack() : PopFront();
    }
    if (dice() % 50 == 0) leaf_.Shrink();
    Check();
  }
}

TEST_F(ListLeafTest, RoomThatIsReservedIsFilledWithoutMovingAnything) {
  ListLeaf neighbour;
  const std::string text(60, 'x');
  while (neighbour.HasRoom(text.size() + 1)) {
    neighbour.Append(Next(ListSide::kRight, 1, 0), ListBody::OfText(text));
  }
  leaf_.ReserveBefore(neighbour);
  const std::size_t reserved = leaf_.memory_bytes();
  EXPECT_GE(reserved, neighbour.used_bytes());
  for (std::uint32_t i = 1; i < neighbour.size(); ++i) Prepend(text);
  EXPECT_EQ(leaf_.memory_bytes(), reserved);
  leaf_.Shrink();
  EXPECT_EQ(leaf_.memory_bytes(), reserved) << "there is nothing that is worth giving back";
  Check();
}

}  // namespace
}  // namespace crdt
