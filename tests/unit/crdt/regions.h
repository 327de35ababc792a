// Regions that write, and get each other's records in a chosen order.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/hybrid_clock.h"
#include "crdt/object.h"
#include "crdt/prepare_list.h"
#include "crdt/prepare_sorted_set.h"
#include "crdt/score.h"

namespace crdt {

struct WrittenRecord {
  Stamp first_stamp;
  VersionVector context;
  std::string effects;
};

// Keeps "rule element winner>loser" of every report.
class ReportedConflicts : public ConflictSink {
 public:
  void OnConflict(const Conflict& conflict) override {
    rules.push_back(conflict.rule);
    winners.push_back(conflict.winner);
    losers.push_back(conflict.loser);
  }

  std::vector<ConflictRule> rules;
  std::vector<Stamp> winners;
  std::vector<Stamp> losers;
};

class TestRegion {
 public:
  using Prepare = std::function<void(const KeyView&, EffectList&)>;

  explicit TestRegion(RegionId id) : writer_(id, 1) {}

  // One command: every effect is applied before the next is prepared.
  WrittenRecord Write(std::string_view key, const std::vector<Prepare>& steps) {
    WrittenRecord record{.first_stamp = clock_.Take(0, writer_), .context = floor_};
    Stamp stamp = record.first_stamp;
    for (const Prepare& prepare : steps) {
      EffectList effects;
      prepare(Find(key), effects);
      record.effects += effects.bytes();
      stamp = Apply(effects.bytes(), stamp, nullptr, nullptr);
    }
    return record;
  }
  WrittenRecord Write(std::string_view key, const Prepare& prepare) {
    return Write(key, std::vector{prepare});
  }
  void Receive(const WrittenRecord& record) {
    Apply(record.effects, record.first_stamp, &record.context, &reports);
  }

