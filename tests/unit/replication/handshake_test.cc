#include "replication/handshake.h"

#include <gtest/gtest.h>

#include <string>

namespace replication {
namespace {

Identity Eu() {
  return {.deployment = "shop",
          .region = 1,
          .region_name = "eu",
          .ordinal = 0,
          .server_version = "1.0",
          .log_id = "log-eu"};
}
Identity Us() {
  return {.deployment = "shop",
          .region = 2,
          .region_name = "us",
          .ordinal = 1,
          .server_version = "1.1",
          .log_id = "log-us"};
}
std::string Nonce(char letter) {
  return std::string(16, letter);
}

// eu dials us.
struct Pair {
  Handshake eu{Eu(), Expected{2, "us", 1}, "secret", Nonce('e')};
  Handshake us{Us(), std::nullopt, "secret", Nonce('u')};
};

void IsRefused(const crdt::Status& status, std::initializer_list<const char*> words) {
  ASSERT_FALSE(status.has_value());
  for (const char* word : words) {
    EXPECT_NE(status.error().detail.find(word), std::string::npos) << status.error().detail;
  }
}
crdt::Status StatusOf(const crdt::Result<Proof>& proof) {
  if (proof) return {};
  return std::unexpected(proof.error());
}

TEST(Handshake, TwoNodesThatKnowTheSecretAgree) {
  Pair pair;
  const Proof from_eu = pair.eu.OnHello(pair.us.OwnHello()).value();
  const Proof from_us = pair.us.OnHello(pair.eu.OwnHello()).value();
  EXPECT_FALSE(pair.eu.proved());
  EXPECT_TRUE(pair.eu.OnProof(from_us).has_value());
  EXPECT_TRUE(pair.us.OnProof(from_eu).has_value());
  EXPECT_TRUE(pair.eu.proved());
  EXPECT_EQ(pair.eu.peer().region_name, "us");
  EXPECT_EQ(pair.us.peer().server_version, "1.0");
}

TEST(Handshake, AnotherRegionThanExpectedIsRefusedWithBothNames) {
  Handshake eu(Eu(), Expected{3, "ap", 0}, "secret", Nonce('e'));
  IsRefused(StatusOf(eu.OnHello(Pair().us.OwnHello())),
            {"region 1 ('eu')", "region 2 ('us')", "region 3 ('ap') node 0 was expected"});
  Handshake us(Us(), std::nullopt, "secret", Nonce('u'));
  IsRefused(StatusOf(us.OnHello(eu.OwnHello())), {"region 1 ('eu')", "region 2 ('us')"});
}

TEST(Handshake, AnotherDeploymentIsRefusedWithBothNames) {
  Identity other = Us();
  other.deployment = "bank";
  Handshake us(other, std::nullopt, "secret", Nonce('u'));
  IsRefused(StatusOf(us.OnHello(Pair().eu.OwnHello())), {"deployment 'shop'", "deployment 'bank'"});
}

TEST(Handshake, WithoutACommonProtocolVersionBothVersionsAreNamed) {
  Hello newer = Pair().us.OwnHello();
  newer.protocol_version = 9;
  newer.least_protocol_version = 8;
  IsRefused(StatusOf(Pair().eu.OnHello(newer)), {"1 to 1", "8 to 9"});
  newer.least_protocol_version = 1;
  EXPECT_TRUE(Pair().eu.OnHello(newer).has_value()) << "it still speaks ours";
  newer.protocol_version = 0;
  EXPECT_FALSE(Pair().eu.OnHello(newer).has_value());
}

TEST(Handshake, AnotherSecretIsRefused) {
  Pair pair;
  Handshake thief(Us(), std::nullopt, "a guess", Nonce('u'));
  ASSERT_TRUE(pair.eu.OnHello(thief.OwnHello()).has_value());
  IsRefused(pair.eu.OnProof(*thief.OnHello(pair.eu.OwnHello())), {"shared secret"});
  EXPECT_FALSE(pair.eu.proved());
  EXPECT_FALSE(pair.eu.OnProof(Proof{}).has_value());
}

// What was overheard once opens no second conversation: its nonce is another.
TEST(Handshake, AReplayedProofIsRefused) {
  Pair first;
  ASSERT_TRUE(first.eu.OnHello(first.us.OwnHello()).has_value());
  const Proof overheard = first.us.OnHello(first.eu.OwnHello()).value();
  ASSERT_TRUE(first.eu.OnProof(overheard).has_value());

  Handshake later(Eu(), Expected{2, "us", 1}, "secret", Nonce('f'));
  ASSERT_TRUE(later.OnHello(first.us.OwnHello()).has_value());
  EXPECT_FALSE(later.OnProof(overheard).has_value());
}

// Somebody without the secret sends back what it is sent, or lets another conversation answer.
TEST(Handshake, AReflectedGreetingIsRefused) {
  Pair pair;
  EXPECT_FALSE(pair.eu.OnHello(pair.eu.OwnHello()).has_value()) << "from itself";
  Hello mirrored = pair.us.OwnHello();
  mirrored.nonce = Nonce('e');
  EXPECT_FALSE(pair.eu.OnHello(mirrored).has_value()) << "the nonce was sent back";

  // eu itself is made to answer eu's challenge, in a conversation that pretends to be us.
  Handshake other_conversation(Eu(), std::nullopt, "secret", Nonce('g'));
  Hello pretended = pair.us.OwnHello();
  pretended.nonce = Nonce('e');
  const Proof borrowed = other_conversation.OnHello(pretended).value();
  ASSERT_TRUE(pair.eu.OnHello(pair.us.OwnHello()).has_value());
  EXPECT_FALSE(pair.eu.OnProof(borrowed).has_value());
}

TEST(Handshake, NothingComesTwiceOrOutOfTurn) {
  Pair pair;
  EXPECT_FALSE(pair.eu.OnProof(Proof{}).has_value()) << "before the hello";
  ASSERT_TRUE(pair.eu.OnHello(pair.us.OwnHello()).has_value());
  EXPECT_FALSE(pair.eu.OnHello(pair.us.OwnHello()).has_value());
  const Proof proof = pair.us.OnHello(pair.eu.OwnHello()).value();
  ASSERT_TRUE(pair.eu.OnProof(proof).has_value());
  EXPECT_FALSE(pair.eu.OnProof(proof).has_value());
}

}  // namespace
}  // namespace replication
