#include "replication/region_comparison.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "replication/digest_answer.h"
#include "replication/wire.h"
#include "storage/key_location.h"
#include "stream_fixture.h"

namespace replication {
namespace {

// Two regions, each with a shard; what one asks the other one is handed over at once.
class RegionComparisonTest : public ::testing::Test {
 protected:
  // A write that both have.
  std::string Both(std::uint64_t tick, const std::string& text = "text") {
    here_.Write(WriteOf(1, tick), text);
    Deliver(WriteOf(1, tick), text, there_);
    return FakeShard::KeyOf(WriteOf(1, tick));
  }
  static void Deliver(crdt::Stamp stamp, const std::string& text, FakeShard& to) {
    EXPECT_TRUE(to.ApplyRecord(RecordOf(stamp, text)).has_value());
  }

  // Goes on until nothing is left to do at either side.
  void Run(RegionComparison& comparison) {
    for (;;) {
      std::vector<Message> asked;
      std::uint64_t budget = 100;
      bool works = comparison.Work(here_, kUnixMs, budget, asked);
      for (Message& message : asked) {
        auto& request = std::get<DigestRequest>(message);
        if (on_request) on_request(request);
        answers_.emplace_back(Travel(request));
      }
      std::vector<Message> replies;
      for (auto answer = answers_.begin(); answer != answers_.end();) {
        budget = 100;
        const DigestAnswer::Step step = answer->Work(there_, budget, replies);
        answer = step == DigestAnswer::Step::kLast ? answers_.erase(answer) : std::next(answer);
        works |= step != DigestAnswer::Step::kWaits;
      }
      for (Message& reply : replies) {
        EXPECT_TRUE(comparison.OnReply(Travel(std::get<DigestReply>(reply)), here_).has_value());
      }
      if (!works) return;
    }
  }
  ComparisonReport Compare(const ComparisonScope& scope = {}) {
    RegionComparison comparison(1, 2, scope);
    Run(comparison);
    EXPECT_TRUE(comparison.done());
    return comparison.report();
  }

  // As a message that came over a connection.
  template <class Kind>
  static Kind Travel(const Kind& message) {
    const std::string frame = EncodeFrame(message);
    EXPECT_LE(frame.size(), kMaxFrame);
    auto decoded = DecodeMessage(std::string_view(frame).substr(sizeof(std::uint32_t)));
    EXPECT_TRUE(decoded.has_value());
    return std::get<Kind>(*decoded);
  }

