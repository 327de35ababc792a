// Whoever can reach the port may send anything: the node refuses it and goes on.
#include <gtest/gtest.h>

#include <string>

#include "machines.h"

namespace replication {
namespace {

Hello HelloOf(crdt::RegionId region, std::uint32_t ordinal) {
  return {.deployment = "test",
          .region = region,
          .region_name = "eu",
          .ordinal = ordinal,
          .server_version = "1.0",
          .log_id = "log",
          .nonce = std::string(16, 'n')};
}

TEST(Stranger, HalfAGreetingIsWaitedForAndHarmsNobody) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  const LinkId link = machines.Connect("eu-0");
  const std::string hello = EncodeFrame(HelloOf(2, 0));
  for (const char byte : hello) machines.Say("eu-0", link, std::string_view(&byte, 1));
  EXPECT_TRUE(machines.IsOpen(link));
  machines.Run(1000);
  EXPECT_TRUE(machines["eu-0"].replicator().primary());
}

TEST(Stranger, ANodeThatIsNotConfiguredIsRefusedBeforeAndAfterItsProof) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  const LinkId link = machines.Connect("eu-0");
  machines.Say("eu-0", link, EncodeFrame(HelloOf(7, 3)));
  machines.Run(1000);
  machines.Say("eu-0", link, EncodeFrame(Proof{.mac = std::string(32, 'm')}));
  EXPECT_FALSE(machines.IsOpen(link));
  EXPECT_TRUE(machines["eu-0"].replicator().primary());
}

TEST(Stranger, WhoDoesNotProveTheSecretIsToldNothingOfTheData) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  machines.Run(2000);
  machines.Write("eu-0", "a");
  machines.Run(500);
  const LinkId link = machines.Connect("eu-0");
  machines.Say("eu-0", link, EncodeFrame(HelloOf(2, 0)));
  FrameReader reader;
  reader.Append(machines.said_to_stranger);
  for (auto payload = reader.Next(); payload && *payload; payload = reader.Next()) {
    const Message message = DecodeMessage(**payload).value();
    EXPECT_TRUE(std::holds_alternative<Hello>(message) || std::holds_alternative<Proof>(message));
  }
}

TEST(Stranger, AWrongProofAndAMessageBeforeTheGreetingAreRefused) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  const LinkId wrong = machines.Connect("eu-0");
  machines.Say("eu-0", wrong, EncodeFrame(HelloOf(2, 0)));
  machines.Say("eu-0", wrong, EncodeFrame(Proof{.mac = std::string(32, 'm')}));
  EXPECT_FALSE(machines.IsOpen(wrong));
  EXPECT_NE(machines.said_to_stranger.find("shared secret"), std::string::npos);
  const LinkId early = machines.Connect("eu-0");
  machines.Say("eu-0", early, EncodeFrame(Subscribe{.regions = {1}, .window = 1, .stream = 1}));
  EXPECT_FALSE(machines.IsOpen(early));
}

TEST(Stranger, ALongFrameIsNotWaitedForBeforeTheProof) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  const LinkId link = machines.Connect("eu-0");
  machines.Say("eu-0", link, std::string("\x00\x00\x80\x00", 4));
  EXPECT_FALSE(machines.IsOpen(link));
}

TEST(Stranger, AGreetingThatTakesTooLongIsClosed) {
  Machines machines({"eu-0", "us-0"});
  machines.StartAll();
  const LinkId link = machines.Connect("eu-0");
  machines.Run(11000);
  EXPECT_FALSE(machines.IsOpen(link));
}

}  // namespace
}  // namespace replication
