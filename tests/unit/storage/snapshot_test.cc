// Manifests and directories of snapshots.
#include <gtest/gtest.h>

#include "storage/memory_disk.h"
#include "storage/snapshot/snapshot_directory.h"
#include "storage/snapshot/snapshot_restore.h"

namespace storage {
namespace {

constexpr const char* kData = "/data";
constexpr std::int64_t kNoon = 1'800'000'000'000;

SnapshotManifest Manifest(std::int64_t unix_ms = kNoon) {
  return {.deployment = "test",
          .region = 1,
          .region_name = "eu",
          .unix_ms = unix_ms,
          .epoch = 2,
          .log_id = "0123456789abcdef0123456789abcdef01234567",
          .position = 100,
          .floor = {},
          .keys = 3,
          .files = {{"checkpoint/000012.sst", 10, 0}, {"node", 5, 77}}};
}

class Snapshots : public ::testing::Test {
 protected:
  // Answers its name.
  std::string Put(std::int64_t unix_ms) {
    const std::string name = SnapshotName(unix_ms, 1, 0);
    const std::string path = SnapshotsIn(kData) + "/" + name;
    EXPECT_TRUE(disk.ReplaceFile(path + "/node", "state"));
    EXPECT_TRUE(disk.ReplaceFile(path + "/" + kSnapshotManifestName, Manifest(unix_ms).Encode()));
    return name;
  }
  std::vector<std::string> Names() { return disk.List(SnapshotsIn(kData)).value(); }
  std::string ManifestOf(const std::string& name) {
    return SnapshotsIn(kData) + "/" + name + "/" + kSnapshotManifestName;
  }

  MemoryDisk disk;
};

TEST(SnapshotManifestTest, EveryFlippedBitIsSeen) {
  const std::string bytes = Manifest().Encode();
  ASSERT_EQ(*SnapshotManifest::Decode(bytes), Manifest());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(SnapshotManifest::Decode(damaged)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(SnapshotManifest::Decode(std::string_view(bytes).substr(0, size))) << size;
  }
}

TEST(SnapshotManifestTest, NamesNoFileElsewhere) {
  for (const char* name : {"../node", "/etc/passwd", "", "checkpoint/../../node"}) {
    SnapshotManifest manifest = Manifest();
    manifest.files[0].name = name;
    EXPECT_FALSE(SnapshotManifest::Decode(manifest.Encode())) << name;
  }
}

TEST(SnapshotManifestTest, NamesGoByTime) {
  EXPECT_EQ(SnapshotName(kNoon + 123, 2, 1), "20270115T080000.123Z-region2-node1");
  EXPECT_TRUE(IsSnapshotName(SnapshotName(kNoon, 31, 15)));
  EXPECT_LT(SnapshotName(kNoon + 999, 2, 0), SnapshotName(kNoon + 1000, 1, 0));
  EXPECT_FALSE(IsSnapshotName("20270115T080000.123Z"));
  EXPECT_FALSE(IsSnapshotName("my own copy"));
}

TEST_F(Snapshots, WithoutAManifestAreRemovedAndNothingElseIs) {
  const std::string unfinished = Put(kNoon);
  const std::string complete = Put(kNoon + 1);
  ASSERT_TRUE(disk.Remove(ManifestOf(unfinished)));
  ASSERT_TRUE(disk.ReplaceFile(SnapshotsIn(kData) + "/notes/text", "of the operator"));
  EXPECT_EQ(RemoveUnfinishedSnapshots(disk, kData).value(), std::vector{unfinished});
  EXPECT_EQ(Names(), (std::vector<std::string>{complete, "notes"}));
}

TEST_F(Snapshots, TheNewestAreKept) {
  const std::vector<std::string> names{Put(kNoon), Put(kNoon + 1), Put(kNoon + 2), Put(kNoon + 3)};
  ASSERT_TRUE(RemoveOldSnapshots(disk, kData, names[3], 0));
  EXPECT_EQ(Names(), names);
  ASSERT_TRUE(RemoveOldSnapshots(disk, kData, names[3], 2));
  EXPECT_EQ(Names(), (std::vector{names[2], names[3]}));
}

// The clock has been set back.
TEST_F(Snapshots, TheOneThatWasMadeLastIsKeptWhateverItsTime) {
  const std::string made = Put(kNoon);
  const std::string later = Put(kNoon + 1000);
  ASSERT_TRUE(RemoveOldSnapshots(disk, kData, made, 1));
  EXPECT_EQ(Names(), std::vector{made});
}

TEST_F(Snapshots, DamagedOnesDoNotCountAndStay) {
  const std::string old = Put(kNoon);
  const std::string damaged = Put(kNoon + 1);
  const std::string made = Put(kNoon + 2);
  disk.FlipBit(ManifestOf(damaged), 10, 0);
  ASSERT_TRUE(RemoveOldSnapshots(disk, kData, made, 2));
  EXPECT_EQ(Names(), (std::vector{old, damaged, made}));
  const auto found = ListSnapshots(disk, kData);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->at(0).manifest);
  EXPECT_TRUE(found->at(1).manifest.error().detail.contains("the manifest is damaged"));
}

// A crash between the two steps must not leave something that looks like a snapshot.
TEST_F(Snapshots, AreUnfinishedAgainWhileTheyAreRemoved) {
  const std::string old = Put(kNoon);
  const std::string made = Put(kNoon + 1);
  disk.StopAfter(2);
  EXPECT_FALSE(RemoveOldSnapshots(disk, kData, made, 1));
  disk.Crash([] { return 0; });
  EXPECT_EQ(RemoveUnfinishedSnapshots(disk, kData).value(), std::vector{old});
}

TEST_F(Snapshots, AreRestoredOnlyToAnEmptyDirectory) {
  ASSERT_TRUE(disk.ReplaceFile("/other/file", "something"));
  const auto restored = RestoreSnapshot(disk, "/snapshot", Manifest(), "/other", std::nullopt);
  ASSERT_FALSE(restored);
  EXPECT_TRUE(restored.error().detail.contains("is not empty"));
  EXPECT_EQ(disk.ReadFile("/other/file").value(), "something");
}

TEST_F(Snapshots, ThatCannotBeRestoredLeaveNothing) {
  ASSERT_TRUE(disk.ReplaceFile("/snapshot/checkpoint/000012.sst", "0123456789"));
  EXPECT_FALSE(RestoreSnapshot(disk, "/snapshot", Manifest(), "/new", std::nullopt));
  EXPECT_FALSE(disk.Exists("/new"));
}

}  // namespace
}  // namespace storage
