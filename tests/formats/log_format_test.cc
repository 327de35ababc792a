// The bytes of the log on disk: frames, effects, segment headers, and the state of a node.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "crdt/effect.h"
#include "crdt/hyperloglog_registers.h"
#include "storage/log/record.h"
#include "storage/log/segment.h"
#include "storage/node_state.h"
#include "written_key.h"

namespace storage {
namespace {

using crdt::ByteWriter;
using crdt::EffectKind;
using crdt::EffectList;
using crdt::Stamp;
using crdt::Writer;
using formats::FileOf;
using formats::kLogVersions;
using formats::ReadGolden;
using formats::Samples;
namespace flag = crdt::effect_flag;

Stamp At(crdt::RegionId region, std::uint64_t tick) {
  return Stamp::At(1'800'000'000'000, Writer(region, 3)).Plus(tick);
}
crdt::VersionVector Vector() {
  crdt::VersionVector vector;
  vector.Advance(At(1, 5));
  vector.Advance(At(31, 7));
  return vector;
}

// --- Effects -------------------------------------------------------------------------------------

std::vector<crdt::ObservedPart> Observed() {
  return {{.start = At(1, 1), .last = At(1, 2), .total = {.integer = -3}},
          {.start = At(2, 1), .last = At(2, 2), .total = {.integer = 4, .floating = 0.5}}};
}

// One effect of a kind, its body written by `body`.
template <class Body>
std::string Effect(EffectKind kind, std::uint8_t flags, const char* key, Body body) {
  EffectList list;
  ByteWriter out = list.Begin(kind, flags, key);
  body(out);
  return std::string(list.bytes());
}

Samples Effects() {
  const crdt::KeyResets resets{
      .string = Observed(), .fields = {{"field", Observed()}}, .members = {}};
  const crdt::KeyResets of_members{.string = {}, .fields = {}, .members = {{"one", Observed()}}};
  return {
      {"set",
       Effect(EffectKind::kSet, flag::kCreates, "key", [](auto& out) { out.Bytes("value"); })},
      {"set_with_everything",
       Effect(EffectKind::kSet, flag::kHasDeadline | flag::kHasResets | flag::kConditional, "key",
              [&](auto& out) {
                out.Signed(1'800'000'000'000);
                out.Bytes("value");
                out.Bytes(resets.Encode());
              })},
      {"delete", Effect(EffectKind::kDelete, 0, "key", [](auto&) {})},
      {"delete_with_resets", Effect(EffectKind::kDelete, flag::kHasResets | flag::kExpired, "key",
                                    [&](auto& out) { out.Bytes(resets.Encode()); })},
      {"increment_fresh", Effect(EffectKind::kIncrement, flag::kFresh | flag::kCreates, "key",
                                 [](auto& out) { crdt::Total{.integer = 5}.Encode(out); })},
      {"increment", Effect(EffectKind::kIncrement, 0, "key",
                           [](auto& out) {
                             out.PutStamp(At(1, 1));
                             crdt::Total{.integer = -5, .floating = 0.25}.Encode(out);
                           })},
      {"expire",
       Effect(EffectKind::kExpire, 0, "key", [](auto& out) { out.Signed(1'800'000'000'000); })},
      {"set_add", Effect(EffectKind::kSetAdd, flag::kCreates, "key",
                         [](auto& out) {
                           out.Varint(2);
                           out.Bytes("one");
                           out.Bytes("two");
                         })},
      {"set_remove", Effect(EffectKind::kSetRemove, flag::kPop | flag::kEmpties, "key",
                            [](auto& out) {
                              out.Varint(1);
                              out.Bytes("one");
                            })},
      {"hash_set", Effect(EffectKind::kHashSet, 0, "key",
                          [](auto& out) {
                            out.Varint(1);
                            out.Bytes("field");
                            out.Bytes("value");
                            crdt::EncodeObserved(Observed(), out);
                          })},
      {"hash_delete", Effect(EffectKind::kHashDelete, 0, "key",
                             [](auto& out) {
                               out.Varint(1);
                               out.Bytes("field");
                               crdt::EncodeObserved({}, out);
                             })},
      {"hash_increment", Effect(EffectKind::kHashIncrement, flag::kFresh, "key",
                                [](auto& out) {
                                  out.Bytes("field");
                                  crdt::Total{.integer = 1}.Encode(out);
                                })},
      {"end_hidden",
       Effect(EffectKind::kEndHidden, 0, "key",
              [](auto& out) { out.U8(static_cast<std::uint8_t>(crdt::ValueType::kSet)); })},
      {"sorted_set_add", Effect(EffectKind::kSortedSetAdd, flag::kCreates, "key",
                                [](auto& out) {
                                  out.Varint(2);
                                  out.Bytes("one");
                                  out.Bytes("-2.5");
                                  crdt::EncodeObserved(Observed(), out);
                                  out.Bytes("two");
                                  out.Bytes("1e+21");
                                  crdt::EncodeObserved({}, out);
                                })},
      {"sorted_set_remove", Effect(EffectKind::kSortedSetRemove, flag::kPop | flag::kEmpties, "key",
                                   [](auto& out) {
                                     out.Varint(1);
                                     out.Bytes("one");
                                     crdt::EncodeObserved(Observed(), out);
                                   })},
      {"sorted_set_increment", Effect(EffectKind::kSortedSetIncrement, flag::kFresh, "key",
                                      [](auto& out) {
                                        out.Bytes("one");
                                        crdt::Total{.integer = 1}.Encode(out);
                                      })},
      {"hyperloglog_merge", Effect(EffectKind::kHyperLogLogMerge, flag::kCreates, "key",
                                   [](auto& out) {
                                     crdt::HyperLogLogRegisters registers;
                                     registers.Raise({.index = 16383, .rank = 1});
                                     registers.Raise({.index = 2, .rank = 51});
                                     registers.Encode(out);
                                   })},
      {"repair",
       Effect(EffectKind::kRepair, 0, "key",
              [](auto& out) {
                std::string object;
                crdt::ByteWriter writer(object);
                crdt::Object::FromPacked({.stamp = At(2, 9), .text = "value"}).Encode(writer);
                out.Bytes(object);
              })},
      {"delete_that_buries_a_hyperloglog",
       Effect(EffectKind::kDelete, flag::kHasResets, "key",
              [](auto& out) {
                const crdt::KeyResets seen{
                    .string = {}, .fields = {}, .members = {}, .buries = crdt::bury::kHyperLogLog};
                out.Bytes(seen.Encode());
              })},
      {"delete_with_resets_of_members", Effect(EffectKind::kDelete, flag::kHasResets, "key",
                                               [&](auto& out) { out.Bytes(of_members.Encode()); })},
      {"clear", Effect(EffectKind::kClear, 0, "",
                       [&](auto& out) {
                         out.Varint(1);
                         out.Bytes("key");
                         out.Bytes(resets.Encode());
                       })},
  };
}

TEST(Formats, EffectsAreWrittenAsTheyWere) {
  formats::ExpectGolden(FileOf("effects", kSegmentVersion), Effects());
}

// How many kinds of effects are not refused as unknown.
std::size_t KnownKinds() {
  std::size_t known = 0;
  for (int kind = 0; kind < 256; ++kind) {
    std::string bytes(3, '\0');  // No flags, an empty key.
    bytes[0] = static_cast<char>(kind);
    crdt::ByteReader in(bytes);
    const auto effect = crdt::EffectView::Decode(in);
    known += effect || effect.error().code != crdt::ErrorCode::kUnsupported ? 1 : 0;
  }
  return known;
}

TEST(Formats, EffectsOfEveryVersionAreRead) {
  for (const std::uint32_t version : kLogVersions) {
    std::set<EffectKind> kinds;
    Samples samples = ReadGolden(FileOf("effects", version));
    for (const char* family : {"list_effects", "stream_effects"}) {
      for (auto& sample : ReadGolden(FileOf(family, version))) {
        samples.push_back(std::move(sample));
      }
    }
    for (const auto& [name, bytes] : samples) {
      crdt::ByteReader in(bytes);
      const auto effect = crdt::EffectView::Decode(in);
      ASSERT_TRUE(effect.has_value()) << name;
      EXPECT_TRUE(in.at_end()) << name;
      kinds.insert(effect->kind);
    }
    EXPECT_EQ(kinds.size(), KnownKinds()) << "a sample of each";
  }
}

// --- Frames --------------------------------------------------------------------------------------

Samples Frames() {
  Samples samples;
  const auto add = [&](const char* name, auto encode) {
    std::string payload;
    encode(payload);
    samples.emplace_back(name, payload);
  };
  const std::string effects = Effects()[0].second + Effects()[7].second;
  add("record", [&](auto& out) { EncodeLocalRecord(At(1, 6), 2, effects, out); });
  add("record_with_context", [&](auto& out) {
    crdt::VersionVector context;
    context.Advance(At(1, 4));
    context.Advance(At(2, 9));
    EncodeRecord(
        {.first_stamp = At(2, 10), .effect_count = 2, .context = context, .effects = effects},
        {.floor = Vector()}, out);
  });
  add("record_with_vectors_of_partitions", [&](auto& out) {
    EncodeRecord({.first_stamp = At(2, 10),
                  .effect_count = 2,
                  .context = Vector(),
                  .beyond = {{7, Vector()}, {255, Vector()}},
                  .effects = effects},
                 {}, out);
  });
  add("fragment",
      [](auto& out) { EncodeFragment({.partition = 255, .key = "key", .object = "object"}, out); });
  add("vector_jump", [](auto& out) {
    EncodeVectorJump({.partition = 255, .fragments = 3, .vector = Vector()}, out);
  });
  add("vector_jump_of_named_keys", [](auto& out) {
    EncodeVectorJump(
        {.partition = 255, .fragments = 3, .vector = Vector(), .unnamed = UnnamedKeys::kEqual},
        out);
  });
  add("epoch", [](auto& out) { EncodeEpoch(300, out); });
  add("stable", [](auto& out) { EncodeVector(FrameKind::kStable, Vector(), out); });
  add("floor_jump", [](auto& out) { EncodeVector(FrameKind::kFloorJump, Vector(), out); });
  return samples;
}

bool Decodes(const std::string& payload) {
  switch (KindOf(payload)) {
    case FrameKind::kRecord:
      return DecodeRecord(payload, {.floor = Vector()}).has_value();
    case FrameKind::kFragment:
      return DecodeFragment(payload).has_value();
    case FrameKind::kVectorJump:
      return DecodeVectorJump(payload).has_value();
    case FrameKind::kEpoch:
      return DecodeEpoch(payload).has_value();
    case FrameKind::kStable:
    case FrameKind::kFloorJump:
      return DecodeVector(payload).has_value();
  }
  return false;
}

TEST(Formats, FramesAreWrittenAsTheyWere) {
  formats::ExpectGolden(FileOf("frames", kSegmentVersion), Frames());
}

TEST(Formats, FramesOfEveryVersionAreRead) {
  for (const std::uint32_t version : kLogVersions) {
    std::set<FrameKind> kinds;
    for (const auto& [name, bytes] : ReadGolden(FileOf("frames", version))) {
      EXPECT_TRUE(Decodes(bytes)) << name << " of version " << version;
      kinds.insert(KindOf(bytes));
    }
    EXPECT_EQ(kinds.size(), static_cast<std::size_t>(FrameKind::kFloorJump)) << "a sample of each";
  }
}

// --- Segments ------------------------------------------------------------------------------------

SegmentHeader Header() {
  return {.log_id = "0123456789abcdef0123456789abcdef01234567",
          .region = 2,
          .ordinal = 1,
          .first = 123456789,
          .floor = Vector(),
          .beyond_floor = {{255, Vector()}}};
}

Samples Segments() {
  std::string frame(kFrameHeaderBytes, '\0');
  const std::string payload = Frames()[0].second;
  FrameHeader{static_cast<std::uint32_t>(payload.size()), FrameChecksum(payload, 123456789)}
      .EncodeTo(frame.data());
  return {{"header", Header().Encode()}, {"frame_header", frame}, {"seal", SegmentSeal(123456789)}};
}

TEST(Formats, SegmentsAreWrittenAsTheyWere) {
  formats::ExpectGolden(FileOf("segment", kSegmentVersion), Segments());
  EXPECT_EQ(SegmentName(123456789), "00000000000123456789.aof");
}

TEST(Formats, SegmentHeadersOfEveryVersionAreRead) {
  for (const std::uint32_t version : kLogVersions) {
    const Samples samples = ReadGolden(FileOf("segment", version));
    std::size_t size = 0;
    const auto header = SegmentHeader::Decode(samples.at(0).second, size);
    ASSERT_TRUE(header.has_value()) << version;
    EXPECT_EQ(header->log_id, Header().log_id);
    EXPECT_EQ(header->first, Header().first);
    EXPECT_EQ(header->floor, Header().floor);
    EXPECT_EQ(header->beyond_floor, Header().beyond_floor);
  }
}

// --- The state of a node -------------------------------------------------------------------------

constexpr std::uint32_t kNodeStateVersions[] = {1, 2, 3};

NodeState State() {
  return {.deployment = "shop",
          .region = 2,
          .ordinal = 1,
          .log_id = "0123456789abcdef0123456789abcdef01234567",
          .primary = true,
          .epoch = 300,
          .clean = true,
          .clean_end = 123456789,
          .boot_id = "00000000-0000-0000-0000-000000000000",
          .identity = 0x0123456789abcdef,
          .began_anew = true,
          .membership = "who belongs to it"};
}

TEST(Formats, TheStateOfANodeIsWrittenAsItWas) {
  constexpr std::uint32_t kNewest = kNodeStateVersions[std::size(kNodeStateVersions) - 1];
  EXPECT_EQ(State().Encode().front(), static_cast<char>(kNewest))
      << "a new version gets a golden file of its own, and the old ones stay";
  formats::ExpectGolden(FileOf("node_state", kNewest), {{"node_state", State().Encode()}});
}

TEST(Formats, TheStateOfANodeOfEveryVersionIsRead) {
  for (const std::uint32_t version : kNodeStateVersions) {
    const auto state = NodeState::Decode(ReadGolden(FileOf("node_state", version)).at(0).second);
    ASSERT_TRUE(state.has_value()) << version;
    EXPECT_EQ(state->deployment, "shop");
    EXPECT_EQ(state->epoch, 300U);
    EXPECT_EQ(state->clean_end, 123456789U);
    EXPECT_EQ(state->identity, 0x0123456789abcdefU);
    EXPECT_EQ(state->membership, version < 3 ? "" : "who belongs to it");
  }
}

}  // namespace
}  // namespace storage
