// Entries in packed blocks: whatever is added and taken away, in whatever order, they show the same
// as a plain map.
#include "crdt/stream_entries.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "crdt/stream_block.h"

namespace crdt {
namespace {

constexpr std::uint64_t kNow = 1'800'000'000'000;

Stamp StampOf(RegionId region, std::uint64_t step) {
  return Stamp::At(kNow + step / 3, Writer(region, 1)).Plus(step % 3);
}

// Encodes name, value, name, value, …
std::string Fields(const std::vector<std::string>& words) {
  std::string bytes;
  ByteWriter out(bytes);
  for (const std::string& word : words) out.Bytes(word);
  return bytes;
}

EntryView Entry(StreamId id, Stamp stamp, const std::string& fields, std::uint64_t count = 1) {
  return {.id = id, .stamp = stamp, .field_count = count, .names = {}, .fields = fields};
}

using Model = std::map<EntryKey, std::string>;  // The fields as text.

Model All(const StreamEntries& entries) {
  Model all;
  entries.Ascend({}, EntryKey::Behind(StreamId::Greatest()), [&all](const EntryView& entry) {
    all[entry.key()] = FieldsText(entry);
    return true;
  });
  return all;
}

Model Backwards(const StreamEntries& entries, const EntryKey& from, const EntryKey& to) {
  Model all;
  EntryKey last = EntryKey::Behind(StreamId::Greatest());
  entries.Descend(from, to, [&](const EntryView& entry) {
    EXPECT_LT(entry.key(), last);
    last = entry.key();
    all[entry.key()] = FieldsText(entry);
    return true;
  });
  return all;
}

TEST(StreamEntries, StandInTheOrderOfTheirIds) {
  StreamEntries entries;
  const std::string fields = Fields({"f", "v"});
  entries.Add(Entry({2, 0}, StampOf(1, 1), fields));
  entries.Add(Entry({1, 5}, StampOf(1, 2), fields));
  entries.Add(Entry({1, 7}, StampOf(1, 3), fields));
  EXPECT_EQ(entries.first().id, (StreamId{1, 5}));
  EXPECT_EQ(entries.last().id, (StreamId{2, 0}));
  EXPECT_EQ(entries.size(), 3u);
}

TEST(StreamEntries, OfOneIdStandInTheOrderOfTheirRegions) {
  StreamEntries entries;
  entries.Add(Entry({1, 1}, StampOf(2, 1), Fields({"f", "two"})));
  entries.Add(Entry({1, 1}, StampOf(1, 9), Fields({"f", "one"})));
  std::vector<std::string> shown;
  entries.Ascend(EntryKey::Before({1, 1}), EntryKey::Behind({1, 1}), [&](const EntryView& entry) {
    shown.push_back(FieldsText(entry));
    return true;
  });
  EXPECT_EQ(shown, (std::vector<std::string>{"f one", "f two"}));
  EXPECT_EQ(entries.Count({1, 1}), 2u);
}

TEST(StreamEntries, KeepNamesThatDifferWithinABlock) {
  StreamEntries entries;
  entries.Add(Entry({1, 0}, StampOf(1, 1), Fields({"a", "1", "b", "2"}), 2));
  entries.Add(Entry({2, 0}, StampOf(1, 2), Fields({"a", "3", "b", ""}), 2));
  entries.Add(Entry({3, 0}, StampOf(1, 3), Fields({"a", "4", "c", "5"}), 2));
  entries.Add(Entry({4, 0}, StampOf(1, 4), Fields({"", "6"}), 1));
  const Model all = All(entries);
  EXPECT_EQ(all.at({{2, 0}, StampOf(1, 2)}), "a 3 b ");
  EXPECT_EQ(all.at({{3, 0}, StampOf(1, 3)}), "a 4 c 5");
  EXPECT_EQ(all.at({{4, 0}, StampOf(1, 4)}), " 6");
}

TEST(StreamEntries, TakeExtremeIdsAndStamps) {
  StreamEntries entries;
  const std::string fields = Fields({"f", "v"});
  const StreamId greatest = StreamId::Greatest();
  entries.Add(Entry({0, 1}, Stamp::FromValue(1), fields));
  entries.Add(Entry({0, greatest.sequence}, StampOf(31, 5), fields));
  entries.Add(Entry(greatest, Stamp::FromValue(greatest.ms), fields));
  const Model all = All(entries);
  EXPECT_EQ(all.size(), 3u);
  EXPECT_TRUE(all.contains({greatest, Stamp::FromValue(greatest.ms)}));
  EXPECT_TRUE(all.contains({{0, greatest.sequence}, StampOf(31, 5)}));
}

TEST(StreamEntries, LoseOnlyWhatARemoveHasSeen) {
  StreamEntries entries;
  const std::string fields = Fields({"f", "v"});
  entries.Add(Entry({1, 1}, StampOf(1, 1), fields));
  entries.Add(Entry({1, 1}, StampOf(2, 1), fields));
  entries.Add(Entry({2, 1}, StampOf(2, 2), fields));
  VersionVector seen;
  seen.Advance(StampOf(1, 1));
  entries.Remove({1, 1}, Context::Of(seen, StampOf(3, 9)));
  EXPECT_EQ(entries.Count({1, 1}), 1u);
  entries.RemoveAll(Context::Of(seen, StampOf(3, 10)));
  EXPECT_EQ(entries.size(), 2u);
  entries.RemoveAll(Context::Everything(StampOf(3, 11)));
  EXPECT_TRUE(entries.empty());
}

TEST(StreamEntries, TakeLittleMemoryForSmallEntries) {
  StreamEntries entries;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    entries.Add(
        Entry({kNow + i / 3, 1 + i % 3 * 32}, StampOf(1, i), Fields({"field", "0123456789"})));
  }
  // Eleven of them are the value.
  EXPECT_LT(entries.memory_bytes(), 100'000u * 20);
}

// Adds, removes and trims at random and holds the result against the map.
class RandomEntries {
 public:
  explicit RandomEntries(std::uint64_t seed) : random_(seed) {}

