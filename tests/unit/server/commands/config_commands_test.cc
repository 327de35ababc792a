#include <gtest/gtest.h>

#include "server/accepted_settings.h"
#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class ConfigCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(ConfigCommandsTest, RefusesValuesThatMakeNoSenseAlsoOfWhatChangesNothingHere) {
  const std::string failed = "-ERR CONFIG SET failed (possibly related to argument '";
  EXPECT_EQ(Run("CONFIG SET maxmemory bla"),
            failed + "maxmemory') - argument must be a memory value|");
  EXPECT_EQ(Run("CONFIG SET maxmemory 100mbb"),
            failed + "maxmemory') - argument must be a memory value|");
  EXPECT_EQ(Run("CONFIG SET hz often"),
            failed + "hz') - argument couldn't be parsed into an integer|");
  EXPECT_EQ(Run("CONFIG SET activedefrag 1"),
            failed + "activedefrag') - argument must be 'yes' or 'no'|");
  EXPECT_TRUE(Run("CONFIG SET maxmemory-policy never")
                  .starts_with(failed + "maxmemory-policy') - argument(s) must be one of "));
  EXPECT_EQ(Run("CONFIG SET maxmemory 100MB maxmemory-policy ALLKEYS-LRU hz 20 activedefrag YES"),
            "+OK|");
}

TEST_F(ConfigCommandsTest, RefusesNumbersOutOfRange) {
  const std::string failed = "-ERR CONFIG SET failed (possibly related to argument '";
  EXPECT_EQ(Run("CONFIG SET hz -5"),
            failed + "hz') - argument must be between 0 and 2147483647 inclusive|");
  EXPECT_EQ(Run("CONFIG SET maxmemory-samples 0"),
            failed + "maxmemory-samples') - argument must be between 1 and 2147483647 inclusive|");
  EXPECT_EQ(Run("CONFIG SET repl-backlog-size 0"),
            failed +
                "repl-backlog-size') - argument must be between 1 and 9223372036854775807 "
                "inclusive|");
  EXPECT_EQ(Run("CONFIG SET hll-sparse-max-bytes 99999999999gb"),
            failed +
                "hll-sparse-max-bytes') - argument must be between 0 and 9223372036854775807 "
                "inclusive|");
  EXPECT_EQ(Run("CONFIG SET list-max-listpack-size -2 repl-backlog-size 10k"), "+OK|");
}

TEST_F(ConfigCommandsTest, TellsWhatMatches) {
  EXPECT_EQ(Run("CONFIG GET maxclients"), "*2|$10|maxclients|$5|10000|");
  EXPECT_EQ(Run("CONFIG GET MaxC*"), "*2|$10|maxclients|$5|10000|");
  EXPECT_EQ(Run("CONFIG GET save appendonly"), "*4|$10|appendonly|$3|yes|$4|save|$0||");
  EXPECT_EQ(Run("CONFIG GET nothing"), "*0|");
  EXPECT_EQ(Run("CONFIG GET maxmemory maxmemory"), "*2|$9|maxmemory|$1|0|");
}

TEST_F(ConfigCommandsTest, KeepsTheNodesSecret) {
  node_.config().secret = "hush";
  EXPECT_EQ(Run("CONFIG GET *").find("hush"), std::string::npos);
  EXPECT_EQ(Run("CONFIG SET secret other"),
            "-ERR Unknown option or number of arguments for CONFIG SET - 'secret'|");
}

TEST_F(ConfigCommandsTest, ChangesAllOrNothing) {
  EXPECT_EQ(Run("CONFIG SET maxclients 5 nothing 1"),
            "-ERR Unknown option or number of arguments for CONFIG SET - 'nothing'|");
  EXPECT_EQ(node_.config().maxclients, 10000u);
  EXPECT_EQ(Run("CONFIG SET maxclients 5 MaxClients 6"),
            "-ERR CONFIG SET failed (possibly related to argument 'MaxClients') - duplicate "
            "parameter|");
  EXPECT_TRUE(
      Run("CONFIG SET maxclients 5 timeout x")
          .starts_with("-ERR CONFIG SET failed (possibly related to argument 'timeout') - "));
  EXPECT_EQ(node_.config().maxclients, 10000u);
  EXPECT_EQ(Run("CONFIG SET maxclients 5 timeout 6"), "+OK|");
  EXPECT_EQ(Run("CONFIG GET maxclients"), "*2|$10|maxclients|$1|5|");
  EXPECT_EQ(Run("CONFIG GET timeout"), "*2|$7|timeout|$1|6|");
}

TEST_F(ConfigCommandsTest, ChangesNothingThatIsFixed) {
  EXPECT_EQ(Run("CONFIG SET appendonly yes"), "+OK|");
  EXPECT_EQ(Run("CONFIG SET appendonly no"),
            "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - can't set "
            "immutable config|");
}

TEST_F(ConfigCommandsTest, AcceptsWhatHasNoEffect) {
  EXPECT_EQ(Run("CONFIG SET maxmemory 100mb hash-max-listpack-entries 5"), "+OK|");
  EXPECT_EQ(Run("CONFIG GET maxmemory"), "*2|$9|maxmemory|$1|0|");
  for (const AcceptedSetting& setting : AcceptedSettings()) {
    EXPECT_EQ(geo_config::FindSetting(setting.name), nullptr) << setting.name;
  }
}

TEST_F(ConfigCommandsTest, KeepsValuesBelowWhatTheKeyspaceCanHold) {
  EXPECT_EQ(Run("CONFIG SET proto-max-bulk-len 1gb"), "+OK|");
  EXPECT_EQ(Run("CONFIG SET proto-max-bulk-len 2gb"),
            "-ERR CONFIG SET failed (possibly related to argument 'proto-max-bulk-len') - expected "
            "at most 1gb|");
}

TEST_F(ConfigCommandsTest, RefusesWhatRedisCannotChangeEither) {
  EXPECT_EQ(Run("CONFIG SET databases 1"), "+OK|");
  EXPECT_EQ(Run("CONFIG SET databases 16"),
            "-ERR CONFIG SET failed (possibly related to argument 'databases') - can't set "
            "immutable config|");
}

TEST_F(ConfigCommandsTest, TellsANameAsItWasAskedFor) {
  EXPECT_EQ(Run("CONFIG GET MaxMemory"), "*2|$9|MaxMemory|$1|0|");
  EXPECT_EQ(Run("CONFIG GET MAXMEMORY-CL*"), "*2|$17|maxmemory-clients|$1|0|");
}

TEST_F(ConfigCommandsTest, BeginsTheCountersAnew) {
  Run("nothing");
  EXPECT_EQ(Run("CONFIG RESETSTAT"), "+OK|");
  EXPECT_EQ(node_.stats().error_replies, 0u);
  EXPECT_TRUE(node_.stats().errors_by_code.empty());
}

}  // namespace
}  // namespace server
