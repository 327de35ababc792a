#include "replication/wire.h"

#include <google/protobuf/stubs/logging.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>

#include "replication/proto/peer.pb.h"
#include "storage/key_location.h"

namespace replication {
namespace {

namespace pb = meridian::replication::v1;
using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::VersionVector;

// Below this, zstd's header eats what it saves.
constexpr std::size_t kLeastToCompress = 128;
// Level 1: the link is usually not the bottleneck, the shard's thread is.
constexpr int kCompressionLevel = 1;

std::string VectorBytes(const VersionVector& vector) {
  std::string bytes;
  crdt::ByteWriter out(bytes);
  vector.Encode(out);
  return bytes;
}

std::string VectorsBytes(const storage::PartitionVectors& vectors) {
  std::string bytes;
  crdt::ByteWriter out(bytes);
  storage::EncodePartitionVectors(vectors, out);
  return bytes;
}

// A decoder that remembers its first mistake.
// Of a multiple of 8 bits.
std::string BitBytes(const auto& bits) {
  std::string bytes(bits.size() / 8, '\0');
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) bytes[i / 8] = static_cast<char>(bytes[i / 8] | 1 << i % 8);
  }
  return bytes;
}

bool IsBitSet(const std::string& bytes, std::size_t i) {
  return (bytes[i / 8] >> i % 8 & 1) != 0;
}

class Checked {
 public:
  VersionVector Vector(const std::string& bytes) {
    if (bytes.empty()) return {};
    crdt::ByteReader in(bytes);
    Result<VersionVector> vector = VersionVector::Decode(in);
    if (!vector || !in.at_end()) {
      Wrong("a version vector does not decode");
      return {};
    }
    return *std::move(vector);
  }
  storage::PartitionVectors Vectors(const std::string& bytes) {
    if (bytes.empty()) return {};
    crdt::ByteReader in(bytes);
    Result<storage::PartitionVectors> vectors = storage::DecodePartitionVectors(in);
    if (!vectors || !in.at_end()) {
      Wrong("vectors of partitions do not decode");
      return {};
    }
    return *std::move(vectors);
  }
  crdt::RegionId Region(std::uint32_t value) {
    if (value > crdt::kMaxRegion) Wrong("a region id is beyond 31");
    return static_cast<crdt::RegionId>(value);
  }
  storage::PartitionId Partition(std::uint32_t value) {
    if (value >= 256) Wrong("an unknown partition");
    return static_cast<storage::PartitionId>(value);
  }
  geo_config::Membership Members(const std::string& bytes) {
    if (bytes.empty()) return {};
    auto membership = geo_config::Membership::Decode(bytes);
    if (membership) return *std::move(membership);
    Wrong("a membership that does not decode");
    return {};
  }
  NodeState State(const pb::NodeState& from) {
    if (from.client_port() > 65535) Wrong("a port is beyond 65535");
    return {.primary = from.primary(),
            .epoch = from.epoch(),
            .floor = Vector(from.floor()),
            .position = from.position(),
            .client_port = static_cast<std::uint16_t>(from.client_port()),
            .joining = from.joining(),
            .complete = from.complete(),
            .closed_slots = from.closed_slots(),
            .held = Vector(from.held()),
            .unfinished = Vectors(from.unfinished()),
            .catching_up = from.catching_up(),
            .membership = Members(from.membership()),
            .removed = from.removed()};
  }
  void Wrong(const char* what) {
    if (wrong_ == nullptr) wrong_ = what;
  }
  template <class T>
  Result<Message> Finish(T&& message) {
    if (wrong_ != nullptr) return Fail(ErrorCode::kCorrupt, wrong_);
    return Message(std::forward<T>(message));
  }

 private:
  const char* wrong_ = nullptr;
};

void Put(const NodeState& state, pb::NodeState& to) {
  to.set_primary(state.primary);
  to.set_epoch(state.epoch);
  to.set_floor(VectorBytes(state.floor));
  to.set_position(state.position);
  to.set_client_port(state.client_port);
  to.set_joining(state.joining);
  to.set_complete(state.complete);
  to.set_closed_slots(state.closed_slots);
  to.set_held(VectorBytes(state.held));
  if (!state.unfinished.empty()) to.set_unfinished(VectorsBytes(state.unfinished));
  to.set_catching_up(state.catching_up);
  if (!state.membership.empty()) to.set_membership(state.membership.Encode());
  to.set_removed(static_cast<std::uint32_t>(state.removed.to_ulong()));
}

