// The block of a small collection: whatever is put into it comes out again, wherever it stands.
#include "crdt/small_elements.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace crdt {
namespace {

constexpr std::uint64_t kBase = std::uint64_t{1000000} << 23;

Stamp At(std::uint64_t value) {
  return Stamp::FromValue(value);
}

PackedValue Text(Stamp stamp, std::string_view text) {
  return {.stamp = stamp, .text = text};
}

PackedValue Counter(Stamp start, Stamp last, std::int64_t total) {
  return {.stamp = start, .text = {}, .counts = true, .counter = {last, total}};
}

struct Expected {
  std::string name;
  Stamp stamp;
  std::string text;
  bool counts = false;
  PackedCounter counter = {};
};

void ExpectSame(const SmallElements& elements, const std::vector<Expected>& expected) {
  ASSERT_EQ(elements.size(), expected.size());
  std::size_t place = 0;
  std::string scratch;
  elements.ForEach([&](const SmallElements::Entry& entry) {
    const Expected& wanted = expected[place];
    ASSERT_EQ(entry.name(), wanted.name);
    const PackedValue value = entry.packed(scratch);
    ASSERT_EQ(value.stamp, wanted.stamp) << wanted.name;
    ASSERT_EQ(value.counts, wanted.counts) << wanted.name;
    if (wanted.counts) {
      ASSERT_EQ(value.counter.last, wanted.counter.last);
      ASSERT_EQ(value.counter.total, wanted.counter.total);
    } else {
      ASSERT_EQ(value.text, wanted.text) << wanted.name;
    }
    ASSERT_EQ(elements.At(place), entry);
    if (place > 0) {
      ASSERT_EQ(elements.Before(entry), elements.At(place - 1));
      ASSERT_EQ(elements.At(place - 1).Next(), entry);
    }
    ASSERT_EQ(elements.Find(wanted.name), entry);
    ++place;
  });
  ASSERT_EQ(place, expected.size());
}

TEST(SmallElements, EveryTextComesOutAsItWentIn) {
  const std::string longest(SmallElements::kMostBytes, 'x');
  const std::string binary("\0\xff\r\n\0", 5);
  for (const std::string& text : std::vector<std::string>{"",
                                                          "0",
                                                          "7",
                                                          "-1",
                                                          "10",
                                                          "127",
                                                          "128",
                                                          "-128",
                                                          "-129",
                                                          "32767",
                                                          "32768",
                                                          "-32768",
                                                          "8388607",
                                                          "8388608",
                                                          "2147483648",
                                                          "1099511627776",
                                                          "36028797018963967",
                                                          "36028797018963968",
                                                          "-36028797018963968",
                                                          "-36028797018963969",
                                                          "9223372036854775807",
                                                          "-9223372036854775808",
                                                          "9223372036854775808",
                                                          "-0",
                                                          "007",
                                                          "+7",
                                                          " 7",
                                                          "7 ",
                                                          "1e3",
                                                          "0.1",
                                                          "inf",
                                                          "-inf",
                                                          "text",
                                                          longest,
                                                          binary}) {
    SmallElements elements;
    elements.Put({}, "name", Text(At(kBase), text));
    ExpectSame(elements, {{"name", At(kBase), text}});
  }
}

TEST(SmallElements, EveryNameIsFoundAndNoOther) {
  const std::vector<std::string> names = {"",
                                          std::string(1, '\0'),
                                          std::string(2, '\0'),
                                          "a",
                                          "b",
                                          "ab",
                                          "bb",
                                          std::string("a\0b", 3),
                                          "\xff",
                                          std::string(SmallElements::kMostBytes, 'x'),
                                          std::string(SmallElements::kMostBytes - 1, 'x') + "y"};
  SmallElements elements;
  std::vector<Expected> expected;
  for (const std::string& name : names) {
    EXPECT_FALSE(elements.Find(name)) << name;
    elements.Put({}, name, Text(At(kBase), name));
    expected.push_back({name, At(kBase), name});
  }
  ExpectSame(elements, expected);
  for (const std::string& name : std::vector<std::string>{
           "c", "ba", "abc", std::string(3, '\0'), std::string(SmallElements::kMostBytes, 'z'),
           std::string(SmallElements::kMostBytes + 1, 'x')}) {
    EXPECT_FALSE(elements.Find(name)) << name;
  }
}

TEST(SmallElements, StampsMayBeAsFarApartAsTheyLike) {
  std::vector<std::uint64_t> stamps = {kBase,
                                       kBase + 1,
                                       kBase - 1,
                                       kBase + 0x7fffffff,
                                       kBase + 0x80000000,
                                       kBase - 0x80000000,
                                       kBase - 0x80000001,
                                       kBase + 0x7fffffffffff,
                                       kBase + 0x800000000000,
                                       kBase - 0x800000000001,
                                       0,
                                       1,
                                       std::numeric_limits<std::uint64_t>::max(),
                                       std::uint64_t{1} << 63};
  constexpr std::uint64_t kTick = Stamp::kTick;
  for (const std::uint64_t ticks :
       {std::uint64_t{1}, std::uint64_t{0x7fffff}, std::uint64_t{0x800000}, std::uint64_t{0x800001},
        std::uint64_t{0x7fffffffff}, std::uint64_t{0x8000000000}, std::uint64_t{0x8000000001}}) {
    stamps.push_back(kBase + ticks * kTick);
    stamps.push_back(kBase - ticks * kTick);
    stamps.push_back(kBase + ticks * kTick + 1);
  }
  for (const std::uint64_t first : stamps) {
    SmallElements elements;
    std::vector<Expected> expected = {{"first", At(first), "v"}};
    elements.Put({}, "first", Text(At(first), "v"));
    for (const std::uint64_t stamp : stamps) {
      const std::string name = std::to_string(stamp);
      elements.Put({}, name, Text(At(stamp), "v"));
      expected.push_back({name, At(stamp), "v"});
      elements.Put({}, name + " counts", Counter(At(stamp), At(first), -5));
      expected.push_back({name + " counts", At(stamp), "", true, {At(first), -5}});
    }
    ExpectSame(elements, expected);
  }
}

TEST(SmallElements, ACounterGoesOnInItsPlace) {
  SmallElements elements;
  elements.Put({}, "visits", Counter(At(kBase), At(kBase), 1));
  elements.Put({}, "name", Text(At(kBase + 9), "London"));
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  elements.SetCounter(elements.Find("visits"), {At(kBase + 7), least});
  ExpectSame(elements, {{"visits", At(kBase), "", true, {At(kBase + 7), least}},
                        {"name", At(kBase + 9), "London"}});
}

TEST(SmallElements, TakesAHundredAndTwentyEightShortOnes) {
  SmallElements elements;
  const std::string longest(SmallElements::kMostBytes, 'x');
  const PackedValue value = Text(At(kBase), longest);
  for (std::size_t i = 0; i < SmallElements::kMost; ++i) {
    const std::string name = longest.substr(3) + std::to_string(100 + i);
    ASSERT_TRUE(elements.Takes({}, name, value));
    elements.Put({}, name, Text(At(kBase + (i << 48)), longest));
  }
  EXPECT_FALSE(elements.Takes({}, "one more", value));
  const SmallElements::Entry found = elements.Find(longest.substr(3) + "100");
  EXPECT_TRUE(elements.Takes(found, found.name(), value));
  EXPECT_FALSE(elements.Takes(found, found.name(), Text(At(kBase), longest + "x")));
  EXPECT_FALSE(SmallElements().Takes({}, longest + "x", value));
  EXPECT_TRUE(SmallElements().Takes({}, longest, value));
}

TEST(SmallElements, AHundredFieldsOfOneCommandTakeLittleMoreThanTheirBytes) {
  SmallElements elements;
  std::size_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "field:" + std::to_string(100000 + i);
    const std::string text = "v" + std::to_string(i);
    elements.Put({}, name, Text(At(kBase), text));
    bytes += name.size() + text.size();
  }
  EXPECT_LT(elements.memory_bytes(), bytes + 100 * 4 + 64);
  for (int i = 0; i < 90; ++i) elements.Erase(elements.At(0));
  EXPECT_LT(elements.memory_bytes(), bytes / 3);
}

