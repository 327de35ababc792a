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

  // Of a cycle, in their order.
  std::vector<std::string> PiecesOf(std::string_view key, std::uint64_t cycle) {
    std::vector<std::string> pieces;
    EXPECT_TRUE(store->VisitPieces(key, cycle, [&pieces](std::string_view piece) {
      pieces.emplace_back(piece);
      return crdt::Status();
    }));
    return pieces;
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

TEST_F(RocksCheckpointStoreTest, KeepsPiecesInTheOrderOfTheirNumbers) {
  Open();
  CheckpointBatch batch;
  std::vector<std::string> expected;
  for (std::uint64_t number = 0; number < 300; ++number) {
    expected.push_back("piece " + std::to_string(number));
    batch.PutPiece("key", 256, number, expected.back());
  }
  // Of other cycles, and of keys whose names begin alike.
  batch.PutPiece("key", 255, 0, "older");
  batch.PutPiece("key", 257, 0, "newer");
  batch.PutPiece("", 256, 0, "of the empty key");
  batch.PutPiece(std::string("key\0\0\0\0\0\0\1\0", 11), 256, 0, "of a longer key");
  batch.Put({.key = "key", .position = 300, .object = {}, .pieces = 300, .cycle = 256});
  ASSERT_TRUE(store->Write(batch));
  ASSERT_TRUE(store->Flush());
  Open();
  EXPECT_EQ(PiecesOf("key", 256), expected);
  EXPECT_EQ(PiecesOf("", 256), std::vector<std::string>{"of the empty key"});
  EXPECT_EQ(PiecesOf("key", 258), std::vector<std::string>());
  const auto bytes = store->Row("key");
  ASSERT_TRUE(bytes && *bytes);
  const auto row = DecodeCheckpointRow("key", **bytes);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->position, 300U);
  EXPECT_EQ(row->pieces, 300U);
  EXPECT_EQ(row->cycle, 256U);
  EXPECT_EQ(Rows().size(), 1U) << "pieces are no rows";
}

TEST_F(RocksCheckpointStoreTest, RemovesPiecesOfEarlierCyclesWithTheBatchThatReplacesThem) {
  Open();
  CheckpointBatch batch;
  for (const std::string key : {"key", "kez"}) {
    for (std::uint64_t cycle = 1; cycle < 4; ++cycle) batch.PutPiece(key, cycle, 0, "piece");
  }
  ASSERT_TRUE(store->Write(batch));
  ASSERT_TRUE(store->Flush());
  CheckpointBatch replaced;
  replaced.RemovePieces("key", 3);
  ASSERT_TRUE(store->Write(replaced));
  ASSERT_TRUE(store->Flush());
  Open();
  EXPECT_EQ(PiecesOf("key", 1).size() + PiecesOf("key", 2).size(), 0U);
  EXPECT_EQ(PiecesOf("key", 3).size(), 1U);
  EXPECT_EQ(PiecesOf("kez", 1).size(), 1U);
}

TEST_F(RocksCheckpointStoreTest, RemovesPiecesThatNoRowRefersTo) {
  Open();
  CheckpointBatch batch;
  for (const std::string key : {"in use", "whole", "gone"}) {
    for (std::uint64_t number = 0; number < 3; ++number) {
      batch.PutPiece(key, 7, number, "piece");
      batch.PutPiece(key, 8, number, "piece");
    }
  }
  batch.Put({.key = "in use", .position = 1, .object = {}, .pieces = 3, .cycle = 7});
  batch.Put({.key = "whole", .position = 1, .object = "object"});
  ASSERT_TRUE(store->Write(batch));
  ASSERT_TRUE(store->RemoveStrayPieces());
  EXPECT_EQ(PiecesOf("in use", 7).size(), 3U);
  EXPECT_EQ(PiecesOf("in use", 8).size(), 0U);
  for (const std::string key : {"whole", "gone"}) {
    EXPECT_EQ(PiecesOf(key, 7).size() + PiecesOf(key, 8).size(), 0U) << key;
  }
  EXPECT_EQ(Rows().size(), 2U);
}

TEST_F(RocksCheckpointStoreTest, IsFoundDamagedWhereARowLacksPieces) {
  const std::string path = directory.path() + "/checkpoint";
  for (std::uint64_t pieces = 2; pieces <= 3; ++pieces) {
    Open();
    CheckpointBatch batch;
    for (std::uint64_t number = 0; number < 2; ++number) batch.PutPiece("key", 7, number, "piece");
    batch.Put({.key = "key", .position = 1, .object = {}, .pieces = pieces, .cycle = 7});
    ASSERT_TRUE(store->Write(batch));
    ASSERT_TRUE(store->Flush());
    store.reset();
    const auto checked = CheckRocksCheckpoint(path);
    EXPECT_EQ(checked.has_value(), pieces == 2);
  }
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
  CheckpointMark mark{
      .log_id = "log", .begin = 1000, .vectors = {}, .void_below = 500, .cycle = 70};
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