  FakeShard here_;
  FakeShard there_;
  std::deque<DigestAnswer> answers_;
  std::function<void(DigestRequest&)> on_request;
};

TEST_F(RegionComparisonTest, FindsNothingWhereBothHaveTheSame) {
  for (std::uint64_t tick = 1; tick <= 1000; ++tick) Both(tick);
  const ComparisonReport report = Compare();
  EXPECT_EQ(report.partitions, storage::kPartitions);
  EXPECT_EQ(report.differing, 0U);
  EXPECT_EQ(report.in_flight, 0U);
  EXPECT_EQ(report.incomplete, "");
}

TEST_F(RegionComparisonTest, NamesTheKeysWhoseDifferenceNothingExplains) {
  std::vector<std::string> keys;
  for (std::uint64_t tick = 1; tick <= 1000; ++tick) keys.push_back(Both(tick));
  here_.Spoil(keys[7], "another text");
  here_.Spoil(keys[70], "");
  there_.Spoil(keys[700], "");
  const ComparisonReport report = Compare();
  EXPECT_EQ(report.differing, 3U);
  ASSERT_EQ(report.keys.size(), 3U);
  for (const ComparedKey& key : report.keys) {
    EXPECT_TRUE(key.key == keys[7] || key.key == keys[70] || key.key == keys[700]) << key.key;
    EXPECT_EQ(key.partition, storage::PartitionOf(key.key));
    EXPECT_EQ(key.here == 0, key.key == keys[70]);
    EXPECT_EQ(key.there == 0, key.key == keys[700]);
  }
}

TEST_F(RegionComparisonTest, LooksAtOnePartitionOrOneKeyWhereThatIsAsked) {
  const std::string spoiled = Both(1);
  const std::string other = Both(2);
  ASSERT_NE(storage::PartitionOf(spoiled), storage::PartitionOf(other));
  here_.Spoil(spoiled, "another text");
  EXPECT_EQ(Compare({.partition = storage::PartitionOf(spoiled)}).differing, 1U);
  EXPECT_EQ(Compare({.partition = storage::PartitionOf(other)}).differing, 0U);
  EXPECT_EQ(Compare({.key = spoiled}).differing, 1U);
  EXPECT_EQ(Compare({.key = other}).differing, 0U);
  EXPECT_EQ(Compare({.key = spoiled}).partitions, 1);
}

TEST_F(RegionComparisonTest, WaitsForWhatIsUnderWay) {
  Both(1);
  const crdt::Stamp stamp = WriteOf(1, 2);
  here_.Write(stamp, "under way");
  RegionComparison comparison(1, 2, {});
  Run(comparison);
  EXPECT_FALSE(comparison.done());
  EXPECT_NE(comparison.waits_for().find("the other region does not answer yet"), std::string::npos);
  Deliver(stamp, "under way", there_);
  Run(comparison);
  EXPECT_TRUE(comparison.done());
  EXPECT_EQ(comparison.report().differing, 0U);
  EXPECT_EQ(comparison.report().in_flight, 1U);
}

TEST_F(RegionComparisonTest, WaitsForWhatThisSideLacksToo) {
  Both(1);
  const crdt::Stamp stamp = WriteOf(2, 2);
  there_.Write(stamp, "under way");
  RegionComparison comparison(1, 2, {});
  Run(comparison);
  EXPECT_FALSE(comparison.done());
  EXPECT_NE(comparison.waits_for().find("what the other region had is not here yet"),
            std::string::npos);
  Deliver(stamp, "under way", here_);
  Run(comparison);
  EXPECT_TRUE(comparison.done());
  EXPECT_EQ(comparison.report().differing, 0U);
}

// The reason for three rounds: in two of them this side has the key and the other one has not.
TEST_F(RegionComparisonTest, WhatIsDeletedWhileItIsUnderWayIsNoDifference) {
  const crdt::Stamp written = WriteOf(1, 1);
  const std::string key = FakeShard::KeyOf(written);
  here_.Write(written, "text");
  const crdt::Stamp deleted = WriteOf(2, 2);
  int rounds = 0;
  on_request = [&](const DigestRequest& request) {
    if (request.names.empty() || ++rounds > 2) return;
    if (rounds == 1) {
      // The second round: the other side has the write, and has deleted it.
      Deliver(written, "text", there_);
      there_.Write(deleted, "deletes");
      there_.Spoil(key, "");
    } else {
      // The third one: that has come.
      Deliver(deleted, "deletes", here_);
      here_.Spoil(key, "");
    }
  };
  RegionComparison comparison(1, 2, {.partition = storage::PartitionOf(key)});
  Run(comparison);
  EXPECT_TRUE(comparison.done());
  EXPECT_EQ(rounds, 2);
  EXPECT_EQ(comparison.report().differing, 0U);
  EXPECT_EQ(comparison.report().in_flight, 1U);
}

TEST_F(RegionComparisonTest, RepairsWhatDiffersAndNothingElse) {
  std::vector<std::string> keys;
  for (std::uint64_t tick = 1; tick <= 1000; ++tick) keys.push_back(Both(tick));
  // More than are looked at together, in one partition.
  std::vector<std::string> alike;
  for (const std::string& key : keys) {
    if (storage::PartitionOf(key) % 2 == 0) alike.push_back(key);
  }
  for (const std::string& key : alike) here_.Spoil(key, key.back() % 2 == 0 ? "" : "other text");
  const std::string only_here = FakeShard::KeyOf(WriteOf(3, 1));
  here_.Spoil(only_here, "nobody else has it");
  const ComparisonReport report = Compare({.repairs = true});
  EXPECT_EQ(report.differing, alike.size() + 1);
  EXPECT_EQ(report.repaired, alike.size() + 1);
  EXPECT_LE(report.keys.size(), RegionComparison::kMostKeysReported);
  EXPECT_EQ(here_.texts().size(), there_.texts().size());
  EXPECT_EQ(Compare().differing, 0U);
}

TEST_F(RegionComparisonTest, LooksAtManyKeysOfAPartitionBitByBit) {
  const storage::PartitionId partition = storage::PartitionOf(FakeShard::KeyOf(WriteOf(1, 1)));
  std::size_t spoiled = 0;
  for (std::uint64_t tick = 1; spoiled <= PartitionComparison::kKeysAtOnce; ++tick) {
    const std::string key = FakeShard::KeyOf(WriteOf(1, tick));
    if (storage::PartitionOf(key) != partition) continue;
    Both(tick);
    here_.Spoil(key, "");
    ++spoiled;
  }
  EXPECT_EQ(Compare({.partition = partition}).differing, spoiled);
  EXPECT_EQ(Compare({.partition = partition, .repairs = true}).repaired, spoiled);
  EXPECT_EQ(Compare().differing, 0U);
}

TEST_F(RegionComparisonTest, WhatDoesNotFitIntoOneAnswerIsAskedForAgain) {
  const storage::PartitionId partition = storage::PartitionOf(FakeShard::KeyOf(WriteOf(1, 1)));
  std::size_t spoiled = 0;
  for (std::uint64_t tick = 1; spoiled < 3; ++tick) {
    const std::string key = FakeShard::KeyOf(WriteOf(1, tick));
    if (storage::PartitionOf(key) != partition) continue;
    Both(tick, std::string(DigestAnswer::kMostObjectBytes * 2 / 3, 'x'));
    here_.Spoil(key, "short");
    ++spoiled;
  }
  int answers = 0;
  on_request = [&](const DigestRequest& request) { answers += request.objects ? 1 : 0; };
  EXPECT_EQ(Compare({.partition = partition, .repairs = true}).repaired, spoiled);
  EXPECT_EQ(answers, 2);
  EXPECT_EQ(Compare().differing, 0U);
}

TEST_F(RegionComparisonTest, WhatChangesBeforeItsRepairComesIsLeftAlone) {
  const std::string at_this_side = Both(1);
  const std::string at_the_other = Both(2);
  for (const std::string& key : {at_this_side, at_the_other}) here_.Spoil(key, "spoiled");
  on_request = [&](const DigestRequest& request) {
    if (!request.objects) return;
    here_.Spoil(at_this_side, "written meanwhile");
    there_.Spoil(at_the_other, "written meanwhile");
  };
  const ComparisonReport report = Compare({.repairs = true});
  EXPECT_EQ(report.differing, 2U);
  EXPECT_LE(report.repaired, 1U);
  EXPECT_EQ(here_.texts().at(WriteOf(1, 1)).text, "written meanwhile");
  on_request = nullptr;
  EXPECT_EQ(Compare({.repairs = true}).repaired + report.repaired, 2U);
  EXPECT_EQ(Compare().differing, 0U);
}

TEST_F(RegionComparisonTest, EndsWhereTheOtherSideSendsNothingToRepairWith) {
  const std::string spoiled = Both(1);
  here_.Spoil(spoiled, "spoiled");
  std::string another;
  for (std::uint64_t tick = 2;
       storage::PartitionOf(another) != storage::PartitionOf(spoiled) || another.empty(); ++tick) {
    another = FakeShard::KeyOf(WriteOf(1, tick));
  }
  int asked = 0;
  on_request = [&](DigestRequest& request) {
    if (request.objects && ++asked > 0) request.names = {another};
  };
  const ComparisonReport report =
      Compare({.partition = storage::PartitionOf(spoiled), .repairs = true});
  EXPECT_EQ(report.repaired, 0U);
  EXPECT_EQ(report.incomplete, "the other region sends nothing to repair with");
  EXPECT_EQ(asked, 1);
}

TEST_F(RegionComparisonTest, OneThatBreaksOffTellsWhatItHasDoneUntilThen) {
  std::vector<std::string> keys;
  for (std::uint64_t tick = 1; tick <= 100; ++tick) keys.push_back(Both(tick));
  for (const std::string& key : keys) here_.Spoil(key, "spoiled");
  RegionComparison comparison(1, 2, {.repairs = true});
  on_request = [&](const DigestRequest& request) {
    if (request.objects) comparison.Break("the time is over");
  };
  // Whatever was repaired by then counts.
  Run(comparison);
  std::uint64_t repaired = 0;
  for (const auto& [stamp, text] : here_.texts()) repaired += text.text == "text" ? 1 : 0;
  EXPECT_EQ(comparison.report().repaired, repaired);
  EXPECT_EQ(comparison.report().incomplete, "the time is over");
  EXPECT_GT(comparison.report().differing, 0U);
}

TEST_F(RegionComparisonTest, AnAnswerThatDoesNotDecodeIsAnError) {
  RegionComparison comparison(7, 2, {});
  std::vector<Message> asked;
  std::uint64_t budget = 100;
  comparison.Work(here_, kUnixMs, budget, asked);
  const auto& request = std::get<DigestRequest>(asked.at(0));
  DigestReply reply{.comparison = 7,
                    .partition = request.partition,
                    .round = request.round + 1,
                    .entries = "\x7f",
                    .is_last = true};
  EXPECT_TRUE(comparison.OnReply(DigestReply(reply), here_).has_value())
      << "an answer to what is not asked";
  reply.round = request.round;
  reply.comparison = 6;
  EXPECT_TRUE(comparison.OnReply(DigestReply(reply), here_).has_value())
      << "an answer to an older comparison";
  reply.comparison = 7;
  EXPECT_FALSE(comparison.OnReply(DigestReply(reply), here_).has_value());
}

}  // namespace
}  // namespace replication