  WrittenRecord Set(std::string_view key, std::string_view value, const SetOptions& options = {}) {
    return Write(key, [&](auto& view, auto& out) { PrepareSet(view, key, value, options, out); });
  }
  WrittenRecord Delete(std::string_view key) {
    return Write(
        key, [&](auto& view, auto& out) { PrepareDelete(view, key, DeleteReason::kCommand, out); });
  }
  WrittenRecord Increment(std::string_view key, std::int64_t delta) {
    return Write(key,
                 [&](auto& view, auto& out) { PrepareIncrement(view, key, writer_, delta, out); });
  }
  WrittenRecord IncrementFloat(std::string_view key, Float128 delta) {
    return Write(
        key, [&](auto& view, auto& out) { PrepareIncrementFloat(view, key, writer_, delta, out); });
  }
  WrittenRecord Expire(std::string_view key, DeadlineMs deadline) {
    return Write(key, [&](auto& view, auto& out) { PrepareExpire(view, key, deadline, out); });
  }
  WrittenRecord SetAdd(std::string_view key, std::vector<std::string_view> members) {
    return Write(key, [&](auto& view, auto& out) { PrepareSetAdd(view, key, members, out); });
  }
  WrittenRecord SetRemove(std::string_view key, std::vector<std::string_view> members,
                          RemoveReason reason = RemoveReason::kCommand) {
    return Write(key,
                 [&](auto& view, auto& out) { PrepareSetRemove(view, key, members, reason, out); });
  }
  WrittenRecord HashSet(std::string_view key, std::vector<FieldValue> fields) {
    return Write(key, [&](auto& view, auto& out) {
      PrepareHashSet(view, key, fields, Condition::kNone, out);
    });
  }
  WrittenRecord HashDelete(std::string_view key, std::vector<std::string_view> fields) {
    return Write(key, [&](auto& view, auto& out) { PrepareHashDelete(view, key, fields, out); });
  }
  WrittenRecord HashIncrement(std::string_view key, std::string_view field, std::int64_t delta) {
    return Write(key, [&](auto& view, auto& out) {
      PrepareHashIncrement(view, key, field, writer_, delta, out);
    });
  }
  WrittenRecord SortedSetAdd(std::string_view key, std::vector<MemberScore> members) {
    return Write(key, [&](auto& view, auto& out) {
      PrepareSortedSetAdd(view, key, members, Condition::kNone, out);
    });
  }
  WrittenRecord SortedSetRemove(std::string_view key, std::vector<std::string_view> members,
                                RemoveReason reason = RemoveReason::kCommand) {
    return Write(key, [&](auto& view, auto& out) {
      PrepareSortedSetRemove(view, key, members, reason, out);
    });
  }
  WrittenRecord SortedSetIncrement(std::string_view key, std::string_view member, double delta) {
    return Write(key, [&](auto& view, auto& out) {
      PrepareSortedSetIncrement(view, key, member, writer_, delta, out);
    });
  }
  WrittenRecord Push(std::string_view key, ListSide side, std::vector<std::string_view> values) {
    return Write(key,
                 [&](auto& view, auto& out) { PrepareListPush(view, key, side, values, out); });
  }
  WrittenRecord Insert(std::string_view key, std::uint64_t index, std::string_view value) {
    return Write(key, [&](auto& view, auto& out) {
      EXPECT_TRUE(PrepareListInsert(view, key, index, value, out));
    });
  }
  WrittenRecord SetAt(std::string_view key, std::uint64_t index, std::string_view value) {
    return Write(key, [&](auto& view, auto& out) { PrepareListSet(view, key, index, value, out); });
  }
  WrittenRecord Pop(std::string_view key, std::uint64_t index, std::uint64_t count) {
    return Write(key, [&](auto& view, auto& out) { PrepareListPop(view, key, index, count, out); });
  }
  WrittenRecord Trim(std::string_view key, std::uint64_t index, std::uint64_t count) {
    return Write(key,
                 [&](auto& view, auto& out) { PrepareListTrim(view, key, index, count, out); });
  }
  WrittenRecord Flush() {
    return Write({}, [&](auto&, auto& out) {
      const KeyTable* tables[] = {&table_};
      PrepareClear(tables, out);
    });
  }

  KeyView Find(std::string_view key) const { return KeyView(table_.Find(key)); }
  // "string 5", "set a b", "hash f=1 g=2", "list b a" (in its order), "zset a=1.5 b=3" (in the
  // order of scores), "stream 1-1 2-1 [group]", "hyperloglog 3" (its count) or "none".
  std::string Shows(std::string_view key) const {
    const KeyView view = Find(key);
    std::string scratch;
    std::string text(NameOf(view.type()));
    if (view.type() == ValueType::kString) return text + " " + std::string(view.Text(scratch));
    if (!view.exists()) return text;
    if (view.type() == ValueType::kSortedSet) return text + ShowsInOrder(view.sorted_set());
    if (view.type() == ValueType::kList) return text + ShowsInOrder(view.list());
    if (view.type() == ValueType::kStream) return text + ShownStream(view.stream());
    if (view.type() == ValueType::kHyperLogLog) {
      return text + " " + std::to_string(view.hyperloglog().Count());
    }
    std::map<std::string, std::string> elements;
    view.elements().ForEach([&](auto name, auto value) { elements.emplace(name, value); });
    for (const auto& [name, value] : elements) {
      text += " " + name + (view.type() == ValueType::kHash ? "=" + value : "");
    }
    return text;
  }
  std::string MergedBytes() const {
    std::map<std::string, std::string> keys;
    table_.ForEach([&](const KeyCell& cell) {
      ByteWriter out(keys[std::string(cell.name())]);
      EncodeMergedCell(cell, out);
    });
    std::string all;
    for (const auto& [name, bytes] : keys) {
      if (!bytes.empty()) all += name + bytes;
    }
    return all;
  }
  KeyTable& table() { return table_; }
  const VersionVector& floor() const { return floor_; }
  Writer writer() const { return writer_; }

