#include "storage/memory_disk.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace storage {
namespace {

class MemoryDiskTest : public ::testing::Test {
 protected:
  // A file "f" whose name is durable.
  std::shared_ptr<File> Named() {
    auto file = disk_.Open("d/f", OpenMode::kCreate).value();
    EXPECT_TRUE(disk_.SyncDirectory("d").has_value());
    return file;
  }
  void Crash(std::uint64_t seed) {
    std::mt19937_64 dice(seed);
    disk_.Crash([&] { return dice(); });
  }

  MemoryDisk disk_;
};

TEST_F(MemoryDiskTest, WhatWasSyncedSurvivesACrash) {
  const auto file = Named();
  ASSERT_TRUE(file->WriteAt(0, "synced").has_value());
  ASSERT_TRUE(file->Sync().has_value());
  Crash(1);
  EXPECT_EQ(disk_.ReadFile("d/f").value(), "synced");
}

TEST_F(MemoryDiskTest, UnsyncedWritesSurviveACrashAsATornPrefixAtMost) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    disk_ = MemoryDisk();
    const auto file = Named();
    ASSERT_TRUE(file->WriteAt(0, "ab").has_value());
    ASSERT_TRUE(file->WriteAt(2, "cd").has_value());
    Crash(seed);
    outcomes.insert(disk_.ReadFile("d/f").value());
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"", "a", "ab", "abc", "abcd"}));
}

TEST_F(MemoryDiskTest, TheNameOfANewFileMayBeLostUntilItsDirectoryIsSynced) {
  std::set<bool> outcomes;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    disk_ = MemoryDisk();
    const auto file = disk_.Open("d/f", OpenMode::kCreate).value();
    ASSERT_TRUE(file->Sync().has_value());
    Crash(seed);
    outcomes.insert(disk_.Exists("d/f"));
  }
  EXPECT_EQ(outcomes, (std::set<bool>{false, true}));
}

TEST_F(MemoryDiskTest, AFullDiskTakesWhatFits) {
  disk_.SetCapacity(4);
  const auto file = Named();
  const crdt::Status written = file->WriteAt(0, "abcdef");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, crdt::ErrorCode::kDiskFull);
  EXPECT_EQ(file->ReadAt(0, 9).value(), "abcd");
  EXPECT_TRUE(file->WriteAt(0, "ABCD").has_value());
  EXPECT_EQ(file->Preallocate(5).error().code, crdt::ErrorCode::kDiskFull);
}

TEST_F(MemoryDiskTest, AskedToFailItFails) {
  const auto file = Named();
  disk_.FailWrites(true);
  EXPECT_EQ(file->WriteAt(0, "a").error().code, crdt::ErrorCode::kInputOutput);
  disk_.FailSyncs(true);
  EXPECT_EQ(file->Sync().error().code, crdt::ErrorCode::kInputOutput);
  disk_.FailReads(true);
  EXPECT_EQ(file->ReadAt(0, 1).error().code, crdt::ErrorCode::kInputOutput);
}

TEST_F(MemoryDiskTest, StoppedItTakesNoChangeUntilTheCrash) {
  const auto file = Named();
  disk_.StopAfter(1);
  EXPECT_TRUE(file->WriteAt(0, "a").has_value());
  EXPECT_FALSE(file->WriteAt(1, "b").has_value());
  EXPECT_FALSE(file->Sync().has_value());
  EXPECT_FALSE(disk_.Remove("d/f").has_value());
  Crash(1);
  EXPECT_TRUE(file->WriteAt(0, "c").has_value());
}

TEST_F(MemoryDiskTest, AFlippedBitIsThereAfterACrashToo) {
  const auto file = Named();
  ASSERT_TRUE(file->WriteAt(0, "a").has_value());
  ASSERT_TRUE(file->Sync().has_value());
  disk_.FlipBit("d/f", 0, 1);
  Crash(1);
  EXPECT_EQ(disk_.ReadFile("d/f").value(), "c");
}

TEST_F(MemoryDiskTest, BytesWrittenByNobodyAreThereAfterACrashToo) {
  const auto file = Named();
  ASSERT_TRUE(file->WriteAt(0, "abcd").has_value());
  ASSERT_TRUE(file->Sync().has_value());
  MemoryDisk before;
  before.CopyFrom(disk_);
  disk_.Overwrite("d/f", 1, "xy");
  Crash(1);
  EXPECT_EQ(disk_.ReadFile("d/f").value(), "axyd");
  EXPECT_FALSE(disk_.HoldsTheSameAs(before));
  disk_.Overwrite("d/f", 1, "bc");
  EXPECT_TRUE(disk_.HoldsTheSameAs(before));
}

}  // namespace
}  // namespace storage
