// A list in one region, against a plain vector of its elements.
#include "crdt/list_value.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace crdt {
namespace {

const Writer kWriter(1, 1);

class ListValueTest : public ::testing::Test {
 protected:
  Stamp Next() {
    return last_ = last_.is_zero() ? Stamp::At(1'800'000'000'000, kWriter) : last_.Plus(1);
  }
  void Push(ListSide side, const std::string& text) {
    const Stamp stamp = Next();
    list_.Insert({{.stamp = stamp, .index = 0, .side = side}, {}}, stamp, text);
    expected_.insert(side == ListSide::kRight ? expected_.end() : expected_.begin(), text);
  }
  void InsertAt(std::size_t index, const std::string& text) {
    std::optional<ListPosition> before;
    std::optional<ListPosition> after;
    if (index > 0) before = list_.At(index - 1).place().Copy();
    if (index < list_.size()) after = list_.At(index).place().Copy();
    const auto gap = GapBetween(before, after);
    if (!gap) return;
    const Stamp stamp = Next();
    list_.Insert(PositionIn(*gap, stamp), stamp, text);
    expected_.insert(expected_.begin() + static_cast<std::ptrdiff_t>(index), text);
  }
  void RemoveAt(std::size_t index, std::size_t count) {
    std::vector<ListPosition> positions;
    for (std::size_t i = 0; i < count; ++i) positions.push_back(list_.At(index + i).place().Copy());
    const std::vector<ListPlace> places(positions.begin(), positions.end());
    list_.Remove(places, [](const ListPlace&) { FAIL() << "an element is missing"; });
    const auto begin = expected_.begin() + static_cast<std::ptrdiff_t>(index);
    expected_.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
  }
  void AssignAt(std::size_t index, const std::string& text) {
    const ListPosition position = list_.At(index).place().Copy();
    EXPECT_TRUE(list_.Assign(position, Context::Everything(Next()), text));
    expected_[index] = text;
  }
  void Keep(std::size_t index, std::size_t count) {
    const ListPosition first = list_.At(index).place().Copy();
    const ListPosition last = list_.At(index + count - 1).place().Copy();
    list_.Trim(Context::Everything(Next()), first, last);
    expected_ = {expected_.begin() + static_cast<std::ptrdiff_t>(index),
                 expected_.begin() + static_cast<std::ptrdiff_t>(index + count)};
  }
  std::vector<std::string> Shown() const {
    std::vector<std::string> shown;
    std::string scratch;
    list_.ForEach(0, list_.size(), [&](const ListElementView& element) {
      shown.emplace_back(element.Text(scratch));
      return true;
    });
    return shown;
  }
  std::vector<std::string> ShownBackward() const {
    std::vector<std::string> shown;
    std::string scratch;
    list_.ForEachBackward([&](const ListElementView& element) {
      shown.emplace_back(element.Text(scratch));
      return true;
    });
    return {shown.rbegin(), shown.rend()};
  }
  void Check() const {
    ASSERT_EQ(Shown(), expected_);
    ASSERT_EQ(ShownBackward(), expected_);
    std::string scratch;
    for (std::size_t i = 0; i < expected_.size(); i += 1 + expected_.size() / 7) {
      ASSERT_EQ(list_.At(i).Text(scratch), expected_[i]);
      ASSERT_TRUE(list_.Find(list_.At(i).place().Copy()));
    }
    std::string bytes;
    ByteWriter out(bytes);
    list_.Encode(out);
    ByteReader in(bytes);
    const auto decoded = ListValue::Decode(in);
    ASSERT_TRUE(decoded.has_value());
    ASSERT_TRUE(in.at_end());
    ASSERT_EQ(*decoded, list_);
  }

