#include "geo-config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/temporary_directory.h"

namespace geo_config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::string kTwoRegions = R"(
[[regions]]
id = 1
name = "eu"
nodes = [{host = "127.0.0.1", port = 7001}, {host = "127.0.0.1", port = 7011, peer-port = 9011}]
[[regions]]
id = 2
name = "us"
nodes = [{host = "127.0.0.1", port = 7002}]
)";

std::string MistakesOf(std::string_view text, const Overrides& overrides = {}) {
  const auto config = Load(text, overrides);
  return config ? "none" : config.error().detail;
}

TEST(Config, HasDefaultsForEverything) {
  const auto config = Load("", {});
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->port, 6379);
  EXPECT_EQ(config->PeerPort(), 16379);
  EXPECT_EQ(config->bind, std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(config->OwnRegion(), nullptr);
  EXPECT_THAT(Warnings(*config), IsEmpty());
}

TEST(Config, ReadsSizesDurationsListsAndLimits) {
  const auto config = Load(R"(
bind = ["127.0.0.1", "::1"]
segment-bytes = "1mb"
max-clock-skew = "2s"
timeout = 30
unixsocketperm = "750"
appendfsync = "always"
geo-compression = false
output-limit-normal = "2gb 1gb 10"
)",
                           {});
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->bind, (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ(config->segment_bytes, 1u << 20);
  EXPECT_EQ(config->max_clock_skew, milliseconds(2000));
  EXPECT_EQ(config->timeout, seconds(30));
  EXPECT_EQ(config->unixsocketperm, 0750u);
  EXPECT_EQ(config->appendfsync, FsyncPolicy::kAlways);
  EXPECT_FALSE(config->geo_compression);
  EXPECT_EQ(config->output_limit_normal.soft, std::uint64_t{1} << 30);
  EXPECT_EQ(config->output_limit_normal.soft_for, seconds(10));
}

TEST(Config, ReadsRegionsAndTakesThePortsOfItsOwnEntry) {
  const auto config = Load("region = 1\nordinal = 1\n" + kTwoRegions, {});
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_EQ(config->regions.size(), 2u);
  EXPECT_EQ(config->regions[1].name, "us");
  EXPECT_EQ(config->regions[1].nodes[0].peer_port, 17002);
  EXPECT_EQ(config->OwnRegion()->id, 1);
  EXPECT_EQ(config->port, 7011);
  EXPECT_EQ(config->PeerPort(), 9011);
}

TEST(Config, APortThatIsGivenWinsOverTheOwnEntryAndIsWarnedOf) {
  const auto config = Load("port = 8001\n" + kTwoRegions, {});
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->port, 8001);
  EXPECT_EQ(config->PeerPort(), 18001);
  EXPECT_THAT(Warnings(*config), testing::Contains(HasSubstr("its entry among the regions")));
}

TEST(Config, TheCommandLineWinsOverTheFile) {
  const auto config = Load("port = 7001\ndir = 'a'", {{"port", "7005"}, {"bind", "127.0.0.1 ::1"}});
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->port, 7005);
  EXPECT_EQ(config->dir, "a");
  EXPECT_EQ(config->bind.size(), 2u);
}

TEST(Config, TellsTheFirstMistakeOfSyntaxWithItsLine) {
  EXPECT_THAT(MistakesOf("port = 1\ndir = \nregion = 99\n"), HasSubstr("line 2: "));
}

TEST(Config, TellsAllMistakesOfMeaningInTheOrderOfTheFile) {
  EXPECT_EQ(MistakesOf("region = 40\n"
                       "prot = 7001\n"
                       "bind = [\"here\"]\n"
                       "heartbeat = 250\n"
                       "protected-mode = 'maybe'\n"
                       "dir = 1.5\n",
                       {{"maxclients", "many"}, {"appendfsinc", "no"}}),
            "line 1: 'region': expected a number from 1 to 31\n"
            "line 2: unknown setting 'prot'; did you mean 'port'?\n"
            "line 3: 'bind': expected IPv4 and IPv6 addresses, such as [\"127.0.0.1\", \"::1\"]; "
            "0.0.0.0 and :: are all of a kind\n"
            "line 4: 'heartbeat': expected a duration with its unit, such as 500ms, 5s or 5m\n"
            "line 5: 'protected-mode': expected yes or no\n"
            "line 6: 'dir': expected text\n"
            "--maxclients: expected a number from 1 to 4294967295\n"
            "unknown option '--appendfsinc'; did you mean '--appendfsync'?");
}

