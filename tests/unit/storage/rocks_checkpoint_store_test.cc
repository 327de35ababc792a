// What a checkpoint store promises, of RocksDB.
#include "storage/checkpoint/rocks_checkpoint_store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>

#include "tests/unit/storage/temporary_directory.h"

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
    EXPECT_TRUE(store->VisitRows([&rows](std::string_view key, std::string_view value) {
      const auto row = DecodeCheckpointRow(key, value);
      EXPECT_TRUE(row);
      rows[std::string(key)] = {row->position, std::string(row->object)};
      return crdt::Status();
    }));
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
