// What a checkpoint store promises, of RocksDB.
#include "storage/checkpoint/rocks_checkpoint_store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>

#include "storage/key_location.h"
#include "tests/support/temporary_directory.h"

namespace storage {
namespace {

class RocksCheckpointStoreTest : public ::testing::Test {
 protected:
  void Open() {
    store.reset();
    auto opened = OpenRocksCheckpointStore(directory.path() + "/checkpoint");
    ASSERT_TRUE(opened) << opened.error().detail;
    store = *std::move(opened);
  }
  // Key to position and object.
  std::map<std::string, std::pair<LogPosition, std::string>> Rows() {
    std::map<std::string, std::pair<LogPosition, std::string>> rows;
    for (int id = 0; id < kPartitions; ++id) {
      EXPECT_TRUE(store->VisitRows(static_cast<PartitionId>(id), std::nullopt,
                                   [&](std::string_view key, std::string_view value) {
                                     EXPECT_EQ(PartitionOf(key), id);
                                     const auto row = DecodeCheckpointRow(key, value);
                                     EXPECT_TRUE(row);
                                     rows[std::string(key)] = {row->position,
                                                               std::string(row->object)};
                                     return true;
                                   }));
    }
    return rows;
  }

  TemporaryDirectory directory;
  std::unique_ptr<CheckpointStore> store;
};

TEST_F(RocksCheckpointStoreTest, KeepsWhatWasFlushed) {
  Open();
  EXPECT_EQ(*store->Mark(), std::nullopt);
  CheckpointBatch batch;
  batch.Put({.key = "key", .position = 300, .object = "object"});
  batch.Put({.key = "", .position = 1, .object = ""});
  batch.Put({.key = "other", .position = 2, .object = "x"});
  batch.Remove("other");
  batch.SetMark({.log_id = "log", .begin = 7, .vectors = {}, .void_below = 3});
  ASSERT_TRUE(store->Write(batch));
  ASSERT_TRUE(store->Flush());
  EXPECT_GT(store->disk_bytes(), 0U);
  Open();
  const auto mark = store->Mark();
  ASSERT_TRUE(mark && *mark);
  EXPECT_EQ(CheckpointMark::Decode(**mark)->begin, 7U);
  using Row = std::pair<LogPosition, std::string>;
  EXPECT_EQ(Rows(), (std::map<std::string, Row>{{"key", {300, "object"}}, {"", {1, ""}}}));
}

TEST_F(RocksCheckpointStoreTest, VisitsAPartitionsRowsByTheirBytesAndGoesOnBehindOne) {
  Open();
  const std::vector<std::string> keys = {"{p}", std::string("{p}\0", 4), "{p}a", "{p}a\xff",
                                         "{p}b"};
  CheckpointBatch batch;
  batch.SetReach(77);
  for (const std::string& key : keys) batch.Put({.key = key, .position = 1, .object = key});
  batch.Put({.key = "elsewhere", .position = 1, .object = ""});
  ASSERT_TRUE(store->Write(batch));
  for (std::size_t begin = 0; begin <= keys.size(); ++begin) {
    for (std::size_t most = 1; most <= keys.size(); ++most) {
      const auto after = begin == 0 ? std::nullopt : std::optional(keys[begin - 1]);
      std::vector<std::string> seen;
      ASSERT_TRUE(store->VisitRows(PartitionOf("{p}"), after, [&](std::string_view key, auto) {
        seen.emplace_back(key);
        return seen.size() < most;
      }));
      const auto end = std::min(keys.size(), begin + most);
      EXPECT_EQ(seen, std::vector(keys.begin() + static_cast<std::ptrdiff_t>(begin),
                                  keys.begin() + static_cast<std::ptrdiff_t>(end)));
    }
  }
  EXPECT_EQ(*store->Reach(), 77U);
  EXPECT_EQ(DecodeCheckpointRow("{p}a", **store->Row("{p}a"))->object, "{p}a");
  EXPECT_EQ(*store->Row("{p}c"), std::nullopt);
}

TEST_F(RocksCheckpointStoreTest, KeepsTheOrderOfBatches) {
  Open();
  for (int i = 0; i < 10; ++i) {
    CheckpointBatch batch;
    batch.Put({.key = "key", .position = static_cast<LogPosition>(i), .object = "o"});
    ASSERT_TRUE(store->Write(batch));
  }
  ASSERT_TRUE(store->Flush());
  Open();
  EXPECT_EQ(Rows().at("key").first, 9U);
}

TEST_F(RocksCheckpointStoreTest, IsEmptyAfterClear) {
  Open();
  CheckpointBatch batch;
  batch.Put({.key = "key", .position = 1, .object = "o"});
  batch.SetMark({.log_id = "log", .begin = 7, .vectors = {}, .void_below = 0});
  ASSERT_TRUE(store->Write(batch));
  ASSERT_TRUE(store->Clear());
  EXPECT_TRUE(Rows().empty());
  EXPECT_EQ(*store->Mark(), std::nullopt);
  ASSERT_TRUE(store->Write(batch));
  EXPECT_EQ(Rows().size(), 1U);
}

TEST_F(RocksCheckpointStoreTest, RefusesWhatIsDamaged) {
  Open();
  CheckpointBatch batch;
  batch.SetMark({.log_id = "log", .begin = 7, .vectors = {}, .void_below = 0});
  ASSERT_TRUE(store->Write(batch));
  ASSERT_TRUE(store->Flush());
  store.reset();
  std::ofstream(directory.path() + "/checkpoint/CURRENT") << "nonsense";
  const auto opened = OpenRocksCheckpointStore(directory.path() + "/checkpoint");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, crdt::ErrorCode::kCorrupt);
}

TEST(CheckpointMarkTest, ComesBackAsItWasAndIsNeverTakenFromNonsense) {
  CheckpointMark mark{.log_id = "log", .begin = 1000, .vectors = {}, .void_below = 500};
  mark.vectors.floor.Advance(crdt::Stamp::At(1'800'000'000'000, crdt::Writer(1, 1)));
  mark.vectors.beyond_floor[7].Advance(crdt::Stamp::At(1'800'000'000'001, crdt::Writer(2, 1)));
  const std::string bytes = mark.Encode();
  EXPECT_EQ(*CheckpointMark::Decode(bytes), mark);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(CheckpointMark::Decode(std::string_view(bytes).substr(0, size)));
  }
  EXPECT_FALSE(CheckpointMark::Decode(bytes + "x"));
}

}  // namespace
}  // namespace storage
