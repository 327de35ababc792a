// A peer that knows the secret and says anything, and one that does not know it.
#include <memory>
#include <string>

#include "replication/peer_link.h"
#include "targets.h"
#include "unit/replication/fake_shard.h"

namespace fuzz {
namespace {

using namespace replication;

Identity Node(crdt::RegionId region, std::uint32_t ordinal) {
  return {.deployment = "shop", .region = region, .region_name = "name", .ordinal = ordinal};
}

void DecodeAll(std::string_view bytes) {
  FrameReader reader;
  reader.Append(bytes);
  for (auto payload = reader.Next(); payload && *payload; payload = reader.Next()) {
    const auto message = DecodeMessage(**payload);
    if (!message) continue;
    const std::string frame = EncodeFrame(*message, Compression::kOn);
    const auto again = DecodeMessage(std::string_view(frame).substr(sizeof(std::uint32_t)));
    crdt::Require(again && EncodeFrame(*again) == EncodeFrame(*message),
                  "a message is written back as it was read");
  }
}

NodeState TellNothing() {
  return {};
}

// A link to a node that has greeted properly.
std::unique_ptr<PeerLink> Greeted(crdt::RegionId region, FakeShard& shard) {
  const std::string ours(16, 'o');
  const std::string theirs(16, 't');
  auto link = std::make_unique<PeerLink>(
      LinkId{1}, Handshake(Node(1, 0), std::nullopt, "secret", ours), std::int64_t{0});
  Handshake peer(Node(region, 1), std::nullopt, "secret", theirs);
  const auto proof = peer.OnHello(Handshake(Node(1, 0), std::nullopt, "secret", ours).OwnHello());
  const std::string greeting =
      EncodeFrame(peer.OwnHello()) + EncodeFrame(*proof) + EncodeFrame(NodeState{});
  const auto events = link->OnBytes(greeting, TellNothing, shard, {});
  crdt::Require(events && events->established, "this greeting is right");
  return link;
}

}  // namespace

void FuzzWire(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto choice = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  DecodeAll(bytes);
  FakeShard shard;
  shard.Write(crdt::Stamp::At(1'800'000'000'000, crdt::Writer(1, 1)), "ours");
  (void)shard.log().WriteOut();
  if (choice % 4 == 0) {
    PeerLink stranger(1, Handshake(Node(1, 0), std::nullopt, "secret", std::string(16, 'o')), 0);
    (void)stranger.OnBytes(bytes, TellNothing, shard, {});
    crdt::Require(!stranger.established(), "nobody guesses the secret");
    return;
  }
  const bool local = choice % 2 == 0;
  const auto link = Greeted(local ? 1 : 2, shard);
  link->SubscribeTo(
      {.have = shard.floor(),
       .follow = local,
       .regions = local ? std::vector<crdt::RegionId>() : std::vector<crdt::RegionId>{2, 3}});
  const std::size_t half = bytes.size() / 2;
  for (const std::string_view piece : {bytes.substr(0, half), bytes.substr(half)}) {
    if (!link->OnBytes(piece, TellNothing, shard, {})) return;
    if (!link->Deliver(shard, 1'800'000'000'500)) return;
    if (!shard.log().WriteOut()) return;
    for (int turn = 0; turn < 3; ++turn) {
      if (!link->Pump(shard, shard.log().written(), {})) return;
      (void)link->AnswerDigests(shard);
    }
    link->AcknowledgeFollow(0);
    (void)link->TakeOutput();
  }
}

}  // namespace fuzz
