// What a crash leaves is cut and kept aside; what was durable and is damaged is reported and left
// as it is.
#include "storage/log/recovery.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "log_fixture.h"

namespace storage {
namespace {

using Verdict = RecoveryReport::Verdict;

// A log of so many records on the disk, all of them durable.
LogPosition WriteRecords(MemoryDisk& disk, std::uint64_t count, std::size_t size = 40) {
  Log log(SmallLog(), &disk);
  for (std::uint64_t number = 1; number <= count; ++number) {
    AppendNumber(log, number, size);
    Flush(log);
  }
  return log.end();
}

std::string PayloadOf(std::uint64_t number, std::size_t size = 40) {
  std::string payload;
  EncodeLocalRecord(StampNumber(number), 1, EffectsOf(number, size), payload);
  return payload;
}

// Where the frame of this record is in a file.
std::uint64_t OffsetOf(MemoryDisk& disk, const std::string& path, std::uint64_t number) {
  const std::size_t at = disk.ReadFile(path)->find(PayloadOf(number));
  EXPECT_NE(at, std::string::npos);
  return at;
}

std::vector<std::string> KeptAside(MemoryDisk& disk) {
  std::vector<std::string> kept;
  const auto names = disk.List(kDirectory).value();
  for (const std::string& name : names) {
    if (name.starts_with("torn-")) kept.push_back(name);
  }
  return kept;
}

TEST(Recovery, AnEmptyDirectoryIsAWholeLog) {
  MemoryDisk disk;
  const Recovered recovered = Recover(disk);
  EXPECT_EQ(recovered.report.verdict, Verdict::kWhole);
  EXPECT_EQ(recovered.report.position, 0U);
}

TEST(Recovery, AppendingGoesOnBehindWhatWasThere) {
  MemoryDisk disk;
  const LogPosition end = WriteRecords(disk, 30);
  Recovered recovered = Recover(disk);
  EXPECT_EQ(recovered.log->end(), end);
  EXPECT_EQ(recovered.log->durable(), end);
  for (std::uint64_t number = 31; number <= 60; ++number) AppendNumber(*recovered.log, number);
  Flush(*recovered.log);
  const Recovered again = Recover(disk);
  EXPECT_EQ(again.payloads.size(), 60U);
  EXPECT_EQ(again.log->vectors(), recovered.log->vectors());
}

TEST(Recovery, ATornTailIsCutKeptAsideAndReported) {
  MemoryDisk disk;
  WriteRecords(disk, 5);
  const std::string path = Segments(disk).back();
  const std::uint64_t at = OffsetOf(disk, path, 5);
  // The last frame's end never reached the disk.
  std::string bytes = disk.ReadFile(path).value();
  bytes.replace(at + 20, 50, std::string(50, '\0'));
  ASSERT_TRUE(disk.ReplaceFile(path, bytes).has_value());
  const Recovered recovered = Recover(disk);
  EXPECT_EQ(recovered.report.verdict, Verdict::kTornTail);
  EXPECT_EQ(recovered.payloads.size(), 4U);
  EXPECT_EQ(recovered.report.cut_bytes, 28U);
  EXPECT_NE(recovered.report.detail.find("torn tail of 28 bytes"), std::string::npos);
  ASSERT_EQ(KeptAside(disk).size(), 1U);
  EXPECT_EQ(disk.ReadFile(std::string(kDirectory) + "/" + KeptAside(disk).front()),
            bytes.substr(at - 8, 28));
  EXPECT_EQ(Recover(disk).report.verdict, Verdict::kWhole) << "cut once";
}

TEST(Recovery, WhatIsAppendedBehindACutIsReadBack) {
  MemoryDisk disk;
  WriteRecords(disk, 5);
  disk.FlipBit(Segments(disk).back(), OffsetOf(disk, Segments(disk).back(), 5) + 12, 3);
  Recovered recovered = Recover(disk);
  ASSERT_EQ(recovered.report.verdict, Verdict::kTornTail);
  AppendNumber(*recovered.log, 6, 10);
  Flush(*recovered.log);
  const Recovered again = Recover(disk);
  EXPECT_EQ(again.report.verdict, Verdict::kWhole);
  ASSERT_EQ(again.payloads.size(), 5U);
  EXPECT_EQ(again.payloads.back(), PayloadOf(6, 10));
}

TEST(Recovery, DamageInTheMiddleIsNeverCut) {
  MemoryDisk disk;
  WriteRecords(disk, 5);
  const std::string path = Segments(disk).back();
  disk.FlipBit(path, OffsetOf(disk, path, 3) + 15, 0);
  const std::string before = disk.ReadFile(path).value();
  Recovered recovered = Recover(disk);
  EXPECT_EQ(recovered.report.verdict, Verdict::kDamaged);
  EXPECT_EQ(recovered.payloads.size(), 2U);
  EXPECT_EQ(disk.ReadFile(path).value(), before);
  EXPECT_TRUE(KeptAside(disk).empty());
  AppendNumber(*recovered.log, 6);
  EXPECT_FALSE(recovered.log->WriteOut().has_value()) << "it must not be appended to";
}

// The seal says that all of the segment was durable: its last frame, too, is no torn tail.
TEST(Recovery, DamageAtTheEndOfAFinishedSegmentIsNeverCut) {
  MemoryDisk disk;
  WriteRecords(disk, 40);
  const auto segments = Segments(disk);
  ASSERT_GT(segments.size(), 2U);
  const std::string first = disk.ReadFile(segments[0]).value();
  std::uint64_t last = 1;
  while (first.find(PayloadOf(last + 1)) != std::string::npos) ++last;
  disk.FlipBit(segments[0], OffsetOf(disk, segments[0], last) + 15, 0);
  EXPECT_EQ(Recover(disk).report.verdict, Verdict::kDamaged);
  EXPECT_EQ(Segments(disk).size(), segments.size());
}

// The size of a header that does not verify says nothing about where its frames begin.
TEST(Recovery, ADamagedHeaderWithFramesBehindItIsNeverCut) {
  MemoryDisk whole;
  WriteRecords(whole, 40);
  const std::string path = Segments(whole).back();
  for (std::uint64_t offset = 0; offset < SegmentHeader::SizeOf(whole.ReadFile(path).value());
       ++offset) {
    for (int bit = 0; bit < 8; ++bit) {
      MemoryDisk disk;
      disk.CopyFrom(whole);
      disk.FlipBit(path, offset, bit);
      Log log(SmallLog(), &disk);
      const auto report = log.Recover([](const FrameView&) -> crdt::Status { return {}; });
      const bool newer_version = !report && report.error().code == crdt::ErrorCode::kUnsupported;
      EXPECT_TRUE(newer_version || (report && report->verdict == Verdict::kDamaged))
          << "byte " << offset << " bit " << bit;
      EXPECT_TRUE(KeptAside(disk).empty());
    }
  }
}

// Whatever stands there now: the seal before it says that a part of it was durable.
TEST(Recovery, AHeaderThatIsGoneBehindASealIsNeverCut) {
  MemoryDisk disk;
  WriteRecords(disk, 40);
  const auto segments = Segments(disk);
  ASSERT_GT(segments.size(), 2U);
  const std::size_t size = disk.ReadFile(segments.back()).value().size();
  disk.Overwrite(segments.back(), 0, std::string(size, '\0'));
  EXPECT_EQ(Recover(disk).report.verdict, Verdict::kDamaged);
  EXPECT_TRUE(KeptAside(disk).empty());
  EXPECT_EQ(Segments(disk).size(), segments.size());
}

TEST(Recovery, AMissingSegmentInTheMiddleIsDamage) {
  MemoryDisk disk;
  WriteRecords(disk, 60);
  const auto segments = Segments(disk);
  ASSERT_GT(segments.size(), 3U);
  ASSERT_TRUE(disk.Remove(segments[1]).has_value());
  EXPECT_EQ(Recover(disk).report.verdict, Verdict::kDamaged);
  EXPECT_EQ(Segments(disk).size(), segments.size() - 1);
}

TEST(Recovery, AMissingFirstSegmentIsDamage) {
  MemoryDisk disk;
  WriteRecords(disk, 60);
  ASSERT_TRUE(disk.Remove(Segments(disk).front()).has_value());
  EXPECT_EQ(Recover(disk).report.verdict, Verdict::kDamaged);
}

TEST(Recovery, ALogWhoseBeginningIsInTheCheckpointIsWhole) {
  MemoryDisk disk;
  WriteRecords(disk, 60);
  const Recovered whole = Recover(disk);
  whole.log->DropBefore(whole.log->end() / 2);
  const LogPosition begin = whole.log->begin().position();
  ASSERT_GT(begin, 0U);
  Flush(*whole.log);
  const Recovered rest = Recover(disk, SmallLog(), {.visit_from = begin, .begins_by = begin});
  EXPECT_EQ(rest.report.verdict, Verdict::kWhole) << rest.report.detail;
  EXPECT_EQ(rest.report.begin, begin);
  EXPECT_EQ(rest.log->begin().vectors(), whole.log->begin().vectors());
  EXPECT_EQ(rest.log->end(), whole.log->end());
  EXPECT_EQ(rest.log->vectors(), whole.log->vectors());
  EXPECT_EQ(ReadAll(*rest.log, rest.log->begin()), ReadAll(*whole.log, whole.log->begin()));
  EXPECT_EQ(Recover(disk, SmallLog(), {.visit_from = begin, .begins_by = begin - 1}).report.verdict,
            Verdict::kDamaged)
      << "the checkpoint ends before the log begins";
}

TEST(Recovery, ASegmentOfAnotherLogIsNotTaken) {
  MemoryDisk disk;
  WriteRecords(disk, 3);
  LogOptions other = SmallLog();
  other.log_id = std::string(40, 'f');
  EXPECT_EQ(Recover(disk, other).report.verdict, Verdict::kDamaged);
}

TEST(Recovery, ASegmentOfANewerVersionIsRefusedByNameAndLeftUntouched) {
  MemoryDisk disk;
  WriteRecords(disk, 3);
  const std::string path = Segments(disk).front();
  std::string bytes = disk.ReadFile(path).value();
  bytes[8] = 2;
  ASSERT_TRUE(disk.ReplaceFile(path, bytes).has_value());
  Log log(SmallLog(), &disk);
  const auto refused = log.Recover([](const FrameView&) -> crdt::Status { return {}; });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, crdt::ErrorCode::kUnsupported);
  EXPECT_NE(refused.error().detail.find(path), std::string::npos);
  EXPECT_NE(refused.error().detail.find("version 2"), std::string::npos);
  EXPECT_EQ(disk.ReadFile(path).value(), bytes);
}

TEST(Recovery, ACopiedDirectoryIsReadLikeTheOriginal) {
  MemoryDisk disk;
  WriteRecords(disk, 40);
  MemoryDisk copy;
  copy.CopyFrom(disk);
  EXPECT_EQ(Recover(copy).payloads, Recover(disk).payloads);
}

TEST(Recovery, ADiskThatCannotBeReadIsAnErrorAndNotAnEnd) {
  MemoryDisk disk;
  WriteRecords(disk, 40);
  disk.FailReads(true);
  Log log(SmallLog(), &disk);
  EXPECT_FALSE(log.Recover([](const FrameView&) -> crdt::Status { return {}; }).has_value());
}

// --- From the middle -----------------------------------------------------------------------------

// All frames, and the cursor before each of them and at the end.
std::vector<LogCursor> Cursors(const Log& log) {
  std::vector<LogCursor> cursors(1);
  for (LogCursor cursor; cursor.position() < log.end(); cursors.push_back(cursor)) {
    EXPECT_TRUE(log.Read(cursor, log.end(), 1, [](const FrameView&) { return false; }));
  }
  return cursors;
}

TEST(Recovery, BeginsWhereItIsToldToAndIsTheSameAfterwards) {
  MemoryDisk disk;
  WriteRecords(disk, 60);
  const Recovered whole = Recover(disk);
  const std::vector<LogCursor> cursors = Cursors(*whole.log);
  ASSERT_EQ(cursors.size(), 61U);
  ASSERT_GT(Segments(disk).size(), 3U);
  for (std::size_t i = 0; i < cursors.size(); ++i) {
    const Recovered recovered = Recover(
        disk, SmallLog(), {.visit_from = cursors[i].position(), .durable = whole.log->end()});
    ASSERT_EQ(recovered.report.verdict, Verdict::kWhole) << recovered.report.detail;
    EXPECT_EQ(recovered.payloads.size(), 60 - i);
    EXPECT_EQ(recovered.log->end(), whole.log->end());
    EXPECT_EQ(recovered.log->vectors(), whole.log->vectors());
    EXPECT_EQ(recovered.log->segments(), whole.log->segments());
    EXPECT_EQ(ReadAll(*recovered.log), ReadAll(*whole.log));
    EXPECT_EQ(recovered.log->CursorFor({})->position(), 0U);
  }
}

TEST(Recovery, KnowsItsVectorsWhereTheSegmentBehindTheBeginningWasNeverFinished) {
  MemoryDisk disk;
  WriteRecords(disk, 60);
  const Recovered whole = Recover(disk);
  const std::string last = Segments(disk).back();
  LogCursor from;
  for (const LogCursor& cursor : Cursors(*whole.log)) {
    if (last.ends_with(SegmentName(cursor.position()))) from = cursor;
  }
  ASSERT_GT(from.position(), 0U);
  ASSERT_TRUE(disk.ReplaceFile(last, std::string(100, '\0')));
  const Recovered recovered =
      Recover(disk, SmallLog(), {.visit_from = from.position(), .durable = from.position()});
  EXPECT_EQ(recovered.log->end(), from.position());
  EXPECT_EQ(recovered.log->vectors(), from.vectors());
}

TEST(Recovery, WhatIsMissingOfWhatWasDurableIsDamageAndNoTornTail) {
  MemoryDisk disk;
  const LogPosition end = WriteRecords(disk, 30);
  const std::string last = Segments(disk).back();
  const std::uint64_t size = disk.ReadFile(last)->size();
  const std::string cut = disk.ReadFile(last)->substr(0, OffsetOf(disk, last, 30) + 5);
  ASSERT_TRUE(disk.ReplaceFile(last, cut + std::string(size - cut.size(), '\0')));
  EXPECT_EQ(Recover(disk, SmallLog(), {.visit_from = 0, .durable = end}).report.verdict,
            Verdict::kDamaged);
  EXPECT_TRUE(KeptAside(disk).empty());
  for (const std::string& segment : Segments(disk)) ASSERT_TRUE(disk.Remove(segment));
  EXPECT_EQ(Recover(disk, SmallLog(), {.visit_from = 0, .durable = end}).report.verdict,
            Verdict::kDamaged);
}

TEST(Recovery, AnErrorOfTheVisitorEndsIt) {
  MemoryDisk disk;
  WriteRecords(disk, 3);
  Log log(SmallLog(), &disk);
  const auto report = log.Recover([](const FrameView&) -> crdt::Status {
    return crdt::Fail(crdt::ErrorCode::kUnsupported, "an unknown effect");
  });
  EXPECT_FALSE(report.has_value());
}

// --- A crash at every step -----------------------------------------------------------------------

// What the log promised when the power went.
struct Promise {
  LogPosition durable = 0;
  std::uint64_t records = 0;  // So many were appended at the most.
};

// Appends, writes and syncs until the disk stops.
Promise WorkUntilItStops(MemoryDisk& disk, Log& log, std::uint64_t first, std::uint64_t last) {
  Promise promise{.durable = log.durable(), .records = first - 1};
  for (std::uint64_t number = first; number <= last && !disk.stopped(); ++number) {
    AppendNumber(log, number, 20 + number * 37 % 300);
    promise.records = number;
    if (!log.WriteOut()) break;
    if (number % 3 != 0) continue;
    if (const auto job = log.BeginSync()) log.OnSyncDone(*job, job->Run());
    promise.durable = log.durable();
  }
  return promise;
}

// The log is a prefix of what was appended, and holds all that was durable.
void IsAPrefix(const Recovered& recovered, const Promise& promise) {
  EXPECT_NE(recovered.report.verdict, Verdict::kDamaged) << recovered.report.detail;
  EXPECT_GE(recovered.report.position, promise.durable);
  EXPECT_LE(recovered.payloads.size(), promise.records);
  for (std::size_t i = 0; i < recovered.payloads.size(); ++i) {
    EXPECT_EQ(recovered.payloads[i], PayloadOf(i + 1, 20 + (i + 1) * 37 % 300));
  }
}

TEST(Crash, AtEveryStepOfTheLogLeavesAPrefixThatHoldsAllThatWasDurable) {
  constexpr std::uint64_t kRecords = 25;
  for (std::uint64_t step = 0; step < 120; ++step) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      SCOPED_TRACE("step " + std::to_string(step) + " seed " + std::to_string(seed));
      MemoryDisk disk;
      Log log(SmallLog(), &disk);
      disk.StopAfter(step);
      const Promise promise = WorkUntilItStops(disk, log, 1, kRecords);
      std::mt19937_64 dice(seed);
      disk.Crash([&] { return dice(); });
      const Recovered recovered = Recover(disk);
      IsAPrefix(recovered, promise);
      if (HasFailure()) return;
    }
  }
}

