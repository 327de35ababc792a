// What both disks promise.
#include "storage/disk.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "storage/memory_disk.h"
#include "storage/posix_disk.h"
#include "tests/support/temporary_directory.h"

namespace storage {
namespace {

struct OnMemory {
  MemoryDisk disk;
  std::string root = "data";
};

struct OnMachine {
  TemporaryDirectory directory;
  PosixDisk disk;
  std::string root = directory.path() + "/data";
};

template <class T>
class DiskTest : public ::testing::Test {
 protected:
  DiskTest() { EXPECT_TRUE(disk().MakeDirectory(place_.root).has_value()); }

  Disk& disk() { return place_.disk; }
  std::string Path(const std::string& name) const { return place_.root + "/" + name; }
  std::shared_ptr<File> Create(const std::string& name) {
    return disk().Open(Path(name), OpenMode::kCreate).value();
  }

  T place_;
};

using Places = ::testing::Types<OnMemory, OnMachine>;
TYPED_TEST_SUITE(DiskTest, Places);

TYPED_TEST(DiskTest, AFileHasWhatWasWrittenToIt) {
  const auto file = this->Create("a");
  ASSERT_TRUE(file->WriteAt(0, "hello world").has_value());
  ASSERT_TRUE(file->WriteAt(6, "there").has_value());
  ASSERT_TRUE(file->Sync().has_value());
  EXPECT_EQ(file->ReadAt(0, 100).value(), "hello there");
  EXPECT_EQ(file->ReadAt(6, 3).value(), "the");
  EXPECT_EQ(file->ReadAt(100, 3).value(), "");
  EXPECT_EQ(file->Size().value(), 11u);
  EXPECT_EQ(this->disk().ReadFile(this->Path("a")).value(), "hello there");
}

TYPED_TEST(DiskTest, WritingBehindTheEndLeavesZerosBetween) {
  const auto file = this->Create("a");
  ASSERT_TRUE(file->WriteAt(3, "x").has_value());
  EXPECT_EQ(file->ReadAt(0, 9).value(), std::string("\0\0\0x", 4));
}

TYPED_TEST(DiskTest, PreallocationKeepsWhatIsThereAndFillsWithZeros) {
  const auto file = this->Create("a");
  ASSERT_TRUE(file->WriteAt(0, "ab").has_value());
  ASSERT_TRUE(file->Preallocate(5).has_value());
  EXPECT_EQ(file->ReadAt(0, 9).value(), std::string("ab\0\0\0", 5));
  ASSERT_TRUE(file->Preallocate(2).has_value());
  EXPECT_EQ(file->Size().value(), 5u);
}

TYPED_TEST(DiskTest, WhatWasCutReadsAsZerosAfterwards) {
  const auto file = this->Create("a");
  ASSERT_TRUE(file->WriteAt(0, "abcdef").has_value());
  ASSERT_TRUE(file->Truncate(2).has_value());
  ASSERT_TRUE(file->Preallocate(4).has_value());
  EXPECT_EQ(file->ReadAt(0, 9).value(), std::string("ab\0\0", 4));
}

TYPED_TEST(DiskTest, OpeningWhatIsNotThereFails) {
  EXPECT_FALSE(this->disk().Exists(this->Path("a")));
  EXPECT_FALSE(this->disk().Open(this->Path("a"), OpenMode::kExisting).has_value());
  EXPECT_FALSE(this->disk().ReadFile(this->Path("a")).has_value());
  EXPECT_FALSE(this->disk().Remove(this->Path("a")).has_value());
  EXPECT_FALSE(this->disk().Rename(this->Path("a"), this->Path("b")).has_value());
}

TYPED_TEST(DiskTest, NamesAreListedInOrder) {
  this->Create("b");
  this->Create("a");
  ASSERT_TRUE(this->disk().ReplaceFile(this->Path("c"), "text").has_value());
  EXPECT_EQ(this->disk().List(this->place_.root).value(),
            (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_TRUE(this->disk().Remove(this->Path("b")).has_value());
  EXPECT_EQ(this->disk().List(this->place_.root).value(), (std::vector<std::string>{"a", "c"}));
}

TYPED_TEST(DiskTest, RenamingReplacesTheOtherFile) {
  ASSERT_TRUE(this->disk().ReplaceFile(this->Path("a"), "new").has_value());
  ASSERT_TRUE(this->disk().ReplaceFile(this->Path("b"), "old").has_value());
  ASSERT_TRUE(this->disk().Rename(this->Path("a"), this->Path("b")).has_value());
  EXPECT_FALSE(this->disk().Exists(this->Path("a")));
  EXPECT_EQ(this->disk().ReadFile(this->Path("b")).value(), "new");
}

TYPED_TEST(DiskTest, AFileIsReplacedAsAWhole) {
  ASSERT_TRUE(this->disk().ReplaceFile(this->Path("a"), "a long text").has_value());
  ASSERT_TRUE(this->disk().ReplaceFile(this->Path("a"), "short").has_value());
  EXPECT_EQ(this->disk().ReadFile(this->Path("a")).value(), "short");
  EXPECT_EQ(this->disk().List(this->place_.root).value(), std::vector<std::string>{"a"});
}

TYPED_TEST(DiskTest, AnOpenFileSurvivesItsName) {
  const auto file = this->Create("a");
  ASSERT_TRUE(file->WriteAt(0, "kept").has_value());
  ASSERT_TRUE(this->disk().Remove(this->Path("a")).has_value());
  EXPECT_EQ(file->ReadAt(0, 4).value(), "kept");
}

TYPED_TEST(DiskTest, SpaceIsNeverMoreThanThereIs) {
  const DiskSpace space = this->disk().Space(this->place_.root).value();
  EXPECT_GT(space.total, 0u);
  EXPECT_LE(space.free, space.total);
}

TYPED_TEST(DiskTest, MakingADirectoryTwiceIsNoError) {
  EXPECT_TRUE(this->disk().MakeDirectory(this->place_.root).has_value());
  EXPECT_TRUE(this->disk().SyncDirectory(this->place_.root).has_value());
}

}  // namespace
}  // namespace storage
