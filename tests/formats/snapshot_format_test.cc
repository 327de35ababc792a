// The manifest of a snapshot, in every version that was ever written.
#include "golden.h"
#include "storage/snapshot/snapshot_manifest.h"
#include "written_key.h"

namespace storage {
namespace {

using crdt::Stamp;
using crdt::Writer;
using formats::FileOf;
using formats::ReadGolden;

constexpr std::uint32_t kManifestVersions[] = {1};

SnapshotManifest Manifest() {
  SnapshotManifest manifest{
      .deployment = "shop",
      .region = 2,
      .region_name = "eu",
      .ordinal = 1,
      .unix_ms = 1'800'000'000'123,
      .epoch = 300,
      .log_id = "0123456789abcdef0123456789abcdef01234567",
      .position = 123456789,
      .floor = {},
      .keys = 5'000'000,
      .files = {{"checkpoint/000012.sst", 1 << 20, 0}, {"node", 99, 0xfedcba9876543210}}};
  manifest.floor.Advance(Stamp::At(1'800'000'000'000, Writer(1, 2)));
  manifest.floor.Advance(Stamp::At(1'800'000'000'001, Writer(31, 63)));
  return manifest;
}

TEST(Formats, TheManifestOfASnapshotIsWrittenAsItWas) {
  constexpr std::uint32_t kNewest = kManifestVersions[std::size(kManifestVersions) - 1];
  EXPECT_EQ(Manifest().Encode().front(), static_cast<char>(kNewest))
      << "a new version gets a golden file of its own, and the old ones stay";
  formats::ExpectGolden(FileOf("snapshot", kNewest), {{"manifest", Manifest().Encode()}});
}

TEST(Formats, TheManifestOfASnapshotOfEveryVersionIsRead) {
  for (const std::uint32_t version : kManifestVersions) {
    const auto manifest =
        SnapshotManifest::Decode(ReadGolden(FileOf("snapshot", version)).at(0).second);
    ASSERT_TRUE(manifest.has_value()) << version;
    EXPECT_EQ(*manifest, Manifest());
  }
}

}  // namespace
}  // namespace storage