void Put(const Hello& from, pb::PeerMessage& to) {
  pb::Hello& hello = *to.mutable_hello();
  hello.set_protocol_version(from.protocol_version);
  hello.set_least_protocol_version(from.least_protocol_version);
  hello.set_deployment(from.deployment);
  hello.set_region(from.region);
  hello.set_region_name(from.region_name);
  hello.set_ordinal(from.ordinal);
  hello.set_expected_region(from.expected_region);
  hello.set_expected_ordinal(from.expected_ordinal);
  hello.set_server_version(from.server_version);
  hello.set_log_id(from.log_id);
  hello.set_nonce(from.nonce);
}

void Put(const Refusal& from, pb::PeerMessage& to) {
  to.mutable_refusal()->set_reason(from.reason);
}

void Put(const Proof& from, pb::PeerMessage& to) {
  to.mutable_proof()->set_mac(from.mac);
}

void Put(const NodeState& from, pb::PeerMessage& to) {
  Put(from, *to.mutable_node_state());
}

void Put(const Subscribe& from, pb::PeerMessage& to) {
  pb::Subscribe& subscribe = *to.mutable_subscribe();
  subscribe.set_have(VectorBytes(from.have));
  subscribe.set_follow(from.follow);
  for (const crdt::RegionId region : from.regions) subscribe.add_regions(region);
  subscribe.set_window(from.window);
  subscribe.set_stream(from.stream);
  subscribe.set_whole(from.whole);
  if (from.joined.none()) return;
  subscribe.set_joined(BitBytes(from.joined));
  subscribe.set_reached(VectorBytes(from.reached));
}

void Put(const StreamStart& from, pb::PeerMessage& to) {
  pb::StreamStart& start = *to.mutable_stream_start();
  start.set_stream(from.stream);
  start.set_reference(VectorBytes(from.reference));
  if (!from.beyond.empty()) start.set_beyond(VectorsBytes(from.beyond));
}

void Put(const RecordPart& from, pb::PeerMessage& to) {
  pb::RecordPart& part = *to.mutable_record_part();
  part.set_stream(from.stream);
  part.set_total(from.total);
  part.set_piece(from.piece);
  part.set_position(from.position);
}

void Put(const Acknowledgement& from, pb::PeerMessage& to) {
  pb::Acknowledgement& acknowledgement = *to.mutable_acknowledgement();
  acknowledgement.set_stream(from.stream);
  acknowledgement.set_consumed(from.consumed);
  acknowledgement.set_applied_position(from.applied_position);
  acknowledgement.set_durable_position(from.durable_position);
  if (!from.applied.empty()) acknowledgement.set_applied(VectorBytes(from.applied));
  if (!from.durable.empty()) acknowledgement.set_durable(VectorBytes(from.durable));
}

void Put(const Heartbeat& from, pb::PeerMessage& to) {
  pb::Heartbeat& heartbeat = *to.mutable_heartbeat();
  heartbeat.set_wall_ms(static_cast<std::uint64_t>(from.wall_ms));
  heartbeat.set_safe_stamp(from.safe_stamp.value());
  Put(from.state, *heartbeat.mutable_state());
  heartbeat.set_durable(VectorBytes(from.durable));
}

void Put(const LinkState& from, pb::PeerMessage& to) {
  to.mutable_link_state()->set_paused(from.paused);
}

void Put(const JoinStart& from, pb::PeerMessage& to) {
  to.mutable_join_start()->set_stream(from.stream);
  to.mutable_join_start()->set_floor(VectorBytes(from.floor));
  to.mutable_join_start()->set_goes_on(from.goes_on);
}

void Put(const PartitionSums& from, pb::PeerMessage& to) {
  pb::PartitionSums& sums = *to.mutable_partition_sums();
  sums.set_stream(from.stream);
  sums.set_partition(from.partition);
  sums.mutable_sums()->Add(from.sums.begin(), from.sums.end());
}