std::string RandomBytes(std::mt19937_64& random, std::size_t most) {
  std::string bytes(random() % (most + 1), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() % 3);
  return bytes;
}

Expected RandomElement(std::mt19937_64& random, std::string name) {
  const Stamp stamp = At(kBase + (random() >> random() % 64));
  if (random() % 4 == 0) {
    return {std::move(name), stamp, "", true, {At(random()), static_cast<std::int64_t>(random())}};
  }
  const bool integer = random() % 2 == 0;
  const auto number = static_cast<std::int64_t>(random()) >> random() % 64;
  return {std::move(name), stamp,
          integer ? std::to_string(number) : RandomBytes(random, SmallElements::kMostBytes)};
}

TEST(SmallElements, AreWhatAListIsAfterAnyChanges) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    std::mt19937_64 random(seed);
    SmallElements elements;
    std::vector<Expected> expected;
    for (int step = 0; step < 200; ++step) {
      const std::size_t size = expected.size();
      const std::size_t at = size == 0 ? 0 : random() % size;
      const auto place = [&expected](std::size_t i) {
        return expected.begin() + static_cast<std::ptrdiff_t>(i);
      };
      const std::uint64_t dice = random() % 10;
      if (dice < 2 && size > 0) {
        elements.Erase(elements.At(at));
        expected.erase(place(at));
      } else if (dice < 4 && size > 0) {
        const std::size_t to = random() % size;
        elements.Move(at, to);
        const Expected moved = expected[at];
        expected.erase(place(at));
        expected.insert(place(to), moved);
      } else {
        const std::string name = RandomBytes(random, random() % 2 == 0 ? 3 : 64);
        const SmallElements::Entry found = elements.Find(name);
        const Expected put = RandomElement(random, name);
        const PackedValue value = put.counts
                                      ? Counter(put.stamp, put.counter.last, put.counter.total)
                                      : Text(put.stamp, put.text);
        if (!elements.Takes(found, name, value)) continue;
        const auto old = std::ranges::find(expected, name, &Expected::name);
        ASSERT_EQ(old != expected.end(), static_cast<bool>(found));
        old == expected.end() ? expected.push_back(put) : void(*old = put);
        elements.Put(found, name, value);
      }
      if (step % 10 != 0) continue;
      SCOPED_TRACE(seed);
      ASSERT_NO_FATAL_FAILURE(ExpectSame(elements, expected));
    }
  }
}

TEST(SmallElements, AreArrangedAnew) {
  SmallElements elements;
  for (const std::string_view name : {"b", "c", "a"}) {
    elements.Put({}, name, Text(At(kBase), std::string(5, name.front())));
  }
  elements.Arrange(std::vector<std::size_t>{2, 0, 1});
  ExpectSame(elements,
             {{"a", At(kBase), "aaaaa"}, {"b", At(kBase), "bbbbb"}, {"c", At(kBase), "ccccc"}});
}

}  // namespace
}  // namespace crdt
