#include "replication/peer_link.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "replication/wire.h"
#include "stream_fixture.h"

namespace replication {
namespace {

class PeerLinkTest : public ::testing::Test {
 protected:
  PeerLinkTest() {
    const Identity peer{.deployment = "shop", .region = 2, .region_name = "us", .ordinal = 0};
    Handshake theirs(peer, std::nullopt, "secret", std::string(16, 't'));
    const auto proof =
        theirs.OnHello(Handshake(own_, std::nullopt, "secret", std::string(16, 'o')).OwnHello());
    Say(theirs.OwnHello());
    Say(*proof);
    Say(NodeState{.primary = true});
    EXPECT_TRUE(link_.established());
  }

  void Say(const Message& message) {
    EXPECT_TRUE(
        link_.OnBytes(EncodeFrame(message), [] { return NodeState(); }, shard_, {}).has_value());
  }
  void Pump() {
    ASSERT_TRUE(shard_.log().WriteOut().has_value());
    ASSERT_TRUE(link_.Pump(shard_, shard_.log().written(), {}).has_value());
  }

  const Identity own_{.deployment = "shop", .region = 1, .region_name = "eu", .ordinal = 0};
  FakeShard shard_;
  PeerLink link_{1, Handshake(own_, std::nullopt, "secret", std::string(16, 'o')), 0};
};

// Whoever leaves tells its state and at once the next one, with why.
TEST(PeerLink, IsEstablishedOnceHoweverManyStatesComeTogether) {
  FakeShard shard;
  const Identity own{.deployment = "shop", .region = 1, .region_name = "eu", .ordinal = 0};
  const Identity peer{.deployment = "shop", .region = 2, .region_name = "us", .ordinal = 0};
  PeerLink link(1, Handshake(own, std::nullopt, "secret", std::string(16, 'o')), 0);
  Handshake theirs(peer, std::nullopt, "secret", std::string(16, 't'));
  const auto proof =
      theirs.OnHello(Handshake(own, std::nullopt, "secret", std::string(16, 'o')).OwnHello());
  const std::string bytes = EncodeFrame(theirs.OwnHello()) + EncodeFrame(*proof) +
                            EncodeFrame(NodeState{.primary = true}) +
                            EncodeFrame(NodeState{.primary = false});
  const auto events = link.OnBytes(bytes, [] { return NodeState(); }, shard, {});
  ASSERT_TRUE(events.has_value());
  EXPECT_TRUE(events->established);
  EXPECT_FALSE(link.state().primary);
  const auto later = link.OnBytes(EncodeFrame(NodeState{}), [] { return NodeState(); }, shard, {});
  EXPECT_FALSE(later->established);
}

// The floor of a join that goes on is what its receiver has said of itself, and the sender may lack
// some of that.
class PeerThatSendsAJoin : public PeerLinkTest {
 protected:
  // It reads here what this side has got by a join: there are no records of it.
  bool GetsAJoin(bool goes_on) {
    const crdt::VersionVector tail = Having({WriteOf(1, 5)});
    shard_.Write(WriteOf(1, 1), "before");
    shard_.JumpFloor(tail);
    link_.SubscribeTo({.have = shard_.floor(), .regions = {2}});
    const std::uint64_t stream = link_.gate()->request().stream;
    Say(Subscribe{
        .have = Having({WriteOf(1, 1)}), .regions = {1}, .window = 1 << 20, .stream = stream});
    Pump();
    EXPECT_FALSE(link_.sending_join()) << "it may get it from elsewhere";
    Say(JoinStart{.stream = stream, .floor = tail, .goes_on = goes_on});
    for (int i = 0; i < 2; ++i) Say(Heartbeat{.state = {.primary = true}});
    Pump();
    return link_.sending_join();
  }
};

TEST_F(PeerThatSendsAJoin, HasItsFloor) {
  EXPECT_FALSE(GetsAJoin(/*goes_on=*/false));
}

TEST_F(PeerThatSendsAJoin, NeedNotHaveItsFloorWhereThatGoesOn) {
  EXPECT_TRUE(GetsAJoin(/*goes_on=*/true));
}

}  // namespace
}  // namespace replication