  ReportedConflicts reports;

 private:
  static std::string ShownStream(const StreamValue& stream) {
    std::string text;
    stream.entries().Ascend({}, EntryKey::Behind(StreamId::Greatest()),
                            [&](const EntryView& entry) {
                              text += " " + entry.id.ToString();
                              return true;
                            });
    for (const auto& [name, group] : stream.groups()) {
      if (group.exists()) text += " [" + name + "]";
    }
    return text;
  }

  // Returns the stamp behind the last effect's.
  Stamp Apply(std::string_view effects, Stamp stamp, const VersionVector* context,
              ConflictSink* sink) {
    ByteReader in(effects);
    for (; !in.at_end(); stamp = stamp.Plus(1)) {
      const EffectView effect = EffectView::Decode(in).value();
      const Context seen =
          context == nullptr ? Context::Everything(stamp) : Context::Of(*context, stamp);
      if (effect.kind == EffectKind::kClear) {
        ResetsByKey resets;
        for (ElementReader key(effect); key.Next();) resets[key.name()] = key.resets();
        ClearTable(table_, resets, seen);
      } else {
        ApplyToTable(table_, KeyTable::Hash(effect.key), effect, seen, sink);
      }
      floor_.Advance(stamp);
      clock_.Observe(stamp);
    }
    return stamp;
  }

  static std::string ShowsInOrder(const ListValue& list) {
    std::string text;
    std::string scratch;
    list.ForEach(0, list.size(), [&](const ListElementView& element) {
      text.append(" ").append(element.Text(scratch));
      return true;
    });
    return text;
  }

  static std::string ShowsInOrder(const SortedSet& set) {
    std::string text;
    ScoreBuffer buffer;
    set.Ascend(0, [&](const RankedMember& member) {
      text.append(" ").append(member.name).append("=");
      text += FormatScore(member.score, buffer);
      return true;
    });
    return text;
  }

  Writer writer_;
  HybridClock clock_;
  VersionVector floor_;
  KeyTable table_;
};

// Two regions that write, and two that watch: one hears the first region first, the other last.
class ThreeRegions : public ::testing::Test {
 protected:
  void Everywhere(const WrittenRecord& record) {
    for (TestRegion* region : {&one, &two, &forward, &backward}) {
      if (region->writer() != record.first_stamp.writer()) region->Receive(record);
    }
  }
  // Neither had seen the other.
  void Concurrently(const WrittenRecord& of_one, const WrittenRecord& of_two) {
    Concurrently(std::vector{of_one}, std::vector{of_two});
  }
  void Concurrently(const std::vector<WrittenRecord>& of_one,
                    const std::vector<WrittenRecord>& of_two) {
    for (const auto& record : of_two) one.Receive(record);
    for (const auto& record : of_one) two.Receive(record);
    for (const auto& record : of_one) forward.Receive(record);
    for (const auto& record : of_two) forward.Receive(record);
    for (const auto& record : of_two) backward.Receive(record);
    for (const auto& record : of_one) backward.Receive(record);
  }
  void ExpectEverywhere(std::string_view key, std::string_view shown) {
    for (const TestRegion* region : {&one, &two, &forward, &backward}) {
      EXPECT_EQ(region->Shows(key), shown) << "region " << int{region->writer().region()};
      EXPECT_EQ(region->MergedBytes(), one.MergedBytes());
    }
  }
  void ExpectReport(ConflictRule of_forward, ConflictRule of_backward) {
    ASSERT_FALSE(forward.reports.rules.empty());
    ASSERT_FALSE(backward.reports.rules.empty());
    EXPECT_EQ(NameOf(forward.reports.rules.back()), NameOf(of_forward));
    EXPECT_EQ(NameOf(backward.reports.rules.back()), NameOf(of_backward));
  }

  TestRegion one{1};
  TestRegion two{2};
  TestRegion forward{3};
  TestRegion backward{4};
};

}  // namespace crdt