void Put(const JoinEntries& from, std::string_view packed, pb::PeerMessage& to) {
  pb::JoinEntries& entries = *to.mutable_join_entries();
  entries.set_stream(from.stream);
  entries.set_partition(from.partition);
  if (packed.empty()) {
    entries.set_entries(from.entries);
  } else {
    entries.set_compressed(packed.data(), packed.size());
    entries.set_raw_size(static_cast<std::uint32_t>(from.entries.size()));
  }
  entries.set_continues(from.continues);
}

void Put(const JoinPartitionEnd& from, pb::PeerMessage& to) {
  pb::JoinPartitionEnd& end = *to.mutable_join_partition_end();
  end.set_stream(from.stream);
  end.set_partition(from.partition);
  end.set_observed(VectorBytes(from.observed));
  end.set_left_out(BitBytes(from.left_out));
}

void Put(const JoinEnd& from, pb::PeerMessage& to) {
  to.mutable_join_end()->set_stream(from.stream);
}

void Put(const DigestRequest& from, pb::PeerMessage& to) {
  pb::DigestRequest& request = *to.mutable_digest_request();
  request.set_comparison(from.comparison);
  request.set_partition(from.partition);
  request.set_round(from.round);
  request.set_covering(VectorBytes(from.covering));
  request.set_unix_ms(static_cast<std::uint64_t>(from.unix_ms));
  for (std::uint32_t bucket = 0; bucket < kDigestBuckets; ++bucket) {
    if (from.buckets.test(bucket)) request.add_buckets(bucket);
  }
  for (const std::string& name : from.names) request.add_names(name);
  request.set_objects(from.objects);
}

void Put(const DigestReply& from, pb::PeerMessage& to) {
  pb::DigestReply& reply = *to.mutable_digest_reply();
  reply.set_comparison(from.comparison);
  reply.set_partition(from.partition);
  reply.set_round(from.round);
  reply.set_entries(from.entries);
  if (!from.is_last) return;
  reply.set_is_last(true);
  reply.set_observed(VectorBytes(from.observed));
  if (from.sums != DigestSums{}) reply.mutable_sums()->Add(from.sums.begin(), from.sums.end());
}

// zstd's working memory: making it anew for every small batch costs more than compressing.
template <class Context, Context* (*kMake)(), std::size_t (*kFree)(Context*)>
Context* Workspace() {
  struct Free {
    void operator()(Context* context) const { kFree(context); }
  };
  thread_local const std::unique_ptr<Context, Free> context(kMake());
  return context.get();
}

std::string Compressed(std::string_view raw) {
  std::string compressed(ZSTD_compressBound(raw.size()), '\0');
  const std::size_t size =
      ZSTD_compressCCtx(Workspace<ZSTD_CCtx, ZSTD_createCCtx, ZSTD_freeCCtx>(), compressed.data(),
                        compressed.size(), raw.data(), raw.size(), kCompressionLevel);
  if (ZSTD_isError(size) != 0 || size >= raw.size()) return {};
  compressed.resize(size);
  return compressed;
}

// Peers that are in step get the same batches, one after the other: each is compressed once. Empty
// where it does not shrink. The view is good until the next call.
std::string_view Compress(const std::string& raw) {
  thread_local std::string last_raw;
  thread_local std::string last_compressed;
  if (raw != last_raw) {
    last_compressed = Compressed(raw);
    last_raw = raw;
  }
  return last_compressed;
}

std::string_view PackedEntries(const std::string& entries, Compression compression) {
  const bool packs = compression == Compression::kOn && entries.size() >= kLeastToCompress;
  return packs ? Compress(entries) : std::string_view();
}

Result<std::string> Unpack(const std::string& packed, std::uint32_t raw_size) {
  if (raw_size > kMaxFrame) {
    return Fail(ErrorCode::kTooLarge, "compressed entries beyond the frame limit");
  }
  std::string entries(raw_size, '\0');
  const std::size_t size =
      ZSTD_decompressDCtx(Workspace<ZSTD_DCtx, ZSTD_createDCtx, ZSTD_freeDCtx>(), entries.data(),
                          entries.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != entries.size()) {
    return Fail(ErrorCode::kCorrupt, "compressed entries do not decompress");
  }
  return entries;
}

void PutVarint(std::string& out, std::uint64_t value) {
  crdt::ByteWriter(out).Varint(value);
}

