// The order of a sorted set under random changes, held against a sorted list.
#include "crdt/score_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "crdt/sorted_set.h"

namespace crdt {
namespace {

using Reference = std::set<std::pair<double, std::string>>;

Context At(std::uint64_t time) {
  return Context::Everything(Stamp::At(Stamp::kEpochStartMs + time, Writer(1, 1)));
}

std::string Text(double score) {
  ScoreBuffer buffer;
  return std::string(FormatScore(score, buffer));
}

std::string MemberAt(const SortedSet& set, std::uint64_t rank) {
  std::string name;
  set.Ascend(rank, [&name](const RankedMember& member) {
    name = member.name;
    return false;
  });
  return name;
}

std::size_t OrderBytes(const SortedSet& set) {
  return set.memory_bytes() - set.members().memory_bytes();
}

void ExpectSame(const SortedSet& set, const Reference& reference) {
  ASSERT_EQ(set.size(), reference.size());
  Reference shown;
  std::vector<std::string> forward;
  set.Ascend(0, [&](const RankedMember& member) {
    shown.emplace(member.score, member.name);
    forward.emplace_back(member.name);
    return true;
  });
  ASSERT_EQ(shown, reference);
  ASSERT_TRUE(std::ranges::equal(forward, reference, {}, {}, &Reference::value_type::second));
  std::vector<std::string> backward;
  set.Descend(set.size() - 1, [&backward](const RankedMember& member) {
    backward.emplace_back(member.name);
    return true;
  });
  std::ranges::reverse(backward);
  ASSERT_EQ(backward, forward);
}

// Random adds, moves and removals. With few different scores the names decide.
void Churn(std::uint64_t seed, int steps, int scores, int names) {
  std::mt19937_64 random(seed);
  SortedSet set(seed);
  Reference reference;
  for (int step = 1; step <= steps; ++step) {
    const std::string name = "m" + std::to_string(random() % names);
    const Context context = At(static_cast<std::uint64_t>(step));
    if (const auto score = set.Score(name)) reference.erase({*score, name});
    // Grows at first, shrinks to nothing at last.
    const bool shrinks = step > steps / 2;
    if (random() % 10 < (shrinks ? 8 : 2)) {
      set.Remove(name, context);
    } else {
      const double score = static_cast<double>(random() % scores) / 4;
      set.Assign(name, context, Text(score));
      reference.emplace(score, name);
    }
    if (step % (steps / 20) == 0) ExpectSame(set, reference);
  }
  while (!reference.empty()) {
    const auto at = random() % 2 == 0 ? reference.begin() : std::prev(reference.end());
    ASSERT_EQ(set.Rank(at->second), at == reference.begin() ? 0 : reference.size() - 1);
    set.Remove(at->second, At(static_cast<std::uint64_t>(steps) + 1));
    reference.erase(at);
  }
  ExpectSame(set, reference);
}

TEST(ScoreIndex, KeepsTheOrderOfAFewMembers) {
  Churn(1, 2000, 10, 20);
}

TEST(ScoreIndex, KeepsTheOrderWhenThereAreTooManyForASmallSet) {
  for (std::uint64_t seed = 10; seed < 20; ++seed) Churn(seed, 2000, 40, 200);
}

TEST(ScoreIndex, KeepsTheOrderOfManyMembers) {
  Churn(2, 60000, 1000000, 20000);
}

TEST(ScoreIndex, KeepsTheOrderOfManyMembersWithFewScores) {
  Churn(3, 60000, 3, 20000);
}

TEST(ScoreIndex, EveryRankIsThatOfTheMemberThere) {
  SortedSet set(1);
  for (int i = 0; i < 5000; ++i) {
    set.Assign("m" + std::to_string(i), At(static_cast<std::uint64_t>(i) + 1), Text(i % 100));
  }
  for (std::uint64_t rank = 0; rank < set.size(); rank += 7) {
    ASSERT_EQ(set.Rank(MemberAt(set, rank)), rank);
  }
  EXPECT_EQ(set.Rank("nosuch"), std::nullopt);
  EXPECT_EQ(set.CountWhile([](const RankedMember& member) { return member.score < 50; }), 2500U);
}

TEST(ScoreIndex, WhatIsFilledFromFrontToEndHasFullLeaves) {
  SortedSet set(1);
  for (int i = 0; i < 64000; ++i) {
    set.Assign("m" + std::to_string(i), At(static_cast<std::uint64_t>(i) + 1), Text(i));
  }
  EXPECT_LT(OrderBytes(set), 64000U * 18);
}

TEST(ScoreIndex, AQueueThatIsFilledAndEmptiedTakesNoMoreMemory) {
  SortedSet set(1);
  for (int i = 0; i < 100000; ++i) {
    set.Assign("m" + std::to_string(i), At(static_cast<std::uint64_t>(i) + 1), Text(i));
    if (i >= 1000) {
      set.Remove(MemberAt(set, 0), At(static_cast<std::uint64_t>(i) + 2));
    }
  }
  EXPECT_EQ(set.size(), 1000U);
  EXPECT_LT(OrderBytes(set), 1000U * 24);
}

}  // namespace
}  // namespace crdt