  ListValue list_;
  std::vector<std::string> expected_;
  Stamp last_;
};

TEST_F(ListValueTest, KeepsEveryKindOfValue) {
  for (const std::string& value :
       {std::string(), std::string("0"), std::string("63"), std::string("64"), std::string("-1"),
        std::string("007"), std::string("-0"), std::string("9223372036854775807"),
        std::string("-9223372036854775808"), std::string("9223372036854775808"),
        std::string("text"), std::string(127, 'a'), std::string(128, 'b'),
        std::string(100'000, 'c'), std::string("\0\xff", 2)}) {
    Push(ListSide::kRight, value);
    Push(ListSide::kLeft, value);
  }
  Check();
}

TEST_F(ListValueTest, IsAQueueInBothDirections) {
  for (int i = 0; i < 3000; ++i) Push(ListSide::kLeft, "job " + std::to_string(i));
  while (!expected_.empty()) RemoveAt(expected_.size() - 1, 1);
  EXPECT_TRUE(list_.empty());
  for (int i = 0; i < 3000; ++i) Push(ListSide::kRight, "job " + std::to_string(i));
  for (int i = 0; i < 2000; ++i) RemoveAt(0, 1);
  Check();
}

TEST_F(ListValueTest, TakesNoMoreMemoryForWhatHasPassedThrough) {
  for (int i = 0; i < 1000; ++i) Push(ListSide::kLeft, "job " + std::to_string(i % 10));
  const std::size_t before = list_.memory_bytes();
  for (int i = 0; i < 100'000; ++i) {
    Push(ListSide::kLeft, "job " + std::to_string(i % 10));
    RemoveAt(expected_.size() - 1, 1);
  }
  EXPECT_LE(list_.memory_bytes(), before + before / 20 + 4096);
}

TEST_F(ListValueTest, TakesLittleMoreThanItsElements) {
  constexpr int kElements = 100'000;
  for (int i = 0; i < kElements; ++i) Push(ListSide::kRight, "element:10");
  // Ten letters, their length and the step to the next stamp; and what the leaves need.
  EXPECT_LT(list_.memory_bytes(), std::size_t{13} * kElements);
}

TEST_F(ListValueTest, RepeatedInsertionAtOneSpotKeepsPathsShort) {
  Push(ListSide::kRight, "first");
  Push(ListSide::kRight, "last");
  for (int i = 0; i < 500; ++i) InsertAt(1, "after the first");
  for (int i = 0; i < 500; ++i) InsertAt(expected_.size() - 1, "before the last");
  Check();
  list_.ForEach(0, list_.size(), [](const ListElementView& element) {
    EXPECT_LE(element.place().steps.size(), 2 * kListStepBytes);
    return true;
  });
}

TEST_F(ListValueTest, InsertionsIntoTheGapOfTheLastOneReachTheCapAndNotMore) {
  Push(ListSide::kRight, "left");
  Push(ListSide::kRight, "right");
  std::size_t index = 1;
  std::size_t inserted = 0;
  for (int i = 0; i < 200; ++i) {
    InsertAt(index, "deeper");
    if (expected_.size() == 2 + inserted) break;
    ++inserted;
    index += static_cast<std::size_t>(i % 2);
  }
  EXPECT_GE(inserted, kMostListSteps);
  EXPECT_LT(inserted, 200u);
  Check();
}

// A start may apply again what a collection in pieces holds already (piece.h).
TEST_F(ListValueTest, TakesAnInsertionASecondTimeForTheSameElement) {
  for (int i = 0; i < 5; ++i) Push(ListSide::kRight, std::to_string(i));
  for (std::size_t i : {0U, 2U, 4U}) {
    const ListPosition position = list_.At(i).place().Copy();
    list_.Insert(position, position.inserted(), expected_[i]);
    EXPECT_EQ(Shown(), expected_);
  }
  // With what was assigned to it since.
  AssignAt(2, "assigned");
  const ListPosition position = list_.At(2).place().Copy();
  list_.Insert(position, position.inserted(), "2");
  EXPECT_EQ(Shown(), expected_);
}

TEST_F(ListValueTest, TakesAnAssignmentASecondTimeForTheSameValue) {
  Push(ListSide::kRight, "value");
  const ListPosition position = list_.At(0).place().Copy();
  VersionVector seen;
  seen.Advance(position.inserted());
  const Context elsewhere = Context::Of(seen, Stamp::At(1'800'000'000'000, Writer(2, 1)));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(list_.Assign(position, elsewhere, "assigned"));
  EXPECT_EQ(list_.At(0).Siblings(), (std::vector<Sibling>{{elsewhere.stamp(), "assigned"}}));
}

TEST_F(ListValueTest, BehavesAsAVectorUnderRandomChanges) {
  std::mt19937 dice(7);
  const auto below = [&dice](std::size_t sides) { return dice() % sides; };
  for (int step = 0; step < 6000; ++step) {
    const std::size_t size = expected_.size();
    const std::string text =
        below(3) == 0 ? std::to_string(dice()) : std::string(below(40), 'a' + step % 26);
    switch (size < 4 ? below(2) : below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        for (int i = 0; i < 20; ++i) Push(below(2) == 0 ? ListSide::kLeft : ListSide::kRight, text);
        break;
      case 4:
      case 5:
      case 6:
        InsertAt(below(size + 1), text);
        break;
      case 7:
      case 8:
        AssignAt(below(size), text);
        break;
      case 9:
        RemoveAt(0, 1 + below(std::min<std::size_t>(size, 30)));
        break;
      case 10: {
        const std::size_t count = 1 + below(std::min<std::size_t>(size, 30));
        RemoveAt(size - count, count);
        break;
      }
      case 11: {
        const std::size_t index = below(size);
        RemoveAt(index, 1 + below(std::min<std::size_t>(size - index, 200)));
        break;
      }
      case 12:
        if (below(40) != 0) break;
        Keep(below(size / 2), 1 + size / 3);
        break;
      default:
        Push(ListSide::kRight, text);
        break;
    }
    if (step % 100 == 0) Check();
  }
  Check();
}

}  // namespace
}  // namespace crdt