constexpr std::uint8_t Tag(int field, int wire_type) {
  return static_cast<std::uint8_t>(field << 3 | wire_type);
}

// Records are the hot path: Protobuf's wire format written directly, one copy of the entries. A
// test reads it with the generated class.
std::string EncodeRecords(const Records& records, Compression compression) {
  const std::string_view packed = PackedEntries(records.entries, compression);
  std::string body;
  const std::string_view bytes = packed.empty() ? records.entries : packed;
  body.reserve(bytes.size() + 32);
  body.push_back(static_cast<char>(Tag(pb::Records::kStreamFieldNumber, 0)));
  PutVarint(body, records.stream);
  body.push_back(static_cast<char>(Tag(pb::Records::kPositionFieldNumber, 0)));
  PutVarint(body, records.position);
  if (!packed.empty()) {
    body.push_back(static_cast<char>(Tag(pb::Records::kRawSizeFieldNumber, 0)));
    PutVarint(body, records.entries.size());
  }
  body.push_back(static_cast<char>(Tag(
      packed.empty() ? pb::Records::kEntriesFieldNumber : pb::Records::kCompressedFieldNumber, 2)));
  PutVarint(body, bytes.size());
  std::string head;
  head.push_back(static_cast<char>(Tag(pb::PeerMessage::kRecordsFieldNumber, 2)));
  PutVarint(head, body.size() + bytes.size());

  std::string frame;
  const auto length = static_cast<std::uint32_t>(head.size() + body.size() + bytes.size());
  frame.reserve(sizeof length + length);
  frame.append(reinterpret_cast<const char*>(&length), sizeof length);
  frame += head;
  frame += body;
  frame += bytes;
  return frame;
}

Result<Message> Take(const pb::Hello& from) {
  Checked checked;
  if (from.region() == 0) checked.Wrong("a hello without a region");
  if (from.nonce().size() != 16) checked.Wrong("a hello without a nonce of 16 bytes");
  return checked.Finish(Hello{.protocol_version = from.protocol_version(),
                              .least_protocol_version = from.least_protocol_version(),
                              .deployment = from.deployment(),
                              .region = checked.Region(from.region()),
                              .region_name = from.region_name(),
                              .ordinal = from.ordinal(),
                              .expected_region = checked.Region(from.expected_region()),
                              .expected_ordinal = from.expected_ordinal(),
                              .server_version = from.server_version(),
                              .log_id = from.log_id(),
                              .nonce = from.nonce()});
}

Result<Message> Take(const pb::Subscribe& from) {
  Checked checked;
  Subscribe subscribe{.have = checked.Vector(from.have()),
                      .follow = from.follow(),
                      .window = from.window(),
                      .stream = from.stream(),
                      .whole = from.whole(),
                      .joined = {},
                      .reached = checked.Vector(from.reached())};
  const std::string& joined = from.joined();
  if (!joined.empty() && joined.size() != subscribe.joined.size() / 8) {
    checked.Wrong("not a bit for each partition");
  }
  for (std::size_t i = 0; i < joined.size() * 8 && i < subscribe.joined.size(); ++i) {
    subscribe.joined[i] = IsBitSet(joined, i);
  }
  if (from.regions_size() > crdt::kMaxRegion) checked.Wrong("too many regions");
  for (const std::uint32_t region : from.regions()) {
    subscribe.regions.push_back(checked.Region(region));
  }
  return checked.Finish(std::move(subscribe));
}

Result<Message> Take(pb::Records& from) {
  Records records{.stream = from.stream(), .position = from.position()};
  if (from.compressed().empty()) {
    records.entries = std::move(*from.mutable_entries());
    return Message(std::move(records));
  }
  Result<std::string> entries = Unpack(from.compressed(), from.raw_size());
  if (!entries) return std::unexpected(entries.error());
  records.entries = *std::move(entries);
  return Message(std::move(records));
}

Result<Message> Take(pb::JoinEntries& from) {
  Checked checked;
  JoinEntries entries{.stream = from.stream(),
                      .partition = checked.Partition(from.partition()),
                      .entries = std::move(*from.mutable_entries()),
                      .continues = from.continues()};
  if (!from.compressed().empty()) {
    Result<std::string> unpacked = Unpack(from.compressed(), from.raw_size());
    if (!unpacked) return std::unexpected(unpacked.error());
    entries.entries = *std::move(unpacked);
  }
  return checked.Finish(std::move(entries));
}