// The power goes again while the first crash is being repaired, and again in the work after it.
TEST(Crash, DuringRecoveryIsAsGoodAsOne) {
  constexpr std::uint64_t kRecords = 25;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 dice(seed);
    const auto roll = [&] { return dice(); };
    MemoryDisk disk;
    Log log(SmallLog(), &disk);
    disk.StopAfter(dice() % 100);
    Promise promise = WorkUntilItStops(disk, log, 1, kRecords);
    disk.Crash(roll);
    for (int crashes = 0; crashes < 3; ++crashes) {
      disk.StopAfter(dice() % 12);
      Log interrupted(SmallLog(), &disk);
      (void)interrupted.Recover([](const FrameView&) -> crdt::Status { return {}; });
      disk.Crash(roll);
    }
    Recovered recovered = Recover(disk);
    IsAPrefix(recovered, promise);
    disk.StopAfter(dice() % 60);
    promise = WorkUntilItStops(disk, *recovered.log, recovered.payloads.size() + 1, kRecords);
    disk.Crash(roll);
    IsAPrefix(Recover(disk), promise);
    if (HasFailure()) return;
  }
}

// A process that is killed loses nothing that was handed to the kernel.
TEST(FinePrint, Rule3WhatTheKernelHasSurvivesTheProcess) {
  MemoryDisk disk;
  {
    Log log(SmallLog(), &disk);
    for (std::uint64_t number = 1; number <= 40; ++number) AppendNumber(log, number);
    ASSERT_TRUE(log.WriteOut().has_value());
    AppendNumber(log, 41);
  }
  const Recovered recovered = Recover(disk);
  EXPECT_EQ(recovered.report.verdict, Verdict::kWhole);
  EXPECT_EQ(recovered.payloads.size(), 40U);
  EXPECT_EQ(recovered.log->durable(), recovered.log->end()) << "durable before anybody hears of it";
}

// Every single bit of a log that was synced: never taken for something else.
TEST(Damage, NoFlippedBitGoesUnnoticedOrTakesAnythingBeforeIt) {
  MemoryDisk whole;
  WriteRecords(whole, 4, 20);
  const auto all = Recover(whole).payloads;
  const std::string path = Segments(whole).front();
  const std::string bytes = whole.ReadFile(path).value();
  const std::size_t used = bytes.find_last_not_of('\0') + 1;
  for (std::size_t offset = SegmentHeader::SizeOf(bytes); offset < used; ++offset) {
    MemoryDisk disk;
    disk.CopyFrom(whole);
    disk.FlipBit(path, offset, static_cast<int>(offset % 8));
    const Recovered recovered = Recover(disk);
    EXPECT_NE(recovered.report.verdict, Verdict::kWhole) << offset;
    for (std::size_t i = 0; i < recovered.payloads.size(); ++i) {
      EXPECT_EQ(recovered.payloads[i], all[i]) << offset;
    }
    EXPECT_LT(recovered.payloads.size(), all.size()) << offset;
  }
}

}  // namespace
}  // namespace storage