TEST(Config, TellsAllMistakesOfTheRegions) {
  EXPECT_EQ(MistakesOf("[[regions]]\n"
                       "id = 1\n"
                       "name = \"eu\"\n"
                       "nodes = [{host = \"127.0.0.1\", port = 7001, peerport = 1}]\n"
                       "[[regions]]\n"
                       "id = 1\n"
                       "name = \"eu\"\n"
                       "nodes = [{host = \"127.0.0.1\", port = 7001}, {port = 60000}]\n"
                       "[[regions]]\n"
                       "id = 77\n"),
            "line 4: unknown key 'peerport'; did you mean 'peer-port'?\n"
            "line 6: region id 1 is given twice\n"
            "line 7: region name 'eu' is given twice\n"
            "line 8: 127.0.0.1 port 7001 is given twice\n"
            "line 8: 127.0.0.1 port 17001 is given twice\n"
            "line 8: 'host' has to be a text such as \"10.1.0.1\"\n"
            "line 8: 'peer-port' is needed where port + 10000 is beyond 65535\n"
            "line 9: 'name' has to be a text such as \"eu\"\n"
            "line 9: a region needs 'nodes', a list of {host = \"10.1.0.1\", port = 6379}\n"
            "line 10: 'id' has to be a number from 1 to 31");
}

TEST(Config, ANodeHasToBeAmongTheNodesOfItsRegion) {
  EXPECT_EQ(MistakesOf("region = 3\n" + kTwoRegions),
            "line 1: region 3 is this node's ('region') and is not among [[regions]]");
  EXPECT_EQ(MistakesOf("ordinal = 2\n" + kTwoRegions),
            "line 1: ordinal 2 is this node's, but region 1 lists 2 nodes, counted from 0");
}

TEST(Config, PortsHaveToDifferAndToExist) {
  EXPECT_EQ(MistakesOf("port = 7001\npeer-port = 7001\n" + kTwoRegions),
            "line 2: 'port' and 'peer-port' have to differ");
  EXPECT_EQ(MistakesOf("port = 60000\n" + kTwoRegions),
            "line 1: 'peer-port' is needed where port + 10000 is beyond 65535");
  // Alone it listens for clients only.
  EXPECT_EQ(MistakesOf("port = 60000"), "none");
}

TEST(Config, TheLogIsNeededWhereThereAreOtherRegions) {
  EXPECT_THAT(MistakesOf("appendonly = false\n" + kTwoRegions), HasSubstr("line 1: 'appendonly'"));
  EXPECT_EQ(MistakesOf("appendonly = false"), "none");
}

TEST(Config, ASecretIsNeededWhereANodeIsBeyondLoopback) {
  const std::string far =
      "[[regions]]\nid = 1\nname = 'eu'\nnodes = [{host = '10.1.0.1', port = 7001}]\n";
  EXPECT_EQ(MistakesOf(far),
            "line 1: 'secret' or 'secret-file' is needed, since node 10.1.0.1 is beyond loopback");
  EXPECT_EQ(MistakesOf("secret = 's'\n" + far), "none");
  EXPECT_THAT(MistakesOf("peer-bind = '0.0.0.0'\n" + kTwoRegions), HasSubstr("line 1: 'secret'"));
}

TEST(Config, TheSecretCanStandInAFileOfItsOwnAndIsNeverShown) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/secret";
  std::ofstream(path) << "open sesame\n";
  const auto config = Load("secret-file = '" + path + "'", {});
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->secret, "open sesame");
  EXPECT_EQ(FindSetting("secret")->get(*config), "(not shown)");

  EXPECT_THAT(MistakesOf("secret-file = '/does/not/exist'"), HasSubstr("cannot be read"));
  EXPECT_THAT(MistakesOf("secret = 'a'\nsecret-file = '" + path + "'"),
              HasSubstr("line 2: give one of"));
}

TEST(Config, TheTimeoutLeavesRoomForHeartbeats) {
  EXPECT_EQ(MistakesOf("heartbeat = '1m'"),
            "line 1: 'repl-timeout' has to be at least twice 'heartbeat'");
}

TEST(Config, WarnsOfWhatIsAllowedAndProbablyNotMeant) {
  const auto open = Load("bind = '0.0.0.0'\nprotected-mode = false\nappendfsync = 'no'", {});
  ASSERT_TRUE(open) << open.error().detail;
  EXPECT_THAT(Warnings(*open), testing::ElementsAre(HasSubstr("appendfsync is no"),
                                                    HasSubstr("whoever reaches a bound address")));
}

}  // namespace
}  // namespace geo_config