Result<Message> Take(const pb::PartitionSums& from) {
  Checked checked;
  if (!storage::BucketSums::IsCount(from.sums().size())) {
    checked.Wrong("sums of a number of buckets that cannot be");
  }
  return checked.Finish(PartitionSums{.stream = from.stream(),
                                      .partition = checked.Partition(from.partition()),
                                      .sums = {from.sums().begin(), from.sums().end()}});
}

Result<Message> Take(const pb::JoinPartitionEnd& from) {
  Checked checked;
  const std::string& left_out = from.left_out();
  JoinPartitionEnd end{.stream = from.stream(),
                       .partition = checked.Partition(from.partition()),
                       .observed = checked.Vector(from.observed()),
                       .left_out = storage::Buckets(left_out.size() * 8)};
  for (std::size_t i = 0; i < end.left_out.size(); ++i) end.left_out[i] = IsBitSet(left_out, i);
  return checked.Finish(std::move(end));
}

Result<Message> Take(pb::DigestRequest& from) {
  Checked checked;
  DigestRequest request{.comparison = from.comparison(),
                        .partition = checked.Partition(from.partition()),
                        .round = from.round(),
                        .covering = checked.Vector(from.covering()),
                        .unix_ms = static_cast<std::int64_t>(from.unix_ms()),
                        .buckets = {},
                        .names = {std::make_move_iterator(from.mutable_names()->begin()),
                                  std::make_move_iterator(from.mutable_names()->end())},
                        .objects = from.objects()};
  for (const std::uint32_t bucket : from.buckets()) {
    if (bucket >= kDigestBuckets) {
      checked.Wrong("an unknown bucket");
    } else {
      request.buckets.set(bucket);
    }
  }
  if (request.objects && request.names.empty()) checked.Wrong("objects of no keys");
  if (request.names.size() > kMostNamesAsked) checked.Wrong("too many keys at once");
  for (const std::string& name : request.names) {
    if (storage::PartitionOf(name) != request.partition) {
      checked.Wrong("a key in a partition that is not its own");
    }
  }
  return checked.Finish(std::move(request));
}

Result<Message> Take(pb::DigestReply& from) {
  Checked checked;
  DigestReply reply{.comparison = from.comparison(),
                    .partition = checked.Partition(from.partition()),
                    .round = from.round(),
                    .entries = std::move(*from.mutable_entries()),
                    .is_last = from.is_last(),
                    .observed = checked.Vector(from.observed()),
                    .sums = {}};
  if (from.sums_size() != 0 && from.sums_size() != static_cast<int>(kDigestBuckets)) {
    checked.Wrong("an answer without the sums of all buckets");
  } else {
    std::ranges::copy(from.sums(), reply.sums.begin());
  }
  return checked.Finish(std::move(reply));
}

Result<Message> Take(const pb::Acknowledgement& from) {
  Checked checked;
  return checked.Finish(Acknowledgement{.stream = from.stream(),
                                        .consumed = from.consumed(),
                                        .applied_position = from.applied_position(),
                                        .durable_position = from.durable_position(),
                                        .applied = checked.Vector(from.applied()),
                                        .durable = checked.Vector(from.durable())});
}

Result<Message> Take(const pb::Heartbeat& from) {
  Checked checked;
  return checked.Finish(Heartbeat{.wall_ms = static_cast<std::int64_t>(from.wall_ms()),
                                  .safe_stamp = crdt::Stamp::FromValue(from.safe_stamp()),
                                  .state = checked.State(from.state()),
                                  .durable = checked.Vector(from.durable())});
}

}  // namespace

std::string EncodeFrame(const Message& message, Compression compression) {
  if (const auto* records = std::get_if<Records>(&message)) {
    return EncodeRecords(*records, compression);
  }
  pb::PeerMessage to;
  std::visit(
      [&](const auto& from) {
        using Kind = std::decay_t<decltype(from)>;
        if constexpr (std::is_same_v<Kind, JoinEntries>) {
          Put(from, PackedEntries(from.entries, compression), to);
        } else if constexpr (!std::is_same_v<Kind, Records>) {
          Put(from, to);
        }
      },
      message);
  std::string frame(sizeof(std::uint32_t), '\0');
  to.AppendToString(&frame);
  const auto length = static_cast<std::uint32_t>(frame.size() - sizeof(std::uint32_t));
  std::memcpy(frame.data(), &length, sizeof length);
  return frame;
}