  void Step() {
    const std::uint64_t kind = random_() % 100;
    if (kind < 80) {
      Add();
    } else if (kind < 92) {
      const StreamId id = AnyId();
      entries_.Remove(id, Context::Everything(StampOf(31, 1)));
      std::erase_if(model_, [&](const auto& entry) { return entry.first.id == id; });
    } else if (kind < 95 && !model_.empty()) {
      const EntryKey end = EntryKey::Before(AnyId());
      entries_.RemoveBelow(end, Context::Everything(StampOf(31, 1)));
      std::erase_if(model_, [&](const auto& entry) { return entry.first < end; });
    } else if (kind < 98 && model_.size() > 3) {
      const std::uint64_t count = random_() % 3 + 1;
      const EntryKey end = entries_.KeyAfter(count);
      EXPECT_EQ(std::next(model_.begin(), static_cast<std::ptrdiff_t>(count))->first, end);
      EXPECT_EQ(entries_.CountBelow(end), count);
      entries_.RemoveBelow(end, Context::Everything(StampOf(31, 1)));
      model_.erase(model_.begin(), model_.find(end));
    }
    EXPECT_EQ(entries_.size(), model_.size());
  }

  void Check() {
    EXPECT_EQ(All(entries_), model_);
    const EntryKey from = EntryKey::Before(AnyId());
    const EntryKey to = EntryKey::Behind(AnyId());
    Model within;
    for (const auto& [key, text] : model_) {
      if (key >= from && key <= to) within[key] = text;
    }
    EXPECT_EQ(Backwards(entries_, from, to), within);
    std::string bytes;
    ByteWriter out(bytes);
    entries_.Encode(out);
    ByteReader in(bytes);
    const auto again = StreamEntries::Decode(in);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(All(*again), model_);
  }

 private:
  StreamId AnyId() { return {random_() % 60, random_() % 8}; }

  void Add() {
    const bool behind = random_() % 2 == 0 && !model_.empty();
    const StreamId id =
        behind ? StreamId{model_.rbegin()->first.id.ms, model_.rbegin()->first.id.sequence + 1}
               : AnyId();
    const EntryKey key{id, StampOf(static_cast<RegionId>(1 + random_() % 4), ++step_)};
    std::vector<std::string> words;
    const std::uint64_t count = 1 + random_() % 2;
    for (std::uint64_t i = 0; i < count; ++i) {
      words.push_back(random_() % 5 == 0 ? "other" : "f" + std::to_string(i));
      words.push_back(std::string(random_() % 50 == 0 ? 3000 : random_() % 9, 'v'));
    }
    const std::string fields = Fields(words);
    const EntryView entry = Entry(key.id, key.stamp, fields, count);
    entries_.Add(entry);
    model_[key] = FieldsText(entry);
  }

  std::mt19937_64 random_;
  StreamEntries entries_;
  Model model_;
  std::uint64_t step_ = 0;
};

TEST(StreamEntries, ShowTheSameAsAPlainMap) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RandomEntries random(seed);
    for (int step = 0; step < 1500; ++step) random.Step();
    random.Check();
  }
}

TEST(StreamEntries, JoinToWhatNeitherSideHasSeenRemoved) {
  const std::string fields = Fields({"f", "v"});
  StreamEntries mine;
  StreamEntries theirs;
  VersionVector mine_seen;
  VersionVector theirs_seen;
  for (std::uint64_t i = 1; i <= 300; ++i) {
    const EntryView entry = Entry({i, 0}, StampOf(1, i), fields);
    mine.Add(entry);
    mine_seen.Advance(entry.stamp);
    if (i <= 200) {
      theirs_seen.Advance(entry.stamp);
      if (i > 100) theirs.Add(entry);  // The first hundred were removed there.
    }
  }
  const EntryView only_theirs = Entry({150, 0}, StampOf(2, 1), fields);
  theirs.Add(only_theirs);
  theirs_seen.Advance(only_theirs.stamp);
  mine.Join(theirs, mine_seen, theirs_seen);
  EXPECT_EQ(mine.size(), 201u);
  EXPECT_EQ(mine.first().id, (StreamId{101, 0}));
  EXPECT_EQ(mine.Count({150, 0}), 2u);
}

}  // namespace
}  // namespace crdt
