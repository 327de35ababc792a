#include "storage/log/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "log_fixture.h"
#include "storage/log/sync_policy.h"

namespace storage {
namespace {

crdt::VersionVector UpTo(std::uint64_t number) {
  crdt::VersionVector vector;
  vector.Advance(StampNumber(number));
  return vector;
}

// Numbers of the records from `cursor` on.
std::vector<std::uint64_t> NumbersFrom(const Log& log, LogCursor cursor) {
  std::vector<std::uint64_t> numbers;
  for (const std::string& payload : ReadAll(log, std::move(cursor))) {
    const auto stamp = LastStampOf(payload);
    if (!stamp) continue;
    numbers.push_back((stamp->value() - StampNumber(0).value()) / crdt::Stamp::kTick);
  }
  return numbers;
}

std::vector<std::uint64_t> Range(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = first; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

class LogTest : public ::testing::Test {
 protected:
  void AppendNumbers(std::uint64_t first, std::uint64_t last, std::size_t size = 40) {
    for (std::uint64_t number = first; number <= last; ++number) {
      AppendNumber(log_, number, size);
      Flush(log_);
    }
  }

  MemoryDisk disk_;
  Log log_{SmallLog(), &disk_};
};

TEST_F(LogTest, PositionsTellHowFarARecordHasCome) {
  AppendNumber(log_, 1);
  const LogPosition end = log_.end();
  EXPECT_EQ(log_.written(), 0U);
  ASSERT_TRUE(log_.WriteOut().has_value());
  EXPECT_EQ(log_.written(), end);
  EXPECT_EQ(log_.durable(), 0U);
  const auto job = log_.BeginSync();
  ASSERT_TRUE(job.has_value());
  EXPECT_TRUE(log_.syncing());
  log_.OnSyncDone(*job, job->Run());
  EXPECT_EQ(log_.durable(), end);
  EXPECT_FALSE(log_.syncing());
}

TEST_F(LogTest, OneSyncIsForAllThatWasWrittenBeforeItBegan) {
  AppendNumbers(1, 1);
  const std::uint64_t before = disk_.syncs();
  for (std::uint64_t number = 2; number <= 5; ++number) AppendNumber(log_, number);
  ASSERT_TRUE(log_.WriteOut().has_value());
  const auto job = log_.BeginSync();
  ASSERT_TRUE(job.has_value());
  const LogPosition covered = log_.written();
  AppendNumber(log_, 6);
  ASSERT_TRUE(log_.WriteOut().has_value());
  EXPECT_FALSE(log_.BeginSync().has_value()) << "one at a time";
  log_.OnSyncDone(*job, job->Run());
  EXPECT_EQ(log_.durable(), covered);
  EXPECT_LT(log_.durable(), log_.written());
  EXPECT_EQ(disk_.syncs(), before + 1);
}

TEST_F(LogTest, NothingNewNeedsNoSync) {
  AppendNumbers(1, 1);
  EXPECT_FALSE(log_.BeginSync().has_value());
}

TEST_F(LogTest, AFailedSyncIsFinal) {
  AppendNumbers(1, 1);
  const LogPosition durable = log_.durable();
  AppendNumber(log_, 2);
  ASSERT_TRUE(log_.WriteOut().has_value());
  disk_.FailSyncs(true);
  const auto job = log_.BeginSync();
  log_.OnSyncDone(*job, job->Run());
  disk_.FailSyncs(false);
  EXPECT_TRUE(log_.failed());
  EXPECT_EQ(log_.durable(), durable);
  EXPECT_FALSE(log_.BeginSync().has_value());
  AppendNumber(log_, 3);
  EXPECT_FALSE(log_.WriteOut().has_value());
}

TEST_F(LogTest, AFailedWriteIsFinal) {
  AppendNumbers(1, 1);
  AppendNumber(log_, 2);
  disk_.FailWrites(true);
  EXPECT_FALSE(log_.WriteOut().has_value());
  disk_.FailWrites(false);
  EXPECT_TRUE(log_.failed());
  EXPECT_FALSE(log_.WriteOut().has_value());
}

TEST_F(LogTest, ASegmentTurnsOverAtItsSizeAndFramesAreNeverSplit) {
  AppendNumbers(1, 60);
  EXPECT_GT(log_.segments(), 3U);
  EXPECT_EQ(Segments(disk_).size(), log_.segments());
  const Recovered recovered = Recover(disk_);
  EXPECT_EQ(recovered.payloads.size(), 60U);
  EXPECT_EQ(recovered.report.verdict, RecoveryReport::Verdict::kWhole);
}

TEST_F(LogTest, AFrameLongerThanASegmentHasOneOfItsOwn) {
  AppendNumbers(1, 3);
  AppendNumber(log_, 4, 5000);
  Flush(log_);
  AppendNumbers(5, 8);
  EXPECT_EQ(Recover(disk_).payloads.size(), 8U);
}

TEST_F(LogTest, ASegmentIsSealedOnceAPartOfTheNextIsDurable) {
  AppendNumbers(1, 60);
  // What the seals need is synced with the next records.
  const Recovered recovered = Recover(disk_);
  const auto segments = Segments(disk_);
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const LogPosition next = *FirstOfSegment(segments[i + 1].substr(segments[i + 1].find('/') + 1));
    EXPECT_NE(disk_.ReadFile(segments[i])->find(SegmentSeal(next)), std::string::npos) << i;
  }
  EXPECT_EQ(disk_.ReadFile(segments.back())->find(SegmentSeal(recovered.report.position)),
            std::string::npos);
}

// --- Reading -------------------------------------------------------------------------------------

TEST_F(LogTest, ReadingGoesOnAcrossSegmentsOnDiskAndInMemory) {
  LogOptions options = SmallLog();
  options.memory_bytes = 100;
  log_ = Log(options, &disk_);
  AppendNumbers(1, 100);
  EXPECT_EQ(NumbersFrom(log_, {}), Range(1, 100));
  const Recovered recovered = Recover(disk_, options);
  EXPECT_EQ(NumbersFrom(*recovered.log, {}), Range(1, 100));
  AppendNumber(*recovered.log, 101);
  EXPECT_EQ(NumbersFrom(*recovered.log, {}), Range(1, 101));
}

TEST_F(LogTest, ReadingStopsAtItsLimitAtAFramesEndAndGoesOnThere) {
  AppendNumbers(1, 30);
  LogCursor cursor;
  std::size_t frames = 0;
  const auto count = [&](const FrameView&) {
    ++frames;
    return true;
  };
  ASSERT_TRUE(log_.Read(cursor, log_.end(), 200, count).has_value());
  EXPECT_GT(frames, 1U);
  EXPECT_LT(frames, 10U);
  const std::size_t first = frames;
  ASSERT_TRUE(
      log_.Read(cursor, log_.end(), 1 << 20, [&](const FrameView&) { return ++frames < first + 3; })
          .has_value());
  EXPECT_EQ(frames, first + 3);
  ASSERT_TRUE(log_.Read(cursor, log_.end(), 1 << 20, count).has_value());
  EXPECT_EQ(frames, 30U);
  EXPECT_EQ(cursor.position(), log_.end());
}

TEST_F(LogTest, ACursorIsAtOrBeforeTheFirstFrameThatIsLacked) {
  constexpr std::size_t kHalfAMegabyte = 512 << 10;
  AppendNumbers(1, 8, kHalfAMegabyte);
  const LogCursor cursor = *log_.CursorFor(UpTo(5));
  EXPECT_GT(cursor.position(), 0U);
  const auto numbers = NumbersFrom(log_, cursor);
  EXPECT_LE(numbers.front(), 6U);
  EXPECT_EQ(numbers.back(), 8U);
  EXPECT_EQ(log_.CursorFor({})->position(), 0U);
}

TEST_F(LogTest, ALogInMemoryKeepsItsNewestPartAndSaysWhereItDoesNotReach) {
  Log log({.memory_bytes = 1 << 20}, nullptr);
  constexpr std::size_t kHalfAMegabyte = 512 << 10;
  for (std::uint64_t number = 1; number <= 20; ++number) {
    AppendNumber(log, number, kHalfAMegabyte);
    ASSERT_TRUE(log.WriteOut().has_value());
  }
  EXPECT_FALSE(log.CursorFor(UpTo(3)).has_value());
  const auto cursor = log.CursorFor(UpTo(18));
  ASSERT_TRUE(cursor.has_value());
  EXPECT_EQ(NumbersFrom(log, *cursor).back(), 20U);
  EXPECT_EQ(log.CursorAtEnd().position(), log.end());
}

TEST_F(LogTest, ASmallLogInMemoryIsKeptSmallToo) {
  constexpr std::uint64_t kMemory = 64 << 10;
  Log log({.memory_bytes = kMemory}, nullptr);
  std::uint64_t most = 0;
  for (std::uint64_t number = 1; number <= 500; ++number) {
    AppendNumber(log, number, 1 << 10);
    ASSERT_TRUE(log.WriteOut().has_value());
    most = std::max(most, log.bytes_in_memory());
  }
  EXPECT_LE(most, 2 * kMemory + (1 << 10));
  EXPECT_GE(log.bytes_in_memory(), kMemory);
  EXPECT_FALSE(log.CursorFor(UpTo(300)).has_value());
  EXPECT_EQ(NumbersFrom(log, *log.CursorFor(UpTo(450))).back(), 500U);
}

TEST_F(LogTest, LetsGoOfWholeSegmentsAndSaysWhereItDoesNotReachAnyMore) {
  AppendNumbers(1, 60);
  const std::uint64_t segments = log_.segments();
  const std::uint64_t bytes = log_.disk_bytes();
  const LogCursor kept = *log_.CursorFor(UpTo(30));
  log_.DropBefore(kept.position());
  EXPECT_EQ(log_.begin().position(), kept.position()) << "a segment begins there";
  EXPECT_EQ(log_.begin().vectors(), kept.vectors());
  EXPECT_LT(log_.segments(), segments);
  EXPECT_LT(log_.disk_bytes(), bytes);
  EXPECT_FALSE(log_.CursorFor(UpTo(3)).has_value());
  EXPECT_EQ(NumbersFrom(log_, *log_.CursorFor(UpTo(40))).back(), 60U);
  log_.DropBefore(log_.end());
  EXPECT_EQ(log_.segments(), 1U) << "the last one is written to";
  AppendNumbers(61, 80);
  EXPECT_EQ(NumbersFrom(log_, log_.begin()).back(), 80U);
}

TEST_F(LogTest, FilesOfWhatItHasLetGoOfAreRemovedByTheNextSync) {
  AppendNumbers(1, 60);
  const std::size_t files = disk_.List(kDirectory)->size();
  log_.DropBefore(log_.CursorFor(UpTo(30))->position());
  EXPECT_EQ(disk_.List(kDirectory)->size(), files);
  EXPECT_TRUE(SyncIsDue(SyncPolicy::kNo, log_, /*now_ms=*/0, /*last_sync_ms=*/0));
  Flush(log_);
  EXPECT_EQ(disk_.List(kDirectory)->size(), log_.segments());
  EXPECT_FALSE(log_.has_dropped());
}

TEST_F(LogTest, LetsGoOfNothingThatIsNotDurable) {
  for (std::uint64_t number = 1; number <= 60; ++number) AppendNumber(log_, number);
  ASSERT_TRUE(log_.WriteOut().has_value());
  log_.DropBefore(log_.end());
  EXPECT_EQ(log_.begin().position(), 0U);
  EXPECT_FALSE(log_.has_dropped());
}

TEST_F(LogTest, KnowsWhatIsNewerThanAMoment) {
  const auto ms_of = [](std::uint64_t number) {
    return static_cast<std::int64_t>(StampNumber(number).unix_ms());
  };
  AppendNumbers(1, 60);
  EXPECT_EQ(log_.BeginOfWhatIsNewerThan(0), 0U);
  EXPECT_GT(log_.BeginOfWhatIsNewerThan(ms_of(60)), log_.end() - 2000);
  log_.DropBefore(log_.CursorFor(UpTo(30))->position());
  EXPECT_EQ(log_.BeginOfWhatIsNewerThan(0), log_.begin().position());
}

// --- The rules -----------------------------------------------------------------------------------

// Wherever the tail is torn, a command with effects in several partitions is there or it is not.
TEST(FinePrint, Rule2ACommandOverSeveralPartitionsIsOneFrame) {
  crdt::EffectList effects;
  for (const char* key : {"a", "b", "c"}) {
    effects.Begin(crdt::EffectKind::kSet, 0, key).Bytes("value");
  }
  MemoryDisk whole;
  Log log(SmallLog(), &whole);
  AppendNumber(log, 1);
  const LogPosition before = log.end();
  log.AppendRecord(StampNumber(2), effects.count(), effects.bytes());
  Flush(log);
  const std::string segment = Segments(whole).front();
  const std::string bytes = whole.ReadFile(segment).value();
  const std::size_t header = SegmentHeader::SizeOf(bytes);
  for (LogPosition cut = before; cut <= log.end(); ++cut) {
    MemoryDisk torn;
    torn.CopyFrom(whole);
    std::string content = bytes.substr(0, header + cut);
    content.resize(bytes.size());
    ASSERT_TRUE(torn.ReplaceFile(segment, content).has_value());
    const Recovered recovered = Recover(torn);
    const bool there = recovered.payloads.size() == 2;
    EXPECT_EQ(there, cut == log.end()) << cut;
    if (!there) continue;
    EXPECT_EQ(DecodeRecord(recovered.payloads[1], {.floor = UpTo(1)})->effect_count, 3U);
  }
}

TEST(FinePrint, Rule6EverySegmentStartsWithTheVectorOfEachPartition) {
  MemoryDisk disk;
  Log log(SmallLog(), &disk);
  crdt::VersionVector joined;
  joined.Advance(StampNumber(70, crdt::Writer(2, 1)));
  std::string jump;
  EncodeVectorJump({.partition = 3, .vector = joined}, jump);
  log.Append(jump);
  for (std::uint64_t number = 1; number <= 60; ++number) AppendNumber(log, number);
  Flush(log);
  std::map<LogPosition, LogVectors> at;
  LogCursor cursor;
  ASSERT_TRUE(log.Read(cursor, log.end(), log.end(),
                       [&](const FrameView& frame) {
                         at[frame.end - frame.payload.size() - kFrameHeaderBytes] = frame.before;
                         return true;
                       })
                  .has_value());
  const auto segments = Segments(disk);
  ASSERT_GT(segments.size(), 2U);
  for (const std::string& name : segments) {
    std::size_t size = 0;
    const auto header = SegmentHeader::Decode(*disk.ReadFile(name), size).value();
    EXPECT_EQ(header.floor, at.at(header.first).floor) << name;
    EXPECT_EQ(header.beyond_floor, at.at(header.first).beyond_floor) << name;
  }
}

// --- The full disk -------------------------------------------------------------------------------

TEST(FullDisk, TheReserveLetsWorkInFlightFinishAndTheLogResumesByItself) {
  MemoryDisk disk;
  LogOptions options = SmallLog();
  options.reserve_bytes = 20000;
  Log log(options, &disk);
  ASSERT_TRUE(log.Recover([](const FrameView&) -> crdt::Status { return {}; }).has_value());
  AppendNumber(log, 1);
  Flush(log);
  disk.SetCapacity(disk.used_bytes());
  std::uint64_t number = 1;
  while (!log.full()) {
    AppendNumber(log, ++number);
    ASSERT_TRUE(log.WriteOut().has_value()) << "the reserve gives way";
  }
  EXPECT_FALSE(disk.Exists(std::string(kDirectory) + "/" + kReserveName));
  EXPECT_FALSE(log.failed());
  // Nothing but the reserve is free, and soon that is used up: what does not fit waits in memory.
  crdt::Status written;
  while (written) {
    AppendNumber(log, ++number);
    written = log.WriteOut();
  }
  EXPECT_EQ(written.error().code, crdt::ErrorCode::kDiskFull);
  EXPECT_FALSE(log.failed());
  EXPECT_LT(log.written(), log.end());
  EXPECT_FALSE(log.RestoreReserve());

  disk.SetCapacity(0);
  Flush(log);
  EXPECT_EQ(log.written(), log.end());
  EXPECT_TRUE(log.RestoreReserve());
  EXPECT_FALSE(log.full());
  EXPECT_EQ(Recover(disk, options).payloads.size(), number);
}

// --- When to sync --------------------------------------------------------------------------------

TEST_F(LogTest, ThePolicyDecidesWhenASyncIsDue) {
  const auto due = [this](SyncPolicy policy, std::int64_t now) {
    return SyncIsDue(policy, log_, now, /*last_sync_ms=*/0);
  };
  EXPECT_FALSE(due(SyncPolicy::kAlways, 5000)) << "nothing is written";
  AppendNumber(log_, 1);
  ASSERT_TRUE(log_.WriteOut().has_value());
  EXPECT_TRUE(due(SyncPolicy::kAlways, 1));
  EXPECT_FALSE(due(SyncPolicy::kEverySecond, 999));
  EXPECT_TRUE(due(SyncPolicy::kEverySecond, 1000));
  EXPECT_FALSE(due(SyncPolicy::kNo, 5000));
  for (std::uint64_t number = 2; number <= 40; ++number) AppendNumber(log_, number);
  ASSERT_TRUE(log_.WriteOut().has_value());
  EXPECT_TRUE(due(SyncPolicy::kNo, 1)) << "a finished segment gets its seal";
  const auto job = log_.BeginSync();
  EXPECT_FALSE(due(SyncPolicy::kAlways, 5000)) << "one is under way";
  log_.OnSyncDone(*job, job->Run());
  EXPECT_FALSE(due(SyncPolicy::kAlways, 5000));
}

}  // namespace
}  // namespace storage