Result<Message> DecodeMessage(std::string_view payload) {
  // Protobuf would write what it thinks of a stranger's bytes to the standard error.
  static auto* const silenced = google::protobuf::SetLogHandler(nullptr);
  (void)silenced;
  pb::PeerMessage from;
  if (!from.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Fail(ErrorCode::kCorrupt, "a peer message does not decode");
  }
  Checked checked;
  switch (from.body_case()) {
    case pb::PeerMessage::kHello:
      return Take(from.hello());
    case pb::PeerMessage::kRefusal:
      return Message(Refusal{from.refusal().reason()});
    case pb::PeerMessage::kProof:
      return Message(Proof{from.proof().mac()});
    case pb::PeerMessage::kSubscribe:
      return Take(from.subscribe());
    case pb::PeerMessage::kStreamStart:
      return checked.Finish(
          StreamStart{.stream = from.stream_start().stream(),
                      .reference = checked.Vector(from.stream_start().reference()),
                      .beyond = checked.Vectors(from.stream_start().beyond())});
    case pb::PeerMessage::kRecords:
      return Take(*from.mutable_records());
    case pb::PeerMessage::kRecordPart:
      return Message(RecordPart{.stream = from.record_part().stream(),
                                .total = from.record_part().total(),
                                .piece = std::move(*from.mutable_record_part()->mutable_piece()),
                                .position = from.record_part().position()});
    case pb::PeerMessage::kAcknowledgement:
      return Take(from.acknowledgement());
    case pb::PeerMessage::kHeartbeat:
      return Take(from.heartbeat());
    case pb::PeerMessage::kLinkState:
      return Message(LinkState{from.link_state().paused()});
    case pb::PeerMessage::kJoinStart:
      return checked.Finish(JoinStart{.stream = from.join_start().stream(),
                                      .floor = checked.Vector(from.join_start().floor()),
                                      .goes_on = from.join_start().goes_on()});
    case pb::PeerMessage::kJoinEntries:
      return Take(*from.mutable_join_entries());
    case pb::PeerMessage::kJoinPartitionEnd:
      return Take(from.join_partition_end());
    case pb::PeerMessage::kJoinEnd:
      return Message(JoinEnd{from.join_end().stream()});
    case pb::PeerMessage::kNodeState:
      return checked.Finish(checked.State(from.node_state()));
    case pb::PeerMessage::kDigestRequest:
      return Take(*from.mutable_digest_request());
    case pb::PeerMessage::kDigestReply:
      return Take(*from.mutable_digest_reply());
    case pb::PeerMessage::kPartitionSums:
      return Take(from.partition_sums());
    case pb::PeerMessage::BODY_NOT_SET:
      break;
  }
  return Fail(ErrorCode::kUnsupported, "a peer message of an unknown kind");
}

Result<std::optional<std::string_view>> FrameReader::Next(std::size_t limit) {
  if (consumed_ == buffer_.size()) {
    buffer_.clear();
    consumed_ = 0;
    // A big message should not hold its memory for the link's lifetime.
    if (buffer_.capacity() > (1 << 20)) buffer_.shrink_to_fit();
    return std::nullopt;
  }
  const std::size_t available = buffer_.size() - consumed_;
  std::uint32_t length = 0;
  if (available >= sizeof length) {
    std::memcpy(&length, buffer_.data() + consumed_, sizeof length);
    if (length > limit) {
      return Fail(ErrorCode::kTooLarge, "a frame of " + std::to_string(length) +
                                            " bytes is beyond the limit of " +
                                            std::to_string(limit));
    }
    if (available - sizeof length >= length) {
      const std::string_view payload(buffer_.data() + consumed_ + sizeof length, length);
      consumed_ += sizeof length + length;
      return payload;
    }
  }
  buffer_.erase(0, consumed_);
  consumed_ = 0;
  return std::nullopt;
}

}  // namespace replication
