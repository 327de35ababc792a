// A log on a disk in memory, with small segments, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "crdt/effect.h"
#include "storage/log/log.h"
#include "storage/memory_disk.h"

namespace storage {

inline constexpr const char* kDirectory = "data";
inline constexpr const char* kLogId = "0123456789abcdef0123456789abcdef01234567";
inline constexpr crdt::Writer kWriter(1, 1);

inline crdt::Stamp StampNumber(std::uint64_t number, crdt::Writer writer = kWriter) {
  return crdt::Stamp::At(crdt::Stamp::kEpochStartMs + 1, writer).Plus(number);
}

inline LogOptions SmallLog() {
  return {.directory = kDirectory,
          .log_id = kLogId,
          .region = 1,
          .segment_bytes = 1000,
          .memory_bytes = 1 << 20,
          .reserve_bytes = 0};
}

// Effects that say which record they belong to; the log does not look inside.
inline std::string EffectsOf(std::uint64_t number, std::size_t size = 40) {
  std::string effects = "effects of record " + std::to_string(number) + " ";
  effects.resize(std::max(size, effects.size()), '.');
  return effects;
}

inline void AppendNumber(Log& log, std::uint64_t number, std::size_t size = 40) {
  log.AppendRecord(StampNumber(number), 1, EffectsOf(number, size));
}

// Every payload of the log on the disk, and what recovery said.
struct Recovered {
  std::unique_ptr<Log> log;
  RecoveryReport report;
  std::vector<std::string> payloads;
};

inline Recovered Recover(Disk& disk, LogOptions options = SmallLog(),
                         const RecoveryStart& start = {}) {
  Recovered recovered{.log = std::make_unique<Log>(std::move(options), &disk)};
  const auto visit = [&](const FrameView& frame) -> crdt::Status {
    recovered.payloads.emplace_back(frame.payload);
    return {};
  };
  const auto report = recovered.log->Recover(visit, start);
  EXPECT_TRUE(report.has_value()) << report.error().detail;
  if (report) recovered.report = *report;
  return recovered;
}

inline void Flush(Log& log) {
  ASSERT_TRUE(log.WriteOut().has_value());
  while (const auto job = log.BeginSync()) log.OnSyncDone(*job, job->Run());
}

inline std::vector<std::string> ReadAll(const Log& log, LogCursor cursor = {}) {
  std::vector<std::string> payloads;
  const crdt::Status read = log.Read(cursor, log.end(), log.end() + 1, [&](const FrameView& frame) {
    payloads.emplace_back(frame.payload);
    return true;
  });
  EXPECT_TRUE(read.has_value()) << read.error().detail;
  return payloads;
}

inline std::vector<std::string> Segments(Disk& disk) {
  std::vector<std::string> segments;
  const auto names = disk.List(kDirectory).value();
  for (const std::string& name : names) {
    if (IsSegmentName(name)) segments.push_back(kDirectory + ("/" + name));
  }
  return segments;
}

}  // namespace storage
