#include "storage/log/segment.h"

#include <gtest/gtest.h>

#include <string>

#include "log_fixture.h"

namespace storage {
namespace {

SegmentHeader Header() {
  SegmentHeader header{.log_id = kLogId, .region = 3, .ordinal = 300, .first = 123456};
  header.floor.Advance(StampNumber(5));
  header.floor.Advance(StampNumber(9, crdt::Writer(2, 7)));
  header.beyond_floor[255].Advance(StampNumber(8));
  return header;
}

TEST(Segment, AHeaderComesBackAsItWas) {
  const std::string bytes = Header().Encode() + "frames";
  std::size_t size = 0;
  const SegmentHeader header = SegmentHeader::Decode(bytes, size).value();
  EXPECT_EQ(size, bytes.size() - 6);
  EXPECT_EQ(SegmentHeader::SizeOf(bytes), size);
  EXPECT_EQ(header.log_id, kLogId);
  EXPECT_EQ(header.region, 3);
  EXPECT_EQ(header.ordinal, 300U);
  EXPECT_EQ(header.first, 123456U);
  EXPECT_EQ(header.floor, Header().floor);
  EXPECT_EQ(header.beyond_floor, Header().beyond_floor);
}

TEST(Segment, EveryFlippedBitAndEveryCutOfAHeaderIsNoticed) {
  const std::string bytes = Header().Encode();
  std::size_t size = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(SegmentHeader::Decode(damaged, size).has_value()) << bit;
  }
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(SegmentHeader::Decode(bytes.substr(0, cut), size).has_value()) << cut;
  }
}

TEST(Segment, ANewerVersionIsNamed) {
  std::string bytes = Header().Encode();
  bytes[8] = 7;
  std::size_t size = 0;
  const auto header = SegmentHeader::Decode(bytes, size);
  ASSERT_FALSE(header.has_value());
  EXPECT_EQ(header.error().code, crdt::ErrorCode::kUnsupported);
  EXPECT_NE(header.error().detail.find("version 7"), std::string::npos);
}

TEST(Segment, ItsNameIsThePositionOfItsFirstFrame) {
  EXPECT_EQ(SegmentName(1234), "00000000000000001234.aof");
  EXPECT_TRUE(IsSegmentName(SegmentName(1234)));
  EXPECT_EQ(FirstOfSegment(SegmentName(1234)), 1234U);
  EXPECT_FALSE(IsSegmentName("1234.aof"));
  EXPECT_FALSE(IsSegmentName("0000000000000000123x.aof"));
  EXPECT_FALSE(IsSegmentName("node"));
  EXPECT_FALSE(FirstOfSegment("99999999999999999999.aof").has_value());
}

TEST(Segment, AChecksumIsOfAPayloadAtItsPosition) {
  EXPECT_EQ(FrameChecksum("payload", 10), FrameChecksum("payload", 10));
  EXPECT_NE(FrameChecksum("payload", 10), FrameChecksum("payload", 11));
  EXPECT_NE(FrameChecksum("payload", 10), FrameChecksum("Payload", 10));
}

}  // namespace
}  // namespace storage
