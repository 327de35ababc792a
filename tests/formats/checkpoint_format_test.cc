// The mark and the rows of a checkpoint, in every version that was ever written.
#include "golden.h"
#include "storage/checkpoint/checkpoint_store.h"
#include "written_key.h"

namespace storage {
namespace {

using crdt::Stamp;
using crdt::Writer;
using formats::FileOf;
using formats::ReadGolden;
using formats::Samples;

constexpr std::uint32_t kVersions[] = {1, 2};
constexpr std::uint32_t kNewest = kVersions[std::size(kVersions) - 1];

CheckpointMark Mark(std::uint32_t version) {
  CheckpointMark mark{.log_id = "0123456789abcdef0123456789abcdef01234567",
                      .begin = 123456789,
                      .vectors = {},
                      .void_below = 1000,
                      .cycle = version == 1 ? 0U : 300U};
  mark.vectors.floor.Advance(Stamp::At(1'800'000'000'000, Writer(1, 2)));
  mark.vectors.floor.Advance(Stamp::At(1'800'000'000'001, Writer(31, 63)));
  mark.vectors.beyond_floor[200].Advance(Stamp::At(1'800'000'000'002, Writer(31, 63)));
  return mark;
}

std::string ValueOf(const CheckpointRow& row) {
  CheckpointBatch batch;
  batch.Put(row);
  std::string value;
  batch.Visit([&value](const CheckpointBatch::Change& change) { value = change.value; });
  return value;
}

const CheckpointRow kRow = {.key = "key", .position = 300, .object = "object"};
const CheckpointRow kGone = {.key = "key", .position = 300, .object = ""};
const CheckpointRow kInPieces = {
    .key = "key", .position = 300, .object = "", .pieces = 400, .cycle = 7};

// Three pieces of two elements each.
Samples Pieces() {
  formats::WrittenKey key;
  key.Write(1, [](auto& view, auto& out) {
    crdt::PrepareSetAdd(view, "key", std::array<std::string_view, 4>{"a", "b", "c", "d"}, out);
  });
  key.WriteBlindly(
      2, [](auto&, auto& out) { crdt::PrepareSet(crdt::KeyView(), "key", "text", {}, out); });
  key.Write(
      1, [](auto& view, auto& out) { crdt::PrepareExpire(view, "key", 1'900'000'000'000, out); });
  Samples pieces;
  crdt::PieceCursor cursor;
  for (bool all = false; !all;) {
    std::string bytes;
    crdt::ByteWriter out(bytes);
    all = crdt::EncodeCellPiece(*key.view().cell(), cursor, {.elements = 2, .bytes = 1000}, out);
    pieces.emplace_back("piece-" + std::to_string(pieces.size()), bytes);
  }
  return pieces;
}

TEST(Formats, ACheckpointIsWrittenAsItWas) {
  EXPECT_EQ(Mark(kNewest).Encode().front(), static_cast<char>(kNewest))
      << "a new version gets a golden file of its own, and the old ones stay";
  Samples samples = {{"mark", Mark(kNewest).Encode()},
                     {"row", ValueOf(kRow)},
                     {"gone", ValueOf(kGone)},
                     {"in-pieces", ValueOf(kInPieces)}};
  for (const auto& piece : Pieces()) samples.push_back(piece);
  formats::ExpectGolden(FileOf("checkpoint", kNewest), samples);
}

TEST(Formats, ACheckpointOfEveryVersionIsRead) {
  for (const std::uint32_t version : kVersions) {
    SCOPED_TRACE(version);
    crdt::Object object;
    int pieces = 0;
    for (const auto& [name, bytes] : ReadGolden(FileOf("checkpoint", version))) {
      SCOPED_TRACE(name);
      if (name == "mark") {
        const auto mark = CheckpointMark::Decode(bytes);
        ASSERT_TRUE(mark.has_value());
        EXPECT_EQ(*mark, Mark(version));
        continue;
      }
      if (name.starts_with("piece-")) {
        crdt::ByteReader in(bytes);
        ASSERT_TRUE(object.AddPiece(in, 1));
        EXPECT_TRUE(in.at_end());
        ++pieces;
        continue;
      }
      const CheckpointRow& written = name == "row" ? kRow : name == "gone" ? kGone : kInPieces;
      const auto row = DecodeCheckpointRow("key", bytes);
      ASSERT_TRUE(row.has_value());
      EXPECT_EQ(row->position, written.position);
      EXPECT_EQ(row->object, written.object);
      EXPECT_EQ(row->pieces, written.pieces);
      EXPECT_EQ(row->cycle, written.cycle);
    }
    if (version == 1) continue;
    EXPECT_EQ(pieces, 2);
    ASSERT_NE(object.set(), nullptr);
    EXPECT_EQ(object.set()->size(), 4U);
    EXPECT_NE(object.string(), nullptr);
    EXPECT_EQ(object.ttl().deadline(), 1'900'000'000'000);
  }
}

}  // namespace
}  // namespace storage
