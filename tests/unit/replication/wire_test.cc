#include "replication/wire.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <set>
#include <string>

#include "every_message.h"
#include "replication/proto/peer.pb.h"

namespace replication {
namespace {

namespace pb = meridian::replication::v1;

std::string PayloadOf(const Message& message, Compression compression = Compression::kOff) {
  return EncodeFrame(message, compression).substr(sizeof(std::uint32_t));
}

std::string LengthBytes(std::uint32_t length) {
  return {reinterpret_cast<const char*>(&length), sizeof length};
}

TEST(Wire, EveryMessageComesBackAsItWas) {
  std::set<std::size_t> kinds;
  for (const auto& [name, message] : EveryMessage()) {
    const auto decoded = DecodeMessage(PayloadOf(message));
    ASSERT_TRUE(decoded.has_value()) << name << ": " << decoded.error().detail;
    EXPECT_EQ(decoded->index(), message.index()) << name;
    EXPECT_EQ(EncodeFrame(*decoded), EncodeFrame(message)) << name;
    kinds.insert(message.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Message>) << "each kind once";
}

TEST(Wire, EveryFieldComesBackAsItWas) {
  const auto hello = std::get<Hello>(*DecodeMessage(PayloadOf(EveryMessage()[0].second)));
  EXPECT_EQ(hello.protocol_version, kProtocolVersion);
  EXPECT_EQ(hello.deployment, "shop");
  EXPECT_EQ(hello.expected_ordinal, 2U);
  const auto state = std::get<NodeState>(*DecodeMessage(PayloadOf(SomeState())));
  EXPECT_TRUE(state.primary);
  EXPECT_EQ(state.epoch, 77U);
  EXPECT_EQ(state.floor, SomeVector());
  EXPECT_EQ(state.client_port, 7001);
  EXPECT_TRUE(state.joining);
}

TEST(Wire, TheRecordsThatAreWrittenByHandAreReadByTheGeneratedClass) {
  for (const Compression compression : {Compression::kOff, Compression::kOn}) {
    const Records records{.stream = 300, .entries = std::string(5000, 'x'), .position = 1 << 30};
    pb::PeerMessage message;
    ASSERT_TRUE(message.ParseFromString(PayloadOf(records, compression)));
    ASSERT_TRUE(message.has_records());
    EXPECT_EQ(message.records().stream(), 300U);
    EXPECT_EQ(message.records().position(), std::uint64_t{1} << 30);
    EXPECT_EQ(message.records().entries().empty(), compression == Compression::kOn);
    EXPECT_EQ(message.records().raw_size(), compression == Compression::kOn ? 5000U : 0U);
  }
}

TEST(Wire, EntriesThatShrinkAreSentCompressed) {
  const Records records{.stream = 1, .entries = std::string(5000, 'x'), .position = 9};
  const std::string compressed = PayloadOf(records, Compression::kOn);
  EXPECT_LT(compressed.size(), 200U);
  EXPECT_EQ(std::get<Records>(*DecodeMessage(compressed)).entries, records.entries);
  const Records few{.stream = 1, .entries = "few bytes", .position = 9};
  EXPECT_EQ(PayloadOf(few, Compression::kOn), PayloadOf(few));
  const JoinEntries joined{
      .stream = 1, .partition = 255, .entries = std::string(5000, 'x'), .continues = true};
  const std::string packed = PayloadOf(joined, Compression::kOn);
  EXPECT_LT(packed.size(), 200U);
  EXPECT_EQ(PayloadOf(*DecodeMessage(packed)), PayloadOf(joined));
}

// --- What a peer must not do ---------------------------------------------------------------------

TEST(Wire, EveryTruncationIsAnErrorOrAnotherMessageAndNeverACrash) {
  for (const auto& [name, message] : EveryMessage()) {
    const std::string payload = PayloadOf(message);
    for (std::size_t size = 0; size < payload.size(); ++size) {
      const auto decoded = DecodeMessage(payload.substr(0, size));
      EXPECT_TRUE(!decoded.has_value() || EncodeFrame(*decoded).size() < payload.size() + 4)
          << name << " cut at " << size;
    }
    // The outermost length covers it all, so that a cut message is an error.
    EXPECT_FALSE(DecodeMessage(payload.substr(0, payload.size() - 1)).has_value()) << name;
  }
}

TEST(Wire, AnUnknownMessageIsAnErrorAndAnUnknownFieldIsSkipped) {
  EXPECT_EQ(DecodeMessage("").error().code, crdt::ErrorCode::kUnsupported);
  // Field 100 of the outer message, then field 100 inside of a JoinEnd.
  EXPECT_EQ(DecodeMessage("\xa2\x06\x01x").error().code, crdt::ErrorCode::kUnsupported);
  const auto known = DecodeMessage(std::string("\x72\x06\x08\x05\xa2\x06\x01x", 8));
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(std::get<JoinEnd>(*known).stream, 5U);
}

// A few bytes that would become gigabytes.
TEST(Wire, ACompressedBombIsRefusedBeforeItIsUnpacked) {
  const std::string zeros(64 << 20, '\0');
  std::string packed(ZSTD_compressBound(zeros.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), zeros.data(), zeros.size(), 1));
  pb::PeerMessage message;
  message.mutable_records()->set_compressed(packed);
  message.mutable_records()->set_raw_size(64 << 20);
  const auto honest = DecodeMessage(message.SerializeAsString());
  ASSERT_FALSE(honest.has_value());
  EXPECT_EQ(honest.error().code, crdt::ErrorCode::kTooLarge);
  pb::PeerMessage joined;
  joined.mutable_join_entries()->set_compressed(packed);
  joined.mutable_join_entries()->set_raw_size(64 << 20);
  EXPECT_FALSE(DecodeMessage(joined.SerializeAsString()).has_value());
  message.mutable_records()->set_raw_size(100);
  EXPECT_FALSE(DecodeMessage(message.SerializeAsString()).has_value());
  message.mutable_records()->set_raw_size(0);
  EXPECT_FALSE(DecodeMessage(message.SerializeAsString()).has_value());
}

TEST(Wire, ValuesOutOfTheirRangeAreRefused) {
  const auto refused = [](const pb::PeerMessage& message) {
    return !DecodeMessage(message.SerializeAsString()).has_value();
  };
  pb::PeerMessage message;
  pb::Hello& hello = *message.mutable_hello();
  hello.set_region(1);
  hello.set_nonce("sixteen letters!");
  EXPECT_FALSE(refused(message));
  hello.set_region(0);
  EXPECT_TRUE(refused(message)) << "no region";
  hello.set_region(32);
  EXPECT_TRUE(refused(message)) << "a region beyond 31";
  hello.set_region(1);
  hello.set_nonce("short");
  EXPECT_TRUE(refused(message)) << "a short nonce";

  for (int i = 0; i < 257; ++i) message.mutable_digest_request()->add_names("{key}");
  message.mutable_digest_request()->set_partition(storage::PartitionOf("{key}"));
  EXPECT_TRUE(refused(message)) << "too many keys";
  message.mutable_digest_request()->mutable_names()->RemoveLast();
  EXPECT_FALSE(refused(message));
  message.mutable_digest_request()->set_partition(storage::PartitionOf("{key}") ^ 1);
  EXPECT_TRUE(refused(message)) << "keys of another partition";
  message.mutable_digest_request()->clear_names();
  message.mutable_digest_request()->add_buckets(256);
  EXPECT_TRUE(refused(message)) << "an unknown bucket";
  message.mutable_digest_reply()->add_sums(1);
  EXPECT_TRUE(refused(message)) << "sums of some buckets";

  message.mutable_subscribe();
  for (int i = 0; i < 32; ++i) message.mutable_subscribe()->add_regions(1);
  EXPECT_TRUE(refused(message)) << "too many regions";
  message.mutable_subscribe()->clear_regions();
  message.mutable_subscribe()->set_have("\x05");
  EXPECT_TRUE(refused(message)) << "a vector that is cut off";
  message.mutable_subscribe()->set_have(std::string("\x00x", 2));
  EXPECT_TRUE(refused(message)) << "a vector with bytes behind it";

  message.mutable_join_entries()->set_partition(256);
  EXPECT_TRUE(refused(message)) << "a partition beyond 255";
  message.mutable_node_state()->set_client_port(65536);
  EXPECT_TRUE(refused(message)) << "a port beyond 65535";
}

// --- Frames --------------------------------------------------------------------------------------

TEST(FrameReader, CutsFramesOutOfBytesThatComeOneByOne) {
  const std::string stream = EncodeFrame(JoinEnd{1}) + EncodeFrame(JoinEnd{2});
  FrameReader reader;
  std::vector<std::uint64_t> streams;
  for (const char byte : stream) {
    reader.Append(std::string_view(&byte, 1));
    while (const auto payload = *reader.Next()) {
      streams.push_back(std::get<JoinEnd>(*DecodeMessage(*payload)).stream);
    }
  }
  EXPECT_EQ(streams, (std::vector<std::uint64_t>{1, 2}));
}

TEST(FrameReader, AFrameBeyondTheLimitIsRefusedByItsLengthAlone) {
  FrameReader reader;
  reader.Append(LengthBytes(kMaxFrame));
  EXPECT_TRUE(reader.Next().has_value());
  FrameReader too_long;
  too_long.Append(LengthBytes(kMaxFrame + 1));
  const auto refused = too_long.Next();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, crdt::ErrorCode::kTooLarge);
  FrameReader greeting;
  greeting.Append(LengthBytes(kMaxGreetingFrame + 1));
  EXPECT_FALSE(greeting.Next(kMaxGreetingFrame).has_value());
}

}  // namespace
}  // namespace replication
